//! The parts of a response's head that core reads.

use alloc::string::String;
use core::time::Duration;

use super::headers::Headers;
use super::quota::{self, Quota, retry_after};
use crate::Timestamp;
use crate::codec::text::is_all;

/// The details of an unsuccessful response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rejection {
    pub(crate) status: u16,
    pub(crate) request_id: Option<String>,
    /// How long the server asked to wait, from whichever header it sent.
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

    /// How long to wait because the server asked for it, `None` if it did not. `backoff` is the call's own wait; it is
    /// the minimum, also when the server's wait is zero or in the past.
    pub(crate) fn wait(&self, backoff: Duration) -> Option<Duration> {
        let asked = self.asked_wait?;
        Some(if asked < Duration::from_secs(1) { asked.max(backoff) } else { asked })
    }
}

/// 2xx, and 304 for callers that send their own conditional requests.
pub(crate) const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299 | 304)
}

/// The headers that carry a request id, in order of preference. The API does not document which one it uses; these are
/// the usual ones.
pub const REQUEST_ID_HEADERS: [&str; 4] = ["x-request-id", "request-id", "x-correlation-id", "cf-ray"];

/// The id of a request in the server's logs: at most 128 characters, made of letters, digits and `-_.:/=`. Any other
/// value is ignored. It is read from [`REQUEST_ID_HEADERS`].
pub fn request_id(headers: &dyn Headers) -> Option<String> {
    REQUEST_ID_HEADERS.iter().find_map(|name| {
        let value = headers.get(name)?;
        let plain = !value.is_empty()
            && value.len() <= 128
            && is_all(&value, |b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'='));
        plain.then(|| value.into_owned())
    })
}

/// Whether a response with this status proves that the key was accepted. Only statuses qualify that require processing
/// the request or comparing it with the resource's state (RFC 9110 §15.5.10, §15.5.13, §15.5.21).
///
/// Other errors do not. 400, 403, 404, 405, 413 to 415 and 431 often come from a firewall or a router that never checks
/// the key. The API's own 404 cannot be told from theirs. At worst, the next call tries the key in use once more before
/// it tries this one.
pub(crate) const fn proves_key_accepted(status: u16) -> bool {
    is_success(status) || matches!(status, 409 | 412 | 422)
}
