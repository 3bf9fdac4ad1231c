//! Text, put together and searched without `core::fmt` and `core::str::pattern`.
//!
//! Both are good code, and much of it: with std, which comes along, they were a
//! third of the npm package's wasm (`docs/size.md`). So what ships composes its
//! messages from strings, with [`concat()`], and `Display` prints the result for
//! Rust programs. Each function is tested against the one of std that it replaces.

use alloc::string::String;
use alloc::vec::Vec;

/// The parts, one behind the other.
///
/// ```
/// use attention_core::codec::text::{concat, decimal};
///
/// assert_eq!(concat(&["at byte ", &decimal(7_u64)]), "at byte 7");
/// ```
pub fn concat(parts: &[&str]) -> String {
    // Sized first: growing would leave copies behind in freed memory, and a part may be a key.
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

/// [`decimal`] of a length or a position.
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

/// The byte that two hex digits at `at` stand for.
///
/// ```
/// use attention_core::codec::text::hex_pair;
///
/// assert_eq!(hex_pair(b"%2F", 1), Some(b'/'));
/// assert_eq!(hex_pair(b"%2", 1), None);
/// ```
pub fn hex_pair(bytes: &[u8], at: usize) -> Option<u8> {
    Some(hex_digit(*bytes.get(at)?)? << 4 | hex_digit(*bytes.get(at + 1)?)?)
}

/// A number that is digits and nothing else, no larger than 64 bits: no sign, no
/// white space.
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
        // Compared, as `checked_mul` multiplies with 128 bits.
        if digit > 9 || number > u64::MAX / 10 { None } else { (number * 10).checked_add(u64::from(digit)) }
    })
}

/// Where the first byte is that `is` holds of. By a pointer, not by a type: a search that is compiled for each question
/// is a twentieth of a kilobyte each time.
pub(crate) fn position(text: &str, is: fn(u8) -> bool) -> Option<usize> {
    text.bytes().position(is)
}

/// Whether `is` holds of every byte.
pub(crate) fn is_all(text: &str, is: fn(u8) -> bool) -> bool {
    text.bytes().all(is)
}

/// Where the first `byte` is.
pub(crate) fn find_byte(text: &str, byte: u8) -> Option<usize> {
    text.bytes().position(|b| b == byte)
}

/// What stands before and behind the first `separator`, which is ASCII.
pub fn split_once(text: &str, separator: u8) -> Option<(&str, &str)> {
    let at = find_byte(text, separator)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// The parts between the separators, as `str::split` gives them: one at least.
pub fn split(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let (part, more) = split_once(text, separator).map_or((text, None), |(part, more)| (part, Some(more)));
        rest = more;
        Some(part)
    })
}

/// The text without any `byte`, which is ASCII, at its end.
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

/// Where `needle` begins in `text` for the first time. Compares at every place:
/// what is searched for here is short or seldom there.
pub fn find(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len().max(1)).position(|window| window == needle.as_bytes())
}

/// What stands before and behind the first `separator`.
pub fn cut<'t>(text: &'t str, separator: &str) -> Option<(&'t str, &'t str)> {
    let at = find(text, separator)?;
    Some((text.get(..at)?, text.get(at + separator.len()..)?))
}

/// Whether one of these is there more than once.
pub fn has_repeated(mut texts: Vec<&str>) -> bool {
    // The only sort that ships: each one for another type is 3 KB.
    texts.sort_unstable();
    texts.iter().zip(texts.iter().skip(1)).any(|(one, next)| one == next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn says_what_core_says(number: u64, bytes: [u8; 4]) {
            prop_assert_eq!(decimal(number), number.to_string());
            prop_assert_eq!(hex(&bytes), format!("{:08x}", u32::from_be_bytes(bytes)));
        }

        #[test]
        fn reads_what_core_reads(text in "[0-9]{0,21}|[+-]?[0-9]{1,3}|\\PC{0,4}") {
            let digits = text.bytes().all(|b| b.is_ascii_digit());
            prop_assert_eq!(whole_number(&text), text.parse().ok().filter(|_| digits));
        }

        #[test]
        fn splits_as_core_does(text in "[a.é]{0,12}") {
            prop_assert_eq!(split_once(&text, b'.'), text.split_once('.'));
            prop_assert!(split(&text, b'.').eq(text.split('.')));
        }

        #[test]
        fn reads_hex_as_core_does(text in "[0-9a-fA-Fg+]{0,3}") {
            let digits = text.get(..2).filter(|two| two.bytes().all(|b| b.is_ascii_hexdigit()));
            prop_assert_eq!(hex_pair(text.as_bytes(), 0), digits.and_then(|two| u8::from_str_radix(two, 16).ok()));
        }

        #[test]
        fn joins_and_trims_as_core_does(parts: [String; 3], text in "[=a é]{0,12}") {
            prop_assert_eq!(concat(&parts.each_ref().map(String::as_str)), parts.concat());
            prop_assert_eq!(trim_end(&text, b'='), text.trim_end_matches('='));
        }

        #[test]
        fn finds_what_core_finds(text in "[abé]{0,12}", needle in "[abé]{1,3}") {
            prop_assert_eq!(find(&text, &needle), text.find(&needle));
            prop_assert_eq!(cut(&text, &needle), text.split_once(&*needle));
        }

        #[test]
        fn knows_whether_one_is_repeated(texts in proptest::collection::vec("[ab]{0,3}", 0..8)) {
            let all: std::collections::HashSet<&String> = texts.iter().collect();
            prop_assert_eq!(has_repeated(texts.iter().map(String::as_str).collect()), all.len() < texts.len());
        }
    }
}
