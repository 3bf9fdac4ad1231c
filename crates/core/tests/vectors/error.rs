//! Runs `errors.json` and `retry_after.json`.

use std::time::Duration;

use attention_core::call::{CallOptions, KeyLevel, Operation, RetryPolicy, Verdict, retry_after};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, Call, Method, Timestamp, Upstream};

use crate::cases::{ErrorCase, Level, RetryAfterCase};
use crate::steps::ring;
use crate::text::Body;
use crate::{Check, Shared, same};

impl Check for ErrorCase {
    fn check(&self, shared: &Shared) -> Result<(), String> {
        let key = self.key.as_deref().unwrap_or("fake-key-of-the-error-vectors");
        let keys = ring(key, None, self.token).map_err(|error| error.to_string())?;
        let mut upstream = Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base URL"), keys);
        for before in &self.history {
            let at = Timestamp::from_unix_millis(shared.now - before.ago);
            let mut call = once(&mut upstream, at, before.path.as_deref(), None)?;
            let none: &[(&str, &str)] = &[];
            call.on_response(&mut upstream, before.status, &none, at, 0.5);
        }
        let now = Timestamp::from_unix_millis(shared.now);
        let mut call = once(&mut upstream, now, self.path.as_deref(), self.key_level)?;
        match (call.on_response(&mut upstream, self.status, &self.headers, now, 0.5), &self.error) {
            (Action::Done(Verdict::Success), None) => Ok(()),
            (Action::Done(Verdict::Rejected), Some(expected)) => {
                let body = self.body.as_ref().map(Body::build).unwrap_or_default();
                let error = call.error(&upstream, &String::from_utf8_lossy(&body), now);
                same("status", error.status(), Some(self.status))?;
                expected.check(&error, &[key])
            }
            (action, _) => Err(format!("got {action:?}")),
        }
    }
}

/// A call without retries that was just sent.
fn once(upstream: &mut Upstream, at: Timestamp, path: Option<&str>, level: Option<Level>) -> Result<Call, String> {
    let options = CallOptions {
        retry: RetryPolicy { max_retries: 0, ..RetryPolicy::default() },
        operation: path.map(|path| Operation::of(Method::Get, path)),
        key_level: level.map(KeyLevel::from),
        ..CallOptions::new(Method::Get)
    };
    let mut call = Call::new(options, at);
    match call.start(upstream, at) {
        Action::Send(_) => Ok(call),
        action => Err(format!("the call is not sent: {action:?}")),
    }
}

impl Check for RetryAfterCase {
    fn check(&self, shared: &Shared) -> Result<(), String> {
        let now = Timestamp::from_unix_millis(self.now.unwrap_or(shared.now));
        let wait = retry_after(&self.value.build(), now);
        same("wait", wait, self.millis.map(Duration::from_millis))
    }
}
