//! What a status of the API's means to the caller of the proxy (RFC 9110 §15).
//!
//! | statuses | come down as |
//! | --- | --- |
//! | 200 to 299, but for the next ones | themselves |
//! | 204, 205, 304, and whatever HEAD is answered with | themselves, without content |
//! | 206, 416 | themselves to who asked for a part, or else 502: what came is a part that nobody asked for |
//! | 226, 417 | 502: nobody asks for deltas (RFC 3229), and `Expect` does not go up |
//! | 304 | itself to who sent a condition with GET or HEAD, or else 502 |
//! | 300 to 399 | 502: no redirect is followed or passed on |
//! | 401, 407 | 502: the credentials that were refused are not the caller's |
//! | 421, 425, 426 | 502: said of the connection between proxy and API, where the caller has no part |
//! | 429, 503, 504 | themselves, in the proxy's words |
//! | other 400 to 499, registered or not | themselves: the caller's own mistakes |
//! | other 500 to 599, 511 and Cloudflare's 520 to 530 included | 502 |
//! | below 200, 600 and above | 502: no statuses of HTTP |

use attention_core::{Headers, Method};

/// What is asked of the API, as far as statuses refer to it.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: Method,
    pub(crate) request: &'a dyn Headers,
    /// Whether `Range` goes up.
    pub(crate) may_be_a_part: bool,
    /// Whether the proxy sent a condition of its own.
    pub(crate) is_conditional: bool,
}

impl Asked<'_> {
    /// Whether an answer with this status belongs to what was asked. The statuses that are nobody's answer here,
    /// and those that the call is made again for, are judged by core.
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

/// Whether an answer has no content, whatever comes behind its head.
pub(crate) const fn is_without_content(method: Method, status: u16) -> bool {
    matches!(method, Method::Head) || matches!(status, 204 | 205 | 304)
}
