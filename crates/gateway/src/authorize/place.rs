//! Which of the API's places a path leads to.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::url::RequestPath;

use crate::authorize::mcp;
use crate::authorize::policy::{Pattern, Reading, Segment};

/// One of the API's places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place<'a> {
    /// Under the base's prefix, which is where the caller's path begins too.
    Api { rest: &'a str },
    /// The MCP endpoint beside it.
    Mcp,
}

/// The places that there are at an API.
#[derive(Debug)]
pub(crate) struct Places {
    /// The path of its base URL.
    prefix: String,
    /// How many segments the prefix has.
    depth: usize,
    /// Paths that are the MCP endpoint's to some server, and those below it.
    mcp: Option<Pattern>,
}

impl Places {
    /// At an API whose base URL has this path.
    pub(crate) fn new(prefix: &str) -> Self {
        let depth = prefix.bytes().filter(|byte| *byte == b'/').count();
        Self { prefix: prefix.to_owned(), depth, mcp: Pattern::parse(mcp::PATH_AND_BELOW).ok() }
    }

    /// The place of a path, which is also given as it is read.
    pub(crate) fn of<'a>(&self, path: RequestPath<'a>, reading: &Reading) -> Option<Place<'a>> {
        if path.as_str() == mcp::PATH {
            return Some(Place::Mcp);
        }
        let rest = path.as_str().strip_prefix(&*self.prefix).filter(|rest| rest.starts_with('/'))?;
        // In another spelling it could be the same to the server, and a path below it as well: a framework mounts a
        // handler there with all that is below. It would go up unread.
        let segments = reading.segments();
        let below_prefix = segments.get(self.depth..)?;
        if self.is_read_as_mcp(segments) || self.is_read_as_mcp(below_prefix) {
            return None;
        }
        Some(Place::Api { rest })
    }

    fn is_read_as_mcp(&self, segments: &[Segment]) -> bool {
        self.mcp.as_ref().is_none_or(|mcp| mcp.may_match_all(segments))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::authorize::policy::Policy;

    /// Whether some server reads a path as the endpoint's, by the denial of a policy.
    fn is_spelling_of_mcp(path: &str) -> bool {
        let policy = Policy::parse("deny * /mcp/**\nallow * /**").unwrap();
        let Ok(path) = RequestPath::parse(path) else { return false };
        matches!(
            policy.decide(attention_core::Method::Get, path),
            crate::authorize::policy::Decision::Denied { line: 1 }
        )
    }

    proptest! {
        /// As whoever reads what follows the prefix as a path of its own has it.
        #[test]
        fn a_path_is_the_apis_unless_it_or_the_rest_of_it_may_be_the_endpoints(
            prefix in prop::sample::select(vec!["", "/v2", "/api/v2", "/mcp", "/a%20b"]),
            path in "(/(v2|V2|api|mcp|MCP|%6dcp|m%63p|mcp\\.json|a%20b|%20|\\.x|users|1)){0,4}/?",
        ) {
            let Ok(path) = RequestPath::parse(&path) else { return Ok(()) };
            let rest = path.as_str().strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
            let expected = match rest {
                _ if path.as_str() == "/mcp" => Some(Place::Mcp),
                Some(rest) if !is_spelling_of_mcp(path.as_str()) && !is_spelling_of_mcp(rest) => {
                    Some(Place::Api { rest })
                }
                _ => None,
            };
            prop_assert_eq!(Places::new(prefix).of(path, &Reading::of(path)), expected, "{} {}", prefix, path.as_str());
        }
    }
}
