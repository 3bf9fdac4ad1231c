//! The meaning of the API's statuses for the proxy's callers (RFC 9110 §15).
//!
//! | status of the API | status for the caller |
//! | --- | --- |
//! | 200 to 299, except those below | unchanged |
//! | 204, 205, 304, and every response to HEAD | unchanged, without content |
//! | 206, 416 | unchanged if the caller asked for a range, otherwise 502: it would be a part that nobody asked for |
//! | 226, 417 | 502: nobody asks for deltas (RFC 3229), and `Expect` is not forwarded |
//! | 304 | unchanged if the caller sent a condition with GET or HEAD, otherwise 502 |
//! | 300 to 399 | 502: redirects are neither followed nor passed on |
//! | 401, 407 | 502: the refused credentials are not the caller's |
//! | 421, 425, 426 | 502: they concern the connection between proxy and API, not the caller |
//! | 429, 503, 504 | unchanged, with the proxy's own text |
//! | other 400 to 499, registered or not | unchanged: the caller's own mistakes |
//! | other 500 to 599, including 511 and Cloudflare's 520 to 530 | 502 |
//! | below 200, 600 and above | 502: not HTTP statuses |

use attention_core::{Headers, Method};

/// The parts of a request to the API that statuses refer to.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: Method,
    pub(crate) request: &'a dyn Headers,
    /// Whether `Range` is forwarded.
    pub(crate) may_be_a_part: bool,
    /// Whether the proxy sent a condition of its own.
    pub(crate) is_conditional: bool,
}

impl Asked<'_> {
    /// Whether a response with this status fits the request. Core judges the statuses that are never passed on, and
    /// those after which the call is repeated.
    pub(crate) fn fits(self, status: u16) -> bool {
        let sent = |name| self.request.has(name);
        match status {
            206 | 416 => self.may_be_a_part && sent("range"),
            304 => {
                let reads = matches!(self.method, Method::Get | Method::Head);
                reads && (self.is_conditional || sent("if-none-match") || sent("if-modified-since"))
            }
            226 | 417 | 421 | 425 | 426 => false,
            _ => true,
        }
    }
}

/// Whether a response has no content, whatever follows its head.
pub(crate) const fn is_without_content(method: Method, status: u16) -> bool {
    matches!(method, Method::Head) || matches!(status, 204 | 205 | 304)
}
