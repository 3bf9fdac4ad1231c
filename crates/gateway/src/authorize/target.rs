//! The target of a request, from the URL that the runtime provides.

use alloc::string::String;

use attention_core::codec::text;
use attention_core::url::{PathError, RequestPath};

/// An absolute URL, split once and not judged yet.
#[derive(Debug)]
pub(crate) struct Target {
    url: String,
    path_at: usize,
    /// The end of its path: the position of the question mark, if there is one.
    path_ends: usize,
}

impl Target {
    pub(crate) fn of(url: String) -> Self {
        let after_scheme = text::find(&url, "://").map_or(0, |at| at + 3);
        let from = |start: usize, is_end: fn(u8) -> bool| {
            let at = url.bytes().skip(start).position(is_end);
            at.map_or(url.len(), |at| start + at)
        };
        let path_at = from(after_scheme, |byte| matches!(byte, b'/' | b'?'));
        let path_ends = from(path_at, |byte| byte == b'?');
        Self { url, path_at, path_ends }
    }

    pub(crate) fn origin(&self) -> &str {
        self.url.get(..self.path_at).unwrap_or_default()
    }

    pub(crate) fn path(&self) -> &str {
        self.url.get(self.path_at..self.path_ends).unwrap_or_default()
    }

    pub(crate) fn query(&self) -> &str {
        self.url.get(self.path_ends + 1..).unwrap_or_default()
    }

    pub(crate) fn checked_path(&self) -> Result<RequestPath<'_>, PathError> {
        RequestPath::parse(self.path())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString as _;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn urls_are_split_into_parts() {
        for (url, parts) in [
            ("https://a.example/v2/x?y=//z?", ("https://a.example", "/v2/x", "y=//z?")),
            ("https://a.example", ("https://a.example", "", "")),
            ("https://a.example?x", ("https://a.example", "", "x")),
            ("https://a.example/?", ("https://a.example", "/", "")),
            ("/é?é", ("", "/é", "é")),
        ] {
            let target = Target::of(url.to_string());
            assert_eq!((target.origin(), target.path(), target.query()), parts, "{url}");
        }
    }

    proptest! {
        // Nothing is lost, wherever the separators are.
        #[test]
        fn the_parts_add_up_to_the_url(url in "(https?://)?[a-zé:/?#]{0,12}") {
            let target = Target::of(url.clone());
            let mark = if target.path_ends < url.len() { "?" } else { "" };
            prop_assert_eq!([target.origin(), target.path(), mark, target.query()].concat(), url);
            prop_assert!(!target.path().contains('?') && (target.path().is_empty() || target.path().starts_with('/')));
        }
    }
}
