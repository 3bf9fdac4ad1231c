//! Which headers cross the proxy. Both lists are allow lists: what nobody has
//! thought of stays out, so cookies, hop-by-hop headers, forwarding headers, and
//! whatever `Connection` names need no rule of their own.

/// From the caller to the API.
pub const UP: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "content-encoding",
    "content-language",
    "content-type",
    "idempotency-key",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "prefer",
    "range",
    "traceparent",
    "tracestate",
];

/// From the API to the caller.
pub const DOWN: &[&str] = &[
    "accept-ranges",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-range",
    "content-type",
    "deprecation",
    "etag",
    "expires",
    "last-modified",
    "link",
    "mcp-session-id",
    "preference-applied",
    "ratelimit",
    "ratelimit-limit",
    "ratelimit-policy",
    "ratelimit-remaining",
    "ratelimit-reset",
    "retry-after",
    "sunset",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// What every answer carries beside its request id, the API's included.
pub const ALWAYS: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    // Whose token it was decides what came: no shared cache may mix them up.
    ("vary", "Origin, Authorization"),
    // Unless the API, or an answer of the Worker's own, says otherwise.
    ("cache-control", "private, no-store"),
];
