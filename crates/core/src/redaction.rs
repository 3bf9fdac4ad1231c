//! Taking credentials out of text that comes from elsewhere.
//!
//! A server may echo the header it refused. What it says is passed on only with
//! every known secret, and everything that looks like one, taken out.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::Range;

use crate::secret::is_token68;
use crate::text::{contains, find, hex_pair};

/// What stands where a credential stood.
pub const REDACTED: &str = "[redacted]";

/// Shorter runs are left alone by the look-alike rules: `Bearer token` in a
/// sentence is prose.
const LOOKALIKE_BYTES: usize = 16;

/// Removes each of `secrets`, the token behind any `Bearer`, and anything shaped
/// like a JWT.
///
/// ```
/// use attention_core::redaction::scrub;
///
/// let text = scrub("refused: Bearer an-obviously-fake-key", ["an-obviously-fake-key"]);
/// assert_eq!(text, "refused: Bearer [redacted]");
/// ```
pub fn scrub<'t, 's>(text: &'t str, secrets: impl IntoIterator<Item = &'s str>) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for secret in secrets.into_iter().filter(|secret| !secret.is_empty()) {
        if !contains(&text, secret) && reveals(&text, secret) {
            text = Cow::Owned(percent_decoded(&text));
        }
        if contains(&text, secret) {
            text = Cow::Owned(without(&text, secret));
        }
    }
    let mut kept = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(run) = next_run(&text, at) {
        at = run.end;
        let word = text.get(run.clone()).unwrap_or_default();
        let before = text.get(..run.start).unwrap_or_default();
        if word.len() >= LOOKALIKE_BYTES && (ends_with_bearer(before) || is_jwt_shaped(word)) {
            kept.push_str(text.get(from..run.start).unwrap_or_default());
            kept.push_str(REDACTED);
            from = run.end;
        }
    }
    if from == 0 {
        return text;
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    Cow::Owned(kept)
}

/// The text with something else in every place of `secret`.
fn without(text: &str, secret: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, found)) = find(rest, secret).and_then(|at| rest.split_at_checked(at)) {
        kept.push_str(before);
        kept.push_str(REDACTED);
        rest = found.get(secret.len()..).unwrap_or_default();
    }
    kept.push_str(rest);
    kept
}

/// Whether a text holds a secret, as it is or percent-encoded in any way.
pub(crate) fn reveals(text: &str, secret: &str) -> bool {
    contains(text, secret) || (text.as_bytes().contains(&b'%') && contains(&percent_decoded(text), secret))
}

/// What can be decoded is; for looking into a text, not for sending it.
fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let escape = if byte == b'%' { hex_pair(bytes, at + 1) } else { None };
        decoded.push(escape.unwrap_or(byte));
        at += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The next run of `token68` characters from `at` on.
fn next_run(text: &str, at: usize) -> Option<Range<usize>> {
    let is_token = |at: &usize| text.as_bytes().get(*at).is_some_and(|b| is_token68(*b));
    let start = (at..text.len()).find(is_token)?;
    let end = (start..text.len()).find(|at| !is_token(at)).unwrap_or(text.len());
    Some(start..end)
}

fn ends_with_bearer(text: &str) -> bool {
    let text = text.trim_end().as_bytes();
    text.last_chunk().is_some_and(|end: &[u8; 6]| end.eq_ignore_ascii_case(b"bearer"))
}

/// Base64url of `{"`, and a dot to follow: the head of every JWT in use.
fn is_jwt_shaped(word: &str) -> bool {
    let from_head = find(word, "eyJ").and_then(|at| word.as_bytes().get(at..));
    from_head.is_some_and(|bytes| bytes.contains(&b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &str = "fake-0123456789-fake-0123456789-fake";

    #[test]
    fn prose_is_left_alone() {
        for text in ["", "Bearer token missing", "the bearer of bad news", "eyJust a word."] {
            assert_eq!(scrub(text, [SECRET]), text);
        }
    }

    #[test]
    fn unknown_credentials_are_taken_out_by_their_shape() {
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
