//! The head of a response, as far as core looks at it.

use alloc::string::String;
use core::time::Duration;

use super::headers::Headers;
use super::quota::{self, Quota, retry_after};
use crate::Timestamp;
use crate::codec::text::is_all;

/// What core keeps of a response that is not a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    /// How long the server asked to wait, by whichever header it has.
    pub(crate) asked_wait: Option<Duration>,
}

impl Rejection {
    pub(crate) fn read(status: u16, headers: &dyn Headers, now: Timestamp) -> Self {
        let asked = headers.get("retry-after").and_then(|value| retry_after(&value, quota::server_time(headers, now)));
        Self {
            status,
            request_id: request_id(headers),
            asked_wait: match asked {
                None if status == 429 => Quota::from_headers(headers, now).and_then(Quota::wait),
                asked => asked,
            },
        }
    }

    /// How long to wait for the server's sake, when it asked for it; `backoff` is what the call would wait by itself.
    /// Asked for nothing, or for a time that is over, it waits so long at the least.
    pub(crate) fn wait(&self, backoff: Duration) -> Option<Duration> {
        let asked = self.asked_wait?;
        Some(if asked < Duration::from_secs(1) { asked.max(backoff) } else { asked })
    }
}

/// 2xx, and 304 for those who sent a condition of their own.
pub(crate) const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299 | 304)
}

/// The headers in which servers name an exchange, in the order in which they are looked for. Which one the API uses is
/// not documented; these are the usual ones.
pub const REQUEST_ID_HEADERS: [&str; 4] = ["x-request-id", "request-id", "x-correlation-id", "cf-ray"];

/// The id that names an exchange in the server's logs: at most 128 characters, letters,
/// digits and `-_.:/=`; a value that is anything else is not an id. It is
/// looked for in [`REQUEST_ID_HEADERS`].
pub fn request_id(headers: &dyn Headers) -> Option<String> {
    REQUEST_ID_HEADERS.iter().find_map(|name| {
        let value = headers.get(name)?;
        let plain = !value.is_empty()
            && value.len() <= 128
            && is_all(&value, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'='));
        plain.then(|| value.into_owned())
    })
}

/// Whether an answer with this status proves that the key was accepted: what only somebody says who has done the
/// request, or has compared it with what is there (RFC 9110 §15.5.10, §15.5.13, §15.5.21).
///
/// No other error does. 400, 403, 404, 405, 413 to 415 and 431 often come from a firewall or a router before the key
/// is looked at. The API's own 404 cannot be told from theirs, so it proves nothing either: at the worst, the next
/// call tries the key in use once more before it tries this one.
pub(crate) const fn proves_key_accepted(status: u16) -> bool {
    is_success(status) || matches!(status, 409 | 412 | 422)
}
