//! Decides which web pages may read responses (Fetch standard, CORS protocol).
//!
//! Origins are compared exactly. There are no wildcards and no credentials mode, because a caller's token is sent in
//! `Authorization` and never in a cookie.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use crate::authorize::mcp::mirror::PARAM_PREFIX;
use crate::deployment::Config;

/// The meaning of a request's `Origin` header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cors<'a> {
    /// No page is involved, or the page has the Worker's own origin.
    SameOrigin,
    /// A page of an allowed origin.
    Allowed(&'a str),
    /// Any other page.
    Refused,
}

impl<'a> Cors<'a> {
    pub(crate) fn judge(config: &Config, origin: Option<&'a str>, own_origin: &str) -> Self {
        match origin {
            None => Self::SameOrigin,
            Some(origin) if config.origins.iter().any(|allowed| allowed == origin) => Self::Allowed(origin),
            Some(origin) if origin == own_origin => Self::SameOrigin,
            Some(_) => Self::Refused,
        }
    }
}

/// The methods that a preflight may request.
pub(crate) const ALLOW_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const ALLOW_HEADERS: &str = "Authorization, Accept, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-Id, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, Range, X-Request-Id, Traceparent, Tracestate";
/// The response headers that a page may read besides the safelisted ones.
const EXPOSE_HEADERS: &str = "X-Request-Id, Retry-After, WWW-Authenticate, ETag, Link, Mcp-Session-Id, Content-Range, Content-Disposition, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";
/// The headers that a page may send: those that every page may, and the requested ones that repeat arguments of an MCP
/// message, whose names are not known in advance.
pub(crate) fn allow_headers(asked: Option<&str>) -> String {
    let mut list = ALLOW_HEADERS.to_owned();
    for name in asked.unwrap_or_default().split(',').map(str::trim) {
        let is_token = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
        if is_token && name.get(..PARAM_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PARAM_PREFIX)) {
            list.push_str(", ");
            list.push_str(name);
        }
    }
    list
}

/// Ten minutes, after which a revoked origin is noticed.
pub(crate) const MAX_AGE: &str = "600";

/// The headers that let a page of this origin read a response, as names and values.
pub(crate) const fn headers(origin: &str) -> [(&'static str, &str); 2] {
    [("access-control-allow-origin", origin), ("access-control-expose-headers", EXPOSE_HEADERS)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_send_the_known_headers_and_those_that_repeat_arguments() {
        for (asked, added) in [
            (None, ""),
            (Some(""), ""),
            (Some("content-type"), ""),
            (Some("Mcp-Param-Region"), ", Mcp-Param-Region"),
            (Some("x-other, mcp-param-a ,mcp-param-b!"), ", mcp-param-a, mcp-param-b!"),
            (Some("mcp-param-a b,mcp-param-a\r\nx: y,mcp-param-\u{e9},mcp-para"), ""),
        ] {
            assert_eq!(allow_headers(asked), [ALLOW_HEADERS, added].concat(), "{asked:?}");
        }
    }
}
