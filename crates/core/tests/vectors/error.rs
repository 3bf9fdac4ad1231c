//! `errors.json` and `retry_after.json`.

use std::collections::BTreeMap;
use std::time::Duration;

use attention_core::call::{CallOptions, KeyLevel, Operation, RetryPolicy, Verdict, retry_after};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{Action, Call, Error, Method, Timestamp, Upstream};
use serde::Deserialize;

use crate::keys::ring;
use crate::text::{Body, Text};
use crate::{Check, Shared, same};

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
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
    path: Option<String>,
    key_level: Option<Level>,
    error: Option<Expected>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    User,
    Organization,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Before {
    status: u16,
    ago: u64,
    path: Option<String>,
}

/// What an error has to say. What is not mentioned must be absent, words and
/// attempts excepted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Expected {
    kind: String,
    code: String,
    #[serde(default)]
    says: Vec<String>,
    #[serde(default)]
    unsaid: Vec<String>,
    request_id: Option<String>,
    retry_after: Option<u64>,
    attempts: Option<u32>,
    diagnosis: Option<BTreeMap<String, String>>,
    next: Option<String>,
}

impl Expected {
    /// Checks an error; none of `secrets` may stand in it.
    pub(crate) fn check(&self, error: &Error, secrets: &[&str]) -> Result<(), String> {
        same("kind", error.kind().code(), self.kind.as_str())?;
        same("code", error.code(), self.code.as_str())?;
        same("request id", error.request_id(), self.request_id.as_deref())?;
        same("retry after", error.retry_after(), self.retry_after.map(Duration::from_millis))?;
        if let Some(attempts) = self.attempts {
            same("attempts", error.attempts(), attempts)?;
        }
        let message = error.message();
        for words in &self.says {
            same(&format!("{words:?} in {message:?}"), message.contains(words), true)?;
        }
        let json = error.to_json();
        // The JSON is what JavaScript makes its errors of: numbers in it are exact.
        let told: serde_json::Value = serde_json::from_str(&json).map_err(|error| error.to_string())?;
        same("retry after in JSON", told["retryAfter"].as_f64(), self.retry_after_json())?;
        let texts = [json.as_str(), message, error.code(), error.request_id().unwrap_or_default()];
        for words in self.unsaid.iter().map(String::as_str).chain(secrets.iter().copied()) {
            same(&format!("{words:?} in {texts:?}"), texts.iter().any(|text| text.contains(words)), false)?;
        }
        same("a diagnosis", error.diagnosis().is_some(), self.kind == "unauthorized")?;
        if let Some(causes) = &self.diagnosis {
            let diagnosis = error.diagnosis().ok_or("there is no diagnosis")?;
            let found = diagnosis.findings.iter();
            let found: BTreeMap<_, _> =
                found.map(|f| (f.cause.code().to_owned(), f.likelihood.code().to_owned())).collect();
            same("diagnosis", &found, causes)?;
        }
        if let Some(next) = &self.next {
            let step = error.diagnosis().map_or("", |diagnosis| diagnosis.next_step);
            same(&format!("{next:?} in {step:?}"), step.contains(next), true)?;
        }
        Ok(())
    }

    #[allow(clippy::cast_precision_loss)] // A century of milliseconds is exact.
    fn retry_after_json(&self) -> Option<f64> {
        self.retry_after.map(|millis| millis as f64)
    }
}

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

/// A call without retries that has just been sent.
fn once(upstream: &mut Upstream, at: Timestamp, path: Option<&str>, level: Option<Level>) -> Result<Call, String> {
    let options = CallOptions {
        retry: RetryPolicy { max_retries: 0, ..RetryPolicy::default() },
        operation: path.map(|path| Operation::of(Method::Get, path)),
        key_level: level.map(|level| match level {
            Level::User => KeyLevel::User,
            Level::Organization => KeyLevel::Organization,
        }),
        ..CallOptions::new(Method::Get)
    };
    let mut call = Call::new(options, at);
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
