//! Placeholders that documentation and templates use for values.

use alloc::string::String;

use attention_core::codec::text;

/// The message about a placeholder.
pub(crate) const SAID: &str = "is a placeholder from a template; put the real value in its place";

/// Letters and digits of placeholders, in lower case.
const WORDS: [&str; 13] = [
    "true",
    "false",
    "changeme",
    "changeit",
    "replaceme",
    "placeholder",
    "todo",
    "tbd",
    "undefined",
    "null",
    "none",
    "secret",
    "yoursecret",
];

/// Whether a text is or contains a placeholder: `<your-team>`, `${TEAM}`, `{{ team }}`, `YOUR_TEAM`, `changeme`, `xxx`,
/// `…`.
pub(crate) fn is_one(given: &str) -> bool {
    let has = |sign| text::find(given, sign).is_some();
    let encloses =
        |(open, close)| text::split_once_str(given, open).is_some_and(|(_, rest)| text::find(rest, close).is_some());
    if [("<", ">"), ("${", "}"), ("{{", "}}")].into_iter().any(encloses) || has("\u{2026}") || has("...") {
        return true;
    }
    let is_your = ["YOUR_", "your_", "your-", "YOUR-"].iter().any(|start| given.starts_with(start));
    is_your || is_word(given)
}

/// Whether the whole text is a placeholder; parts of an opaque text mean nothing.
pub(crate) fn is_word(text: &str) -> bool {
    let plain: String =
        text.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let is_of_x = !plain.is_empty() && plain.bytes().all(|byte| byte == b'x');
    is_of_x || WORDS.contains(&plain.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_distinguished_from_values() {
        for text in [
            "<your key>",
            "https://<your-team>.cloudflareaccess.com",
            "${TEAM}",
            "{{ aud }}",
            "changeme",
            "Change-Me!",
            "xxx",
            "XXXX-XXXX",
            "YOUR_AUDIENCE",
            "9f86\u{2026}",
            "abc...",
            "TODO",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in ["abc", "https://team.example", "fake-audience", "api://default", "urn:x", "example.com", "x1", ""]
        {
            assert!(!is_one(text), "{text}");
        }
    }
}
