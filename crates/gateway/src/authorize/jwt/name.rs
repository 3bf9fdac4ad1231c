//! The name of a caller that an issuer names.
//!
//! Issuers write names in many forms: `auth0|5f7c…`, `repo:octo-org/octo-repo:ref:…`, a URN, a UUID, a person's name.
//! All of them are accepted. The name appears in the log and distinguishes callers for their limits and their cached
//! responses. So two names must never become the same, and no name may look like another or like the end of a line.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::codec::text;
use attention_core::credential::TokenDigest;

/// The longest name that is kept unchanged, in bytes: `OpenID` Connect Core §2 limits `sub` to 255.
const MOST_BYTES: usize = 255;
/// The prefix of a digest that replaces a name.
const DIGEST: &str = "sha256:";
/// The number of hex digits kept: 128 bits.
const DIGEST_DIGITS: usize = 32;

/// The name itself if it can be read unambiguously, otherwise its digest, which the operator can compute with `printf
/// %s NAME | sha256sum`. `None` for a text that names nobody.
pub(super) fn of(text: &str) -> Option<String> {
    // A replacement character is the result of undecodable bytes, so two names could become the same.
    if text.is_empty() || text.contains('\u{fffd}') {
        return None;
    }
    Some(if is_plain(text) { text.to_owned() } else { digest(text) })
}

/// The digest that replaces a name which is too long for its use or cannot be read unambiguously.
pub(crate) fn digest(text: &str) -> String {
    let digest = TokenDigest::of(text).to_hex();
    text::concat(&[DIGEST, digest.get(..DIGEST_DIGITS).unwrap_or_default()])
}

fn is_plain(text: &str) -> bool {
    text.len() <= MOST_BYTES
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        // A name must not look like the digest of another name.
        && !text.starts_with(DIGEST)
        && text.chars().all(is_visible)
}

/// Characters that are invisible or affect others: Unicode's default ignorables and bidirectional controls (UAX #9),
/// private use characters and noncharacters.
const HIDDEN: [(char, char); 18] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{3164}', '\u{3164}'),
    ('\u{e000}', '\u{f8ff}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{ffff}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{10ffff}'),
];

/// Whether a character is visible in its place; the only white space allowed is a space.
fn is_visible(c: char) -> bool {
    let is_hidden = || HIDDEN.iter().any(|(first, last)| (*first..=*last).contains(&c));
    matches!(c, ' '..='~') || !(c.is_control() || c.is_whitespace() || is_hidden())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_from_real_issuers_are_accepted() {
        for name in [
            "user-1",
            "auth0|5f7c8ec7c33c6c004bbafe82",
            "google-oauth2|103547991597142817347",
            "repo:octo-org/octo-repo:ref:refs/heads/main",
            "system:serviceaccount:ns:name",
            "urn:uuid:9f1c0f6e-53d8-4fb6-8f4b-8ab8f30e1f0a",
            "arn:aws:sts::123456789012:assumed-role/demo/x",
            "CN=Ann Example,OU=Sales,O=Corp",
            "https://id.example/people/ann?x=1#me",
            "Zo\u{eb} M\u{fc}ller",
            "\u{674e}\u{96f7}",
            "a\"b\\c",
            &"x".repeat(255),
        ] {
            assert_eq!(of(name).as_deref(), Some(name));
        }
        for odd in ["a\nb", "a\u{0}", " ann", "ann ", "a\u{a0}b", "a\u{202e}b", "a\u{200b}", "\u{feff}a", "\u{e000}"] {
            let name = of(odd).unwrap();
            assert!(name.len() == 39 && name.starts_with("sha256:"), "{name}");
        }
        assert_eq!(of(&"x".repeat(256)), Some(digest(&"x".repeat(256))));
        // A name cannot be the digest of another name.
        let own = of("a\nb").unwrap();
        assert_ne!(of(&own), Some(own));
        assert_eq!((of(""), of("a\u{fffd}")), (None, None));
    }

    proptest! {
        #[test]
        fn names_stay_distinct_and_fit_on_one_line(
            texts in prop::collection::vec(
                "[ a\u{e9}\u{200d}\u{2028}\\n\\x00|:]{1,4}|sha256:[0-9a-f]{0,32}|\\PC{1,300}",
                2..40,
            ),
        ) {
            let mut by_name = HashMap::new();
            for text in texts.into_iter().filter(|text| !text.contains('\u{fffd}')) {
                let name = of(&text).unwrap();
                prop_assert!(!name.is_empty() && name.len() <= 255);
                // Compared with Rust's own escaping, which escapes invisible characters, ignoring quotes and
                // backslashes.
                let printed = name.escape_debug().to_string();
                let unquoted = printed.replace("\\'", "'").replace("\\\"", "\"").replace("\\\\", "\\");
                prop_assert!(!name.starts_with([' ', '\t']) && !name.ends_with(' '));
                prop_assert!(unquoted == name || name.chars().all(|c| !c.is_control()), "{printed}");
                let before = by_name.insert(name, text.clone());
                prop_assert!(before.is_none_or(|before| before == text));
            }
        }
    }
}
