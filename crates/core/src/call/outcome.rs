//! The head of a response, as far as core looks at it.

use alloc::string::String;
use core::time::Duration;

use super::headers::Headers;
use super::quota::{Quota, retry_after};
use crate::Timestamp;

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
        Self {
            status,
            request_id: request_id(headers),
            asked_wait: match headers.get("retry-after").and_then(|value| retry_after(&value, now)) {
                None if status == 429 => Quota::from_headers(headers, now).and_then(Quota::wait),
                asked => asked,
            },
        }
    }
}

/// 2xx, and 304 for those who sent a condition of their own.
pub(crate) const fn is_success(status: u16) -> bool {
    matches!(status, 200..=299 | 304)
}

/// The id that names an exchange in the server's logs: at most 128 characters, letters,
/// digits and `-_.:/=`; a value that is anything else is not an id. Which header the API
/// uses is not documented; these are the usual ones.
pub fn request_id(headers: &dyn Headers) -> Option<String> {
    ["x-request-id", "request-id", "x-correlation-id", "cf-ray"].iter().find_map(|name| {
        let value = headers.get(name)?;
        let plain = !value.is_empty()
            && value.len() <= 128
            && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b':' | b'/' | b'='));
        plain.then(|| value.into_owned())
    })
}

/// Whether an answer with this status proves that the key was accepted. What comes
/// from something before the API (a load balancer's 502, a redirect, a proxy's
/// 407) or before the key was looked at (a 429) does not.
pub(crate) const fn proves_key_accepted(status: u16) -> bool {
    is_success(status) || matches!(status, 400..=499) && !matches!(status, 401 | 407 | 408 | 429)
}
