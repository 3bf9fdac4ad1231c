//! One request's way through the Worker: what is known of it, and what its log
//! line says.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::json::Object;
use attention_core::key::Fingerprint;
use attention_core::key_ring::{KeyRing, Slot, Switch};
use attention_core::{Call, Error, Method, Timestamp, millis};

/// Filled in on the way; what was never reached stays out of the line.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) request_id: String,
    pub(crate) started: Timestamp,
    pub(crate) method: Option<Method>,
    /// Which of the configured callers.
    pub(crate) caller: Option<String>,
    /// The id of the session that it came with.
    pub(crate) session: Option<String>,
    /// The policy's pattern rather than the path: paths hold ids, and are a
    /// caller's text.
    pub(crate) route: Option<String>,
    pub(crate) code: Option<&'static str>,
    /// The origin of the page that asked, once it is allowed.
    pub(crate) cors_origin: Option<String>,
    pub(crate) call: Option<Call>,
    pub(crate) upstream_status: Option<u16>,
    pub(crate) upstream_time: Duration,
    pub(crate) upstream_error: Option<Error>,
    pub(crate) switch: Option<Switch>,
    /// What the operator has to know, beside the request itself.
    pub(crate) fault: Option<String>,
    /// A probe asks every few seconds, and its answer is its own record.
    pub(crate) is_probe: bool,
    /// Members to take out of the API's answer.
    pub(crate) redact: Vec<String>,
    /// Whether the body says what the request asks for.
    pub(crate) is_mcp: bool,
}

impl Exchange {
    pub(crate) const fn new(request_id: String, method: Option<Method>, started: Timestamp) -> Self {
        Self {
            request_id,
            started,
            method,
            caller: None,
            session: None,
            route: None,
            code: None,
            cors_origin: None,
            call: None,
            upstream_status: None,
            upstream_time: Duration::ZERO,
            upstream_error: None,
            switch: None,
            fault: None,
            is_probe: false,
            redact: Vec::new(),
            is_mcp: false,
        }
    }

    /// The line: one JSON object, ASCII, without a secret.
    pub(crate) fn line(&self, ring: Option<&KeyRing>, status: u16, now: Timestamp) -> String {
        let fingerprint =
            |slot: Slot| ring.and_then(|ring| ring.fingerprint(slot)).map(Fingerprint::to_hex).unwrap_or_default();
        let mut object = Object::new();
        object
            .string("event", "request")
            .string("level", if status >= 500 { "error" } else { "info" })
            .string("requestId", &self.request_id)
            .number("status", status);
        if let Some(method) = self.method {
            object.string("method", method.as_str());
        }
        let texts = [
            ("caller", self.caller.as_deref()),
            ("session", self.session.as_deref()),
            ("route", self.route.as_deref()),
            ("code", self.code),
            ("fault", self.fault.as_deref()),
        ];
        for (name, value) in texts {
            if let Some(value) = value {
                object.string(name, value);
            }
        }
        if let Some(call) = &self.call {
            object
                .number("tries", call.attempts())
                .string("key", &fingerprint(call.slot()))
                .number("upstreamMs", millis(self.upstream_time));
        }
        if let Some(status) = self.upstream_status {
            object.number("upstreamStatus", status);
        }
        if let Some(error) = &self.upstream_error {
            object.string("upstreamError", error.kind().code()).string("upstreamMessage", error.message());
            if let Some(id) = error.request_id() {
                object.string("upstreamRequestId", id);
            }
        }
        if let Some(switch) = self.switch {
            object
                .string("keySwitchedFrom", &fingerprint(switch.from))
                .string("keySwitchedTo", &fingerprint(switch.to));
        }
        object.number("ms", millis(now.saturating_since(self.started)));
        object.finish()
    }
}
