//! The steps of calls in `retries.json` and `ring.json`.

use std::time::Duration;

use attention_core::call::{CallOptions, Failure, KeyVerdict, RetryPolicy};
use attention_core::{ApiKey, CallerToken, KeyError, KeyRing, Method, Slot, Upstream};
use serde::Deserialize;

use crate::expected::Expected;
use crate::text::Body;

#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keys {
    pub(crate) current: String,
    pub(crate) next: Option<String>,
    #[serde(default)]
    pub(crate) token: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Script {
    pub(crate) keys: Option<Keys>,
    pub(crate) steps: Vec<Step>,
}

/// One event at a given time, and the outcome expected from it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Step {
    pub(crate) at: u64,
    #[serde(default = "first_call")]
    pub(crate) call: String,
    pub(crate) begin: Option<Begin>,
    pub(crate) response: Option<u16>,
    pub(crate) failure: Option<Broken>,
    #[serde(default)]
    pub(crate) waited: bool,
    pub(crate) replace_keys: Option<Keys>,
    #[serde(default)]
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<Body>,
    #[serde(default)]
    pub(crate) unit: f64,
    pub(crate) then: Then,
}

fn first_call() -> String {
    "a".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct Begin {
    pub(crate) method: String,
    pub(crate) idempotent: Option<bool>,
    #[serde(default)]
    pub(crate) one_shot: bool,
    pub(crate) max_retries: Option<u32>,
    pub(crate) timeout: Option<u64>,
    pub(crate) attempt_timeout: Option<u64>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Broken {
    Connection,
    Timeout,
    Aborted,
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Connection => Self::Connection,
            Broken::Timeout => Self::Timeout,
            Broken::Aborted => Self::Aborted,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Then {
    pub(crate) action: String,
    pub(crate) slot: Option<String>,
    pub(crate) timeout: Option<u64>,
    pub(crate) millis: Option<u64>,
    pub(crate) error: Option<Expected>,
    pub(crate) switch: Option<String>,
    pub(crate) keys: Option<RingState>,
}

#[derive(Deserialize, PartialEq, Debug)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(crate) struct RingState {
    pub(crate) in_use: String,
    pub(crate) current: String,
    pub(crate) next: Option<String>,
}

impl RingState {
    pub(crate) fn of(upstream: &Upstream) -> Self {
        let ring = upstream.keys();
        let name = |slot| {
            ring.verdict(slot).map(|verdict| match verdict {
                KeyVerdict::Untested => "untested".to_owned(),
                KeyVerdict::Accepted { .. } => "accepted".to_owned(),
                KeyVerdict::Refused { .. } => "refused".to_owned(),
            })
        };
        Self {
            in_use: ring.in_use().as_str().to_owned(),
            current: name(Slot::Current).unwrap_or_default(),
            next: name(Slot::Next),
        }
    }
}

impl Begin {
    pub(crate) fn options(&self, method: Method) -> CallOptions {
        let policy = RetryPolicy::default();
        CallOptions {
            idempotent: self.idempotent,
            replayable: !self.one_shot,
            retry: RetryPolicy { max_retries: self.max_retries.unwrap_or(policy.max_retries), ..policy },
            timeout: self.timeout.map(Duration::from_millis),
            attempt_timeout: self.attempt_timeout.map(Duration::from_millis),
            ..CallOptions::new(method)
        }
    }
}

/// A ring of these keys.
pub(crate) fn ring(current: &str, next: Option<&str>, token: bool) -> Result<KeyRing, KeyError> {
    if token {
        return CallerToken::parse(current).map(KeyRing::of_token);
    }
    Ok(KeyRing::new(ApiKey::parse(current)?, next.map(ApiKey::parse).transpose()?))
}
