//! The MCP tools that a rule permits.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::text;

/// The longest name of a tool (MCP, "Tool Names").
const NAME_BYTES: usize = 128;

/// The value of `tool=`: names of tools, in which `*` matches any characters, including none.
///
/// Names are compared exactly, so a variant that some server treats as a listed name is not permitted. A permitted name
/// contains only the characters recommended for MCP names, except `/`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ToolPatterns(Vec<String>);

impl ToolPatterns {
    /// Reads a comma-separated list; `None` if it is empty or contains characters that names cannot have.
    pub(super) fn parse(list: &str) -> Option<Self> {
        let patterns: Vec<String> = list.split(',').filter(|pattern| !pattern.is_empty()).map(str::to_owned).collect();
        let is_pattern = |pattern: &String| pattern.bytes().all(|byte| is_of_name(byte) || byte == b'*');
        (!patterns.is_empty() && patterns.iter().all(is_pattern)).then_some(Self(patterns))
    }

    /// Whether one of the patterns matches this tool.
    pub fn name(&self, tool: &str) -> bool {
        let is_name = !tool.is_empty() && tool.len() <= NAME_BYTES && tool.bytes().all(is_of_name);
        is_name && self.0.iter().any(|pattern| fits(pattern, tool))
    }

    /// The patterns as written.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }
}

const fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// Whether a name matches a pattern. Text between two `*` is matched at its first occurrence, which leaves the most for
/// the rest.
fn fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut left) = name.strip_prefix(first) else { return false };
    let (between, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in between.split('*').filter(|part| !part.is_empty()) {
        let Some((_, after)) = text::split_once_str(left, part) else { return false };
        left = after;
    }
    left.ends_with(last)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_list_of_names_is_read() {
        let tools = ToolPatterns::parse("search_*,get_call,*.list,a*b*c").unwrap();
        for tool in ["search_", "search_calls", "get_call", "x.list", ".list", "abc", "aXbYc", "abbcc"] {
            assert!(tools.name(tool), "{tool}");
        }
        for tool in [
            "",
            "search",
            "Search_calls",
            "xsearch_calls",
            "get_calls",
            "get_call ",
            "search_calls\u{0}",
            "search_a/b",
            "search_\u{e9}",
            "ac",
            "acb",
            "abcd",
        ] {
            assert!(!tools.name(tool), "{tool:?}");
        }
        assert!(!tools.name(&["search_", &"x".repeat(128)].concat()));
        for list in ["", ",", "a b", "a/b", "é", "a,b\u{0}", "a,'b'"] {
            assert_eq!(ToolPatterns::parse(list), None, "{list:?}");
        }
    }

    /// Tries all ways of matching each `*`.
    fn reference(pattern: &[u8], name: &[u8]) -> bool {
        match (pattern, name) {
            ([], []) => true,
            ([b'*', rest @ ..], _) => (0..=name.len()).any(|taken| reference(rest, &name[taken..])),
            ([own, rest @ ..], [theirs, others @ ..]) => own == theirs && reference(rest, others),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn a_star_matches_anything(pattern in "[ab*]{1,7}", name in "[ab]{1,9}") {
            let expected = reference(pattern.as_bytes(), name.as_bytes());
            prop_assert_eq!(ToolPatterns::parse(&pattern).unwrap().name(&name), expected);
        }
    }
}
