//! The cache: small responses that are served again to the caller that they were for.
//!
//! Everything is decided here. [`Index`] knows what is stored, for whom, how long it may be
//! served (RFC 9111, [`freshness`]) and when it goes; a driver keeps a map from [`EntryId`]
//! to bytes and looks into none of them.
//!
//! ```text
//! GET ─► Index::visit ─► Fresh ──────────────────────────► serve its bytes
//!                     ─► Stale ──► ask with ── 304 ──► Visit::confirmed ─► serve its bytes
//!                                  condition ─ 200 ─┐
//!                     ─► Absent ─► ask ─────── 200 ─┴► Visit::keep ─► Pending::store ─► keep its bytes
//! POST, PUT, PATCH, DELETE: whatever comes of it ────► Index::invalidate
//! ```
//!
//! **Whoever is told to serve an id finds its bytes.** The driver keeps the bytes of an id
//! from the [`Pending::store`] that returned it until [`Index::take_dropped`] names it,
//! which it does not while a [`Visit`] that found them exists, whatever other requests
//! store or change in between. So the driver holds the visit until it has the bytes in
//! its hands, and asks for what is dropped after each `store` and when a visit has ended.
//! Bytes that are only held by visits count as stored: together they are never more than
//! [`Index::ALL_BYTES`], and when visits hold all of them, nothing is stored. Ids are those
//! of one index: a driver that begins another one begins another map.

mod changes;
pub mod freshness;
mod head;
mod index;
mod key;
mod path;
mod visit;

use alloc::string::String;
use core::time::Duration;

use attention_core::{Headers, Timestamp};

use crate::cache::freshness::{Freshness, SELECTING};

pub use self::head::Stored;
pub use self::index::{EntryId, Index};
pub use self::key::Owner;
pub use self::visit::{Found, Outcome, Pending, Unconfirmed, Visit};

/// The cache's part in one request, for a driver that keeps the heads itself.
#[derive(Debug)]
pub struct Cache {
    /// How long an answer may be given again, whatever the API says.
    most: Duration,
    /// Who it is kept for: nobody else is ever given it.
    whose: String,
    /// What the log says of it.
    pub outcome: &'static str,
}

impl Cache {
    /// For a caller under a policy, which decides what is redacted; a session's
    /// routes redact as well.
    pub fn new(most: Duration, holder: &str, policy: &str, session: Option<&str>) -> Self {
        Self { most, whose: [holder, " ", policy, " ", session.unwrap_or_default()].concat(), outcome: "miss" }
    }

    /// The name under which the answer to this request is kept; `None` when the cache
    /// has no part in it. No part of it can hold a line break.
    pub fn key(&self, url: &str, request: &dyn Headers) -> Option<String> {
        if !freshness::is_cacheable_request(request) {
            return None;
        }
        let mut key = [url, "\n", &self.whose].concat();
        for name in SELECTING {
            key.push('\n');
            key.push_str(&request.get(name).unwrap_or_default());
        }
        Some(key)
    }

    /// Whether two requests of the same key may differ in a header that the API sees.
    pub fn varies(name: &str) -> bool {
        key::varies(name)
    }

    pub fn judge(
        &self,
        status: u16,
        headers: &dyn Headers,
        asked: Timestamp,
        answered: Timestamp,
    ) -> Option<Freshness> {
        Freshness::judge(status, headers, asked, answered, self.most, Self::varies)
    }
}

#[cfg(test)]
mod tests {
    use alloc::borrow::ToOwned as _;

    use super::*;

    const URL: &str = "https://api.example/v2/a?b=c";

    fn headers(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn keys_differ_with_everything_that_an_answer_may_depend_on() {
        let most = Duration::from_secs(1);
        let plain = headers(&[]);
        let of = |holder, policy, session| Cache::new(most, holder, policy, session).key(URL, &plain).unwrap();
        let mut keys = vec![
            of("app", "default", None),
            of("other", "default", None),
            of("jwt:app", "default", None),
            of("jwt:app", "wide", None),
            of("app", "default", Some("1")),
            of("app", "default", Some("2")),
        ];
        let app = Cache::new(most, "app", "default", None);
        keys.push(app.key("https://api.example/v2/a?b=d", &plain).unwrap());
        for name in SELECTING {
            keys.push(app.key(URL, &headers(&[(name, "x")])).unwrap());
        }
        let all = keys.len();
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), all);
        // What the API does not see does not matter.
        assert_eq!(app.key(URL, &headers(&[("x-forwarded-host", "evil.example")])), app.key(URL, &plain));
        assert_eq!(app.key(URL, &headers(&[("range", "bytes=0-1")])), None);
    }

    #[test]
    fn an_answer_may_vary_by_what_is_in_the_key_or_never_goes_up() {
        for name in ["accept", "accept-encoding", "accept-language", "prefer", "origin", "authorization", "x-any"] {
            assert!(!Cache::varies(name), "{name}");
        }
        for name in ["content-type", "idempotency-key", "if-range", "range", "traceparent", "mcp-session-id"] {
            assert!(Cache::varies(name), "{name}");
        }
    }
}
