//! The state machine of one call, without IO.
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
//! The driver sends, waits and reports; it never interprets a status code. All calls to one server share an
//! [`Upstream`]: its keys ([`KeyRing`]), its [`Gate`] and its [`RetryBudget`]. A call that fails ends in an [`Error`],
//! which contains a [`Diagnosis`] for a 401.
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
//! // The driver sends `url` with `authorization` and receives a 200.
//! let headers: &[(&str, &str)] = &[];
//! let action = call.on_response(&mut upstream, 200, &headers, now, 0.5);
//! assert_eq!(action, Action::Done(Verdict::Success));
//! # let _ = url;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Obligations of a driver
//!
//! Core relies on its driver for some things that the types cannot enforce:
//!
//! - It does not follow redirects. HTTP libraries do by default, and some send the key to the redirect's target.
//! - It sends each [`Attempt`] once, with the `Authorization` of [`Attempt::slot`], and gives up after
//!   [`Attempt::timeout`].
//! - It reports the result of each step exactly once. A call that is given up is reported as [`Failure::Aborted`],
//!   because only then is its place at the gate freed.
//! - It reads at most [`MAX_ERROR_BODY_BYTES`] of an error's body, and drops the body of a response that led to
//!   [`Action::Wait`] or [`Action::Send`].
//! - It holds no lock on the [`Upstream`] while it sends or waits. Threads can share one behind a `Mutex` that is
//!   locked for each step.
//!
//!   ```
//!   use std::{sync::Mutex, thread};
//!   # use attention_core::{ApiKey, KeyRing, Method, Timestamp, url::BaseUrl};
//!   use attention_core::call::{Action, Call, CallOptions, Upstream, Verdict};
//!
//!   # let keys = KeyRing::new(ApiKey::parse("an-obviously-fake-key")?, None);
//!   # let now = Timestamp::from_unix_seconds(1_700_000_000);
//!   let upstream = Mutex::new(Upstream::new(BaseUrl::default(), keys));
//!   let one_call = || {
//!       let mut call = Call::new(CallOptions::new(Method::Get), now);
//!       let Action::Send(attempt) = call.start(&mut upstream.lock().unwrap(), now) else { unreachable!() };
//!       // Sends here, without the lock.
//!       let headers: &[(&str, &str)] = &[];
//!       let action = call.on_response(&mut upstream.lock().unwrap(), 200, &headers, now, 0.5);
//!       assert_eq!(action, Action::Done(Verdict::Success));
//!   };
//!   thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(one_call))));
//!   # Ok::<(), Box<dyn std::error::Error>>(())
//!   ```
//! - Its clock may jump, but it runs: after a wait, `now` is later than before. Its random numbers, from 0 to 1, are
//!   truly random, so that calls that failed together do not retry together.
//!
//! [`drive`] is the loop of an asynchronous driver and fulfils most of these; a [`Transport`] provides the IO.
//! `examples/rust-native` is a blocking driver for native programs, in one file.

mod diagnosis;
mod drive;
mod error;
mod gate;
mod headers;
mod key_ring;
mod line;
mod operation;
mod outcome;
mod pace;
mod quota;
mod retry;

pub use diagnosis::{Cause, Diagnosis, Finding, Likelihood};
pub use drive::{Answered, Shared, Transport, drive};
pub use error::{API_KEYS_PAGE, Error, ErrorKind, MAX_ERROR_BODY_BYTES};
pub use gate::{Gate, Pass};
pub use headers::Headers;
pub use key_ring::{CredentialKind, Failover, KeyRing, KeyVerdict, Slot, Switch};
pub use line::Ticket;
pub use operation::{KeyLevel, Operation};
pub use outcome::{REQUEST_ID_HEADERS, request_id};
pub use quota::{Quota, retry_after};
pub use retry::{DEFAULT_TIMEOUT, Failure, RetryBudget, RetryPolicy};

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::mem;
use core::time::Duration;

use self::diagnosis::{History, RefusedKey};
use self::outcome::Rejection;
use crate::credential::Fingerprint;
use crate::time::SteadyClock;
use crate::url::{BaseUrl, RequestError};
use crate::{Method, Timestamp};

/// The state shared by all calls to one server.
#[derive(Debug)]
pub struct Upstream {
    base: BaseUrl,
    keys: KeyRing,
    /// Former key rings, the latest first. Calls in progress may have been sent with their keys.
    retired: [Option<Box<KeyRing>>; Self::RETIRED],
    gate: Gate,
    budget: RetryBudget,
    switched: Option<Switch>,
}

impl Upstream {
    /// How many former rings are kept.
    const RETIRED: usize = 4;

    /// A server and the credentials for it.
    pub fn new(base: BaseUrl, keys: KeyRing) -> Self {
        let (gate, budget) = (Gate::default(), RetryBudget::default());
        Self { base, keys, retired: [const { None }; Self::RETIRED], gate, budget, switched: None }
    }

    /// The base URL.
    pub const fn base(&self) -> &BaseUrl {
        &self.base
    }

    /// The credentials.
    pub const fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Replaces the credentials, for example after reading a vault again. Calls in progress keep the key that they were
    /// sent with, and their results apply to that key; the last four rings are kept for this.
    pub fn replace_keys(&mut self, mut keys: KeyRing) {
        keys.take_over(&self.keys);
        let mut former = Some(Box::new(mem::replace(&mut self.keys, keys)));
        for place in &mut self.retired {
            mem::swap(place, &mut former);
        }
    }

    /// The issuer of a credential reports its expiry; see [`KeyRing::note_expiry`].
    pub fn note_expiry(&mut self, slot: Slot, at: Timestamp) {
        self.keys.note_expiry(slot, at);
    }

    /// Finds the key with this fingerprint, current or former, for a diagnosis.
    fn refused_key(&self, slot: Slot, fingerprint: Option<Fingerprint>) -> RefusedKey {
        let kind = self.keys.kind();
        if self.keys.fingerprint(slot) == fingerprint {
            return RefusedKey { kind, expires_at: self.keys.expires_at(slot), is_replaced: false };
        }
        let replaced = self.retired.iter().flatten().find(|ring| ring.fingerprint(slot) == fingerprint);
        RefusedKey { kind, expires_at: replaced.and_then(|ring| ring.expires_at(slot)), is_replaced: true }
    }

    /// The secrets of the current and former rings, for scrubbing text that comes from elsewhere.
    fn secrets(&self) -> Vec<&str> {
        let mut secrets = Vec::new();
        self.keys.push_secrets(&mut secrets);
        for ring in self.retired.iter().flatten() {
            ring.push_secrets(&mut secrets);
        }
        secrets
    }

    /// For how long the server asked all calls to hold back; zero if it did not.
    pub fn closed_for(&self, now: Timestamp) -> Duration {
        self.gate.closed_for(now)
    }

    /// Holds calls back for `wait`, on behalf of another part of the system such as a shared gate.
    pub fn hold(&mut self, now: Timestamp, wait: Duration) {
        self.gate.hold(now, wait);
    }

    /// Takes the key switch that the last response caused, if any. It is returned once.
    pub const fn take_switch(&mut self) -> Option<Switch> {
        self.switched.take()
    }

    /// The checked URL of a request; see [`BaseUrl::join`].
    pub fn url(&self, target: &str, query: &str) -> Result<String, RequestError> {
        self.checked(&self.base, target, query)
    }

    /// Like [`url`](Self::url), but beside the base's path, such as `/mcp` beside `/v2`.
    pub fn url_beside(&self, target: &str, query: &str) -> Result<String, RequestError> {
        self.checked(&self.base.at_origin(), target, query)
    }

    fn checked(&self, base: &BaseUrl, target: &str, query: &str) -> Result<String, RequestError> {
        let url = base.join(target, query)?;
        // The base URL is configuration, so a short token that happens to occur in it does not matter.
        let told = url.get(base.as_str().len()..).unwrap_or_default();
        if self.keys.is_in(told) {
            return Err(RequestError::SecretInUrl);
        }
        Ok(url)
    }
}

/// The options of one call.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// The method.
    pub method: Method,
    /// Whether the caller knows that sending twice is harmless (`Some(true)`) or not (`Some(false)`, for example for a
    /// PUT that toggles). `None` decides by method (RFC 9110 §9.2.2). An `Idempotency-Key` header does not make a call
    /// idempotent, because no page of the API says that it honours one.
    pub idempotent: Option<bool>,
    /// Whether the body can be sent again: there is none, or it is in memory. A stream cannot be sent again.
    pub replayable: bool,
    /// How often and how long to retry.
    pub retry: RetryPolicy,
    /// The limit for the whole call, waits included.
    pub timeout: Option<Duration>,
    /// The limit for each attempt, up to the response's head.
    pub attempt_timeout: Option<Duration>,
    /// The operation, so that the diagnosis of a 401 can tell a revoked key from one that lacks a permission. `None` if
    /// the driver does not provide it.
    pub operation: Option<Operation>,
    /// The only level of key that the operation accepts, if that is known.
    pub key_level: Option<KeyLevel>,
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
            operation: None,
            key_level: None,
        }
    }
}

/// The driver's next action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send the request, then report with [`Call::on_response`] or
    /// [`Call::on_failure`].
    Send(Attempt),
    /// Wait, then report with [`Call::on_waited`]. If a response led here, drop its body.
    Wait(Duration),
    /// The call is over.
    Done(Verdict),
}

/// One attempt to send the request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    /// Counts from 1.
    pub number: u32,
    /// The slot whose `Authorization` to send.
    pub slot: Slot,
    /// How long to wait for the response's head; `None` means no limit.
    pub timeout: Option<Duration>,
}

/// How a call ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// The response is a success.
    Success,
    /// The response is an error: read at most [`MAX_ERROR_BODY_BYTES`] of its body
    /// and hand them to [`Call::error`], or pass it on.
    Rejected,
    /// There is no response; the call failed with this error.
    Failed(Box<Error>),
}

/// One call, from the first attempt to the result.
#[derive(Debug)]
pub struct Call {
    options: CallOptions,
    /// The call's own clock, so that its time left does not grow when the driver's clock goes back.
    clock: SteadyClock,
    deadline: Option<Timestamp>,
    stage: Stage,
    slot: Slot,
    sent: u32,
    /// The gate's pass for the last attempt.
    pass: Pass,
    key: SentKey,
    /// Retries that count against the policy: all except those with another key.
    retries: u32,
    /// Whether a retry has been paid for from the budget.
    has_spent: bool,
    /// The key that this call was refused with and no longer uses, if it is still in the ring.
    left: Option<SentKey>,
    /// Whether an attempt ended without showing whether the request was processed.
    may_be_done: bool,
    rejection: Option<Rejection>,
    verdict_before: KeyVerdict,
    /// When the key was last accepted before this call, if that was for this operation.
    worked_before: Option<Timestamp>,
}

/// The driver's current activity for a call.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// The call has not begun, or is over.
    Idle,
    /// Waiting for `told`, with a ticket if it is in line.
    Waiting { told: Duration, ticket: Option<Ticket>, then: Then },
    /// Sending, for at most `timeout`.
    Sending { timeout: Option<Duration> },
}

/// The reason for a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// The next attempt.
    Send,
    /// The result of other calls that are trying the other key.
    See,
}

/// The key that a call was sent with. Another may have replaced it when the response arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct SentKey {
    slot: Slot,
    fingerprint: Option<Fingerprint>,
    /// How often it had been accepted when the call was sent.
    accepted: u32,
}

/// The reason for not sending a call again.
enum Stop {
    /// Its time is over, or no retries are left.
    Over,
    /// Its turn at the gate would come too late, or the line is full, as the error says.
    TurnTooLate(Error),
    /// There is no other key to try.
    Refused,
}

impl Call {
    /// A call that begins at `now`.
    pub fn new(options: CallOptions, now: Timestamp) -> Self {
        Self {
            clock: SteadyClock::new(now),
            deadline: options.timeout.map(|timeout| now.saturating_add(timeout)),
            options,
            stage: Stage::Idle,
            slot: Slot::Current,
            sent: 0,
            pass: Pass::default(),
            key: SentKey { slot: Slot::Current, fingerprint: None, accepted: 0 },
            retries: 0,
            has_spent: false,
            left: None,
            may_be_done: false,
            rejection: None,
            verdict_before: KeyVerdict::Untested,
            worked_before: None,
        }
    }

    /// The number of requests sent.
    pub const fn attempts(&self) -> u32 {
        self.sent
    }

    /// How much of [`CallOptions::timeout`] is left, for example for reading the response's body; `None` means no
    /// limit. This uses the call's own clock, so it does not grow when the driver's clock goes back between two
    /// reports.
    pub fn time_left(&self, now: Timestamp) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_since(self.clock.at(now)))
    }

    /// The slot whose `Authorization` was sent last.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// Returns the first action.
    pub fn start(&mut self, upstream: &mut Upstream, now: Timestamp) -> Action {
        self.clock.advance(now);
        let went = self.go(None, upstream, now);
        self.or_failed(went, upstream, now)
    }

    /// Reports that the wait is over.
    pub fn on_waited(&mut self, upstream: &mut Upstream, now: Timestamp) -> Action {
        let Stage::Waiting { told, ticket, then } = mem::replace(&mut self.stage, Stage::Idle) else {
            return self.start(upstream, now);
        };
        self.clock.advance_after(now, told);
        let went = match then {
            // While this call waited for its turn, the key may have been refused for another one.
            Then::Send => self.go(ticket, upstream, now),
            Then::See if self.is_too_late(Duration::ZERO) => Err(Stop::Over),
            Then::See if self.key_is_in_place(upstream) => {
                let failover = upstream.keys.failover(self.slot, now);
                self.fail_over(failover, upstream, now)
            }
            Then::See => self.go(None, upstream, now),
        };
        self.or_failed(went, upstream, now)
    }

    /// Reports a response's head. `jitter` is a random number from 0 to 1.
    pub fn on_response(
        &mut self,
        upstream: &mut Upstream,
        status: u16,
        headers: &dyn Headers,
        now: Timestamp,
        jitter: f64,
    ) -> Action {
        self.clock.advance(now);
        self.stop_waiting(upstream);
        if status == 401 {
            return self.on_unauthorized(upstream, headers, now);
        }
        self.end_trial(upstream);
        if outcome::proves_key_accepted(status) && self.key_is_in_place(upstream) {
            self.on_accepted(upstream, now);
        }
        if outcome::is_success(status) {
            self.on_success(upstream, headers, now);
            return Action::Done(Verdict::Success);
        }
        let backoff = self.options.retry.backoff(self.retries, jitter);
        let rejection = Rejection::read(status, headers, now);
        let asked = rejection.wait(backoff);
        self.rejection = Some(rejection);
        if status == 429 {
            upstream.gate.on_limited(self.pass, now, asked.unwrap_or(backoff));
        }
        let repeatable = retry::is_repeatable(self.options.method, self.options.idempotent);
        if !retry::status_may_retry(status, repeatable) || !self.may_send_again() {
            return Action::Done(Verdict::Rejected);
        }
        let action = match (status, asked) {
            // The gate knows how long to wait, and gives each caller its own place.
            (429, _) => self.go(None, upstream, now),
            (_, Some(asked)) => self.pause(asked, upstream, now),
            (_, None) => self.back_off(backoff, upstream),
        };
        if action.is_ok() {
            self.retries += 1;
            self.may_be_done |= !matches!(status, 421 | 425 | 429);
        }
        or_rejected(action)
    }

    /// Reports a 429 that concerns only this kind of call. The gate stays open for other calls; the caller is
    /// responsible for holding this kind back. Otherwise like [`on_response`](Self::on_response). Also returns how long
    /// the server asked to wait.
    pub fn on_limited_apart(
        &mut self,
        upstream: &mut Upstream,
        headers: &dyn Headers,
        now: Timestamp,
        jitter: f64,
    ) -> (Action, Duration) {
        self.clock.advance(now);
        self.stop_waiting(upstream);
        self.end_trial(upstream);
        let backoff = self.options.retry.backoff(self.retries, jitter);
        let rejection = Rejection::read(429, headers, now);
        let wait = rejection.wait(backoff).unwrap_or(backoff);
        self.rejection = Some(rejection);
        if !self.may_send_again() || self.is_too_long(wait) {
            return (Action::Done(Verdict::Rejected), wait);
        }
        let action = self.go(None, upstream, now);
        if action.is_ok() {
            self.retries += 1;
        }
        (or_rejected(action), wait)
    }

    /// Reports that no response arrived.
    pub fn on_failure(&mut self, upstream: &mut Upstream, failure: Failure, now: Timestamp, jitter: f64) -> Action {
        match self.stage {
            Stage::Sending { timeout: Some(timeout) } if failure == Failure::Timeout => {
                self.clock.advance_after(now, timeout);
            }
            _ => {
                self.clock.advance(now);
            }
        }
        self.stop_waiting(upstream);
        self.end_trial(upstream);
        let repeatable = retry::is_repeatable(self.options.method, self.options.idempotent);
        if failure != Failure::Aborted && repeatable && self.may_send_again() {
            let backoff = self.options.retry.backoff(self.retries, jitter);
            if let Ok(action) = self.back_off(backoff, upstream) {
                self.retries += 1;
                self.may_be_done = true;
                return action;
            }
        }
        Action::Done(Verdict::Failed(Box::new(Error::of_failure(failure, self.sent))))
    }

    /// The error of a call that ended as [`Verdict::Rejected`]. `body` is the part of the response's body that was
    /// read, possibly empty, decoded as UTF-8 with U+FFFD for invalid bytes.
    pub fn error(&self, upstream: &Upstream, body: &str, now: Timestamp) -> Error {
        let fallback = Rejection { status: 0, request_id: None, asked_wait: None };
        let rejection = self.rejection.as_ref().unwrap_or(&fallback);
        let diagnosis = (rejection.status == 401).then(|| {
            let key = upstream.refused_key(self.slot, self.key.fingerprint);
            let before = History { verdict: self.verdict_before, worked: self.worked_before };
            Diagnosis::of(key, before, self.options.key_level, now)
        });
        let advice = self.advice(rejection.status, upstream);
        let error = Error::of_rejection(rejection, body, diagnosis, advice, self.sent, &upstream.secrets());
        let deletes_again = self.may_be_done && self.options.method == Method::Delete;
        if deletes_again && matches!(rejection.status, 404 | 410) { error.may_be_done_already() } else { error }
    }

    /// Advice of this library for a status, in addition to the server's message.
    fn advice(&self, status: u16, upstream: &Upstream) -> Option<&'static str> {
        match (status, upstream.keys.kind()) {
            (404, _) if upstream.base.path().is_empty() => Some("the base URL has no path; that of the API is /v2"),
            (403, CredentialKind::ApiKey) => self.options.key_level.map(KeyLevel::demand),
            (429, CredentialKind::ApiKey) => Some("limits are by contract: the account manager can raise them"),
            _ => None,
        }
    }

    fn on_accepted(&self, upstream: &mut Upstream, now: Timestamp) {
        if let Some(operation) = self.options.operation {
            upstream.keys.note_worked(self.slot, operation);
        }
        upstream.switched = upstream.keys.on_accepted(self.slot, now).or(upstream.switched);
    }

    fn on_success(&self, upstream: &mut Upstream, headers: &dyn Headers, now: Timestamp) {
        upstream.gate.on_passed(now);
        // Read only after a recent 429, because in a wasm driver each header look-up crosses into JavaScript.
        if upstream.gate.is_wary()
            && let Some(wait) = Quota::from_headers(headers, now).and_then(Quota::wait)
        {
            upstream.gate.hold(now, wait);
        }
        upstream.budget.refund(self.has_spent);
    }

    fn on_unauthorized(&mut self, upstream: &mut Upstream, headers: &dyn Headers, now: Timestamp) -> Action {
        self.rejection = Some(Rejection::read(401, headers, now));
        if !self.key_is_in_place(upstream) {
            // The keys were replaced meanwhile. The response says nothing about the new ones, but they are worth a try.
            (self.verdict_before, self.worked_before) = (KeyVerdict::Untested, None);
            let again = if self.options.replayable { self.go(None, upstream, now) } else { Err(Stop::Refused) };
            return or_rejected(again);
        }
        let keys = &mut upstream.keys;
        self.verdict_before = keys.verdict(self.slot).unwrap_or_default();
        self.worked_before = self.options.operation.and_then(|operation| keys.worked(self.slot, operation));
        // In that case the key works, only not for this call.
        let was_accepted_meanwhile = keys.accepted(self.slot) != self.key.accepted;
        if !self.options.replayable {
            if !was_accepted_meanwhile {
                upstream.switched = keys.on_unauthorized_final(self.slot, now).or(upstream.switched);
            }
            return Action::Done(Verdict::Rejected);
        }
        if !was_accepted_meanwhile {
            keys.refuse(self.slot, now);
        }
        // A request answered with 401 was not processed, so it may be sent again with any method, once.
        if self.place_to_go_on(keys) == Some(self.slot) {
            keys.on_pair_refused(now);
            return Action::Done(Verdict::Rejected);
        }
        let failover = keys.failover(self.slot, now);
        or_rejected(self.fail_over(failover, upstream, now))
    }

    /// Tries the other key, or waits for the result of other calls that are trying it.
    fn fail_over(&mut self, failover: Failover, upstream: &mut Upstream, now: Timestamp) -> Result<Action, Stop> {
        /// About the time of one response.
        const LOOK_AGAIN: Duration = Duration::from_millis(100);
        match failover {
            Failover::None => Err(Stop::Refused),
            // A call that has no time to wait tries the key itself.
            Failover::See if !self.is_too_late(LOOK_AGAIN) => Ok(self.wait(LOOK_AGAIN, None, Then::See)),
            Failover::See | Failover::Try(_) => {
                self.left = Some(self.key);
                self.go(None, upstream, now)
            }
        }
    }

    /// Sends if the gate lets the call through. Otherwise waits for its turn if that comes in time.
    fn go(&mut self, ticket: Option<Ticket>, upstream: &mut Upstream, now: Timestamp) -> Result<Action, Stop> {
        let gate = &mut upstream.gate;
        if self.is_too_late(Duration::ZERO) {
            gate.leave(ticket);
            return Err(Stop::Over);
        }
        let wait = gate.wait(ticket, now);
        if wait.is_zero() {
            self.pass = gate.pass(ticket, now);
            return Ok(self.send(&upstream.keys, now));
        }
        let is_full = gate.is_full(ticket, now);
        if is_full || self.is_too_long(wait) {
            let ahead = gate.ahead(ticket, now);
            let late = Error::held_back(wait, gate.closed_for(now), ahead, is_full, self.sent);
            gate.leave(ticket);
            return Err(Stop::TurnTooLate(late));
        }
        let (ticket, wait) = gate.queue(ticket, now);
        Ok(self.wait(wait, Some(ticket), Then::Send))
    }

    /// Waits as long as the server asked this call to, at a distance from other calls that were asked the same.
    fn pause(&mut self, asked: Duration, upstream: &mut Upstream, now: Timestamp) -> Result<Action, Stop> {
        let wait = upstream.gate.pause(asked, now).ok_or(Stop::Over)?;
        if self.is_too_long(wait) || !self.spend(upstream) {
            return Err(Stop::Over);
        }
        upstream.gate.on_pause(wait, now);
        Ok(self.wait(wait, None, Then::Send))
    }

    fn back_off(&mut self, wait: Duration, upstream: &mut Upstream) -> Result<Action, Stop> {
        if self.is_too_late(wait) || !self.spend(upstream) {
            return Err(Stop::Over);
        }
        Ok(self.wait(wait, None, Then::Send))
    }

    const fn wait(&mut self, told: Duration, ticket: Option<Ticket>, then: Then) -> Action {
        self.stage = Stage::Waiting { told, ticket, then };
        Action::Wait(told)
    }

    fn send(&mut self, keys: &KeyRing, now: Timestamp) -> Action {
        self.slot = self.place_to_go_on(keys).unwrap_or_else(|| keys.first_choice(now));
        self.key =
            SentKey { slot: self.slot, fingerprint: keys.fingerprint(self.slot), accepted: keys.accepted(self.slot) };
        self.sent += 1;
        let timeout = match (self.options.attempt_timeout, self.time_left(now)) {
            (Some(attempt), Some(left)) => Some(attempt.min(left)),
            (attempt, left) => attempt.or(left),
        };
        self.stage = Stage::Sending { timeout };
        Action::Send(Attempt { number: self.sent, slot: self.slot, timeout })
    }

    /// The slot of the other key, after the call has left the one it was refused with.
    fn place_to_go_on(&self, keys: &KeyRing) -> Option<Slot> {
        let left = self.left.filter(|left| keys.fingerprint(left.slot) == left.fingerprint)?;
        let other = left.slot.other();
        keys.fingerprint(other).map(|_| other)
    }

    fn or_failed(&self, went: Result<Action, Stop>, upstream: &Upstream, now: Timestamp) -> Action {
        let error = match went {
            Ok(action) => return action,
            Err(Stop::Over) => Error::of_failure(Failure::Timeout, self.sent),
            Err(Stop::TurnTooLate(error)) if self.rejection.is_none() => error,
            // The response is no longer at hand, so the error has no server message.
            Err(Stop::TurnTooLate(_) | Stop::Refused) => self.error(upstream, "", now),
        };
        Action::Done(Verdict::Failed(Box::new(error)))
    }

    /// The call no longer waits: its place in line or its trial is freed for others.
    fn stop_waiting(&mut self, upstream: &mut Upstream) {
        if let Stage::Waiting { ticket, .. } = mem::replace(&mut self.stage, Stage::Idle) {
            upstream.gate.leave(ticket);
        }
    }

    fn end_trial(&self, upstream: &mut Upstream) {
        if self.left.is_some() {
            upstream.keys.end_trial();
        }
    }

    fn spend(&mut self, upstream: &mut Upstream) -> bool {
        let is_paid = upstream.budget.spend();
        self.has_spent |= is_paid;
        is_paid
    }

    fn key_is_in_place(&self, upstream: &Upstream) -> bool {
        upstream.keys.fingerprint(self.slot) == self.key.fingerprint
    }

    const fn may_send_again(&self) -> bool {
        self.options.replayable && self.retries < self.options.retry.max_retries
    }

    fn is_too_long(&self, wait: Duration) -> bool {
        wait > self.options.retry.longest_wait || self.is_too_late(wait)
    }

    fn is_too_late(&self, wait: Duration) -> bool {
        self.deadline.is_some_and(|deadline| self.clock.shows().saturating_add(wait) >= deadline)
    }
}

/// Converts to an action after a response: a call that is not sent again ends with that response.
fn or_rejected(action: Result<Action, Stop>) -> Action {
    action.unwrap_or(Action::Done(Verdict::Rejected))
}
