//! Answers that the Worker gives itself: problem details (RFC 9457).

use attention_core::codec::json::Object;
use attention_core::credential::AuthorizationError;
use attention_core::url::{PathError, RequestError};
use attention_core::{Error, ErrorKind};
use worker::{Headers, Response, Result};

pub struct Refusal {
    status: u16,
    code: String,
    retry_after: Option<u64>,
}

impl Refusal {
    pub fn new(status: u16, code: &str) -> Self {
        Self { status, code: code.to_owned(), retry_after: None }
    }

    pub fn into_response(self, request_id: &str) -> Result<Response> {
        let headers = Headers::from_iter([
            ("content-type", "application/problem+json"),
            ("cache-control", "no-store"),
            ("x-request-id", request_id),
        ]);
        if self.status == 401 {
            headers.set("www-authenticate", r#"Bearer realm="attention""#)?;
        }
        if let Some(seconds) = self.retry_after {
            headers.set("retry-after", &seconds.to_string())?;
        }
        let mut body = Object::new();
        body.number("status", self.status).string("code", &self.code).string("requestId", request_id);
        Ok(Response::ok(body.finish())?.with_status(self.status).with_headers(headers))
    }
}

impl From<PathError> for Refusal {
    fn from(error: PathError) -> Self {
        Self::new(400, error.code())
    }
}

impl From<RequestError> for Refusal {
    fn from(error: RequestError) -> Self {
        Self::new(400, error.code())
    }
}

impl From<AuthorizationError> for Refusal {
    fn from(error: AuthorizationError) -> Self {
        Self::new(if error.is_bad_request() { 400 } else { 401 }, error.code())
    }
}

/// Upstream's errors. The caller's own mistakes keep their status.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            ErrorKind::RateLimited => 429,
            ErrorKind::Timeout => 504,
            // The caller's token is fine, so a 401 of the API is not the caller's.
            ErrorKind::Unauthorized | ErrorKind::Server | ErrorKind::Connection | ErrorKind::Protocol => 502,
            _ => error.status().unwrap_or(502),
        };
        Self { status, code: error.code().to_owned(), retry_after: error.retry_after().map(|wait| wait.as_secs() + 1) }
    }
}

impl From<worker::Error> for Refusal {
    fn from(_: worker::Error) -> Self {
        Self::new(500, "internal")
    }
}
