//! A short name for a credential in logs and metrics.

use alloc::string::String;
use core::fmt;

use sha2::block_api::compress256;
use zeroize::Zeroizing;

use crate::codec::text;

/// The first eight hex digits of a credential's SHA-256. They identify a key in logs without helping anyone to guess
/// it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 4]);

impl Fingerprint {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self(sha256_start(bytes))
    }

    /// Reads eight hex digits, in either case; `None` for any other text.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let mut start = [0; 4];
        for (index, byte) in start.iter_mut().enumerate() {
            *byte = text::hex_pair(hex.as_bytes(), 2 * index)?;
        }
        (hex.len() == 8).then_some(Self(start))
    }

    /// The eight digits.
    pub fn to_hex(self) -> String {
        text::hex(&self.0)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The first four bytes of the SHA-256 of `bytes`. The padding (FIPS 180-4 §5.1.1) is done here, because the buffer
/// that `Sha256` keeps for incremental input is as large as the hash code itself.
fn sha256_start(bytes: &[u8]) -> [u8; 4] {
    let mut state =
        [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
    let length = (8 * bytes.len() as u64).to_be_bytes();
    // An end marker, zeros, and the length at the end of the last block.
    let blocks = bytes.len() / 64 + if bytes.len() % 64 < 56 { 1 } else { 2 };
    let mut at = 0;
    for _ in 0..blocks {
        let mut block = Zeroizing::new([0; 64]);
        for byte in &mut *block {
            *byte = match bytes.get(at) {
                Some(byte) => *byte,
                None if at == bytes.len() => 0x80,
                None => (at + 8).checked_sub(64 * blocks).and_then(|at| length.get(at)).copied().unwrap_or_default(),
            };
            at += 1;
        }
        compress256(&mut state, &[*block]);
    }
    let [start, ..] = state;
    start.to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    #[test]
    fn a_fingerprint_is_the_start_of_the_sha256() {
        let bytes = [b'k'; 200];
        for (length, _) in bytes.iter().enumerate() {
            let (bytes, _) = bytes.split_at(length);
            assert_eq!(sha256_start(bytes), Sha256::digest(bytes)[..4], "{length} bytes");
            let fingerprint = Fingerprint::of(bytes);
            assert_eq!(Fingerprint::from_hex(&fingerprint.to_hex()), Some(fingerprint));
        }
    }

    #[test]
    fn only_eight_hex_digits_are_a_fingerprint() {
        for text in ["", "0123456", "012345678", "0123456g", "+1234567", "0x123456", "012345é"] {
            assert_eq!(Fingerprint::from_hex(text), None, "{text}");
        }
    }
}
