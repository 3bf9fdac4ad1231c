//! An API, or something before it, that repeats the key in an answer: the key must not come down.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::KeyRing;

/// Whether a header's value holds a key: as it is, percent-encoded, or with the `%u0041` escapes of the
/// ECMAScript function `escape`, in any mix.
pub fn echoes(keys: &KeyRing, value: &str) -> bool {
    keys.is_in(value) || keys.is_in(&without_unicode_escapes(value))
}

/// An error's body as it may come down: text, without a key that it repeats. A body that is not UTF-8 holds
/// nothing that an error needs, and nobody could find a key in it.
pub fn scrubbed(keys: &KeyRing, body: Vec<u8>) -> Vec<u8> {
    let Ok(text) = str::from_utf8(&body) else { return Vec::new() };
    match keys.scrub(text) {
        Cow::Borrowed(_) => body,
        Cow::Owned(text) => text.into_bytes(),
    }
}

/// `%u0041` is `A`. An escape that is not a character stays as it is: no key holds one.
fn without_unicode_escapes(value: &str) -> Cow<'_, str> {
    if !value.contains("%u") {
        return Cow::Borrowed(value);
    }
    let mut pieces = value.split("%u");
    let mut decoded = String::from(pieces.next().unwrap_or_default());
    for piece in pieces {
        let digits = piece.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let character = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).and_then(char::from_u32);
        if let Some(character) = character {
            decoded.push(character);
            decoded.push_str(piece.get(4..).unwrap_or_default());
        } else {
            decoded.push_str("%u");
            decoded.push_str(piece);
        }
    }
    Cow::Owned(decoded)
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::ToString as _;

    use attention_core::ApiKey;
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = "an-obviously-fake-key+0123456789/=";
    const NEXT: &str = "another-obviously-fake-key";

    fn ring() -> KeyRing {
        KeyRing::new(ApiKey::parse(KEY).unwrap(), Some(ApiKey::parse(NEXT).unwrap()))
    }

    fn written(key: &str, how: &[u8]) -> String {
        let forms = |(at, c): (usize, char)| match how[at % how.len()] % 4 {
            0 => c.to_string(),
            1 => format!("%{:02x}", u32::from(c)),
            2 => format!("%{:02X}", u32::from(c)),
            _ => format!("%u{:04X}", u32::from(c)),
        };
        key.chars().enumerate().map(forms).collect()
    }

    proptest! {
        #[test]
        fn a_key_is_found_however_a_header_writes_it(
            how in prop::collection::vec(any::<u8>(), 1..8), before in "[ -~]{0,20}", after in "[ -~]{0,20}", next: bool,
        ) {
            // Text before it that begins an escape would be another text.
            let before = before.replace('%', "");
            let value = format!("{before}{}{after}", written(if next { NEXT } else { KEY }, &how));
            prop_assert!(echoes(&ring(), &value), "{}", value);
        }

        #[test]
        fn what_holds_no_key_comes_down(value in "[ -~]{0,60}|(%u?[0-9a-fA-F]{1,5}){0,10}") {
            prop_assert!(!echoes(&ring(), &value));
        }
    }

    #[test]
    fn a_part_of_a_key_is_not_the_key() {
        for value in ["", "%u", "%u00", "%uD800", "an-obviously-fake-key", &KEY[..KEY.len() - 1]] {
            assert!(!echoes(&ring(), value), "{value}");
        }
    }

    #[test]
    fn error_bodies_lose_keys_and_what_is_not_text() {
        let body = format!("{{\"error\":\"bad key {KEY}\"}}");
        let scrubbed_body = String::from_utf8(scrubbed(&ring(), body.into_bytes())).unwrap();
        assert!(scrubbed_body.contains("bad key") && !scrubbed_body.contains(KEY), "{scrubbed_body}");
        assert_eq!(scrubbed(&ring(), b"plain".to_vec()), b"plain");
        assert_eq!(scrubbed(&ring(), vec![0xff, b'a']), b"");
    }
}
