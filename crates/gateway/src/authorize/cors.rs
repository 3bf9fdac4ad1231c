//! Which web pages may read answers (Fetch standard, CORS protocol).
//!
//! Origins are compared to the letter. There is no wildcard and no credentials
//! mode: a caller's token travels in `Authorization`, never in a cookie.

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
pub(crate) const ALLOW_HEADERS: &str = "Authorization, Accept, Content-Type, Idempotency-Key, If-Match, If-None-Match, Last-Event-Id, Mcp-Protocol-Version, Mcp-Session-Id, Range, X-Request-Id, Traceparent, Tracestate";
/// What a page may read besides the safelisted headers.
const EXPOSE_HEADERS: &str = "X-Request-Id, Retry-After, ETag, Link, Mcp-Session-Id, Content-Range, Content-Disposition, RateLimit, RateLimit-Policy, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";
/// Ten minutes: a revoked origin is noticed within them.
pub(crate) const MAX_AGE: &str = "600";

/// What lets a page of this origin read an answer, as names and values.
pub(crate) const fn headers(origin: &str) -> [(&'static str, &str); 2] {
    [("access-control-allow-origin", origin), ("access-control-expose-headers", EXPOSE_HEADERS)]
}
