//! Which web pages may read answers (Fetch standard, CORS protocol).
//!
//! Origins are compared to the letter. There is no wildcard and no credentials
//! mode: a caller's token travels in `Authorization`, never in a cookie.

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use crate::authorize::mcp::mirror::PARAM_PREFIX;
use crate::deployment::Config;

/// What an `Origin` header means for a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Cors<'a> {
    /// No page is involved, or the page is the Worker's own.
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

/// What a preflight may ask for.
pub(crate) const ALLOW_METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
const ALLOW_HEADERS: &str = "Authorization, Accept, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-Id, Mcp-Method, Mcp-Name, Mcp-Protocol-Version, Mcp-Session-Id, Range, X-Request-Id, Traceparent, Tracestate";
/// What a page may read besides the safelisted headers.
const EXPOSE_HEADERS: &str = "X-Request-Id, Retry-After, WWW-Authenticate, ETag, Link, Mcp-Session-Id, Content-Range, Content-Disposition, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";
/// What a preflight is answered with: the headers that every page may send, and those of the page's that repeat
/// arguments of an MCP message, whose names nobody knows beforehand.
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

/// Ten minutes: a revoked origin is noticed within them.
pub(crate) const MAX_AGE: &str = "600";

/// What lets a page of this origin read an answer, as names and values.
pub(crate) const fn headers(origin: &str) -> [(&'static str, &str); 2] {
    [("access-control-allow-origin", origin), ("access-control-expose-headers", EXPOSE_HEADERS)]
}
