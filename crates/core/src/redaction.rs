//! Taking credentials out of text that comes from elsewhere.
//!
//! A server may echo the header it refused. What it says is passed on only with
//! every known secret, and everything that looks like one, taken out.

use std::borrow::Cow;

use crate::path::hex_pair;

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
        if !text.contains(secret) && reveals(&text, secret) {
            text = Cow::Owned(percent_decoded(&text));
        }
        if text.contains(secret) {
            text = Cow::Owned(text.replace(secret, REDACTED));
        }
    }
    let mut kept = String::new();
    let mut from = 0;
    let mut at = 0;
    while let Some(run) = next_run(&text, at) {
        let after_bearer = text[..run.start].trim_end().to_ascii_lowercase().ends_with("bearer");
        let word = &text[run.clone()];
        let looks_secret = word.len() >= LOOKALIKE_BYTES && (after_bearer || is_jwt_shaped(word));
        if looks_secret {
            kept.push_str(&text[from..run.start]);
            kept.push_str(REDACTED);
            from = run.end;
        }
        at = run.end;
    }
    if from == 0 {
        return text;
    }
    kept.push_str(&text[from..]);
    Cow::Owned(kept)
}

/// Whether a text holds a secret, as it is or percent-encoded in any way.
pub(crate) fn reveals(text: &str, secret: &str) -> bool {
    text.contains(secret) || (text.contains('%') && percent_decoded(text).contains(secret))
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
fn next_run(text: &str, at: usize) -> Option<std::ops::Range<usize>> {
    let is_token = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=');
    let bytes = text.as_bytes();
    let start = at + bytes[at..].iter().position(is_token)?;
    let end = bytes[start..].iter().position(|b| !is_token(b)).map_or(bytes.len(), |length| start + length);
    Some(start..end)
}

/// Base64url of `{"`, and a dot to follow: the head of every JWT in use.
fn is_jwt_shaped(word: &str) -> bool {
    word.match_indices("eyJ").any(|(at, _)| word[at..].contains('.'))
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
