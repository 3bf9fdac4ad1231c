//! attention-core behind wasm-bindgen.
//!
//! Nothing is decided here: this is core's [`Upstream`](core::Upstream) and
//! [`Call`](core::Call) with numbers and strings for arguments. The fetch driver
//! is `pkg/src/driver.ts`.
//!
//! The shape is made for few and cheap crossings between JavaScript and wasm. A
//! call is a number, not an object, so that none has to be finalized; a step
//! stores the next action, and the driver reads its parts with calls that cost
//! nanoseconds; a success crosses with one string in each direction at most.

#![cfg_attr(feature = "bare", no_std)]

extern crate alloc;

#[cfg(feature = "bare")]
mod bare;

use alloc::borrow::{Cow, ToOwned as _};
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use attention_core as rules;
use attention_core::call::{CallOptions, Verdict};
use attention_core::json::{Array, Object};
use attention_core::key_ring::{CredentialKind, KeyVerdict};
use attention_core::request::{BaseUrl, DEFAULT_BASE_URL, RequestError};
use attention_core::retry::{Failure, RetryPolicy};
use attention_core::{Action, ApiKey, CallerToken, Error, KeyRing, Method, Slot, Timestamp};
use wasm_bindgen::prelude::*;
use web_sys::Headers;

/// The next action, as [`Upstream::action`] gives it.
mod action {
    pub(crate) const SEND: u32 = 0;
    pub(crate) const WAIT: u32 = 1;
    pub(crate) const SUCCESS: u32 = 2;
    pub(crate) const REJECTED: u32 = 3;
    pub(crate) const FAILED: u32 = 4;
}

/// Bits of [`Upstream::begin`]'s `flags`.
mod flag {
    /// The caller vouches that sending twice is harmless.
    pub(crate) const IDEMPOTENT: u32 = 1;
    /// The body is a stream: it can be sent once.
    pub(crate) const ONE_SHOT: u32 = 2;
}

/// A server, the credentials for it, and the calls under way.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Upstream {
    core: rules::Upstream,
    calls: Vec<Option<rules::Call>>,
    free: Vec<usize>,
    url: String,
    action: u32,
    wait: Duration,
    timeout: Option<Duration>,
    slot: Slot,
    error: Option<Box<Error>>,
}

#[wasm_bindgen]
impl Upstream {
    /// Checks the base URL (the API's own, when there is none) and the credentials. `token` says that `current` is a
    /// caller token of a Worker rather than an API key. Throws the JSON of an
    /// error.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn new(base: Option<String>, current: &str, next: Option<String>, token: bool) -> Result<Self, JsValue> {
        let base = BaseUrl::parse(base.as_deref().unwrap_or(DEFAULT_BASE_URL)).map_err(thrown)?;
        let keys = ring(current, next.as_deref(), token)?;
        Ok(Self {
            core: rules::Upstream::new(base, keys),
            calls: Vec::new(),
            free: Vec::new(),
            url: String::new(),
            action: action::FAILED,
            wait: Duration::ZERO,
            timeout: None,
            slot: Slot::Current,
            error: None,
        })
    }

    /// The base URL.
    #[wasm_bindgen(js_name = baseUrl)]
    pub fn base_url(&self) -> String {
        self.core.base().as_str().to_owned()
    }

    /// Puts other credentials in place of the ones there.
    #[wasm_bindgen(js_name = replaceKeys)]
    #[expect(clippy::needless_pass_by_value)] // As above.
    pub fn replace_keys(&mut self, current: &str, next: Option<String>) -> Result<(), JsValue> {
        let token = self.core.keys().kind() == CredentialKind::CallerToken;
        self.core.replace_keys(ring(current, next.as_deref(), token)?);
        Ok(())
    }

    /// Begins a call and gives its number; the first action is ready then.
    /// Durations are milliseconds, a negative one is none. Throws the JSON of an
    /// error when the request is refused before it is sent.
    #[expect(clippy::too_many_arguments)] // One crossing instead of an options object.
    pub fn begin(
        &mut self,
        method: &str,
        target: &str,
        query: &str,
        flags: u32,
        max_retries: u32,
        timeout: f64,
        attempt_timeout: f64,
        now: f64,
    ) -> Result<usize, JsValue> {
        let method = Method::parse(method).ok_or(RequestError::Method).map_err(thrown)?;
        self.url = self.core.url(target, query).map_err(thrown)?;
        let options = CallOptions {
            idempotent: flags & flag::IDEMPOTENT != 0,
            replayable: flags & flag::ONE_SHOT == 0,
            retry: RetryPolicy { max_retries, ..RetryPolicy::default() },
            timeout: millis(timeout),
            attempt_timeout: millis(attempt_timeout),
            ..CallOptions::new(method)
        };
        let now = time(now);
        let mut call = rules::Call::new(options, now);
        let next = call.start(&mut self.core, now);
        let number = self.free.pop().unwrap_or_else(|| {
            self.calls.push(None);
            self.calls.len() - 1
        });
        self.calls[number] = Some(call);
        self.take(number, next);
        Ok(number)
    }

    /// The URL of the call begun last.
    pub fn url(&mut self) -> String {
        mem::take(&mut self.url)
    }

    /// A response's head has come; gives the next action.
    #[wasm_bindgen(js_name = onResponse)]
    pub fn on_response(&mut self, number: usize, status: u16, headers: &Headers, now: f64, unit: f64) -> u32 {
        self.step(number, |call, upstream| call.on_response(upstream, status, &Lookup(headers), time(now), unit))
    }

    /// No response came: 0 the connection failed, 1 it took too long, 2 the
    /// caller gave up.
    #[wasm_bindgen(js_name = onFailure)]
    pub fn on_failure(&mut self, number: usize, failure: u32, now: f64, unit: f64) -> u32 {
        let failure = match failure {
            0 => Failure::Connection,
            1 => Failure::Timeout,
            _ => Failure::Aborted,
        };
        self.step(number, |call, upstream| call.on_failure(upstream, failure, time(now), unit))
    }

    /// The wait is over.
    #[wasm_bindgen(js_name = onWaited)]
    pub fn on_waited(&mut self, number: usize, now: f64) -> u32 {
        self.step(number, |call, upstream| call.on_waited(upstream, time(now)))
    }

    /// The next action: 0 send, 1 wait, 2 success, 3 rejected, 4 failed.
    pub fn action(&self) -> u32 {
        self.action
    }

    /// For a wait: its length in milliseconds.
    #[wasm_bindgen(js_name = waitMillis)]
    pub fn wait_millis(&self) -> f64 {
        as_millis(self.wait)
    }

    /// For a send: the timeout up to the response's head in milliseconds, or -1.
    #[wasm_bindgen(js_name = timeoutMillis)]
    pub fn timeout_millis(&self) -> f64 {
        self.timeout.map_or(-1.0, as_millis)
    }

    /// For a send: whose `Authorization` it takes, 0 current, 1 next.
    pub fn slot(&self) -> u32 {
        u32::from(self.slot == Slot::Next)
    }

    /// The `Authorization` header of a place. The one function that gives a key
    /// away: its only caller is the driver.
    pub fn authorization(&self, slot: u32) -> Option<String> {
        self.core.keys().authorization(place(slot)).map(|value| value.expose().to_owned())
    }

    /// The JSON of the error that a rejected (with what was read of its body) or
    /// failed call ended with. The call's number is free afterwards.
    pub fn error(&mut self, number: usize, body: &[u8], now: f64) -> String {
        if let Some(error) = self.error.take() {
            return error.to_json();
        }
        let call = self.calls.get_mut(number).and_then(Option::take);
        call.map_or_else(String::new, |call| {
            self.free.push(number);
            call.error(&self.core, body, time(now)).to_json()
        })
    }

    /// The switch of keys that the last response brought about, once: 0 none, 1
    /// to current, 2 to next.
    #[wasm_bindgen(js_name = takeSwitch)]
    pub fn take_switch(&mut self) -> u32 {
        self.core.take_switch().map_or(0, |switch| match switch.to {
            Slot::Current => 1,
            Slot::Next => 2,
        })
    }

    /// What is known of the credentials, as JSON, without the credentials:
    /// `{"kind","inUse","keys":[{"slot","fingerprint","verdict","at","expiresAt"}]}`,
    /// times in milliseconds since the Unix epoch.
    pub fn keys(&self) -> String {
        let ring = self.core.keys();
        let mut keys = Array::new();
        for slot in [Slot::Current, Slot::Next] {
            let (Some(fingerprint), Some(verdict)) = (ring.fingerprint(slot), ring.verdict(slot)) else { continue };
            let mut object = Object::new();
            object.string("slot", slot.as_str()).string("fingerprint", &fingerprint.to_hex());
            let (verdict, at) = match verdict {
                KeyVerdict::Untested => ("untested", None),
                KeyVerdict::Accepted { at } => ("accepted", Some(at)),
                KeyVerdict::Refused { at } => ("refused", Some(at)),
            };
            object.string("verdict", verdict);
            for (name, at) in [("at", at), ("expiresAt", ring.claims(slot).and_then(|claims| claims.expires_at))] {
                if let Some(at) = at {
                    object.number(name, at.as_unix_millis());
                }
            }
            keys.raw(&object.finish());
        }
        let mut object = Object::new();
        object
            .string("kind", if ring.kind() == CredentialKind::ApiKey { "api_key" } else { "caller_token" })
            .string("inUse", ring.in_use().as_str())
            .raw("keys", &keys.finish());
        object.finish()
    }

    /// How many requests a call has sent so far.
    pub fn attempts(&self, number: usize) -> u32 {
        self.calls.get(number).and_then(Option::as_ref).map_or(0, rules::Call::attempts)
    }

    /// How many calls are under way; for tests of leaks.
    #[wasm_bindgen(js_name = openCalls)]
    pub fn open_calls(&self) -> usize {
        self.calls.iter().flatten().count()
    }
}

impl Upstream {
    fn step(&mut self, number: usize, judge: impl FnOnce(&mut rules::Call, &mut rules::Upstream) -> Action) -> u32 {
        // A number that is not under way is a driver's fault; the call is over.
        let Some(Some(call)) = self.calls.get_mut(number) else {
            self.action = action::FAILED;
            return self.action;
        };
        let next = judge(call, &mut self.core);
        self.take(number, next);
        self.action
    }

    fn take(&mut self, number: usize, next: Action) {
        self.action = match next {
            Action::Send(attempt) => {
                self.slot = attempt.slot;
                self.timeout = attempt.timeout;
                action::SEND
            }
            Action::Wait(wait) => {
                self.wait = wait;
                action::WAIT
            }
            // Its error is made from the body, and ends it.
            Action::Done(Verdict::Rejected) => action::REJECTED,
            Action::Done(verdict) => {
                self.calls[number] = None;
                self.free.push(number);
                match verdict {
                    Verdict::Failed(error) => {
                        self.error = Some(error);
                        action::FAILED
                    }
                    _ => action::SUCCESS,
                }
            }
        };
    }
}

fn ring(current: &str, next: Option<&str>, token: bool) -> Result<KeyRing, JsValue> {
    if token {
        return CallerToken::parse(current).map(KeyRing::of_token).map_err(thrown);
    }
    let next = next.map(ApiKey::parse).transpose().map_err(thrown)?;
    Ok(KeyRing::new(ApiKey::parse(current).map_err(thrown)?, next))
}

fn thrown(error: impl Into<Error>) -> JsValue {
    JsValue::from_str(&error.into().to_json())
}

const fn place(slot: u32) -> Slot {
    if slot == 1 { Slot::Next } else { Slot::Current }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
const fn time(millis: f64) -> Timestamp {
    Timestamp::from_unix_millis(millis as u64)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // As above.
fn millis(millis: f64) -> Option<Duration> {
    (millis >= 0.0).then(|| Duration::from_millis(millis as u64))
}

/// Exact for whole milliseconds. Seconds as a fraction are not: 1.001 s would
/// come to 1000.9999999999999 ms, and a timer cuts that down to a wait too short.
#[allow(clippy::cast_precision_loss)] // Centuries of seconds are exact.
fn as_millis(duration: Duration) -> f64 {
    duration.as_secs() as f64 * 1000.0 + f64::from(duration.subsec_nanos()) / 1e6
}

struct Lookup<'a>(&'a Headers);

impl rules::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).ok().flatten().map(Cow::Owned)
    }
}
