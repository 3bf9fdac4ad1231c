//! attention-core behind wasm-bindgen.
//!
//! Nothing is decided here: this is core's [`Upstream`](core::Upstream) and
//! [`Call`](core::Call) with numbers and strings for arguments. The fetch driver
//! is `pkg/src/call/driver.ts`.
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
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use attention_core as rules;
use attention_core::call::{CallOptions, Failure, RetryPolicy, Verdict};
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL, RequestError};
use attention_core::{Action, ApiKey, CallerToken, Error, KeyError, KeyRing, Method, Slot, Timestamp};
use wasm_bindgen::prelude::*;

/// The next action, the lowest three bits of a step.
mod action {
    pub(crate) const SEND: u64 = 0;
    pub(crate) const WAIT: u64 = 1;
    pub(crate) const SUCCESS: u64 = 2;
    pub(crate) const REJECTED: u64 = 3;
    pub(crate) const FAILED: u64 = 4;
}

/// Bits of `flags`.
mod flag {
    /// There is a base URL.
    pub(crate) const BASE: u32 = 1;
    /// There is a second credential.
    pub(crate) const NEXT: u32 = 2;
    /// The credential is a caller token.
    pub(crate) const TOKEN: u32 = 4;

    /// The caller vouches that sending twice is harmless.
    pub(crate) const IDEMPOTENT: u32 = 1;
    /// The body is a stream: it can be sent once.
    pub(crate) const ONE_SHOT: u32 = 2;
    /// Sending twice is not harmless, whatever the method.
    pub(crate) const NOT_IDEMPOTENT: u32 = 4;
}

/// A server, the credentials for it, and the calls under way.
#[wasm_bindgen]
#[derive(Debug, Default)]
pub struct Upstream {
    core: Option<rules::Upstream>,
    calls: Vec<Option<rules::Call>>,
    free: Vec<usize>,
    begun: usize,
    step: u64,
    error: String,
}

#[wasm_bindgen]
impl Upstream {
    /// One without a server; `open` gives it one.
    #[wasm_bindgen(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a base URL and credentials; says whether they were accepted, and
    /// if not there is an error. `flags`: 1 `base` counts (else it is the API's
    /// own), 2 `next` counts (else there is one credential only), 4 `current` is
    /// a caller token of a Worker rather than an API key. With a server there
    /// already it keeps that, and only the credentials are replaced.
    pub fn open(&mut self, base: &str, current: &str, next: &str, flags: u32) -> bool {
        let mut open = || {
            let next = if flags & flag::NEXT == 0 { None } else { Some(next) };
            let keys = ring(current, next, flags & flag::TOKEN != 0)?;
            match &mut self.core {
                Some(core) => core.replace_keys(keys),
                none => {
                    let base = BaseUrl::parse(if flags & flag::BASE == 0 { DEFAULT_BASE_URL } else { base })?;
                    *none = Some(rules::Upstream::new(base, keys));
                }
            }
            Ok(())
        };
        match open() {
            Ok(()) => true,
            Err(error) => self.refuse(&error),
        }
    }

    /// Begins a call and gives its URL; its number and the first step can be
    /// read then. Durations are milliseconds, a negative one is none. Empty when
    /// the request is refused before it is sent: for which there is an error.
    #[expect(clippy::too_many_arguments)] // One crossing instead of an options object.
    pub fn start(
        &mut self,
        method: &str,
        target: &str,
        query: &str,
        flags: u32,
        max_retries: u32,
        timeout: f64,
        attempt_timeout: f64,
        now: f64,
    ) -> String {
        let Some(core) = &mut self.core else { return String::new() };
        let checked =
            Method::parse(method).ok_or(RequestError::Method).and_then(|method| Ok((method, core.url(target, query)?)));
        let (method, url) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                self.refuse(&error.into());
                return String::new();
            }
        };
        let options = CallOptions {
            idempotent: match flags & (flag::IDEMPOTENT | flag::NOT_IDEMPOTENT) {
                0 => None,
                mark => Some(mark == flag::IDEMPOTENT),
            },
            replayable: flags & flag::ONE_SHOT == 0,
            retry: RetryPolicy { max_retries, ..RetryPolicy::default() },
            timeout: millis(timeout),
            attempt_timeout: millis(attempt_timeout),
            ..CallOptions::new(method)
        };
        let now = time(now);
        let mut call = rules::Call::new(options, now);
        let next = call.start(core, now);
        self.begun = self.free.pop().unwrap_or(self.calls.len());
        let call = Some(call);
        match self.calls.get_mut(self.begun) {
            Some(place) => *place = call,
            None => self.calls.push(call),
        }
        self.take(self.begun, next);
        url
    }

    /// Tells what happened to a call and gives the next step. Events: 0 the wait
    /// is over, 1 a response's head has come, 2 the connection failed, 3 it took
    /// too long, 4 the caller gave up. `status` and `headers` count with a
    /// response only, `unit` is a random number from 0 to 1.
    ///
    /// A step is `action + 8 * slot + 16 * millis`. Actions: 0 send with the
    /// `Authorization` of the slot (0 current, 1 next) and a timeout up to the
    /// response's head of `millis - 1`, none when that is negative; 1 wait so
    /// many milliseconds; 2 success; 3 rejected, 4 failed, for which there is an
    /// error.
    pub fn step(&mut self, number: usize, event: u32, status: u16, headers: &Headers, now: f64, unit: f64) -> f64 {
        let now = time(now);
        match (&mut self.core, self.calls.get_mut(number)) {
            (Some(core), Some(Some(call))) => {
                let mut failed = |failure| call.on_failure(core, failure, now, unit);
                let next = match event {
                    0 => call.on_waited(core, now),
                    1 => call.on_response(core, status, &Lookup(headers), now, unit),
                    2 => failed(Failure::Connection),
                    3 => failed(Failure::Timeout),
                    _ => failed(Failure::Aborted),
                };
                self.take(number, next);
            }
            // A number that is not under way is a driver's fault; the call is over.
            _ => self.step = action::FAILED,
        }
        self.read(0, 0)
    }

    /// A number: 0 the step taken last, 1 which call was begun last, 2 the
    /// switch of keys that the last response brought about, once (0 none, 1 to
    /// current, 2 to next), 3 how many calls are under way (for tests of leaks),
    /// 4 how many requests the call `number` has sent.
    #[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
    pub fn read(&mut self, what: u32, number: usize) -> f64 {
        let value = match what {
            0 => self.step,
            1 => self.begun as u64,
            2 => match self.core.as_mut().and_then(rules::Upstream::take_switch) {
                None => 0,
                Some(switch) => 1 + switch.to as u64,
            },
            3 => self.calls.iter().flatten().count() as u64,
            _ => self.calls.get(number).and_then(Option::as_ref).map_or(0, |call| call.attempts().into()),
        };
        value as f64
    }

    /// A text, empty when there is none: 0 and 1 the `Authorization` header of a
    /// slot (the one thing that gives a key away: its only reader is the
    /// driver), 2 the base URL, 3 what is known of the credentials, as JSON; 4
    /// the JSON of the error that `open` or `start` refused with, or that a call
    /// ended with, a rejected one with what was read of its body, decoded as
    /// UTF-8. The call's number is free afterwards.
    pub fn text(&mut self, what: u32, number: usize, body: &str, now: f64) -> String {
        let Some(core) = &self.core else { return mem::take(&mut self.error) };
        match what {
            0 | 1 => {
                let slot = if what == 0 { Slot::Current } else { Slot::Next };
                core.keys().authorization(slot).map_or_else(String::new, |value| value.expose().to_owned())
            }
            2 => core.base().as_str().to_owned(),
            3 => core.keys().to_json(),
            _ => match self.calls.get_mut(number).and_then(Option::take) {
                Some(call) => {
                    self.free.push(number);
                    call.error(core, body, time(now)).to_json()
                }
                None => mem::take(&mut self.error),
            },
        }
    }
}

impl Upstream {
    fn refuse(&mut self, error: &Error) -> bool {
        self.error = error.to_json();
        false
    }

    fn take(&mut self, number: usize, next: Action) {
        self.step = match next {
            Action::Send(attempt) => {
                let timeout = attempt.timeout.map_or(0, |timeout| 1 + whole(timeout));
                action::SEND + 8 * attempt.slot as u64 + 16 * timeout
            }
            Action::Wait(wait) => action::WAIT + 16 * whole(wait),
            // Its error is made from the body, and ends it.
            Action::Done(Verdict::Rejected) => action::REJECTED,
            Action::Done(verdict) => {
                if let Some(place) = self.calls.get_mut(number) {
                    *place = None;
                }
                self.free.push(number);
                match verdict {
                    Verdict::Failed(error) => {
                        self.error = error.to_json();
                        action::FAILED
                    }
                    _ => action::SUCCESS,
                }
            }
        };
    }
}

fn ring(current: &str, next: Option<&str>, token: bool) -> Result<KeyRing, KeyError> {
    if token {
        return CallerToken::parse(current).map(KeyRing::of_token);
    }
    let next = next.map(ApiKey::parse).transpose()?;
    Ok(KeyRing::new(ApiKey::parse(current)?, next))
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
const fn time(millis: f64) -> Timestamp {
    Timestamp::from_unix_millis(millis as u64)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // As above.
fn millis(millis: f64) -> Option<Duration> {
    (millis >= 0.0).then(|| Duration::from_millis(millis as u64))
}

/// Milliseconds that a step has room for: a generation is.
fn whole(duration: Duration) -> u64 {
    rules::millis(duration).min(1 << 40)
}

#[wasm_bindgen]
extern "C" {
    /// The Fetch standard's. web-sys has it too, and brings js-sys, whose parts stay in the module whether used or not.
    pub type Headers;

    #[wasm_bindgen(method)]
    fn get(this: &Headers, name: &str) -> Option<String>;
}

struct Lookup<'a>(&'a Headers);

impl rules::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).map(Cow::Owned)
    }
}
