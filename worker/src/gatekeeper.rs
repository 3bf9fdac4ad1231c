//! The gateway's rules for the driver in `driver.mjs`, by numbers.
//!
//! Nothing is decided here. A request is a number rather than an object: objects would be freed into another
//! instance of the module after a trap.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Slot;
use attention_core::call::Failure;
use attention_core::codec::json::Object;
use attention_gateway::answer::{echo, header_policy, health};
use attention_gateway::deployment::{Deployment, Misconfigured, Text, Texts, bindings};
use attention_gateway::exchange::{Body, Carries, Exchange, HeaderEdit, Incoming, Pass, Report, Send, Signature, Step};
use attention_gateway::ledger::{self, Ledger};
use attention_gateway::limits::shared_gate::Place;
use attention_gateway::status_page;
use wasm_bindgen::prelude::*;
use web_sys::Headers;

use crate::exchanges::Exchanges;
use crate::numbers::{as_millis, time};
use crate::pending::PendingBodies;
use crate::step_kind::StepKind;

/// An isolate's deployment, and the requests under way.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gatekeeper {
    deployment: Result<Deployment, Misconfigured>,
    exchanges: Exchanges,
    pending: PendingBodies,
    ledger: Ledger,
}

/// The configuration.
#[wasm_bindgen]
impl Gatekeeper {
    /// The names of the bindings that `new` wants the texts of, in this order.
    pub fn bindings() -> Vec<String> {
        bindings::ALL.map(String::from).into()
    }

    /// Takes the texts of the bindings: a string, `undefined` for a binding that is not there, `null` for one that
    /// could not be read; and the names of all bindings that there are. A fault is not thrown: every request is then
    /// answered with it.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands arrays over by value.
    pub fn new(values: Vec<JsValue>, names: Vec<String>) -> Self {
        let mut texts = Texts::default();
        for name in &names {
            texts.there_is(name);
        }
        for (name, value) in bindings::ALL.into_iter().zip(&values) {
            let text = match value.as_string() {
                Some(text) => Text::Given(text),
                None if value.is_undefined() => Text::Absent,
                None => Text::Unreadable,
            };
            texts.set(name, text);
        }
        Self {
            deployment: Deployment::parse(&texts),
            exchanges: Exchanges::default(),
            pending: PendingBodies::default(),
            ledger: Ledger::default(),
        }
    }

    /// Whether the configuration is valid. One that is not is worth reading again at the next request: a vault that
    /// did not answer may answer then.
    #[wasm_bindgen(getter, js_name = isConfigured)]
    pub fn is_configured(&self) -> bool {
        self.deployment.is_ok()
    }

    /// The names of the headers that go up to the API; the others stay behind.
    #[wasm_bindgen(js_name = headersUp)]
    pub fn headers_up() -> Vec<String> {
        header_policy::UP.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The names of the headers that come down from the API.
    #[wasm_bindgen(js_name = headersDown)]
    pub fn headers_down() -> Vec<String> {
        header_policy::DOWN.iter().map(|name| (*name).to_owned()).collect()
    }

    /// The headers that every answer carries beside its `X-Request-Id`, as a flat list of names and values.
    #[wasm_bindgen(js_name = headersAlways)]
    pub fn headers_always() -> Vec<String> {
        flat(header_policy::ALWAYS.into_iter().map(|(name, value)| (name, Cow::Borrowed(value))))
    }

    /// The `Authorization` header for the API with the key of a place, `undefined` when the place is empty. Its
    /// only reader is the driver.
    pub fn authorization(&self, slot: u32) -> Option<String> {
        let slot = if slot == 0 { Slot::Current } else { Slot::Next };
        let keys = self.deployment.as_ref().ok()?.upstream().keys();
        keys.authorization(slot).map(|value| value.expose().into())
    }

    /// The algorithms by which an issuer's tokens may be signed; none when no issuer is believed.
    pub fn algorithms(&self) -> Vec<String> {
        self.deployment.as_ref().map_or_else(|_| Vec::new(), |deployment| deployment.algorithms().to_vec())
    }

    /// Whether a header's value, or several of them behind one another, holds a key.
    pub fn echoes(&self, values: &str) -> bool {
        self.deployment.as_ref().is_ok_and(|deployment| echo::echoes(deployment.upstream().keys(), values))
    }
}

/// A request, and what comes of its steps.
#[wasm_bindgen]
impl Gatekeeper {
    /// Begins with a request and gives its number. `fresh_id` names it, unless it names itself.
    pub fn open(
        &mut self,
        method: &str,
        url: String,
        headers: &Headers,
        has_body: bool,
        fresh_id: &str,
        now: f64,
    ) -> usize {
        let incoming = Incoming { method, url, headers: &Lookup(headers), has_body, fresh_id };
        let exchange = Exchange::begin(self.deployment.as_mut(), &incoming, time(now));
        self.exchanges.begin(exchange, Exchange::longest(self.deployment.as_ref().ok()))
    }

    /// What is next.
    pub fn step(&self, number: usize) -> StepKind {
        self.exchanges.get(number).map_or(StepKind::Reply, |exchange| StepKind::of(exchange.step()))
    }

    /// Whether there is a new key set.
    #[wasm_bindgen(js_name = onKeySet)]
    pub fn on_key_set(&mut self, number: usize, request: &Headers, got: bool, now: f64) -> StepKind {
        self.report(number, request, Report::KeySet(got), now)
    }

    /// The token names a key that is not in the set.
    #[wasm_bindgen(js_name = onUnknownKey)]
    pub fn on_unknown_key(&mut self, number: usize, request: &Headers, now: f64) -> StepKind {
        self.report(number, request, Report::Signature(Signature::UnknownKey), now)
    }

    /// The token's signature: good without a `reason`, else bad for it.
    #[wasm_bindgen(js_name = onSignature)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn on_signature(&mut self, number: usize, request: &Headers, reason: Option<String>, now: f64) -> StepKind {
        let signature = reason.as_deref().map_or(Signature::Good, Signature::Bad);
        self.report(number, request, Report::Signature(signature), now)
    }

    /// The request's body; `undefined` when it is too large or broke off.
    #[wasm_bindgen(js_name = onRequestBody)]
    #[expect(clippy::needless_pass_by_value)] // As above.
    pub fn on_request_body(
        &mut self,
        number: usize,
        request: &Headers,
        body: Option<Vec<u8>>,
        fresh_id: &str,
        now: f64,
    ) -> StepKind {
        self.report(number, request, Report::RequestBody { body: body.as_deref(), fresh_id }, now)
    }

    /// Whether the request's body came whole.
    #[wasm_bindgen(js_name = onRequestHeld)]
    pub fn on_request_held(&mut self, number: usize, request: &Headers, whole: bool, now: f64) -> StepKind {
        self.report(number, request, Report::RequestHeld(whole), now)
    }

    /// Whether the caller has a call left.
    #[wasm_bindgen(js_name = onCounted)]
    pub fn on_counted(&mut self, number: usize, request: &Headers, may: bool, now: f64) -> StepKind {
        self.report(number, request, Report::Counted(may), now)
    }

    /// What the gate said, as JSON; anything that is not a place is no answer.
    #[wasm_bindgen(js_name = onPlace)]
    pub fn on_place(&mut self, number: usize, request: &Headers, place: &str, now: f64) -> StepKind {
        self.report(number, request, Report::Place(Place::from_json(place)), now)
    }

    /// The wait is over.
    #[wasm_bindgen(js_name = onWaited)]
    pub fn on_waited(&mut self, number: usize, request: &Headers, now: f64) -> StepKind {
        self.report(number, request, Report::Waited, now)
    }

    /// The API answered.
    #[wasm_bindgen(js_name = onResponse)]
    pub fn on_response(
        &mut self,
        number: usize,
        request: &Headers,
        status: u16,
        headers: &Headers,
        now: f64,
        jitter: f64,
    ) -> StepKind {
        self.report(number, request, Report::Response { status, headers: &Lookup(headers), jitter }, now)
    }

    /// The API did not answer, in time when `timed_out`.
    #[wasm_bindgen(js_name = onNoResponse)]
    pub fn on_no_response(
        &mut self,
        number: usize,
        request: &Headers,
        timed_out: bool,
        now: f64,
        jitter: f64,
    ) -> StepKind {
        let failure = if timed_out { Failure::Timeout } else { Failure::Connection };
        self.report(number, request, Report::NoResponse { failure, jitter }, now)
    }

    /// The response's body; `undefined` when it is too large, broke off or took too long.
    #[wasm_bindgen(js_name = onResponseBody)]
    pub fn on_response_body(&mut self, number: usize, request: &Headers, body: Option<Vec<u8>>, now: f64) -> StepKind {
        self.report(number, request, Report::ResponseBody(body), now)
    }

    /// Whether so many more bytes of the response's body may be held.
    #[wasm_bindgen(js_name = mayHold)]
    pub fn may_hold(&mut self, number: usize, bytes: usize, now: f64) -> bool {
        match (self.exchanges.get_mut(number), &mut self.deployment) {
            (Some(exchange), Ok(deployment)) => exchange.may_hold(deployment, bytes, time(now)),
            _ => false,
        }
    }

    /// For how many milliseconds the gate that all isolates share has to hold calls back, once; 0 when it need not.
    #[wasm_bindgen(js_name = takeGateClosing)]
    pub fn take_gate_closing(&mut self, number: usize) -> f64 {
        self.exchanges.get_mut(number).and_then(Exchange::take_gate_closing).map_or(0.0, as_millis)
    }
}

/// The parts of a step.
#[wasm_bindgen]
impl Gatekeeper {
    /// The name of the request.
    #[wasm_bindgen(js_name = requestId)]
    pub fn request_id(&self, number: usize) -> Option<String> {
        self.exchanges.get(number).map(|exchange| exchange.request_id().into())
    }

    /// The token to verify.
    pub fn token(&self, number: usize) -> Option<String> {
        self.exchanges.get(number).map(|exchange| exchange.token().into())
    }

    /// Who sends the request, for those who tell callers apart.
    pub fn holder(&self, number: usize) -> Option<String> {
        self.exchanges.get(number).map(Exchange::holder)
    }

    /// The limit that the gate is to count.
    #[wasm_bindgen(js_name = callerLimit)]
    pub fn caller_limit(&self, number: usize) -> Option<String> {
        match self.current(number) {
            Some(Step::AskGate { limit, .. }) => limit.clone(),
            _ => None,
        }
    }

    /// In bytes.
    pub fn limit(&self, number: usize) -> usize {
        match self.current(number) {
            Some(Step::FetchKeySet { limit, .. } | Step::ReadRequest { limit } | Step::ReadResponse { limit, .. }) => {
                *limit
            }
            _ => 0,
        }
    }

    /// A wait's length, any other step's timeout; -1 for none.
    pub fn millis(&self, number: usize) -> f64 {
        let duration = match self.current(number) {
            Some(Step::Wait(wait)) => Some(*wait),
            Some(Step::Send(send)) => send.timeout,
            Some(
                Step::FetchKeySet { timeout, .. }
                | Step::Count { timeout }
                | Step::AskGate { timeout, .. }
                | Step::ReadResponse { timeout, .. },
            ) => Some(*timeout),
            _ => None,
        };
        // Rounded up: a timer that is cut short would fire too early.
        duration.map_or(-1.0, |duration| as_millis(duration.saturating_add(Duration::from_nanos(999_999))))
    }

    /// The method to send.
    pub fn method(&self, number: usize) -> Option<String> {
        self.send(number).map(|send| send.method.as_str().into())
    }

    /// The URL to send it to, or of the key set.
    pub fn url(&self, number: usize) -> Option<String> {
        match self.current(number)? {
            Step::Send(Send { url, .. }) | Step::FetchKeySet { url, .. } => Some(url.clone()),
            _ => None,
        }
    }

    /// Whose `Authorization` it takes.
    pub fn slot(&self, number: usize) -> u32 {
        self.send(number).map_or(0, |send| u32::from(send.slot == Slot::Next))
    }

    /// Whether the caller's headers go with it.
    #[wasm_bindgen(js_name = carriesRequest)]
    pub fn carries_request(&self, number: usize) -> bool {
        self.send(number).is_some_and(|send| matches!(send.carries, Carries::TheCallers { .. }))
    }

    /// Whether the caller's body goes with it.
    #[wasm_bindgen(js_name = carriesBody)]
    pub fn carries_body(&self, number: usize) -> bool {
        self.send(number).is_some_and(|send| matches!(send.carries, Carries::TheCallers { body: true, .. }))
    }

    /// The names of headers to take away.
    pub fn removed(&self, number: usize) -> Vec<String> {
        self.edits(number).iter().filter(|(_, value)| value.is_none()).map(|(name, _)| (*name).to_owned()).collect()
    }

    /// Headers to set, as a flat list of names and values.
    pub fn set(&self, number: usize) -> Vec<String> {
        match self.current(number) {
            Some(Step::Send(Send { carries: Carries::Only(headers), .. })) => {
                flat(headers.iter().map(|(name, value)| (*name, Cow::Borrowed(*value))))
            }
            Some(Step::Serve(stored)) => {
                flat(stored.headers.iter().map(|(name, value)| (*name, Cow::Borrowed(value.as_str()))))
            }
            _ => {
                let set = |(name, value): &HeaderEdit| value.clone().map(|value| (*name, value));
                flat(self.edits(number).iter().filter_map(set))
            }
        }
    }

    /// For SERVE.
    pub fn status(&self, number: usize) -> u16 {
        match self.current(number) {
            Some(Step::Serve(stored)) => stored.status,
            _ => 0,
        }
    }

    /// For PASS: whether there is no body.
    #[wasm_bindgen(js_name = isEmpty)]
    pub fn is_empty(&self, number: usize) -> bool {
        matches!(self.current(number), Some(Step::Pass(Pass { body: Body::Empty, .. })))
    }

    /// For PASS: the body to answer with, once; `undefined` when it is passed on as it comes.
    pub fn bytes(&mut self, number: usize) -> Option<Vec<u8>> {
        match self.exchanges.get_mut(number)?.step_mut() {
            Step::Pass(Pass { body: Body::Replaced { bytes, .. }, .. }) => Some(core::mem::take(bytes)),
            _ => None,
        }
    }

    /// For PASS: the name under which `bytes` are to be kept. For SERVE: the name of the bytes to answer with.
    pub fn entry(&self, number: usize) -> Option<f64> {
        let id = match self.current(number)? {
            Step::Pass(Pass { body: Body::Replaced { keep, .. }, .. }) => *keep,
            Step::Serve(stored) => stored.body,
            _ => None,
        };
        id.map(|id| as_millis(Duration::from_millis(id.number())))
    }

    /// For PASS: the number by which a body that is read on the side is stored, once.
    pub fn pending(&mut self, number: usize) -> Option<usize> {
        match self.exchanges.get_mut(number)?.step_mut() {
            Step::Pass(Pass { body: Body::Streamed { keep }, .. }) => keep.take().map(|keep| self.pending.add(keep)),
            _ => None,
        }
    }

    /// How large a body that is read on the side may be.
    #[wasm_bindgen(js_name = pendingLimit)]
    pub fn pending_limit(&self, pending: usize) -> usize {
        self.pending.limit(pending)
    }

    /// A body that was read on the side is whole, and so long. Gives the name under which it is to be kept.
    pub fn store(&mut self, pending: usize, length: usize) -> Option<f64> {
        let pending = self.pending.take(pending)?;
        let deployment = self.deployment.as_mut().ok()?;
        pending.store(deployment.cache(), length).map(|id| as_millis(Duration::from_millis(id.number())))
    }

    /// The names of bytes that need not be kept any longer.
    pub fn dropped(&mut self) -> Vec<f64> {
        let Ok(deployment) = &mut self.deployment else { return Vec::new() };
        deployment.cache().take_dropped().into_iter().map(|id| as_millis(Duration::from_millis(id.number()))).collect()
    }

    /// For REPLY: `{"status","headers","body"}`.
    pub fn reply(&self, number: usize) -> Option<String> {
        let Some(Step::Reply(reply)) = self.current(number) else { return None };
        let mut headers = Object::new();
        for (name, value) in &reply.headers {
            headers.string(name, value);
        }
        let mut object = Object::new();
        object.number("status", reply.status).raw("headers", &headers.finish());
        if let Some(body) = &reply.body {
            object.string("body", body);
        }
        Some(object.finish())
    }

    /// What the answer carries beside its own headers, as a flat list of names and values.
    pub fn headers(&self, number: usize) -> Vec<String> {
        self.exchanges.get(number).map_or_else(Vec::new, |exchange| flat(exchange.headers()))
    }
}

/// The end of a request, and what is counted.
#[wasm_bindgen]
impl Gatekeeper {
    /// The request has been answered with `status`. Gives its log line, when the configuration wants one.
    pub fn finish(&mut self, number: usize, status: u16, now: f64, jitter: f64) -> Option<String> {
        let exchange = self.exchanges.get(number)?;
        let now = time(now);
        let finished = exchange.finish(self.deployment.as_ref(), status, now, jitter);
        if finished.is_call {
            self.ledger.note(status, now.saturating_since(exchange.started()), now);
        }
        self.exchanges.end(number);
        finished.line
    }

    /// What Analytics Engine keeps of a request that is about to be answered with `status`, as JSON.
    pub fn point(&self, number: usize, status: u16, now: f64) -> Option<String> {
        let exchange = self.exchanges.get(number)?;
        Some(exchange.point(self.deployment.as_ref().ok(), status, time(now)).to_json())
    }

    /// Whether what has been counted here is to be told to the ledger that all isolates share.
    #[wasm_bindgen(js_name = isLedgerDue)]
    pub fn is_ledger_due(&self, now: f64) -> bool {
        self.ledger.is_due(time(now))
    }

    /// What has been counted here and not been told yet, as JSON; it is told now.
    #[wasm_bindgen(js_name = takeCounted)]
    pub fn take_counted(&mut self) -> String {
        ledger::to_json(&self.ledger.take())
    }

    /// Puts back what could not be told.
    #[wasm_bindgen(js_name = addCounted)]
    pub fn add_counted(&mut self, counted: &str) {
        if let Ok(counted) = ledger::from_json(counted) {
            self.ledger.add(&counted);
        }
    }

    /// The status page, as JSON: `{"headers","body"}`. `counted` is what all isolates have counted, as JSON; without
    /// it, and when it cannot be read, it is what this one has.
    #[wasm_bindgen(js_name = statusPage)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn status_page(&self, counted: Option<String>, nonce: &str, now: f64) -> String {
        let counted = counted.as_deref().and_then(|counted| ledger::from_json(counted).ok());
        let counted = counted.unwrap_or_else(|| self.ledger.snapshot());
        let now = time(now);
        let keys = self.deployment.as_ref().map(|deployment| health::keys(deployment.upstream().keys(), now));
        let page = status_page::page(&counted, &keys.unwrap_or_default(), nonce, now);
        let mut headers = Object::new();
        for (name, value) in &page.headers {
            headers.string(name, value);
        }
        let mut object = Object::new();
        object.raw("headers", &headers.finish()).string("body", &page.body);
        object.finish()
    }
}

impl Gatekeeper {
    fn current(&self, number: usize) -> Option<&Step> {
        self.exchanges.get(number).map(Exchange::step)
    }

    /// What changes of the headers that go up, or come down.
    fn edits(&self, number: usize) -> &[HeaderEdit] {
        match self.current(number) {
            Some(
                Step::Send(Send { carries: Carries::TheCallers { edits, .. }, .. }) | Step::Pass(Pass { edits, .. }),
            ) => edits,
            _ => &[],
        }
    }

    fn send(&self, number: usize) -> Option<&Send> {
        match self.current(number) {
            Some(Step::Send(send)) => Some(send),
            _ => None,
        }
    }

    fn report(&mut self, number: usize, request: &Headers, report: Report<'_>, now: f64) -> StepKind {
        if let (Some(exchange), Ok(deployment)) = (self.exchanges.get_mut(number), &mut self.deployment) {
            exchange.report(deployment, &Lookup(request), report, time(now));
        }
        self.step(number)
    }
}

fn flat<'a>(headers: impl IntoIterator<Item = (&'static str, Cow<'a, str>)>) -> Vec<String> {
    headers.into_iter().flat_map(|(name, value)| [name.into(), value.into_owned()]).collect()
}

struct Lookup<'a>(&'a Headers);

impl attention_core::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).ok().flatten().map(Cow::Owned)
    }
}
