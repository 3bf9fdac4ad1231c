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
//!
//! # What a driver owes
//!
//! Core trusts its driver in a few things that no type can say:
//!
//! - It follows no redirect. HTTP libraries do by default, and some take the key along to where it points.
//! - It sends each [`Attempt`] once, with the `Authorization` of [`Attempt::slot`], and gives up after
//!   [`Attempt::timeout`].
//! - It reports each end exactly once. A call that is given up is reported as [`Failure::Aborted`]: its place at the
//!   gate is free only then.
//! - It reads at most [`MAX_ERROR_BODY_BYTES`] of an error's body, and drops the body of a response that led to
//!   [`Action::Wait`] or [`Action::Send`].
//! - It holds no lock on the [`Upstream`] while it sends or waits. Several threads share one behind a `Mutex` that is
//!   taken for each step.
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
//! - Its clock may jump, but it runs: `now` after a wait is later than before it. Its random numbers, from 0 to 1, are
//!   random: they keep calls that failed together from coming back together.
//!
//! [`drive`] is the loop of an asynchronous driver and keeps most of this: a [`Transport`] brings the IO. `examples/rust-native` is a driver that blocks, for native programs, in one file.

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

/// What all calls towards one server share.
#[derive(Debug)]
pub struct Upstream {
    base: BaseUrl,
    keys: KeyRing,
    /// The credentials before these, which calls under way may have been sent with: the latest first.
    retired: [Option<Box<KeyRing>>; Self::RETIRED],
    gate: Gate,
    budget: RetryBudget,
    switched: Option<Switch>,
}

impl Upstream {
    /// So many rings of the past are remembered.
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

    /// Puts other credentials in place of the ones there, as after a look-up in
    /// a vault. Calls under way keep what they were sent with, and what is said of
    /// them is of that; the last four rings are remembered for it.
    pub fn replace_keys(&mut self, mut keys: KeyRing) {
        keys.take_over(&self.keys);
        let mut former = Some(Box::new(mem::replace(&mut self.keys, keys)));
        for place in &mut self.retired {
            mem::swap(place, &mut former);
        }
    }

    /// Whoever issued a credential says when it ends; see [`KeyRing::note_expiry`].
    pub fn note_expiry(&mut self, slot: Slot, at: Timestamp) {
        self.keys.note_expiry(slot, at);
    }

    /// The key of a fingerprint, in place or replaced, for a diagnosis.
    fn refused_key(&self, slot: Slot, fingerprint: Option<Fingerprint>) -> RefusedKey {
        let kind = self.keys.kind();
        if self.keys.fingerprint(slot) == fingerprint {
            return RefusedKey { kind, expires_at: self.keys.expires_at(slot), is_replaced: false };
        }
        let replaced = self.retired.iter().flatten().find(|ring| ring.fingerprint(slot) == fingerprint);
        RefusedKey { kind, expires_at: replaced.and_then(|ring| ring.expires_at(slot)), is_replaced: true }
    }

    /// The secrets of now and of the calls under way, to be taken out of foreign text.
    fn secrets(&self) -> Vec<&str> {
        let mut secrets = Vec::new();
        self.keys.push_secrets(&mut secrets);
        for ring in self.retired.iter().flatten() {
            ring.push_secrets(&mut secrets);
        }
        secrets
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
    /// What the caller knows of sending twice: that it is harmless, or that it
    /// is not, whatever the method, as with a PUT that toggles. `None` is what
    /// the method says (RFC 9110 §9.2.2). An `Idempotency-Key` is not such
    /// knowledge: no page of the API says that it looks at one.
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
    /// Which operation it is, so that the diagnosis of a 401 can tell a key that was revoked from one that lacks a
    /// permission. `None` when the driver does not say.
    pub operation: Option<Operation>,
    /// The only level of key that the operation takes, when that is known.
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
    /// Of this call alone, so that its time does not grow when the driver's clock is put back.
    clock: SteadyClock,
    deadline: Option<Timestamp>,
    stage: Stage,
    slot: Slot,
    sent: u32,
    /// What the gate let the last try through with.
    pass: Pass,
    key: SentKey,
    /// Retries other than the key ring's, which are the ones policy counts.
    retries: u32,
    /// A retry has taken its price from the budget.
    has_spent: bool,
    /// The key, of those in place now, that this call was refused with and therefore left.
    left: Option<SentKey>,
    /// A try got no answer that says whether it was processed.
    may_be_done: bool,
    rejection: Option<Rejection>,
    verdict_before: KeyVerdict,
    /// When the key was last accepted before, if it was for this operation.
    worked_before: Option<Timestamp>,
}

/// What the driver is doing for a call.
#[derive(Clone, Copy, Debug)]
enum Stage {
    /// Nothing yet, or nothing more.
    Idle,
    /// It waits, for so long; with a ticket when it is in line.
    Waiting { told: Duration, ticket: Option<Ticket>, then: Then },
    /// It sends, and gives up after so long.
    Sending { timeout: Option<Duration> },
}

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// Its next try.
    Send,
    /// What others find who try the other key.
    See,
}

/// A key as a call was sent with it: by the time of the answer another may be in its place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct SentKey {
    slot: Slot,
    fingerprint: Option<Fingerprint>,
    /// How often it had been accepted by then.
    accepted: u32,
}

/// Why a call is not sent again.
enum Stop {
    /// Its time is over, or it has no more tries.
    Over,
    /// Its turn at the gate would come too late, or its line is full, as the error says.
    TurnTooLate(Error),
    /// There is no other key to try.
    Refused,
}

impl Call {
    /// A call that begins now.
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

    /// How many requests have been sent.
    pub const fn attempts(&self) -> u32 {
        self.sent
    }

    /// How much of [`CallOptions::timeout`] is left, such as for the body of a response; `None` is for ever. By the
    /// call's own clock: it does not grow when the driver's is put back between two reports.
    pub fn time_left(&self, now: Timestamp) -> Option<Duration> {
        self.deadline.map(|deadline| deadline.saturating_since(self.clock.at(now)))
    }

    /// Whose `Authorization` was sent last.
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// The first action.
    pub fn start(&mut self, upstream: &mut Upstream, now: Timestamp) -> Action {
        self.clock.advance(now);
        let went = self.go(None, upstream, now);
        self.or_failed(went, upstream, now)
    }

    /// The wait is over.
    pub fn on_waited(&mut self, upstream: &mut Upstream, now: Timestamp) -> Action {
        let Stage::Waiting { told, ticket, then } = mem::replace(&mut self.stage, Stage::Idle) else {
            return self.start(upstream, now);
        };
        self.clock.advance_after(now, told);
        let went = match then {
            // While this call waited for its place, another may have been refused.
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

    /// A response's head has come. `jitter` is a random number from 0 to 1.
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
            // The gate knows the wait and gives every caller a place of its own.
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

    /// A response of 429 that is not everybody's has come: the gate stays open for others, and whoever keeps one for
    /// calls such as this holds it back. As [`on_response`](Self::on_response) otherwise; also returns for how long the
    /// server wants to be left alone.
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

    /// No response came.
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

    /// The error of a call that ended as [`Verdict::Rejected`]; `body` is what
    /// was read of the response, possibly nothing, decoded as UTF-8 with U+FFFD
    /// for what is none.
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

    /// What is known of a refusal beside the server's words.
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
        // Looked at by the wary only: headers cost a crossing each where they are JavaScript's.
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
            // The keys were replaced meanwhile: no verdict on the new ones, but a reason to use them.
            (self.verdict_before, self.worked_before) = (KeyVerdict::Untested, None);
            let again = if self.options.replayable { self.go(None, upstream, now) } else { Err(Stop::Refused) };
            return or_rejected(again);
        }
        let keys = &mut upstream.keys;
        self.verdict_before = keys.verdict(self.slot).unwrap_or_default();
        self.worked_before = self.options.operation.and_then(|operation| keys.worked(self.slot, operation));
        // If so it works, just not for this call.
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
        // A 401 was not processed, so any method may go again; once.
        if self.place_to_go_on(keys) == Some(self.slot) {
            keys.on_pair_refused(now);
            return Action::Done(Verdict::Rejected);
        }
        let failover = keys.failover(self.slot, now);
        or_rejected(self.fail_over(failover, upstream, now))
    }

    /// Tries the other key, or waits for what others find who do.
    fn fail_over(&mut self, failover: Failover, upstream: &mut Upstream, now: Timestamp) -> Result<Action, Stop> {
        /// About as long as an answer takes.
        const LOOK_AGAIN: Duration = Duration::from_millis(100);
        match failover {
            Failover::None => Err(Stop::Refused),
            // Who has no time to wait tries by itself.
            Failover::See if !self.is_too_late(LOOK_AGAIN) => Ok(self.wait(LOOK_AGAIN, None, Then::See)),
            Failover::See | Failover::Try(_) => {
                self.left = Some(self.key);
                self.go(None, upstream, now)
            }
        }
    }

    /// Sends when the gate lets the call through, or waits for its turn if that is within its bounds.
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

    /// Waits as long as the server asked this call to, and leaves apart from others that were asked the same.
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

    /// The place of the other key, once the one that this call was refused with was left.
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
            // The response that led here is gone by now, so its error has no words.
            Err(Stop::TurnTooLate(_) | Stop::Refused) => self.error(upstream, "", now),
        };
        Action::Done(Verdict::Failed(Box::new(error)))
    }

    /// What it waited for came otherwise, or it is over: others move up.
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

/// As an action after a response: what is not sent again ends with that response.
fn or_rejected(action: Result<Action, Stop>) -> Action {
    action.unwrap_or(Action::Done(Verdict::Rejected))
}
