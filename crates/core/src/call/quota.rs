//! Reads a server's rate-limit headers.

use core::cmp::Ordering;
use core::time::Duration;

use super::headers::Headers;
use crate::Timestamp;
use crate::codec::http_date;
use crate::codec::text::{self, split_once, whole_number};

/// Parses `Retry-After` (RFC 9110 §10.2.3): whole seconds, or an HTTP date that is compared with `now`, the time in the
/// response's own `Date`. A date in the past is a wait of zero. `None` for any other value.
///
/// ```
/// use attention_core::{Timestamp, call::retry_after};
/// use std::time::Duration;
///
/// let now = Timestamp::from_unix_seconds(784_111_770);
/// assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
/// assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
/// assert_eq!(retry_after("soon", now), None);
/// ```
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim_ascii();
    if let Some(seconds) = delta_seconds(value) {
        return Some(Duration::from_secs(seconds));
    }
    Some(http_date::parse(value)?.saturating_since(now))
}

/// Digits only (RFC 9110 `delta-seconds`), capped at a century: a larger number means "never", and adding it to a time
/// must not overflow.
fn delta_seconds(text: &str) -> Option<u64> {
    const CENTURY: u64 = 100 * 366 * 24 * 3600;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits < text.len() {
        return None;
    }
    Some(whole_number(text).unwrap_or(CENTURY).min(CENTURY))
}

/// The remaining quota, from response headers.
///
/// The Attention API documents the 429 but no limits and no headers. So each header is used if present and never
/// assumed.
/// Source: <https://docs.attention.com/api-authentication>.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Calls left in this window.
    pub remaining: u64,
    /// Until the window ends.
    pub reset: Option<Duration>,
}

impl Quota {
    /// Reads `RateLimit` (draft-ietf-httpapi-ratelimit-headers), or else `RateLimit-Remaining` and related headers, or
    /// else the same headers with the prefix `X-`.
    ///
    /// If `RateLimit` has several policies, the one with the least remaining applies; among exhausted ones, the one
    /// that lasts longest. The other headers state the reset in seconds, or as a Unix time in seconds or milliseconds,
    /// relative to the response's own `Date`. An ambiguous reset is ignored.
    pub fn from_headers(headers: &dyn Headers, now: Timestamp) -> Option<Self> {
        if let Some(policies) = headers.get("ratelimit").and_then(|list| tightest(&list)) {
            return Some(policies);
        }
        ["ratelimit-", "x-ratelimit-"].iter().find_map(|prefix| {
            let number = |name: &str| whole_number(headers.get(&text::concat(&[prefix, name]))?.trim_ascii());
            let remaining = number("remaining")?;
            Some(Self { remaining, reset: number("reset").and_then(|value| reset(value, server_time(headers, now))) })
        })
    }

    /// How long to hold back before the next call: until the window ends if the quota is exhausted.
    pub fn wait(self) -> Option<Duration> {
        if self.remaining == 0 { self.reset } else { None }
    }

    /// Whether this quota holds calls back more than `other`.
    fn is_tighter_than(self, other: Self) -> bool {
        match self.remaining.cmp(&other.remaining) {
            Ordering::Less => true,
            Ordering::Equal => self.reset > other.reset,
            Ordering::Greater => false,
        }
    }
}

/// The server's time: the response's `Date`, or else the local time.
pub(super) fn server_time(headers: &dyn Headers, now: Timestamp) -> Timestamp {
    headers.get("date").and_then(|date| http_date::parse(date.trim_ascii())).unwrap_or(now)
}

/// The tightest policy of a `RateLimit` header. A policy is a name with parameters (RFC 9651), `"daily";r=0;t=30, …`.
/// In older drafts the header is a single policy without a name: `limit=10, remaining=0, reset=30`.
fn tightest(list: &str) -> Option<Quota> {
    let mut tightest: Option<Quota> = None;
    let mut policy = Policy::default();
    let mut end = |policy: &mut Policy| {
        if let Some(quota) = core::mem::take(policy).quota()
            && tightest.is_none_or(|held| quota.is_tighter_than(held))
        {
            tightest = Some(quota);
        }
    };
    for member in outside_quotes(list, b',') {
        for (index, part) in outside_quotes(member, b';').enumerate() {
            let parameter = split_once(part, b'=').filter(|_| !part.trim_ascii().starts_with('"'));
            let is_another = match parameter {
                None => index == 0,
                Some((name, value)) => !policy.take(name.trim_ascii(), value.trim_ascii()),
            };
            if is_another {
                end(&mut policy);
                if let Some((name, value)) = parameter {
                    policy.take(name.trim_ascii(), value.trim_ascii());
                }
            }
        }
    }
    end(&mut policy);
    tightest
}

/// The parameters of one policy.
#[derive(Default)]
struct Policy {
    remaining: Option<u64>,
    reset: Option<u64>,
}

impl Policy {
    /// Stores a parameter; `false` if it is repeated.
    fn take(&mut self, name: &str, value: &str) -> bool {
        let place = match name {
            "r" | "remaining" => &mut self.remaining,
            "t" | "reset" => &mut self.reset,
            _ => return true,
        };
        let is_first = place.is_none();
        if is_first {
            *place = delta_seconds(value);
        }
        is_first
    }

    fn quota(self) -> Option<Quota> {
        Some(Quota { remaining: self.remaining?, reset: self.reset.map(Duration::from_secs) })
    }
}

/// The parts between separators, ignoring separators inside quoted strings.
fn outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    core::iter::from_fn(move || {
        let text = rest?;
        let (mut is_quoted, mut is_escaped) = (false, false);
        let at = text.bytes().position(|byte| {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = is_quoted,
                b'"' => is_quoted = !is_quoted,
                _ => return byte == separator && !is_quoted,
            }
            false
        });
        rest = at.and_then(|at| text.get(at + 1..));
        text.get(..at.unwrap_or(text.len()))
    })
}

/// When a window ends. Servers write this number in different units; `None` if it is ambiguous.
fn reset(value: u64, server_time: Timestamp) -> Option<Duration> {
    /// A larger number of seconds is unlikely for a rate limit, and may be milliseconds.
    const HOUR: u64 = 3600;
    /// Unix times of this century, in seconds and in milliseconds.
    const CENTURY: core::ops::Range<u64> = 946_684_800..4_102_444_800;
    if value <= HOUR {
        return Some(Duration::from_secs(value));
    }
    let end = if CENTURY.contains(&value) {
        Timestamp::from_unix_seconds(value)
    } else if CENTURY.contains(&(value / 1000)) {
        Timestamp::from_unix_millis(value)
    } else {
        return None;
    };
    Some(end.saturating_since(server_time))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn quotas_are_read_from_every_header_variant() {
        let quota = |headers: &[(&str, &str)]| Quota::from_headers(&headers, NOW);
        let some = |remaining, seconds: u64| Some(Quota { remaining, reset: Some(Duration::from_secs(seconds)) });
        assert_eq!(quota(&[("ratelimit", "\"default\";r=0;t=30")]), some(0, 30));
        assert_eq!(quota(&[("ratelimit", "limit=10, remaining=3, reset=7")]), some(3, 7));
        assert_eq!(quota(&[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "1700000060")]), some(5, 60));
        assert_eq!(quota(&[("ratelimit-remaining", "1"), ("ratelimit-reset", "2")]), some(1, 2));
        for odd in ["", "r", "r=", "r=-1;t=5", "r=\u{e9}", ";;;,,,===", "\"", "\"a\\", "\"r=0;t=5"] {
            assert_eq!(quota(&[("ratelimit", odd), ("x-ratelimit-remaining", odd)]), None, "{odd}");
        }
    }

    #[test]
    fn the_policy_with_the_least_remaining_applies() {
        let quota = |list: &str| Quota::from_headers(&[("ratelimit", list)].as_slice(), NOW);
        let some = |remaining, seconds: Option<u64>| Some(Quota { remaining, reset: seconds.map(Duration::from_secs) });
        assert_eq!(quota("\"burst\";r=5;t=1, \"daily\";r=0;t=30"), some(0, Some(30)));
        assert_eq!(quota("\"burst\";r=0, \"daily\";r=9;t=3600"), some(0, None), "each has its own parameters");
        assert_eq!(quota("\"a\";r=0;t=9, \"b\";r=0;t=30, \"c\";r=0;t=2"), some(0, Some(30)), "the longest");
        assert_eq!(quota("\"a;r=0;t=9\";r=50;t=30"), some(50, Some(30)), "a name is no parameter");
        assert_eq!(quota("\"a, \\\";r=0;t=9\";r=50;t=30"), some(50, Some(30)), "an escaped quote ends no name");
        assert_eq!(
            quota("limit=10, remaining=3, reset=7, limit=50, remaining=0, reset=40"),
            some(0, Some(40)),
            "joined"
        );
    }

    #[test]
    fn an_ambiguous_reset_is_ignored() {
        let reset = |value: &str, date: &str| {
            let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", value), ("date", date)];
            Quota::from_headers(&headers.as_slice(), NOW).expect("a quota").reset.map(crate::millis)
        };
        assert_eq!(reset("30", ""), Some(30_000));
        assert_eq!(reset("3600", ""), Some(3_600_000));
        assert_eq!(reset("1700000030", ""), Some(30_000));
        assert_eq!(reset("1700000030000", ""), Some(30_000));
        assert_eq!(reset("1699999970", ""), Some(0));
        // Relative to the server's own clock.
        assert_eq!(reset("784111807", "Sun, 06 Nov 1994 08:49:37 GMT"), None, "no Unix time of this century");
        assert_eq!(reset("1700000030", "Tue, 14 Nov 2023 22:13:40 GMT"), Some(10_000));
        assert_eq!(reset("1700000030", "yesterday"), Some(30_000));
        // Seconds, milliseconds or something else: ambiguous.
        for odd in ["3601", "30000", "86400", "946684799", "4102444800", "946684799999", "4102444800000"] {
            assert_eq!(reset(odd, ""), None, "{odd}");
        }
        assert_eq!(reset("946684800", ""), Some(0));
        assert_eq!(reset("4102444799", ""), Some((4_102_444_799 - 1_700_000_000) * 1000));
        assert_eq!(reset("946684800000", ""), Some(0));
        assert_eq!(reset("4102444799999", ""), Some(4_102_444_799_999 - 1_700_000_000_000));
    }
}
