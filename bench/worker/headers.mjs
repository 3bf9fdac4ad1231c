// The allow lists of crates/gateway/src/answer/header_policy.rs.
export const UP = new Set([
  "accept", "accept-encoding", "accept-language", "content-encoding", "content-language", "content-type",
  "idempotency-key", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "prefer",
  "range", "traceparent", "tracestate",
]);

export const DOWN = new Set([
  "accept-ranges", "cache-control", "content-disposition", "content-encoding", "content-language", "content-range",
  "content-type", "deprecation", "etag", "expires", "last-modified", "link", "preference-applied", "ratelimit",
  "ratelimit-limit", "ratelimit-policy", "ratelimit-remaining", "ratelimit-reset", "retry-after", "sunset",
  "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset",
]);
