//! The call to the API: places at the shared gate, tries, waits.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::call::{Attempt, Failure, REQUEST_ID_HEADERS, Verdict};
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
use crate::limits::rate::Rate;
use crate::limits::shared_gate::Place;

/// How long the API may take to answer a probe.
const PROBE_TIMEOUT: Duration = Duration::from_secs(10);

/// What a probe asks for.
const PROBE_HEADERS: &[(&str, &str)] = &[("accept", "application/json")];

/// Whether a server names an exchange by a key, which an error's log line would repeat.
fn echoed_name(deployment: &Deployment, headers: &dyn Headers) -> bool {
    REQUEST_ID_HEADERS.iter().any(|name| headers.get(name).is_some_and(|value| deployment.echoes(&value)))
}

/// Headers, but for [`REQUEST_ID_HEADERS`] when those are hidden.
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
    /// What the call says is next. Success and rejection belong to a response, which [`super::answering`] judges.
    pub(super) fn follow(
        &mut self,
        deployment: &mut Deployment,
        action: Action,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match action {
            Action::Send(attempt) if deployment.config.has_gate => self.ask(attempt),
            Action::Send(attempt) => self.send(attempt, now),
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
                    // Without a response there is none to pass on.
                    Verdict::Success | Verdict::Rejected => return Err(Problem::internal()),
                }
            }
        }
        Ok(())
    }

    /// Asks the gate that all isolates share. A call counts once, however often it is sent.
    fn ask(&mut self, attempt: Attempt) {
        let limit = if self.counted { None } else { self.facts.limit.map(Rate::text) };
        self.counted = true;
        self.go(Stage::Asking(attempt), Step::AskGate { limit, timeout: limits::ANSWER_WITHIN });
    }

    /// A gate that does not answer holds nobody up: the isolate's own gate still heeds a 429.
    pub(super) fn on_place(
        &mut self,
        deployment: &mut Deployment,
        attempt: Attempt,
        place: Option<Place>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        let (wait, then) = match place.unwrap_or(Place::Granted(Duration::ZERO)) {
            Place::Granted(Duration::ZERO) => {
                self.send(attempt, now);
                return Ok(());
            }
            Place::Granted(wait) => (wait, Then::Send(attempt)),
            Place::AskAgain(wait) => (wait, Then::Ask(attempt)),
            Place::Limited(wait) => {
                self.call = None;
                return Err(Problem::allowance(wait));
            }
        };
        let waited = now.saturating_since(self.facts.started);
        let patience = deployment.config.timeout.min(deployment.config.retry.longest_wait);
        if waited.saturating_add(wait) > patience {
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
            Then::Ask(attempt) => self.ask(attempt),
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
        if let Some(visit) = &mut self.visit {
            visit.sent(now);
        }
        let send = Send {
            method: forward.method,
            url: forward.url.clone(),
            slot: attempt.slot,
            // Nobody waits for what may not be given any more, and an upload ends with what it came with.
            timeout: [attempt.timeout, self.lasts_for(now)].into_iter().flatten().min(),
            carries: Carries::TheCallers {
                edits: self.edits_up(),
                more: self.conversation.as_ref().map(Conversation::params).unwrap_or_default().to_vec(),
                body: self.upload != Upload::Absent,
            },
        };
        self.go(Stage::Sending, Step::Send(send));
    }

    /// What changes of the caller's headers on their way up.
    fn edits_up(&self) -> Vec<HeaderEdit> {
        let mut edits: Vec<HeaderEdit> = Vec::new();
        // A `traceparent` that is malformed goes nowhere, nor does the `tracestate` beside it.
        if self.facts.trace.is_none() {
            edits.extend([("traceparent", None), ("tracestate", None)]);
        }
        // The caller's own condition is answered here, once the API has answered the cache's.
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
        // A part cannot be taken apart.
        if self.rewrites() {
            edits.extend([("range", None), ("if-range", None)]);
        }
        edits
    }

    /// Whether something is taken out of the answer: members, or tools.
    pub(super) fn rewrites(&self) -> bool {
        self.forward.as_ref().is_some_and(|forward| !forward.redact.is_empty()) || self.filters_tools()
    }

    /// Whether the answer is a list of tools, some of which the caller may not call.
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
        deployment.breaker.answered(status, now);
        let call = self.call.as_mut().ok_or_else(Problem::internal)?;
        let named = Named { headers, is_hidden: status >= 400 && echoed_name(deployment, headers) };
        let upstream = &mut deployment.upstream;
        let action = call.on_response(upstream, status, &named, now, jitter);
        self.facts.switch = upstream.take_switch().or(self.facts.switch);
        let closed = upstream.closed_for(now);
        self.closes_gate_for = (deployment.config.has_gate && !closed.is_zero()).then_some(closed);
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

    /// What the head of an answer comes to, whatever its body is.
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
        // What an error says is read for the log all the same.
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
        // A caller that breaks off, or sends slowly, must not shut the others out.
        if self.upload != Upload::Streamed {
            deployment.breaker.failed(now);
        }
        let call = self.call.as_mut().ok_or_else(Problem::internal)?;
        let action = call.on_failure(&mut deployment.upstream, failure, now, jitter);
        self.follow(deployment, action, now)
    }

    /// An unsafe call may have been done, whatever came of it: what is kept of its URL is old (RFC 9111 §4.4).
    fn invalidate(&self, deployment: &mut Deployment) {
        if let Some(forward) = &self.forward
            && !matches!(forward.method, Method::Get | Method::Head)
        {
            deployment.cache.invalidate(&forward.url);
        }
    }

    /// Has a key tried, with a request of the proxy's own.
    pub(super) fn probe(&mut self, slot: Slot, url: String) {
        let carries = Carries::Only(PROBE_HEADERS);
        let send = Send { method: Method::Get, url, slot, timeout: Some(PROBE_TIMEOUT), carries };
        self.go(Stage::Probing(slot), Step::Send(send));
    }

    /// What the API said to a probe: its status, 0 for none.
    #[expect(clippy::unnecessary_wraps)] // As every report's rule.
    pub(super) fn on_probed(&mut self, deployment: &Deployment, slot: Slot, status: u16) -> Result<(), Problem> {
        self.answer(Reply::json(200, health::probed(deployment.upstream.keys(), slot, status)));
        Ok(())
    }
}
