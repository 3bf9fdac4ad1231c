//! What the cache may do for a request: whose answers they are, and for how long.
//! What may be kept at all is core's to say ([`crate::cache::freshness`]), where it
//! is kept is the driver's.

pub mod freshness;

use alloc::string::String;
use core::time::Duration;

use attention_core::{Headers, Timestamp};

use crate::answer::header_policy;
use crate::cache::freshness::{Freshness, SELECTING};

/// The cache's part in one request.
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
        header_policy::UP.contains(&name) && !SELECTING.contains(&name)
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
