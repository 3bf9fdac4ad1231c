//! Maps a path to the API's endpoints.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core::url::RequestPath;

use crate::authorize::mcp;
use crate::authorize::policy::{Pattern, Reading, Segment};

/// One of the API's endpoints.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place<'a> {
    /// Under the base's prefix, with which the caller's path begins as well.
    Api { rest: &'a str },
    /// The MCP endpoint beside it.
    Mcp,
}

/// The endpoints of an API.
#[derive(Debug)]
pub(crate) struct Places {
    /// The path of its base URL.
    prefix: String,
    /// The number of segments of the prefix.
    depth: usize,
    /// Matches paths that some server reads as the MCP endpoint, and those below it.
    mcp: Option<Pattern>,
}

impl Places {
    /// The endpoints of an API whose base URL has this path.
    pub(crate) fn new(prefix: &str) -> Self {
        let depth = prefix.bytes().filter(|byte| *byte == b'/').count();
        Self { prefix: prefix.to_owned(), depth, mcp: Pattern::parse(mcp::PATH_AND_BELOW).ok() }
    }

    /// The endpoint of a path; `reading` is the reading of the same path.
    pub(crate) fn of<'a>(&self, path: RequestPath<'a>, reading: &Reading) -> Option<Place<'a>> {
        if path.as_str() == mcp::PATH {
            return Some(Place::Mcp);
        }
        let rest = path.as_str().strip_prefix(&*self.prefix).filter(|rest| rest.starts_with('/'))?;
        // A server could read another spelling as the same path, and likewise a path below it, because frameworks mount
        // handlers for everything below a path. Such a request would be forwarded without its body being read.
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

    /// Whether some server reads a path as the endpoint's, tested with a policy's denial.
    fn is_spelling_of_mcp(path: &str) -> bool {
        let policy = Policy::parse("deny * /mcp/**\nallow * /**").unwrap();
        let Ok(path) = RequestPath::parse(path) else { return false };
        matches!(
            policy.decide(attention_core::Method::Get, path),
            crate::authorize::policy::Decision::Denied { line: 1 }
        )
    }

    proptest! {
        /// The reference reads the part after the prefix as a path of its own.
        #[test]
        fn a_path_belongs_to_the_api_unless_some_server_may_read_it_as_the_endpoint(
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
