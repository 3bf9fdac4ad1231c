//! One request's way through the Worker: what is known of it, and what its log
//! line says.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::call::{Attempt, KeyRing, Slot, Switch, Verdict};
use attention_core::codec::json::Object;
use attention_core::credential::Fingerprint;
use attention_core::{Action, Call, Error, Method, Timestamp, millis};

use crate::allowance::Rate;
use crate::cache::Cache;
use crate::problem::Problem;
use crate::reply::Reply;

/// What the driver has to do next for an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Next {
    /// Send it to `url`.
    Send(Attempt),
    Wait(Duration),
    /// Pass the response on.
    Pass,
    /// Pass the response on without some members of its JSON.
    Redact,
    /// Read the response's body, bounded, and say what it was.
    Read,
    /// Answer with `reply`.
    Reply,
    /// Read the request's body, bounded, and say what it was.
    Body,
    /// Send one GET to `url` with the key of this place, and say what came of it.
    Probe(Slot),
    /// Answer with the status page.
    Status,
}

/// The exchanges under way, by numbers that do not come back: an exchange whose
/// caller goes away is not ended by anybody, and what may still hold its number
/// must not find another one.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    /// The number of the first place.
    first: usize,
    places: VecDeque<Option<Box<Exchange>>>,
}

impl Exchanges {
    /// Gives it a number, and forgets those that began so long before it.
    pub(crate) fn begin(&mut self, exchange: Exchange, longest: Duration) -> usize {
        let now = exchange.started;
        self.forget_while(|oldest| oldest.is_none_or(|oldest| oldest.started.saturating_add(longest) < now));
        self.places.push_back(Some(Box::new(exchange)));
        self.first.wrapping_add(self.places.len() - 1)
    }

    pub(crate) fn get(&self, number: usize) -> Option<&Exchange> {
        self.places.get(number.wrapping_sub(self.first))?.as_deref()
    }

    pub(crate) fn get_mut(&mut self, number: usize) -> Option<&mut Exchange> {
        self.places.get_mut(number.wrapping_sub(self.first))?.as_deref_mut()
    }

    pub(crate) fn end(&mut self, number: usize) {
        if let Some(place) = self.places.get_mut(number.wrapping_sub(self.first)) {
            *place = None;
        }
        self.forget_while(|oldest| oldest.is_none());
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    fn forget_while(&mut self, over: impl Fn(Option<&Exchange>) -> bool) {
        while self.places.front().is_some_and(|oldest| over(oldest.as_deref())) {
            self.places.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }
}

/// Where a caller's name is from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NamedBy {
    Configuration,
    Issuer,
}

/// Filled in on the way; what was never reached stays out of the line.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools)] // Facts, each independent of the others.
pub(crate) struct Exchange {
    pub(crate) request_id: String,
    pub(crate) started: Timestamp,
    pub(crate) method: Option<Method>,
    /// Which of the configured callers.
    pub(crate) caller: Option<String>,
    pub(crate) named_by: NamedBy,
    /// The caller's own limit.
    pub(crate) limit: Option<Rate>,
    /// The id of the session that it came with.
    pub(crate) session: Option<String>,
    /// The trace that it is part of.
    pub(crate) trace: Option<String>,
    /// The policy's pattern rather than the path: paths hold ids, and are a
    /// caller's text.
    pub(crate) route: Option<String>,
    pub(crate) code: Option<&'static str>,
    /// The origin of the page that asked, once it is allowed.
    pub(crate) cors_origin: Option<String>,
    pub(crate) call: Option<Call>,
    pub(crate) upstream_status: Option<u16>,
    pub(crate) upstream_time: Duration,
    pub(crate) upstream_error: Option<Error>,
    pub(crate) switch: Option<Switch>,
    /// What the operator has to know, beside the request itself.
    pub(crate) fault: Option<String>,
    /// A probe asks every few seconds, and its answer is its own record.
    pub(crate) is_probe: bool,
    /// Members to take out of the API's answer.
    pub(crate) redact: Vec<String>,
    /// The cache's part in it, if the policy gives it one.
    pub(crate) cache: Option<Cache>,
    /// Whether it asks for a WebSocket, and may.
    pub(crate) is_websocket: bool,
    /// Whether the body says what the request asks for.
    pub(crate) is_mcp: bool,
    /// Whether the body goes up as it comes, rather than held: when that fails, it
    /// may be the caller who broke off.
    pub(crate) streams: bool,
    pub(crate) next: Next,
    /// Where it goes, for the driver to take.
    pub(crate) url: String,
    /// What [`Next::Reply`] answers with, for the driver to take. Without one the
    /// driver fails, which is an answer too.
    pub(crate) reply: Option<Reply>,
}

impl Exchange {
    pub(crate) const fn new(request_id: String, method: Option<Method>, started: Timestamp) -> Self {
        Self {
            request_id,
            started,
            method,
            caller: None,
            named_by: NamedBy::Configuration,
            limit: None,
            session: None,
            trace: None,
            route: None,
            code: None,
            cors_origin: None,
            call: None,
            upstream_status: None,
            upstream_time: Duration::ZERO,
            upstream_error: None,
            switch: None,
            fault: None,
            is_probe: false,
            redact: Vec::new(),
            cache: None,
            is_websocket: false,
            is_mcp: false,
            streams: false,
            next: Next::Reply,
            url: String::new(),
            reply: None,
        }
    }

    pub(crate) fn answer(&mut self, reply: Reply) {
        self.reply = Some(reply);
        self.next = Next::Reply;
    }

    pub(crate) fn refuse(&mut self, problem: &Problem) {
        self.code = Some(problem.code);
        self.answer(Reply::problem(problem, &self.request_id));
    }

    /// What its call says is next.
    pub(crate) fn follow(&mut self, action: Action, now: Timestamp) {
        self.next = match action {
            Action::Send(attempt) => Next::Send(attempt),
            Action::Wait(wait) => Next::Wait(wait),
            Action::Done(verdict) => {
                self.upstream_time = now.saturating_since(self.started);
                match verdict {
                    Verdict::Success if self.redact.is_empty() => Next::Pass,
                    Verdict::Success => Next::Redact,
                    Verdict::Rejected => Next::Read,
                    Verdict::Failed(error) => {
                        let problem = Problem::of_upstream(&error).unwrap_or_else(Problem::internal);
                        self.upstream_error = Some(*error);
                        return self.refuse(&problem);
                    }
                }
            }
        };
    }

    /// Who the caller is, unlike any other: an issuer may give somebody a name that a
    /// configured caller has.
    pub(crate) fn holder(&self) -> String {
        let prefix = if self.named_by == NamedBy::Issuer { "jwt:" } else { "" };
        [prefix, self.caller.as_deref().unwrap_or_default()].concat()
    }

    /// The line: one JSON object, ASCII, without a secret.
    pub(crate) fn line(&self, form: Form, ring: Option<&KeyRing>, status: u16, now: Timestamp) -> String {
        let fingerprint = |slot: Slot| ring.and_then(|ring| ring.fingerprint(slot)).map(Fingerprint::to_hex);
        let mut line = Line { object: Object::new(), form };
        if form == Form::Columns {
            line.object.string("time", &now.to_rfc3339());
        }
        line.object
            .string("event", "request")
            .string("level", if status >= 500 { "error" } else { "info" })
            .string("requestId", &self.request_id)
            .number("status", status);
        line.text("method", self.method.map(Method::as_str));
        line.text("caller", self.caller.as_deref());
        line.text("session", self.session.as_deref());
        line.text("route", self.route.as_deref());
        line.text("code", self.code);
        line.text("fault", self.fault.as_deref());
        line.text("traceId", self.trace.as_deref());
        line.text("cache", self.cache.as_ref().map(|cache| cache.outcome));
        let call = self.call.as_ref();
        line.number("tries", call.map(|call| call.attempts().into()));
        line.text("key", call.map(|call| fingerprint(call.slot()).unwrap_or_default()).as_deref());
        line.number("upstreamMs", call.map(|_| millis(self.upstream_time)));
        line.number("upstreamStatus", self.upstream_status.map(u64::from));
        let error = self.upstream_error.as_ref();
        line.text("upstreamError", error.map(|error| error.kind().code()));
        line.text("upstreamMessage", error.map(Error::message));
        line.text("upstreamRequestId", error.and_then(Error::request_id));
        let switch = |slot: Option<Slot>| slot.map(|slot| fingerprint(slot).unwrap_or_default());
        line.text("keySwitchedFrom", switch(self.switch.map(|switch| switch.from)).as_deref());
        line.text("keySwitchedTo", switch(self.switch.map(|switch| switch.to)).as_deref());
        line.object.number("ms", millis(now.saturating_since(self.started)));
        line.object.finish()
    }
}

/// How a log line is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// With what is known.
    Short,
    /// With the time, and every member always, `null` where nothing is known: what a
    /// table takes that Logpush fills.
    Columns,
}

struct Line {
    object: Object,
    form: Form,
}

impl Line {
    fn text(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => drop(self.object.string(name, value)),
            None => self.nothing(name),
        }
    }

    fn number(&mut self, name: &str, value: Option<u64>) {
        match value {
            Some(value) => drop(self.object.number(name, value)),
            None => self.nothing(name),
        }
    }

    fn nothing(&mut self, name: &str) {
        if self.form == Form::Columns {
            self.object.raw(name, "null");
        }
    }
}
