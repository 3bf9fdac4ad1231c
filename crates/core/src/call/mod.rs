//! The life of one call, without its IO.
//!
//! ```text
//!              ┌──────────────► Action::Wait ──────────────┐
//!              │                    │ on_waited            │
//!   start ─────┤                    ▼                      │
//!              └──────────────► Action::Send ──┐           │
//!                                   │          │ on_failure│
//!                       on_response │          │           │
//!                                   ▼          ▼           │
//!                               judged here ───────────────┘
//!                                   │
//!                                   ▼
//!                      Action::Done(Success | Rejected | Failed)
//! ```
//!
//! The driver sends, waits, and reports; it never looks at a status code. All
//! calls towards one server share an [`Upstream`]: its keys ([`KeyRing`]), its
//! [`Gate`], its [`RetryBudget`]. A call that fails ends in an [`Error`], which for
//! a 401 holds a [`Diagnosis`].
//!
//! ```
//! use attention_core::call::{Action, Call, CallOptions, Upstream, Verdict};
//! use attention_core::{ApiKey, KeyRing, Method, Timestamp, url::BaseUrl};
//!
//! let key = ApiKey::parse("an-obviously-fake-key")?;
//! let mut upstream = Upstream::new(BaseUrl::parse("https://api.attention.tech/v2")?, KeyRing::new(key, None));
//! let now = Timestamp::from_unix_seconds(1_700_000_000);
//!
//! let url = upstream.url("/conversations", "page=1")?;
//! let mut call = Call::new(CallOptions::new(Method::Get), now);
//! let Action::Send(attempt) = call.start(&mut upstream, now) else { panic!("nothing to wait for") };
//! let authorization = upstream.keys().authorization(attempt.slot).expect("a key");
//! assert_eq!(authorization.expose(), "Bearer an-obviously-fake-key");
//!
//! // The driver sends `url` with `authorization` and is answered with a 200.
//! let headers: &[(&str, &str)] = &[];
//! let action = call.on_response(&mut upstream, 200, &headers, now, 0.5);
//! assert_eq!(action, Action::Done(Verdict::Success));
//! # let _ = url;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod diagnosis;
mod error;
mod gate;
mod headers;
mod key_ring;
mod outcome;
mod quota;
mod retry;

pub use diagnosis::{Cause, Diagnosis, Finding, Likelihood};
pub use error::{API_KEYS_PAGE, Error, ErrorKind, MAX_ERROR_BODY_BYTES};
pub use gate::Gate;
pub use headers::Headers;
pub use key_ring::{CredentialKind, KeyRing, KeyVerdict, Slot, Switch};
pub use outcome::request_id;
pub use quota::{Quota, retry_after};
pub use retry::{DEFAULT_TIMEOUT, Failure, RetryBudget, RetryPolicy};

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use self::outcome::Rejection;
use crate::credential::Fingerprint;
use crate::url::{BaseUrl, RequestError};
use crate::{Method, Timestamp};

/// What all calls towards one server share.
#[derive(Debug)]
pub struct Upstream {
    base: BaseUrl,
    keys: KeyRing,
    gate: Gate,
    budget: RetryBudget,
    switched: Option<Switch>,
}

impl Upstream {
    /// A server and the credentials for it.
    pub fn new(base: BaseUrl, keys: KeyRing) -> Self {
        Self { base, keys, gate: Gate::default(), budget: RetryBudget::default(), switched: None }
    }

    /// The base URL.
    pub const fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// The credentials.
    pub const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Puts other credentials in place of the ones there, as after a look-up in
    /// a vault. Calls under way keep what they were sent with.
    pub fn replace_keys(&mut self, keys: KeyRing) {
        self.keys = keys;
    }

    /// Until when the server asked everybody to hold back; zero when it did not.
    pub fn closed_for(&self, now: Timestamp) -> Duration {
        self.gate.closed_for(now)
    }

    /// Another part of the system (a shared gate) says how long to hold back.
    pub fn hold(&mut self, now: Timestamp, wait: Duration) {
        self.gate.hold(now, wait);
    }

    /// The switch of keys that the last response brought about, once.
    pub const fn take_switch(&mut self) -> Option<Switch> {
        self.switched.take()
    }

    /// The URL of a request, checked; see [`BaseUrl::join`].
    pub fn url(&self, target: &str, query: &str) -> Result<String, RequestError> {
        self.checked(&self.base, target, query)
    }

    /// As [`url`](Self::url), for what the server has beside the base's path, such
    /// as `/mcp` beside `/v2`.
    pub fn url_beside(&self, target: &str, query: &str) -> Result<String, RequestError> {
        self.checked(&self.base.at_origin(), target, query)
    }

    fn checked(&self, base: &BaseUrl, target: &str, query: &str) -> Result<String, RequestError> {
        let url = base.join(target, query)?;
        // The base is configuration: that a short token stands in it means nothing.
        let told = url.get(base.as_str().len()..).unwrap_or_default();
        if self.keys.is_in(told) {
            return Err(RequestError::SecretInUrl);
        }
        Ok(url)
    }
}

/// What sets one call apart from others.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// The method.
    pub method: Method,
    /// What the caller knows of sending twice: that it is harmless, as with an
    /// `Idempotency-Key`, or that it is not, whatever the method, as with a PUT
    /// that toggles. `None` is what the method says (RFC 9110 §9.2.2).
    pub idempotent: Option<bool>,
    /// The body can be sent again: there is none, or it is held in memory. A
    /// stream cannot.
    pub replayable: bool,
    /// How often and how patiently to try again.
    pub retry: RetryPolicy,
    /// For everything together, waits included.
    pub timeout: Option<Duration>,
    /// For each try, up to the response's head.
    pub attempt_timeout: Option<Duration>,
}

impl CallOptions {
    /// The defaults for a method, with a body that can be sent again.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            idempotent: None,
            replayable: true,
            retry: RetryPolicy::default(),
            timeout: None,
            attempt_timeout: None,
        }
    }
}

/// What the driver has to do next.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send the request, then report with [`Call::on_response`] or
    /// [`Call::on_failure`].
    Send(Attempt),
    /// Wait, then report with [`Call::on_waited`]. Drop the body of the response
    /// that led here, if one did.
    Wait(Duration),
    /// The call is over.
    Done(Verdict),
}

/// One sending of the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// Whose `Authorization` to send.
    pub slot: Slot,
    /// How long to wait for the response's head; `None` is for ever.
    pub timeout: Option<Duration>,
}

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The response is the answer.
    Success,
    /// The response is an error: read at most [`MAX_ERROR_BODY_BYTES`] of its body
    /// and hand them to [`Call::error`], or pass it on.
    Rejected,
    /// There is no response.
    Failed(Box<Error>),
}

/// One call, from the first try to the last.
#[derive(Debug)]
pub struct Call {
    options: CallOptions,
    deadline: Option<Timestamp>,
    slot: Slot,
    sent: u32,
    sent_at: Timestamp,
    /// Which key was sent: by the time of the answer another may be in its place.
    sent_with: Option<Fingerprint>,
    /// Retries other than the key ring's, which are the ones policy counts.
    retries: u32,
    failed_over: bool,
    rejection: Option<Rejection>,
    verdict_before: KeyVerdict,
}

impl Call {
    /// A call that begins now.
    pub fn new(options: CallOptions, now: Timestamp) -> Self {
        Self {
            deadline: options.timeout.map(|timeout| now.saturating_add(timeout)),
            options,
            slot: Slot::Current,
            sent: 0,
            sent_at: now,
            sent_with: None,
            retries: 0,
            failed_over: false,
            rejection: None,
            verdict_before: KeyVerdict::Untested,
        }
    }

    /// How many requests have been sent.
    pub const fn attempts(&self) -> u32 {
        self.sent
    }

    /// Whose `Authorization` was sent last.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// The first action.
    pub fn start(&mut self, upstream: &mut Upstream, now: Timestamp) -> Action {
        let place = upstream.gate.admit(now);
        self.go_after(place, upstream, now)
    }

    /// The wait is over.
    pub fn on_waited(&mut self, upstream: &mut Upstream, now: Timestamp) -> Action {
        // While this call waited for its place, another may have been refused.
        if upstream.gate.closed_for(now) > Duration::ZERO {
            let place = upstream.gate.admit(now);
            return self.go_after(place, upstream, now);
        }
        self.send(upstream, now)
    }

    /// A response's head has come. `jitter` is a random number from 0 to 1.
    pub fn on_response(
        &mut self,
        upstream: &mut Upstream,
        status: u16,
        headers: &dyn Headers,
        now: Timestamp,
        jitter: f64,
    ) -> Action {
        if status == 401 {
            return self.on_unauthorized(upstream, headers, now);
        }
        if outcome::proves_key_accepted(status)
            && self.key_is_in_place(upstream)
            && let Some(switch) = upstream.keys.on_accepted(self.slot, now)
        {
            upstream.switched = Some(switch);
        }
        if outcome::is_success(status) {
            upstream.gate.on_passed();
            // Looked at by the wary only: headers cost a crossing each where they are JavaScript's.
            if upstream.gate.is_wary()
                && let Some(wait) = Quota::from_headers(headers, now).and_then(Quota::wait)
            {
                upstream.gate.hold(now, wait);
            }
            upstream.budget.refund(self.retries > 0);
            return Action::Done(Verdict::Success);
        }
        let rejection = Rejection::read(status, headers, now);
        let asked = rejection.asked_wait;
        self.rejection = Some(rejection);
        if status == 429 {
            let wait = asked.unwrap_or_else(|| self.options.retry.backoff(self.retries, jitter));
            upstream.gate.on_limited(self.sent_at, now, wait);
        }
        let repeatable = retry::is_repeatable(self.options.method, self.options.idempotent);
        if !retry::status_may_retry(status, asked.is_some(), repeatable) || !self.may_send_again() {
            return Action::Done(Verdict::Rejected);
        }
        let wait = match (status, asked) {
            // The gate knows the wait and gives every caller a place of its own.
            (429, _) => {
                if upstream.gate.closed_for(now) > self.options.retry.longest_wait {
                    return Action::Done(Verdict::Rejected);
                }
                upstream.gate.admit(now)
            }
            (_, Some(asked)) if asked > self.options.retry.longest_wait => return Action::Done(Verdict::Rejected),
            (_, Some(asked)) => asked,
            (_, None) => self.options.retry.backoff(self.retries, jitter),
        };
        if self.is_too_late(now, wait) || (status != 429 && !upstream.budget.spend()) {
            return Action::Done(Verdict::Rejected);
        }
        self.retries += 1;
        Action::Wait(wait)
    }

    /// No response came.
    pub fn on_failure(&mut self, upstream: &mut Upstream, failure: Failure, now: Timestamp, jitter: f64) -> Action {
        let error = |call: &Self| Action::Done(Verdict::Failed(Box::new(Error::of_failure(failure, call.sent))));
        let repeatable = retry::is_repeatable(self.options.method, self.options.idempotent);
        if failure == Failure::Aborted || !repeatable || !self.may_send_again() {
            return error(self);
        }
        let wait = self.options.retry.backoff(self.retries, jitter);
        if self.is_too_late(now, wait) || !upstream.budget.spend() {
            return error(self);
        }
        self.retries += 1;
        Action::Wait(wait)
    }

    /// The error of a call that ended as [`Verdict::Rejected`]; `body` is what
    /// was read of the response, possibly nothing, decoded as UTF-8 with U+FFFD
    /// for what is none.
    pub fn error(&self, upstream: &Upstream, body: &str, now: Timestamp) -> Error {
        let fallback = Rejection { status: 0, request_id: None, asked_wait: None };
        let rejection = self.rejection.as_ref().unwrap_or(&fallback);
        let diagnosis =
            (rejection.status == 401).then(|| Diagnosis::of(&upstream.keys, self.slot, self.verdict_before, now));
        Error::of_rejection(rejection, body, diagnosis, self.sent, &upstream.keys)
    }

    fn on_unauthorized(&mut self, upstream: &mut Upstream, headers: &dyn Headers, now: Timestamp) -> Action {
        self.rejection = Some(Rejection::read(401, headers, now));
        if !self.key_is_in_place(upstream) {
            // The keys were replaced meanwhile: no verdict on the new ones, but a reason to use them.
            if !self.options.replayable || self.is_too_late(now, Duration::ZERO) {
                return Action::Done(Verdict::Rejected);
            }
            return self.send(upstream, now);
        }
        self.verdict_before = upstream.keys.verdict(self.slot).unwrap_or_default();
        if !self.options.replayable {
            upstream.switched = upstream.keys.on_unauthorized_final(self.slot, now).or(upstream.switched);
            return Action::Done(Verdict::Rejected);
        }
        match upstream.keys.on_unauthorized(self.slot, now) {
            // A 401 was not processed, so any method may go again; once.
            Some(other) if !self.failed_over && !self.is_too_late(now, Duration::ZERO) => {
                self.failed_over = true;
                Action::Send(self.attempt(other, upstream, now))
            }
            _ => Action::Done(Verdict::Rejected),
        }
    }

    fn go_after(&mut self, wait: Duration, upstream: &mut Upstream, now: Timestamp) -> Action {
        if wait.is_zero() {
            return self.send(upstream, now);
        }
        if wait > self.options.retry.longest_wait || self.is_too_late(now, wait) {
            // The response that led here is gone by now, so its error has no words.
            let error = match self.rejection {
                Some(_) => self.error(upstream, "", now),
                None => Error::held_back(wait, self.sent),
            };
            return Action::Done(Verdict::Failed(Box::new(error)));
        }
        Action::Wait(wait)
    }

    fn send(&mut self, upstream: &Upstream, now: Timestamp) -> Action {
        if self.is_too_late(now, Duration::ZERO) {
            return Action::Done(Verdict::Failed(Box::new(Error::of_failure(Failure::Timeout, self.sent))));
        }
        self.failed_over = false;
        Action::Send(self.attempt(upstream.keys.promising(), upstream, now))
    }

    fn attempt(&mut self, slot: Slot, upstream: &Upstream, now: Timestamp) -> Attempt {
        self.slot = slot;
        self.sent_with = upstream.keys.fingerprint(slot);
        self.sent += 1;
        self.sent_at = now;
        let left = self.deadline.map(|deadline| deadline.saturating_since(now));
        let timeout = match (self.options.attempt_timeout, left) {
            (Some(attempt), Some(left)) => Some(attempt.min(left)),
            (attempt, left) => attempt.or(left),
        };
        Attempt { number: self.sent, slot, timeout }
    }

    fn key_is_in_place(&self, upstream: &Upstream) -> bool {
        upstream.keys.fingerprint(self.slot) == self.sent_with
    }

    fn may_send_again(&self) -> bool {
        self.options.replayable && self.retries < self.options.retry.max_retries
    }

    fn is_too_late(&self, now: Timestamp, wait: Duration) -> bool {
        self.deadline.is_some_and(|deadline| now.saturating_add(wait) >= deadline)
    }
}
