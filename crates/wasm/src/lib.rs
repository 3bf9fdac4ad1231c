//! The wasm-bindgen binding of attention-core.
//!
//! It contains no rules: it exposes core's [`Upstream`](core::Upstream) with JavaScript types. The package's driver is
//! `pkg/src/call/driver.ts`.
//!
//! ```text
//! upstream.begin(request) ──► Step ──► fetch ──► upstream.onResponse(call, …) ──► Step …
//! ```
//!
//! | module | contents |
//! | --- | --- |
//! | `request` | the request of a call |
//! | `calls` | the calls in progress, by number |
//! | `step` | the next step of the driver, as an object |
//! | `data` | errors, keys and defaults as plain data; headers |
//!
//! A typical call crosses the border twice: when it begins and when its response arrives. Calls are numbers and steps
//! are plain objects, so that nothing needs a finalizer.

#![cfg_attr(feature = "bare", no_std)]
#![allow(clippy::float_cmp, reason = "wasm-bindgen's own code for enums compares floats")]
#![allow(clippy::needless_pass_by_value, reason = "an optional string crosses by value only")]

extern crate alloc;

#[cfg(feature = "bare")]
mod bare;
mod calls;
mod data;
mod request;
mod step;

use alloc::borrow::ToOwned as _;
use alloc::string::String;

use attention_core as rules;
use attention_core::call::{CredentialKind, Verdict};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{ApiKey, CallerToken, Error, KeyError, KeyRing, Timestamp};
use wasm_bindgen::prelude::*;

use crate::calls::{Calls, Open};
pub use crate::data::{Defaults, ErrorFacts, Headers, KeysInfo, defaults, request_id, scrub};
use crate::request::Asked;
pub use crate::request::{KeyLevel, Method};
pub use crate::step::{Action, Slot, Step};

/// The reason there is no response.
#[wasm_bindgen]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The connection failed.
    Connection,
    /// The timeout expired.
    Timeout,
    /// The caller aborted the call.
    Aborted,
}

impl From<Failure> for rules::call::Failure {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Connection => Self::Connection,
            Failure::Timeout => Self::Timeout,
            Failure::Aborted => Self::Aborted,
        }
    }
}

/// The error of a call that ended without a response after this many attempts.
#[wasm_bindgen(js_name = errorOfFailure)]
pub fn error_of_failure(failure: Failure, attempts: u32) -> ErrorFacts {
    data::error(&Error::of_failure(failure.into(), attempts))
}

/// A server, its credentials and the calls in progress.
///
/// Times are Unix milliseconds; `jitter` is a random number from 0 to 1.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Upstream {
    rules: rules::Upstream,
    calls: Calls,
}

#[wasm_bindgen]
impl Upstream {
    /// Takes a base URL (default: the API's own) and the credentials: one or two API keys, or one caller token of a
    /// Worker. Throws `ErrorFacts` if one of them is rejected.
    #[wasm_bindgen(constructor)]
    pub fn new(base: Option<String>, current: &str, next: Option<String>, token: bool) -> Result<Self, ErrorFacts> {
        let kind = if token { CredentialKind::CallerToken } else { CredentialKind::ApiKey };
        let open = || {
            let keys = credentials(kind, current, next.as_deref())?;
            Ok(rules::Upstream::new(BaseUrl::parse(base.as_deref().unwrap_or(DEFAULT_BASE_URL))?, keys))
        };
        match open() {
            Ok(rules) => Ok(Self { rules, calls: Calls::default() }),
            Err(error) => Err(data::error(&error)),
        }
    }

    /// Replaces the credentials. Calls in progress keep theirs. Throws `ErrorFacts` if one is rejected; the current
    /// credentials then stay in place.
    #[wasm_bindgen(js_name = replaceKeys)]
    pub fn replace_keys(&mut self, current: &str, next: Option<String>) -> Result<(), ErrorFacts> {
        match credentials(self.rules.keys().kind(), current, next.as_deref()) {
            Ok(keys) => {
                self.rules.replace_keys(keys);
                Ok(())
            }
            Err(error) => Err(data::error(&error.into())),
        }
    }

    /// Records the expiry that a credential's issuer reports. The earlier of it and the credential's own `exp` applies.
    #[wasm_bindgen(js_name = noteExpiry)]
    pub fn note_expiry(&mut self, slot: Slot, at: f64) {
        self.rules.note_expiry(slot.into(), Timestamp::from_date_now(at));
    }

    /// The base URL.
    #[wasm_bindgen(js_name = baseUrl)]
    pub fn base_url(&self) -> String {
        self.rules.base().as_str().to_owned()
    }

    /// The state of the credentials, without the secrets.
    pub fn keys(&self) -> KeysInfo {
        data::keys(self.rules.keys())
    }

    /// The `Authorization` header of a slot; undefined if it is empty. The only method that reveals a key; only the
    /// driver calls it.
    pub fn authorization(&self, slot: Slot) -> Option<String> {
        self.rules.keys().authorization(slot.into()).map(|value| value.expose().to_owned())
    }

    /// Begins a call whose timeout runs from `started`. A request that is rejected before it is sent fails at once.
    ///
    /// These are the members of a `CallRequest`, which the package's `Upstream.begin` takes. Members of an object
    /// would be read by one import each: ten of them are a tenth of the CPU that a call takes above `fetch`.
    #[wasm_bindgen(js_name = beginCall)]
    #[expect(clippy::too_many_arguments, reason = "see above")]
    pub fn begin(
        &mut self,
        method: Method,
        path: &str,
        query: Option<String>,
        idempotent: Option<bool>,
        is_one_shot: bool,
        max_retries: Option<u32>,
        timeout: f64,
        attempt_timeout: f64,
        remember: bool,
        key_level: Option<KeyLevel>,
        started: f64,
        now: f64,
    ) -> Step {
        let asked = Asked {
            method,
            path,
            query: query.as_deref(),
            idempotent,
            is_one_shot,
            max_retries,
            timeout,
            attempt_timeout,
            remember,
            key_level,
        };
        match asked.open(&self.rules, Timestamp::from_date_now(started)) {
            Ok(open) => {
                let number = self.calls.begin(open);
                let now = Timestamp::from_date_now(now);
                self.advance(number, |call, rules| call.start(rules, now))
            }
            Err(error) => Step::failed(&error.into()),
        }
    }

    /// Reports the head of a response.
    #[wasm_bindgen(js_name = onResponse)]
    pub fn on_response(&mut self, call: u32, status: u16, headers: &Headers, now: f64, jitter: f64) -> Step {
        self.advance(call, |call, rules| {
            call.on_response(rules, status, headers, Timestamp::from_date_now(now), jitter)
        })
    }

    /// Reports that no response arrived.
    #[wasm_bindgen(js_name = onFailure)]
    pub fn on_failure(&mut self, call: u32, failure: Failure, now: f64, jitter: f64) -> Step {
        self.advance(call, |call, rules| call.on_failure(rules, failure.into(), Timestamp::from_date_now(now), jitter))
    }

    /// Reports that the wait is over.
    #[wasm_bindgen(js_name = onWaited)]
    pub fn on_waited(&mut self, call: u32, now: f64) -> Step {
        self.advance(call, |call, rules| call.on_waited(rules, Timestamp::from_date_now(now)))
    }

    /// The error of a rejected call, which ends the call. `body` is the part of the response that was read, decoded as
    /// UTF-8.
    pub fn error(&mut self, call: u32, body: &str, now: f64) -> ErrorFacts {
        let error = match self.calls.end(call) {
            Some(open) => open.call.error(&self.rules, body, Timestamp::from_date_now(now)),
            None => not_under_way(),
        };
        data::error(&error)
    }

    /// Ends a call that its driver abandons, for example because a hook threw.
    pub fn abandon(&mut self, call: u32) {
        self.calls.end(call);
    }

    /// The slot used from now on if a response switched keys; returned once per switch.
    #[wasm_bindgen(js_name = takeSwitch)]
    pub fn take_switch(&mut self) -> Option<Slot> {
        self.rules.take_switch().map(|switch| switch.to.into())
    }

    /// The number of calls in progress, for tests of leaks.
    #[wasm_bindgen(js_name = openCalls)]
    pub fn open_calls(&self) -> usize {
        self.calls.count()
    }
}

impl Upstream {
    fn advance(
        &mut self,
        number: u32,
        report: impl FnOnce(&mut rules::Call, &mut rules::Upstream) -> rules::Action,
    ) -> Step {
        let Some(Open { call, url }) = self.calls.get(number) else {
            return Step::failed(&not_under_way());
        };
        match report(call, &mut self.rules) {
            rules::Action::Send(attempt) => Step::send(number, url, attempt),
            rules::Action::Wait(duration) => Step::wait(number, url, duration),
            // The call stays open until its error has been made from the body.
            rules::Action::Done(Verdict::Rejected) => Step::rejected(number),
            rules::Action::Done(Verdict::Success) => {
                self.calls.end(number);
                Step::success()
            }
            rules::Action::Done(Verdict::Failed(error)) => {
                self.calls.end(number);
                Step::failed(&error)
            }
        }
    }
}

fn credentials(kind: CredentialKind, current: &str, next: Option<&str>) -> Result<KeyRing, KeyError> {
    Ok(match kind {
        CredentialKind::CallerToken => KeyRing::of_token(CallerToken::parse(current)?),
        CredentialKind::ApiKey => {
            let next = next.map(ApiKey::parse).transpose()?;
            KeyRing::new(ApiKey::parse(current)?, next)
        }
    })
}

/// The error for a driver that continues a finished call.
fn not_under_way() -> Error {
    Error::of_failure(rules::call::Failure::Aborted, 0)
}
