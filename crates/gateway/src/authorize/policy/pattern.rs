//! The paths that a rule is about.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use core::fmt;

use attention_core::codec::text;
use attention_core::url::RequestPath;

use super::error::PolicyFault;

/// The end of a pattern that takes any number of segments, none included.
const REST: &str = "/**";

/// The letters of the segment that names keys. A server may read `/v2/api-keys` or
/// `/v2/api_keys.` as the same thing, so segments are compared by letters alone.
const KEYS_LETTERS: &str = "apikeys";

/// A path whose segments may be `*`, and whose end may be `/**`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: String,
    open_ended: bool,
}

impl Pattern {
    pub(super) fn parse(text: &str) -> Result<Self, PolicyFault> {
        let (head, open_ended) = match text.strip_suffix(REST) {
            Some(head) => (head, true),
            None => (text, false),
        };
        if text::find(head, "**").is_some() || head.split('/').any(|segment| segment.contains('*') && segment != "*") {
            return Err(PolicyFault::Wildcard);
        }
        if !(head.is_empty() && open_ended) {
            RequestPath::parse(head).map_err(PolicyFault::Path)?;
        }
        if head.contains('%') {
            return Err(PolicyFault::Encoded);
        }
        Ok(Self { text: text.to_owned(), open_ended })
    }

    /// The pattern as it is written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has a `*` or ends with `/**`.
    pub fn has_wildcard(&self) -> bool {
        self.text.contains('*')
    }

    /// Whether every path that it matches names API keys, which are refused
    /// whatever a policy says.
    pub fn names_keys(&self) -> bool {
        names_keys(self.head())
    }

    /// Whether it matches a decoded path; `same` compares two segments.
    pub(super) fn matches(&self, path: &str, same: impl Fn(&str, &str) -> bool) -> bool {
        let mut segments = path.split('/');
        for wanted in self.head().split('/') {
            match segments.next() {
                Some(segment) if wanted == "*" && !segment.is_empty() => {}
                Some(segment) if wanted != "*" && same(segment, wanted) => {}
                _ => return false,
            }
        }
        self.open_ended || segments.next().is_none()
    }

    /// The pattern without `/**`.
    fn head(&self) -> &str {
        if self.open_ended { self.text.strip_suffix(REST).unwrap_or(&self.text) } else { &self.text }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether a decoded path has a segment that a server may read as the one of API
/// keys. The list of keys returns their values, so a policy that handed it out
/// would hand out the keys.
pub(super) fn names_keys(path: &str) -> bool {
    path.split('/').any(|segment| {
        let letters = segment.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
        letters.eq(KEYS_LETTERS.chars())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_can_only_mean_keys_are_known() {
        let names_keys = |text| Pattern::parse(text).unwrap().names_keys();
        for text in ["/v2/api_keys", "/v2/api-keys/**", "/*/API_KEYS/*", "/apikeys"] {
            assert!(names_keys(text), "{text}");
        }
        for text in ["/**", "/v2/**", "/v2/*", "/v2/api_key", "/v2/my_api_keys"] {
            assert!(!names_keys(text), "{text}");
        }
    }

    #[test]
    fn wildcards_are_known() {
        let has_wildcard = |text| Pattern::parse(text).unwrap().has_wildcard();
        assert!(has_wildcard("/**") && has_wildcard("/v2/*/items") && !has_wildcard("/v2/items"));
    }
}
