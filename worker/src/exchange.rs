//! One request's trace through the Worker: what its log line says.

use attention_core::json::Object;
use attention_core::{ErrorKind, Method};

/// Filled in on the way; what was never reached stays out of the line.
#[derive(Debug, Default)]
pub(crate) struct Exchange {
    pub(crate) request_id: String,
    pub(crate) started: f64,
    pub(crate) method: Option<Method>,
    pub(crate) caller: Option<String>,
    /// The policy's pattern rather than the path: paths hold ids, and are a
    /// caller's text.
    pub(crate) route: Option<String>,
    pub(crate) code: Option<&'static str>,
    pub(crate) upstream: Option<UpstreamPart>,
}

/// The part of the trace that lies beyond the Worker.
#[derive(Debug, Default)]
pub(crate) struct UpstreamPart {
    pub(crate) status: Option<u16>,
    pub(crate) tries: u32,
    pub(crate) key: String,
    pub(crate) millis: f64,
    pub(crate) error: Option<(ErrorKind, String)>,
    pub(crate) request_id: Option<String>,
}

impl Exchange {
    /// The line: one JSON object, ASCII, without a secret.
    pub(crate) fn line(&self, status: u16, now: f64) -> String {
        let mut object = Object::new();
        object
            .string("event", "request")
            .string("level", if status >= 500 { "error" } else { "info" })
            .string("requestId", &self.request_id)
            .number("status", f64::from(status));
        if let Some(method) = self.method {
            object.string("method", method.as_str());
        }
        for (name, value) in [("caller", self.caller.as_deref()), ("route", self.route.as_deref()), ("code", self.code)]
        {
            if let Some(value) = value {
                object.string(name, value);
            }
        }
        if let Some(upstream) = &self.upstream {
            if let Some(status) = upstream.status {
                object.number("upstreamStatus", f64::from(status));
            }
            object
                .number("tries", f64::from(upstream.tries))
                .string("key", &upstream.key)
                .number("upstreamMs", upstream.millis);
            if let Some(id) = &upstream.request_id {
                object.string("upstreamRequestId", id);
            }
            if let Some((kind, message)) = &upstream.error {
                object.string("upstreamError", kind.code()).string("upstreamMessage", message);
            }
        }
        object.number("ms", now - self.started);
        object.finish()
    }
}
