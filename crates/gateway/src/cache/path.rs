//! The path of a URL, which determines the entries that a change may affect.

use alloc::vec::Vec;

/// A URL without its query, percent-decoded once: `/a` and `/%61` are the same path. A trailing slash is ignored.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Path(Vec<u8>);

impl Path {
    pub(super) fn of(url: &str) -> Self {
        let url = url.split_once('?').map_or(url, |(path, _)| path);
        let mut decoded = Vec::with_capacity(url.len());
        let mut rest = url.as_bytes();
        while let Some((byte, behind)) = next(rest) {
            decoded.push(byte);
            rest = behind;
        }
        if decoded.last() == Some(&b'/') {
            decoded.pop();
        }
        Self(decoded)
    }

    /// Whether one of them is equal to or above the other.
    pub(super) fn is_related(&self, other: &Self) -> bool {
        self.is_within(other) || other.is_within(self)
    }

    fn is_within(&self, outer: &Self) -> bool {
        self.0.strip_prefix(&*outer.0).is_some_and(|rest| matches!(rest.first(), None | Some(b'/')))
    }
}

/// The first byte, decoded, and the remaining bytes. Invalid escapes are kept.
fn next(bytes: &[u8]) -> Option<(u8, &[u8])> {
    if let [b'%', high, low, rest @ ..] = bytes
        && let (Some(high), Some(low)) = (hex_digit(*high), hex_digit(*low))
    {
        return Some((high << 4 | low, rest));
    }
    bytes.split_first().map(|(byte, rest)| (*byte, rest))
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const API: &str = "https://api.example/v2";

    fn path(rest: &str) -> Path {
        Path::of(&[API, rest].concat())
    }

    #[test]
    fn spellings_of_a_path_are_equal() {
        for same in ["/a", "/%61", "/a/", "/a?b=c", "/a/?b=c", "/a?", "/%61/?%61", "/a%2f", "/a?b=/c/"] {
            assert_eq!(path(same), path("/a"), "{same}");
        }
        for other in ["/A", "/a//", "/%2561", "/%6", "/%", "/%g1", "/%u0061", "/a%3Fb", "/aa", ""] {
            assert_ne!(path(other), path("/a"), "{other}");
        }
        assert_eq!(path("/%C3%a9"), path("/é"));
    }

    #[test]
    fn a_path_is_related_to_itself_its_parents_and_its_children() {
        let table = [
            ("/a", "/a", true),
            ("/a", "/a/7", true),
            ("/a", "/a/7/x", true),
            ("/a/7", "/%61/7/x?y=z", true),
            ("/", "/a", true),
            ("", "/a", true),
            ("/a/", "/a/7", true),
            ("/a", "/ab", false),
            ("/a/7", "/a/8", false),
            ("/a/7", "/b/7", false),
            ("/a/7", "/a/77", false),
            ("/a/7/x", "/a/8/x", false),
        ];
        for (one, other, related) in table {
            assert_eq!(path(one).is_related(&path(other)), related, "{one} {other}");
            assert_eq!(path(other).is_related(&path(one)), related, "{other} {one}");
        }
        assert!(!Path::of("https://a.example/v2").is_related(&Path::of("https://b.example/v2")));
    }

    proptest! {
        #[test]
        fn escapes_make_no_difference(
            text in "(/[a-z~.!é]{1,3}){0,4}",
            escaped in prop::collection::vec(any::<bool>(), 60),
        ) {
            let mut written = String::new();
            let hex = |nibble: u8| char::from_digit(nibble.into(), 16).unwrap();
            for (byte, escape) in text.bytes().zip(escaped) {
                if escape || !byte.is_ascii() {
                    written.extend(['%', hex(byte >> 4), hex(byte & 15)]);
                } else {
                    written.push(char::from(byte));
                }
            }
            prop_assert_eq!(path(&written), path(&text));
        }

        #[test]
        fn paths_are_related_by_whole_segments(
            one in prop::collection::vec("[ab]{1,2}", 0..4),
            other in prop::collection::vec("[ab]{1,2}", 0..4),
        ) {
            let shorter = one.len().min(other.len());
            let joined = |segments: &[String]| ["", &*segments.join("/")].join("/");
            let related = path(&joined(&one)).is_related(&path(&joined(&other)));
            prop_assert_eq!(related, one[..shorter] == other[..shorter]);
        }

        #[test]
        fn reading_never_panics(url in "\\PC*") {
            prop_assert!(Path::of(&url).is_related(&Path::of(&url)));
        }
    }
}
