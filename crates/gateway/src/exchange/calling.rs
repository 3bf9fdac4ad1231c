//! The call to the API: places at the shared gate, attempts, waits.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::call::{Attempt, Failure, Quota, REQUEST_ID_HEADERS, Verdict};
use attention_core::{Action, Headers, Method, Slot, Timestamp};

use super::{Carries, Conversation, Exchange, HeaderEdit, Send, Stage, Step, Then, Upload};
use crate::answer::header_policy::{Coming, Handling};
use crate::answer::health;
use crate::answer::problem::Problem;
use crate::answer::reply::Reply;
use crate::answer::status::Asked;
use crate::authorize::identity::NamedBy;
use crate::deployment::Deployment;
use crate::limits;
use crate::limits::asking::Question;
use crate::limits::lanes::{self, Closing};
use crate::limits::lease::Turn;
use crate::limits::proof::{Cell, Scope};
use crate::limits::rate::Rate;
use crate::limits::shared_gate::Place;

/// How long the API may take to respond to a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// The headers of a probe.
const PROBE_HEADERS: &[(&str, &str)] = &[("accept", "application/json")];

/// Whether the server's request id contains a key, which an error's log line would repeat.
fn echoed_name(deployment: &Deployment, headers: &dyn Headers) -> bool {
    REQUEST_ID_HEADERS.iter().any(|name| headers.get(name).is_some_and(|value| deployment.echoes(&value)))
}

/// Headers, without [`REQUEST_ID_HEADERS`] if those are hidden.
struct Named<'a> {
    headers: &'a dyn Headers,
    is_hidden: bool,
}

impl Headers for Named<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        if self.is_hidden && REQUEST_ID_HEADERS.contains(&name) { None } else { self.headers.get(name) }
    }
}

/// The head of a response.
pub(super) struct Response<'a> {
    pub(super) status: u16,
    pub(super) headers: &'a dyn Headers,
    pub(super) jitter: f64,
}

impl Exchange {
    /// Performs the call's next action. Success and rejection come with a response, which [`super::answering`] handles.
    pub(super) fn follow(
        &mut self,
        deployment: &mut Deployment,
        action: Action,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match action {
            Action::Send(attempt) => {
                self.attempted_at = now;
                return self.pass_lanes(deployment, attempt, now);
            }
            Action::Wait(wait) => self.go(Stage::Waiting(Then::Call), Step::Wait(wait)),
            Action::Done(verdict) => {
                self.invalidate(deployment);
                self.facts.upstream_time = now.saturating_since(self.facts.started);
                match verdict {
                    Verdict::Failed(error) => {
                        let problem = Problem::of_upstream(&error).unwrap_or_else(Problem::internal);
                        self.facts.upstream_error = Some(*error);
                        return Err(problem);
                    }
                    // There is no response to pass on.
                    Verdict::Success | Verdict::Rejected => return Err(Problem::internal()),
                }
            }
        }
        Ok(())
    }

    /// The call's turn in the lanes for limits that do not concern everybody.
    fn pass_lanes(&mut self, deployment: &mut Deployment, attempt: Attempt, now: Timestamp) -> Result<(), Problem> {
        let patience = self.patience(deployment, now);
        match deployment.lanes.turn(&self.cell, &mut self.passage, patience, now) {
            lanes::Turn::Go => self.pass_gate(deployment, attempt, now),
            lanes::Turn::Wait(wait) => self.wait_for(deployment, Then::Lane(attempt), wait, now),
            lanes::Turn::Late(wait) => {
                self.invalidate(deployment);
                Err(Problem::held_back(wait))
            }
        }
    }

    /// The call's turn at the shared gate: it goes, waits, or asks. A call counts once, however often it is sent.
    fn pass_gate(&mut self, deployment: &mut Deployment, attempt: Attempt, now: Timestamp) -> Result<(), Problem> {
        let limit = self.facts.limit.filter(|_| !self.counted);
        let asking = &mut deployment.asking;
        if !deployment.config.has_gate {
            self.send(attempt, now);
            return Ok(());
        }
        if limit.is_none() && !asking.has_budget() {
            self.beside = asking.beside("", None, now);
            self.send(attempt, now);
            return Ok(());
        }
        if asking.is_alone() {
            return self.pass_alone(deployment, attempt, now);
        }
        if self.asks_for_itself() {
            let question = Question::Places { holder: self.facts.holder(), limit: None, wanted: 1 };
            self.ask(deployment, question, attempt, now);
            return Ok(());
        }
        let holder = self.facts.counted_as();
        let patience = self.patience(deployment, now);
        let asking = &mut deployment.asking;
        match asking.turn(&holder, &mut self.ticket, patience, now) {
            Turn::Go => {
                self.counted = true;
                self.beside = asking.beside(&holder, self.facts.limit, now);
                self.send(attempt, now);
                Ok(())
            }
            Turn::Wait(wait) => self.wait_for(deployment, Then::Ask(attempt), Duration::from_micros(wait), now),
            Turn::Ask(wanted) => {
                let limit = limit.map(Rate::text);
                self.ask(deployment, Question::Places { holder, limit, wanted }, attempt, now);
                Ok(())
            }
            Turn::Limited(wait) => {
                self.call = None;
                Err(Problem::caller_rate_limited(Duration::from_micros(wait)))
            }
            Turn::Late(wait) => {
                self.invalidate(deployment);
                Err(Problem::held_back(Duration::from_micros(wait)))
            }
            Turn::Crowded => {
                self.invalidate(deployment);
                Err(Problem::held_back(Duration::from_secs(1)))
            }
        }
    }

    /// Whether it asks for a place of its own, because it is sent again while its holder's leases count new calls.
    const fn asks_for_itself(&self) -> bool {
        self.counted && self.facts.limit.is_some()
    }

    /// An unresponsive gate does not delay calls for long: the isolate's own gate still observes a 429, and each
    /// isolate enforces limits and budget on its own.
    fn pass_alone(&mut self, deployment: &mut Deployment, attempt: Attempt, now: Timestamp) -> Result<(), Problem> {
        (self.counted, self.ticket) = (true, None);
        let patience = self.patience(deployment, now);
        let wait = deployment.asking.own_wait(patience, now);
        self.beside = deployment.asking.beside("", None, now);
        if wait.is_zero() {
            self.send(attempt, now);
            return Ok(());
        }
        self.wait_for(deployment, Then::Send(attempt), wait, now)
    }

    fn ask(&mut self, deployment: &Deployment, question: Question, attempt: Attempt, now: Timestamp) {
        self.asked_at = now;
        // No longer than the call's remaining time.
        let timeout = limits::ANSWER_WITHIN.min(self.patience(deployment, now)).max(Duration::from_millis(1));
        self.go(Stage::Asking(attempt), Step::AskGate { question, timeout });
    }

    /// The gate's answer.
    pub(super) fn on_place(
        &mut self,
        deployment: &mut Deployment,
        attempt: Attempt,
        place: Option<Place>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let asks_for_itself = self.asks_for_itself();
        let holder = if asks_for_itself { self.facts.holder() } else { self.facts.counted_as() };
        let asked = self.asked_at;
        if !asks_for_itself {
            if deployment.asking.on_place(&holder, place, asked, now) {
                return self.pass_gate(deployment, attempt, now);
            }
            return self.pass_alone(deployment, attempt, now);
        }
        match deployment.asking.on_own_place(place, now) {
            Some(Place::Granted(wait)) if !wait.is_zero() => self.wait_for(deployment, Then::Send(attempt), wait, now),
            Some(Place::AskAgain(wait)) => self.wait_for(deployment, Then::Ask(attempt), wait, now),
            Some(Place::Granted(_) | Place::Leased(_) | Place::Limited(_)) => {
                self.send(attempt, now);
                Ok(())
            }
            None => self.pass_alone(deployment, attempt, now),
        }
    }

    /// How long a call may still wait for its turn.
    fn patience(&self, deployment: &Deployment, now: Timestamp) -> Duration {
        let patience = deployment.config.timeout.min(deployment.config.retry.longest_wait);
        patience.saturating_sub(now.saturating_since(self.begun))
    }

    /// Waits, if the call can wait that long. Otherwise it gives up its place in the line.
    fn wait_for(
        &mut self,
        deployment: &mut Deployment,
        then: Then,
        wait: Duration,
        now: Timestamp,
    ) -> Result<(), Problem> {
        if wait > self.patience(deployment, now) {
            self.ticket = None;
            self.invalidate(deployment);
            return Err(Problem::held_back(wait));
        }
        self.go(Stage::Waiting(then), Step::Wait(wait));
        Ok(())
    }

    pub(super) fn on_waited(&mut self, deployment: &mut Deployment, then: Then, now: Timestamp) -> Result<(), Problem> {
        match then {
            Then::LookForKeySet => return self.verify(deployment, now),
            Then::Send(attempt) => self.send(attempt, now),
            Then::Lane(attempt) => return self.pass_lanes(deployment, attempt, now),
            Then::Ask(attempt) => return self.pass_gate(deployment, attempt, now),
            Then::Call => {
                let call = self.call.as_mut().ok_or_else(Problem::internal)?;
                let action = call.on_waited(&mut deployment.upstream, now);
                return self.follow(deployment, action, now);
            }
        }
        Ok(())
    }

    fn send(&mut self, attempt: Attempt, now: Timestamp) {
        let Some(forward) = &self.forward else { return self.refuse(&Problem::internal()) };
        // The wait at the gate was part of the call's time.
        let late = now.saturating_since(self.attempted_at);
        let timeout = attempt.timeout.map(|timeout| timeout.saturating_sub(late).max(Duration::from_millis(1)));
        if let Some(visit) = &mut self.visit {
            visit.sent(now);
        }
        let send = Send {
            method: forward.method,
            url: forward.url.clone(),
            slot: attempt.slot,
            // No response is awaited after the credential has expired, and an upload ends when its credential expires.
            timeout: [timeout, self.lasts_for(now)].into_iter().flatten().min(),
            streaming: self.streaming(timeout, now),
            carries: Carries::TheCallers {
                edits: self.edits_up(),
                more: self.conversation.as_ref().map(Conversation::params).unwrap_or_default().to_vec(),
                body: self.upload != Upload::Absent,
            },
        };
        self.go(Stage::Sending, Step::Send(send));
    }

    /// The edits of the caller's headers for the API.
    fn edits_up(&self) -> Vec<HeaderEdit> {
        let mut edits: Vec<HeaderEdit> = Vec::new();
        // A malformed `traceparent` is not forwarded, and neither is its `tracestate`.
        if self.facts.trace.is_none() {
            edits.extend([("traceparent", None), ("tracestate", None)]);
        }
        // The caller's own condition is evaluated here, after the API has answered the cache's condition.
        if let Some((name, value)) = &self.condition {
            let value = Some(Cow::Owned(value.clone()));
            edits.extend([("if-none-match", None), ("if-modified-since", None), (*name, value)]);
        }
        if let Some(codings) = &self.codings {
            edits.push(("accept-encoding", Some(codings.clone())));
        }
        if let (Some(conversation), Some(forward)) = (&self.conversation, &self.forward) {
            edits.extend(conversation.edits_up(forward.method));
        }
        // A partial response cannot be redacted.
        if self.rewrites() {
            edits.extend([("range", None), ("if-range", None)]);
        }
        edits
    }

    /// Whether members or tools are removed from the response.
    pub(super) fn rewrites(&self) -> bool {
        self.forward.as_ref().is_some_and(|forward| !forward.redact.is_empty()) || self.filters_tools()
    }

    /// Whether the response is a list of tools, some of which the caller may not call.
    pub(super) fn filters_tools(&self) -> bool {
        let lists = self.conversation.as_ref().is_some_and(Conversation::lists_tools);
        lists && self.forward.as_ref().is_some_and(|forward| !forward.tools.is_empty())
    }

    pub(super) fn on_response(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        response: &Response<'_>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let &Response { status, headers, jitter } = response;
        self.facts.upstream_status = Some(status);
        deployment.breaker.answered(&self.cell, status, now);
        let named = Named { headers, is_hidden: status >= 400 && echoed_name(deployment, headers) };
        let action = if status == 429 {
            self.on_limited(deployment, &named, now, jitter)?
        } else {
            deployment.lanes.answered(&self.cell, now);
            let call = self.call.as_mut().ok_or_else(Problem::internal)?;
            call.on_response(&mut deployment.upstream, status, &named, now, jitter)
        };
        self.facts.switch = deployment.upstream.take_switch().or(self.facts.switch);
        let verdict = match action {
            Action::Done(verdict @ (Verdict::Success | Verdict::Rejected)) => verdict,
            action => return self.follow(deployment, action, now),
        };
        self.invalidate(deployment);
        self.facts.upstream_time = now.saturating_since(self.facts.started);
        let is_success = verdict == Verdict::Success;
        self.judge_head(deployment, request, response, is_success, now)?;
        if is_success {
            return self.on_success(deployment, request, response, now);
        }
        self.read_error(deployment, headers, now)
    }

    /// The API asked to wait. Everybody waits if the API says that the key has no calls left, or if that is proven;
    /// otherwise only calls like this one.
    fn on_limited(
        &mut self,
        deployment: &mut Deployment,
        headers: &dyn Headers,
        now: Timestamp,
        jitter: f64,
    ) -> Result<Action, Problem> {
        let call = self.call.as_mut().ok_or_else(Problem::internal)?;
        let upstream = &mut deployment.upstream;
        let is_of_key = Quota::from_headers(headers, now).is_some_and(|quota| quota.remaining == 0);
        let scope = if is_of_key { Scope::default() } else { deployment.lanes.refused(&self.cell, now) };
        let is_everybodys = scope.is_everybodys();
        let (action, wait) = if is_everybodys {
            let action = call.on_response(upstream, 429, headers, now, jitter);
            (action, upstream.closed_for(now))
        } else {
            call.on_limited_apart(upstream, headers, now, jitter)
        };
        if !is_everybodys {
            deployment.lanes.hold(&scope, Some(&self.passage), wait, now);
        }
        let Cell { caller, route } = if is_everybodys { Cell::default() } else { self.cell.clone() };
        self.closing = (deployment.config.has_gate && !wait.is_zero()).then_some(Closing { wait, caller, route });
        Ok(action)
    }

    /// Evaluates the head of a response, whatever its body.
    fn judge_head(
        &mut self,
        deployment: &Deployment,
        request: &dyn Headers,
        response: &Response<'_>,
        is_success: bool,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let &Response { status, headers, .. } = response;
        let forward = self.forward.as_ref().ok_or_else(Problem::internal)?;
        let asked = Asked {
            method: forward.method,
            request,
            may_be_a_part: !self.rewrites(),
            is_conditional: self.condition.is_some(),
        };
        // The error's message is still read for the log.
        self.out_of_place = (!asked.fits(status)).then(Problem::out_of_place);
        if is_success && let Some(problem) = self.out_of_place.take() {
            return Err(problem);
        }
        let handling = match is_success {
            true if self.rewrites() => Handling::Redacted,
            true => Handling::Streamed,
            false => Handling::Error,
        };
        let is_told_apart_otherwise = self.facts.named_by == NamedBy::Issuer && !request.has("authorization");
        let echoes = |value: &str| deployment.echoes(value);
        let base = deployment.upstream.base();
        let coming = Coming { status, headers, base, handling, is_told_apart_otherwise, now, echoes: &echoes };
        self.edits = coming.edits();
        self.edits.extend(self.session_edit(deployment, headers));
        Ok(())
    }

    pub(super) fn on_no_response(
        &mut self,
        deployment: &mut Deployment,
        (failure, jitter): (Failure, f64),
        now: Timestamp,
    ) -> Result<(), Problem> {
        // A caller that disconnects must not affect others. An API that has the whole body and does not respond is another
        // matter.
        if self.upload != Upload::Streamed || failure == Failure::Timeout {
            deployment.breaker.failed(&self.cell, now);
        }
        let call = self.call.as_mut().ok_or_else(Problem::internal)?;
        let action = call.on_failure(&mut deployment.upstream, failure, now, jitter);
        self.follow(deployment, action, now)
    }

    /// The caller did not send its whole body: the API has a part of it, which does not look complete.
    pub(super) fn without_upload(&mut self, deployment: &mut Deployment, why: Problem, now: Timestamp) -> Problem {
        self.invalidate(deployment);
        self.facts.upstream_time = now.saturating_since(self.facts.started);
        if let Some(call) = &mut self.call {
            call.on_failure(&mut deployment.upstream, Failure::Aborted, now, 0.0);
        }
        why
    }

    /// A call with an unsafe method may have had an effect whatever its result, so stored responses for its URL are
    /// invalidated (RFC 9111 §4.4).
    fn invalidate(&self, deployment: &mut Deployment) {
        if let Some(forward) = &self.forward
            && !matches!(forward.method, Method::Get | Method::Head)
        {
            deployment.cache.invalidate(&forward.url);
        }
    }

    /// Has a key probed, with a request of the proxy's own.
    pub(super) fn probe(&mut self, slot: Slot, url: String) {
        let carries = Carries::Only(PROBE_HEADERS);
        let send = Send { method: Method::Get, url, slot, timeout: Some(PROBE_TIMEOUT), streaming: None, carries };
        self.go(Stage::Probing(slot), Step::Send(send));
    }

    /// The API's response to a probe: its status, 0 if there was none.
    #[expect(clippy::unnecessary_wraps)] // Like the rules for all other reports.
    pub(super) fn on_probed(&mut self, deployment: &Deployment, slot: Slot, status: u16) -> Result<(), Problem> {
        self.answer(Reply::json(200, health::probed(deployment.upstream.keys(), slot, status)));
        Ok(())
    }
}
