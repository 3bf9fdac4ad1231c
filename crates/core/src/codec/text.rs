//! Composes and searches text without `core::fmt` and `core::str::pattern`.
//!
//! With the parts of std that they pull in, those two made up a third of the npm package's wasm (`docs/size.md`). So
//! shipped code builds messages from strings with [`concat()`], and `Display` prints the result for Rust programs. Each
//! function is tested against the std function that it replaces.

use alloc::string::String;
use alloc::vec::Vec;

/// Concatenates the parts.
///
/// ```
/// use attention_core::codec::text::{concat, decimal};
///
/// assert_eq!(concat(&["at byte ", &decimal(7_u64)]), "at byte 7");
/// ```
pub fn concat(parts: &[&str]) -> String {
    // Allocated once with the exact size: growing would leave copies in freed memory, and a part may be a key.
    let mut text = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        text.push_str(part);
    }
    text
}

/// A number in decimal.
///
/// ```
/// assert_eq!(attention_core::codec::text::decimal(1_048_576_u64), "1048576");
/// ```
pub fn decimal(number: impl Into<u64>) -> String {
    let mut text = String::new();
    push_decimal(&mut text, number.into());
    text
}

pub(crate) fn push_decimal(out: &mut String, number: u64) {
    if number >= 10 {
        push_decimal(out, number / 10);
    }
    out.push(char::from(b'0' + (number % 10) as u8));
}

/// A length or a position in decimal.
pub fn count(number: usize) -> String {
    // No platform has more than 64 bits.
    decimal(number as u64)
}

/// Bytes in lower-case hex.
///
/// ```
/// assert_eq!(attention_core::codec::text::hex(&[0x0a, 0xff]), "0aff");
/// ```
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    push_hex(&mut text, bytes);
    text
}

pub(crate) fn push_hex(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            out.push(char::from(nibble + if nibble < 10 { b'0' } else { b'a' - 10 }));
        }
    }
}

/// The value of a hex digit.
pub(crate) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// The byte encoded by the two hex digits at `at`.
///
/// ```
/// use attention_core::codec::text::hex_pair;
///
/// assert_eq!(hex_pair(b"%2F", 1), Some(b'/'));
/// assert_eq!(hex_pair(b"%2", 1), None);
/// ```
pub fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    Some(hex_digit(*bytes.get(at)?)? * 16 + hex_digit(*bytes.get(at + 1)?)?)
}

/// A number that consists of digits only, with no sign or white space, and fits in 64 bits.
///
/// ```
/// use attention_core::codec::text::whole_number;
///
/// assert_eq!(whole_number("60"), Some(60));
/// assert_eq!(whole_number("+60"), None);
/// ```
pub fn whole_number(digits: &str) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0_u64, |number, byte| {
        let digit = byte.wrapping_sub(b'0');
        // A comparison, because `checked_mul` multiplies with 128 bits.
        if digit > 9 || number > u64::MAX / 10 { None } else { (number * 10).checked_add(u64::from(digit)) }
    })
}

/// The position of the first byte that satisfies `is`. Takes a function pointer instead of a generic, because each
/// instance of a generic search would add a twentieth of a kilobyte.
pub(crate) fn position(text: &str, is: fn(u8) -> bool) -> Option<usize> {
    text.bytes().position(is)
}

/// Whether every byte satisfies `is`.
pub(crate) fn is_all(text: &str, is: fn(u8) -> bool) -> bool {
    text.bytes().all(is)
}

/// The position of the first `byte`.
pub(crate) fn find_byte(text: &str, byte: u8) -> Option<usize> {
    text.bytes().position(|b| b == byte)
}

/// The text before and after the first `separator`, which must be ASCII.
pub fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = find_byte(text, separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The parts between separators, like `str::split`: at least one.
pub fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let (part, more) = split_once(text, separator).map_or((text, None), |(part, more)| (part, Some(more)));
        rest = more;
        Some(part)
    })
}

/// The text without trailing `byte`, which must be ASCII.
pub fn trim_end(text: &str, byte: u8) -> &str {
    let mut text = text;
    while let Some((rest, last)) = text.len().checked_sub(1).and_then(|end| text.split_at_checked(end)) {
        if last.as_bytes() != [byte] {
            break;
        }
        text = rest;
    }
    text
}

/// The position of the first `needle` in `text`. Compares at every position, which is fast enough for short needles and
/// rare matches.
pub fn find(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len().max(1)).position(|window| window == needle.as_bytes())
}

/// The text before and after the first `separator`.
pub fn split_once_str<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let at = find(text, separator)?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// Whether any text occurs more than once.
pub fn has_repeated(mut texts: Vec<&str>) -> bool {
    // The only sort that ships; one for another type would add 3 KB.
    texts.sort_unstable();
    texts.iter().zip(texts.iter().skip(1)).any(|(one, next)| one == next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn formats_like_core(number: u64, bytes: [u8; 4]) {
            prop_assert_eq!(decimal(number), number.to_string());
            prop_assert_eq!(hex(&bytes), format!("{:08x}", u32::from_be_bytes(bytes)));
            prop_assert_eq!(hex(&bytes[..3]).capacity(), 6, "allocated once");
        }

        #[test]
        fn parses_numbers_like_core(text in "[0-9]{0,21}|[+-]?[0-9]{1,3}|\\PC{0,4}") {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(whole_number(&text), text.parse().ok().filter(|_| digits));
        }

        /// At the largest number that fits, from below and from above.
        #[test]
        fn parses_the_largest_numbers_like_core(above in -40..40_i128) {
            let text = (i128::from(u64::MAX) + above).to_string();
            prop_assert_eq!(whole_number(&text), text.parse().ok());
        }

        #[test]
        fn splits_like_core(text in "[a.é]{0,12}") {
            prop_assert_eq!(split_once(&text, b'.'), text.split_once('.'));
            prop_assert!(split(&text, b'.').eq(text.split('.')));
        }

        #[test]
        fn reads_hex_like_core(text in "[0-9a-fA-Fg+]{0,3}") {
            let digits = text.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
            prop_assert_eq!(hex_pair(text.as_bytes(), 0), digits.and_then(|two| u8::from_str_radix(two, 16).ok()));
        }

        #[test]
        fn joins_and_trims_like_core(parts: [String; 3], text in "[=a é]{0,12}") {
            prop_assert_eq!(concat(&parts.each_ref().map(String::as_str)), parts.concat());
            prop_assert_eq!(trim_end(&text, b'='), text.trim_end_matches('='));
        }

        #[test]
        fn finds_like_core(text in "[abé]{0,12}", needle in "[abé]{1,3}") {
            prop_assert_eq!(find(&text, &needle), text.find(&needle));
            prop_assert_eq!(split_once_str(&text, &needle), text.split_once(&*needle));
        }

        #[test]
        fn detects_repeated_texts(texts in proptest::collection::vec("[ab]{0,3}", 0..8)) {
            let all: std::collections::HashSet<&String> = texts.iter().collect();
            prop_assert_eq!(has_repeated(texts.iter().map(String::as_str).collect()), all.len() < texts.len());
        }
    }
}
