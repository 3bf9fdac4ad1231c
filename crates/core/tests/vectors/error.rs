//! `errors.json` and `retry_after.json`.

use std::time::Duration;

use attention_core::call::{CallOptions, RetryPolicy, Verdict, retry_after};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, Call, Method, Timestamp, Upstream};
use serde::Deserialize;

use crate::expected::Expected;
use crate::keys::ring;
use crate::text::{Body, Text};
use crate::{Check, Shared, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorCase {
    key: Option<String>,
    #[serde(default)]
    token: bool,
    #[serde(default)]
    history: Vec<Before>,
    status: u16,
    #[serde(default)]
    headers: Vec<(String, String)>,
    body: Option<Body>,
    error: Option<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    status: u16,
    ago: u64,
}

impl Check for ErrorCase {
    fn check(&self, shared: &Shared) -> Result<(), String> {
        let key = self.key.as_deref().unwrap_or("fake-key-of-the-error-vectors");
        let keys = ring(key, None, self.token).map_err(|error| error.to_string())?;
        let mut upstream = Upstream::new(BaseUrl::parse(DEFAULT_BASE_URL).expect("a base URL"), keys);
        for before in &self.history {
            let at = Timestamp::from_unix_millis(shared.now - before.ago);
            let mut call = once(&mut upstream, at)?;
            let none: &[(&str, &str)] = &[];
            call.on_response(&mut upstream, before.status, &none, at, 0.5);
        }
        let now = Timestamp::from_unix_millis(shared.now);
        let mut call = once(&mut upstream, now)?;
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

/// A call without retries that has just been sent.
fn once(upstream: &mut Upstream, at: Timestamp) -> Result<Call, String> {
    let retry = RetryPolicy { max_retries: 0, ..RetryPolicy::default() };
    let mut call = Call::new(CallOptions { retry, ..CallOptions::new(Method::Get) }, at);
    match call.start(upstream, at) {
        Action::Send(_) => Ok(call),
        action => Err(format!("the call does not start: {action:?}")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RetryAfterCase {
    value: Text,
    now: Option<u64>,
    millis: Option<u64>,
}

impl Check for RetryAfterCase {
    fn check(&self, shared: &Shared) -> Result<(), String> {
        let now = Timestamp::from_unix_millis(self.now.unwrap_or(shared.now));
        let wait = retry_after(&self.value.build(), now);
        same("wait", wait, self.millis.map(Duration::from_millis))
    }
}
