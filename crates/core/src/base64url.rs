//! Base64url without padding (RFC 4648 §5), as the claims of a key are written.
//!
//! Strict: each sequence of bytes has one text, so that a signed token has no
//! second spelling. Tested against `base64ct`, which is six times as large
//! (`docs/size.md`) for running in constant time, of which nothing decoded here
//! has a need: whoever sends a token knows it.

use alloc::vec::Vec;

pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    // Sized first, exactly: growing or shrinking would leave copies of a key's claims behind.
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0);
    for digit in text.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            #[expect(clippy::cast_possible_truncation)] // The lower eight are meant.
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // Neither a lone digit nor bits that no byte has.
    (held < 6 && bits == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64UrlUnpadded, Encoding as _};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn reads_back_what_base64ct_writes(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&Base64UrlUnpadded::encode_string(&bytes)), Some(bytes));
        }

        #[test]
        fn reads_what_base64ct_reads(text in "[A-Za-z0-9_-]{0,12}|[A-Za-z0-9_=+/ \u{e9}-]{0,12}") {
            prop_assert_eq!(decode(&text), Base64UrlUnpadded::decode_vec(&text).ok(), "{}", text);
        }
    }
}
