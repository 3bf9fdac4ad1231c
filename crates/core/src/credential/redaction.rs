//! Removes credentials from text that comes from elsewhere.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use super::secret::is_token68;
use crate::codec::text::{find, hex_pair, split_once};

/// The text that replaces a credential.
pub const REDACTED: &str = "[redacted]";

/// Shorter words are not treated as credentials by their shape: `Bearer token` in a sentence is prose.
const LOOKALIKE_BYTES: usize = 16;

/// Removes each of `secrets`, the token after any `Bearer`, and anything shaped like a JWT.
///
/// A server may echo the header it refused. Its text is passed on only after all known secrets, and everything that
/// looks like one, have been removed.
///
/// ```
/// use attention_core::credential::scrub;
///
/// let text = scrub("refused: Bearer an-obviously-fake-key", ["an-obviously-fake-key"]);
/// assert_eq!(text, "refused: Bearer [redacted]");
/// ```
pub fn scrub<'t, 's>(text: &'t str, secrets: impl IntoIterator<Item = &'s str>) -> Cow<'t, str> {
    scrub_all(text, secrets.into_iter().collect())
}

/// [`scrub`] for a list of secrets. Not generic, so it is compiled once.
pub(crate) fn scrub_all<'t>(text: &'t str, mut secrets: Vec<&str>) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    // The longest first: otherwise the rest of a secret that begins with another would remain.
    while let Some(at) = longest(&secrets) {
        let secret = secrets.swap_remove(at);
        text = without(text, &|text, from| secret_in(text, from, secret));
    }
    without(text, &lookalike_in)
}

fn longest(texts: &[&str]) -> Option<usize> {
    let most = texts.iter().map(|text| text.len()).max()?;
    texts.iter().position(|text| text.len() == most)
}

/// Replaces every range that `find` returns.
fn without<'t>(text: Cow<'t, str>, find: &dyn Fn(&str, usize) -> Option<Range<usize>>) -> Cow<'t, str> {
    let mut kept = String::new();
    let mut from = 0;
    while let Some(found) = find(&text, from) {
        kept.push_str(text.get(from..found.start).unwrap_or_default());
        kept.push_str(REDACTED);
        from = found.end;
    }
    if from == 0 {
        return text;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}

/// Whether a text contains a secret, plain or percent-encoded in any way.
pub(crate) fn reveals(text: &str, secret: &str) -> bool {
    secret_in(text, 0, secret).is_some()
}

fn secret_in(text: &str, from: usize, secret: &str) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    // After the last of these positions, the rest is shorter than the secret.
    let starts = (bytes.len() + 1).saturating_sub(secret.len());
    (from..starts).find_map(|start| {
        let mut end = start;
        for byte in secret.bytes() {
            end += match bytes.get(end)? {
                given if *given == byte => 1,
                b'%' if hex_pair(bytes, end + 1)? == byte => 3,
                _ => return None,
            };
        }
        (end > start).then_some(start..end)
    })
}

/// The token after a `Bearer`, or a JWT.
fn lookalike_in(text: &str, mut from: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let is_token = |at: &usize| bytes.get(*at).is_some_and(|b| is_token68(*b));
    loop {
        let start = (from..bytes.len()).find(is_token)?;
        from = (start..bytes.len()).find(|at| !is_token(at)).unwrap_or(bytes.len());
        let (before, word) = (bytes.get(..start)?, text.get(start..from)?);
        if word.len() >= LOOKALIKE_BYTES && (ends_with_bearer(before) || is_jwt_shaped(word)) {
            return Some(start..from);
        }
    }
}

fn ends_with_bearer(text: &[u8]) -> bool {
    // Any white space may separate the two.
    let end = text.iter().rposition(u8::is_ascii_graphic).map_or(0, |at| at + 1);
    text.get(..end).and_then(<[u8]>::last_chunk).is_some_and(|end: &[u8; 6]| end.eq_ignore_ascii_case(b"bearer"))
}

/// Begins with the base64url of `{"` and contains a dot, as every JWT in use does.
fn is_jwt_shaped(word: &str) -> bool {
    find(word, "eyJ").and_then(|at| split_once(word.get(at..)?, b'.')).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "fake-0123456789-fake-0123456789-fake";

    #[test]
    fn prose_is_unchanged() {
        for text in ["", "Bearer token missing", "the bearer of bad news", "eyJust a word."] {
            assert_eq!(scrub(text, [SECRET]), text);
        }
    }

    #[test]
    fn a_key_that_begins_with_another_is_removed_completely() {
        let long = "fake-0123456789-fake-0123456789-fake-second";
        for secrets in [[SECRET, long], [long, SECRET]] {
            assert_eq!(scrub(long, secrets), REDACTED);
        }
    }

    #[test]
    fn unknown_credentials_are_removed_by_their_shape() {
        assert_eq!(scrub("got BEARER  abcdefghijklmnop!", []), "got BEARER  [redacted]!");
        assert_eq!(scrub("key=eyJhbGciOi.eyJmYWtlIjox.fake-signature rest", []), "[redacted] rest");
    }

    proptest! {
        #[test]
        fn a_known_secret_never_survives(before in "\\PC*", after in "\\PC*", times in 1..4_usize) {
            let text = format!("{before}{}{after}", SECRET.repeat(times));
            prop_assert!(!scrub(&text, [SECRET]).contains(SECRET));
        }

        #[test]
        fn text_without_secrets_is_unchanged(text in "[ a-dB\u{e9},:!]{0,60}") {
            prop_assert_eq!(&*scrub(&text, [SECRET]), text.as_str());
        }
    }
}
