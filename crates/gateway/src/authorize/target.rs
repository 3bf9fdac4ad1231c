//! What a request is aimed at, from the URL that the runtime gives.

use attention_core::codec::text;
use attention_core::url::{PathError, RequestPath};

/// Path and query of an absolute URL, not yet judged.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) origin: &'a str,
}

impl<'a> Target<'a> {
    pub(crate) fn of(url: &'a str) -> Self {
        let after_scheme = text::find(url, "://").map_or(0, |at| at + 3);
        let is_end = |(at, byte): (usize, u8)| at >= after_scheme && matches!(byte, b'/' | b'?');
        let path_at = url.bytes().enumerate().position(is_end).unwrap_or(url.len());
        let (origin, rest) = url.split_at_checked(path_at).unwrap_or((url, ""));
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        Self { path, query, origin }
    }

    pub(crate) fn checked_path(self) -> Result<RequestPath<'a>, PathError> {
        RequestPath::parse(self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_taken_apart() {
        let parts = |url| {
            let target = Target::of(url);
            (target.origin, target.path, target.query)
        };
        assert_eq!(parts("https://a.example/v2/x?y=//z?"), ("https://a.example", "/v2/x", "y=//z?"));
        assert_eq!(parts("https://a.example"), ("https://a.example", "", ""));
        assert_eq!(parts("https://a.example?x"), ("https://a.example", "", "x"));
    }
}
