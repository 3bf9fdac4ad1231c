//! A response of the proxy's own, which the driver sends together with the headers of every response.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::text::decimal;

use crate::answer::problem::Problem;
use crate::authorize::cors;

/// Status, headers and body of a response.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// Lower-case names, and values.
    pub headers: Vec<(&'static str, String)>,
    /// The body, if it has one.
    pub body: Option<String>,
}

impl Reply {
    fn new(status: u16) -> Self {
        Self { status, headers: [("cache-control", "no-store".to_owned())].into(), body: None }
    }

    fn with_body(mut self, content_type: &str, body: String) -> Self {
        self.headers.push(("content-type", content_type.to_owned()));
        self.body = Some(body);
        self
    }

    pub(crate) fn json(status: u16, body: String) -> Self {
        Self::new(status).with_body("application/json", body)
    }

    pub(crate) fn problem(problem: &Problem, request_id: &str) -> Self {
        let mut reply = Self::new(problem.status);
        if let Some(challenge) = &problem.challenge {
            reply.headers.push(("www-authenticate", challenge.clone().into_owned()));
        }
        if let Some(seconds) = problem.retry_after_seconds() {
            reply.headers.push(("retry-after", decimal(seconds)));
        }
        if let Some(allow) = problem.allow {
            reply.headers.push(("allow", allow.to_owned()));
        }
        match problem.rpc_body(request_id) {
            Some(error) => reply.with_body("application/json", error),
            None => reply.with_body("application/problem+json", problem.body(request_id)),
        }
    }

    /// The response to a page's preflight, which asks whether it may send these headers.
    pub(crate) fn preflight(asked: Option<&str>) -> Self {
        let mut reply = Self::new(204);
        reply.headers.extend([
            ("access-control-allow-methods", cors::ALLOW_METHODS.to_owned()),
            ("access-control-allow-headers", cors::allow_headers(asked)),
            ("access-control-max-age", cors::MAX_AGE.to_owned()),
        ]);
        reply
    }
}
