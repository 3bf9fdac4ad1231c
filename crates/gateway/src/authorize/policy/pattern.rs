//! Path patterns of rules.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use attention_core::codec::text;
use attention_core::url::{PathError, RequestPath};

use super::error::PolicyFault;
use super::spelling::{Literal, Reading, Segment, names_keys};

/// The end of a pattern that matches any number of segments, including none.
const REST: &str = "/**";

/// A path whose segments may be `*` and that may end with `/**`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pattern {
    text: String,
    /// The segments, without a trailing empty one and without `**`.
    wanted: Vec<Wanted>,
    open_ended: bool,
}

/// A segment of a pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Wanted {
    /// `*`: any name.
    Any,
    /// This name.
    Name(Literal),
}

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyFault> {
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
        if open_ended && head.ends_with('/') {
            return Err(PolicyFault::Path(PathError::EmptySegment { position: head.len() }));
        }
        let named = head.strip_suffix('/').unwrap_or(head);
        let wanted = named.split('/').skip(1).map(Wanted::parse).collect::<Option<_>>().ok_or(PolicyFault::Nameless)?;
        Ok(Self { text: text.to_owned(), wanted, open_ended })
    }

    /// The pattern as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it has a `*` or ends with `/**`.
    pub fn has_wildcard(&self) -> bool {
        self.text.contains('*')
    }

    /// Whether it ends with a slash, which makes no difference for a `deny`.
    pub fn ends_with_slash(&self) -> bool {
        self.text.len() > 1 && self.text.ends_with('/')
    }

    /// Whether every path that it matches names API keys, which are refused regardless of the policy.
    pub fn names_keys(&self) -> bool {
        self.head().split('/').any(names_keys)
    }

    /// Whether some server reads the path as one that the pattern matches.
    pub(super) fn may_match(&self, path: &Reading) -> bool {
        self.may_match_all(path.segments())
    }

    /// The same for some of a path's segments.
    pub(crate) fn may_match_all(&self, segments: &[Segment]) -> bool {
        if segments.iter().any(|segment| segment.may_vanish) {
            return self.may_match_without_some(segments);
        }
        let fits = self.wanted.len() == segments.len() || self.open_ended && self.wanted.len() < segments.len();
        fits && self.wanted.iter().zip(segments).all(|(wanted, segment)| wanted.may_be(segment))
    }

    /// Whether every server reads the path as one that the pattern matches: the names are identical, and no server
    /// ignores any of the segments.
    pub(super) fn is_written_in(&self, path: &Reading) -> bool {
        let mut found = path.decoded().split('/');
        let is_there = |own: &str| found.next().is_some_and(|name| own == "*" && !name.is_empty() || own == name);
        let named = path.segments().iter().take(self.wanted.len());
        self.head().split('/').all(is_there)
            && (self.open_ended || found.next().is_none())
            && named.clone().all(|segment| !segment.may_vanish)
    }

    /// The same for a path with segments that some servers ignore.
    fn may_match_without_some(&self, segments: &[Segment]) -> bool {
        let end = self.wanted.len();
        // The positions in the pattern that the segments so far can have reached.
        let mut reached = vec![false; end + 1];
        let mut set =
            |at: usize, value| -> bool { reached.get_mut(at).is_some_and(|place| core::mem::replace(place, value)) };
        set(0, true);
        for segment in segments {
            for at in (0..=end).rev() {
                let stays = segment.may_vanish || at == end && self.open_ended;
                if set(at, false) {
                    set(at, stays);
                    if self.wanted.get(at).is_some_and(|wanted| wanted.may_be(segment)) {
                        set(at + 1, true);
                    }
                }
            }
        }
        set(end, false)
    }

    /// The pattern without `/**`.
    fn head(&self) -> &str {
        if self.open_ended { self.text.strip_suffix(REST).unwrap_or(&self.text) } else { &self.text }
    }
}

impl Wanted {
    fn parse(text: &str) -> Option<Self> {
        if text == "*" { Some(Self::Any) } else { Literal::read(text).map(Self::Name) }
    }

    fn may_be(&self, segment: &Segment) -> bool {
        match self {
            Self::Any => !segment.is_empty,
            Self::Name(literal) => segment.may_be(literal),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_that_match_only_keys_are_recognized() {
        let names_keys = |text| Pattern::parse(text).unwrap().names_keys();
        for text in ["/v2/api_keys", "/v2/api-keys/**", "/*/API_KEYS/*", "/apikeys", "/v2/api_key", "/v2/api_keys.json"]
        {
            assert!(names_keys(text), "{text}");
        }
        for text in ["/**", "/v2/**", "/v2/*", "/v2/my_api_keys", "/v2/api_keysx"] {
            assert!(!names_keys(text), "{text}");
        }
    }

    #[test]
    fn wildcards_are_recognized() {
        let has_wildcard = |text| Pattern::parse(text).unwrap().has_wildcard();
        assert!(has_wildcard("/**") && has_wildcard("/v2/*/items") && !has_wildcard("/v2/items"));
    }
}
