//! What a server says of its limits.

use core::time::Duration;

use super::headers::Headers;
use crate::Timestamp;
use crate::codec::http_date;
use crate::codec::text::{self, split, split_once, whole_number};

/// Parses `Retry-After` (RFC 9110 §10.2.3): whole seconds, or an HTTP date that
/// is compared with `now`. A date in the past is a wait of zero. `None` when the
/// value is neither.
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

/// Digits only (RFC 9110 `delta-seconds`), held at a century: what a server
/// means by more is "never", and the sum with a time must not overflow.
fn delta_seconds(text: &str) -> Option<u64> {
    const CENTURY: u64 = 100 * 366 * 24 * 3600;
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits < text.len() {
        return None;
    }
    Some(whole_number(text).unwrap_or(CENTURY).min(CENTURY))
}

/// What is left of a quota, from response headers.
///
/// The Attention API documents the 429 but neither numbers nor headers, so every
/// header here is used when present and never assumed.
/// Source: <https://docs.attention.com/api-authentication>.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quota {
    /// Calls left in this window.
    pub remaining: u64,
    /// Until the window ends.
    pub reset: Option<Duration>,
}

impl Quota {
    /// Reads `RateLimit`
    /// (draft-ietf-httpapi-ratelimit-headers), else `RateLimit-Remaining` and
    /// its kin, else the same with `X-` before them. A reset larger than a month
    /// of seconds is taken for a Unix time, as common servers send both.
    pub fn from_headers(headers: &dyn Headers, now: Timestamp) -> Option<Self> {
        if let Some(list) = headers.get("ratelimit") {
            // Of several policies the first that has a remainder counts; parameters
            // are separated by semicolons (RFC 9651), older drafts used commas.
            let either = |name, long| parameter(&list, name).or_else(|| parameter(&list, long));
            if let Some(remaining) = either("r", "remaining") {
                return Some(Self { remaining, reset: either("t", "reset").map(Duration::from_secs) });
            }
        }
        ["ratelimit-", "x-ratelimit-"].iter().find_map(|prefix| {
            let number = |name: &str| delta_seconds(headers.get(&text::concat(&[prefix, name]))?.trim_ascii());
            Some(Self { remaining: number("remaining")?, reset: number("reset").map(|r| reset(r, now)) })
        })
    }

    /// How long to hold back before the next call: until the window ends when
    /// nothing is left of it.
    pub fn wait(self) -> Option<Duration> {
        if self.remaining == 0 { self.reset } else { None }
    }
}

fn parameter(list: &str, wanted: &str) -> Option<u64> {
    split(list, b';').find_map(|item| {
        split(item, b',').find_map(|part| {
            let (name, value) = split_once(part, b'=')?;
            if name.trim_ascii() == wanted { delta_seconds(value.trim_ascii()) } else { None }
        })
    })
}

fn reset(value: u64, now: Timestamp) -> Duration {
    const MONTH: u64 = 31 * 24 * 3600;
    if value > MONTH { Timestamp::from_unix_seconds(value).saturating_since(now) } else { Duration::from_secs(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn quotas_are_read_in_every_dialect() {
        let quota = |headers: &[(&str, &str)]| Quota::from_headers(&headers, NOW);
        let some = |remaining, seconds: u64| Some(Quota { remaining, reset: Some(Duration::from_secs(seconds)) });
        assert_eq!(quota(&[("ratelimit", "\"default\";r=0;t=30")]), some(0, 30));
        assert_eq!(quota(&[("ratelimit", "limit=10, remaining=3, reset=7")]), some(3, 7));
        assert_eq!(quota(&[("x-ratelimit-remaining", "5"), ("x-ratelimit-reset", "1700000060")]), some(5, 60));
        assert_eq!(quota(&[("ratelimit-remaining", "1"), ("ratelimit-reset", "2")]), some(1, 2));
        for odd in ["", "r", "r=", "r=-1;t=5", "r=\u{e9}", ";;;,,,==="] {
            assert_eq!(quota(&[("ratelimit", odd), ("x-ratelimit-remaining", odd)]), None, "{odd}");
        }
    }
}
