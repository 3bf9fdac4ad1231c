//! Base64url without padding (RFC 4648 §5), the encoding of JWTs and sessions.
//!
//! Decoding is strict: each byte sequence has exactly one encoding, so a signed token cannot be spelt in two ways.
//! Tested against `base64ct`, which is six times as large (`docs/size.md`) because it runs in constant time. Nothing
//! decoded here needs that: whoever sends a token knows it.

use alloc::string::String;
use alloc::vec::Vec;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Encodes bytes.
///
/// ```
/// assert_eq!(attention_core::codec::base64url::encode(b"{}"), "e30");
/// ```
pub fn encode(bytes: &[u8]) -> String {
    // Allocated once with the exact size, as in `decode`.
    let mut text = String::with_capacity((bytes.len() * 4).div_ceil(3));
    for group in bytes.chunks(3) {
        let at = |index: usize| group.get(index).copied().unwrap_or_default();
        let bits = u32::from_be_bytes([0, at(0), at(1), at(2)]);
        // One digit more than there are bytes, from the highest bits down.
        for shift in [18, 12, 6, 0].into_iter().take(group.len() + 1) {
            text.extend(DIGITS.get((bits >> shift) as usize % 64).map(|digit| char::from(*digit)));
        }
    }
    text
}

/// Decodes a text; `None` for a character outside the alphabet, padding, or non-zero trailing bits.
///
/// ```
/// use attention_core::codec::base64url::decode;
///
/// assert_eq!(decode("e30").as_deref(), Some(&b"{}"[..]));
/// assert_eq!(decode("e31"), None);
/// assert_eq!(decode("e30="), None);
/// ```
pub fn decode(text: &str) -> Option<Vec<u8>> {
    // Allocated once with the exact size: growing or shrinking would leave copies of a key's claims in freed memory.
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
        bits = bits * 64 + u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            #[expect(clippy::cast_possible_truncation)] // The lower eight are meant.
            bytes.push((bits >> held) as u8);
            bits &= (1 << held) - 1;
        }
    }
    // Neither a single leftover digit nor non-zero trailing bits.
    (held < 6 && bits == 0).then_some(bytes)
}

/// Decodes standard base64 (RFC 4648 §4), with `+`, `/` and padding, equally strictly. Basic credentials use it.
///
/// ```
/// use attention_core::codec::base64url::decode_padded;
///
/// assert_eq!(decode_padded("OmE=").as_deref(), Some(&b":a"[..]));
/// assert_eq!(decode_padded("OmE"), None);
/// ```
pub fn decode_padded(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let mut url = String::with_capacity(digits.len());
    for digit in digits.chars() {
        url.push(match digit {
            '+' => '-',
            '/' => '_',
            '-' | '_' => return None,
            other => other,
        });
    }
    decode(&url).filter(|_| text.len().is_multiple_of(4))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn encodes_like_base64ct(bytes: Vec<u8>) {
            let text = encode(&bytes);
            prop_assert_eq!(&text, &Base64UrlUnpadded::encode_string(&bytes));
            let decoded = decode(&text);
            prop_assert_eq!(decoded.as_ref(), Some(&bytes));
            // Neither has grown, and so neither left a copy in freed memory.
            prop_assert_eq!((text.capacity(), decoded.map(|bytes| bytes.capacity())), (text.len(), Some(bytes.len())));
        }

        /// Few digits, all with some low bits that are zero: texts of each length modulo four, and each kind of end.
        #[test]
        fn decodes_ends_like_base64ct(text in "[AQgw_]{0,9}") {
            prop_assert_eq!(decode(&text), Base64UrlUnpadded::decode_vec(&text).ok(), "{}", text);
        }

        #[test]
        fn decodes_like_base64ct(text in "[A-Za-z0-9_-]{0,12}|[A-Za-z0-9_=+/ \u{e9}-]{0,12}") {
            prop_assert_eq!(decode(&text), Base64UrlUnpadded::decode_vec(&text).ok(), "{}", text);
        }

        #[test]
        fn decodes_padding_like_base64ct(text in "[A-Za-z0-9+/]{0,8}={0,5}|[A-Za-z0-9_=+/ \u{e9}-]{0,8}", bytes: Vec<u8>) {
            prop_assert_eq!(decode_padded(&text), Base64::decode_vec(&text).ok(), "{}", text);
            prop_assert_eq!(decode_padded(&Base64::encode_string(&bytes)), Some(bytes));
        }
    }
}
