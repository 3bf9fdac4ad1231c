//! An answer that the Worker gives itself, ready for the driver to send with what
//! every answer carries.

use alloc::string::String;

use attention_core::codec::json::Object;
use attention_core::codec::text::decimal;

use crate::cors;
use crate::problem::Problem;

/// Status, headers and body of an answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Object,
    body: Option<String>,
}

impl Reply {
    fn new(status: u16) -> Self {
        let mut headers = Object::new();
        headers.string("cache-control", "no-store");
        Self { status, headers, body: None }
    }

    fn with_body(mut self, content_type: &str, body: String) -> Self {
        self.headers.string("content-type", content_type);
        self.body = Some(body);
        self
    }

    pub(crate) fn json(status: u16, body: String) -> Self {
        Self::new(status).with_body("application/json", body)
    }

    pub(crate) fn problem(problem: &Problem, request_id: &str) -> Self {
        let mut reply = Self::new(problem.status);
        if let Some(challenge) = problem.challenge {
            reply.headers.string("www-authenticate", challenge);
        }
        if let Some(seconds) = problem.retry_after_seconds() {
            reply.headers.string("retry-after", &decimal(seconds));
        }
        if let Some(allow) = problem.allow {
            reply.headers.string("allow", allow);
        }
        reply.with_body("application/problem+json", problem.body(request_id))
    }

    pub(crate) fn preflight() -> Self {
        let mut reply = Self::new(204);
        reply
            .headers
            .string("access-control-allow-methods", cors::ALLOW_METHODS)
            .string("access-control-allow-headers", cors::ALLOW_HEADERS)
            .string("access-control-max-age", cors::MAX_AGE);
        reply
    }

    /// `{"status","headers","body"}`, for the driver.
    pub(crate) fn into_json(self) -> String {
        let mut object = Object::new();
        object.number("status", self.status).raw("headers", &self.headers.finish());
        if let Some(body) = self.body {
            object.string("body", &body);
        }
        object.finish()
    }
}
