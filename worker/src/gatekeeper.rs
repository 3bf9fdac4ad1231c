//! Everything the Worker decides, for the driver in `driver.mjs` to carry out.
//!
//! ```text
//! request ─► path ─► origin ─► token ─► policy ─► Call ─► SEND ─► fetch ─► API
//!                │        │        │        │       ▲                 │
//!                └────────┴────────┴────────┴──► REPLY       onResponse, onFailure
//! ```
//!
//! The driver is JavaScript because the crossings are what costs: the same
//! Worker with its `fetch` loop in Rust ran at half the speed of this one and
//! was twice the size (`docs/design.md`). What decides stays here.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned as _;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::call::{CallOptions, Upstream};
use attention_core::redaction::scrub;
use attention_core::retry::Failure;
use attention_core::{Action, Call, Method, Slot, Timestamp};
use attention_gateway::answer::problem::Problem;
use attention_gateway::answer::reply::Reply;
use attention_gateway::answer::{header_policy, health};
use attention_gateway::authorize::identity::Token;
use attention_gateway::authorize::jwt::Jwt;
use attention_gateway::authorize::policy::BodyLength;
use attention_gateway::authorize::sessions::mint::mint;
use attention_gateway::authorize::target::Target;
use attention_gateway::authorize::{ALIVE, Configured, Incoming, Judged, READY, cors, mcp};
use attention_gateway::cache::freshness::{self, Freshness};
use attention_gateway::deployment::{LogLevel, Misconfigured, Text, Texts, binding};
use attention_gateway::exchange::{Exchange, Exchanges, Form, Next};
use attention_gateway::limits::rate::Rate;
use attention_gateway::trace::trace_id;
use wasm_bindgen::prelude::*;
use web_sys::Headers;

use crate::numbers::{as_millis, time};

/// As the driver knows it.
const fn code(next: Next) -> u32 {
    match next {
        Next::Send(_) => 0,
        Next::Wait(_) => 1,
        Next::Pass => 2,
        Next::Read => 3,
        Next::Reply => 4,
        Next::Body => 5,
        Next::Probe(_) => 6,
        Next::Status => 7,
        Next::Redact => 8,
    }
}

/// A request body up to this size, announced by `Content-Length`, is held by the
/// driver so that a 401 or a 429 does not lose the call.
const HELD_BODY_BYTES: f64 = 256.0 * 1024.0;

/// How long a caller may take to send a body that is held. A request that lasts
/// longer than this and what the API is given is taken for one whose caller is gone.
const SLOWEST_BODY: Duration = Duration::from_mins(10);

/// An isolate's configuration, its upstream, and the requests under way.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gatekeeper {
    configured: Result<Configured, Misconfigured>,
    exchanges: Exchanges,
}

#[wasm_bindgen]
impl Gatekeeper {
    /// The names of the bindings that `new` wants the texts of, in this order.
    pub fn bindings() -> Vec<String> {
        binding::ALL.map(String::from).into()
    }

    /// Takes the texts of the bindings: a string, `undefined` for a binding that
    /// is not there, `null` for one that could not be read. A fault is not thrown:
    /// every request is then answered with it.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands arrays over by value.
    pub fn new(values: Vec<JsValue>) -> Self {
        let mut texts = Texts::default();
        for (name, value) in binding::ALL.into_iter().zip(&values) {
            let text = match value.as_string() {
                Some(text) => Text::Given(text),
                None if value.is_undefined() => Text::Absent,
                None => Text::Unreadable,
            };
            texts.set(name, text);
        }
        Self::of(&texts)
    }

    /// Whether the configuration is valid. One that is not is worth reading again
    /// at the next request: a vault that did not answer may answer then.
    #[wasm_bindgen(getter, js_name = isConfigured)]
    pub fn is_configured(&self) -> bool {
        self.configured.is_ok()
    }

    /// The names of the headers that go up to the API; the others stay behind.
    #[wasm_bindgen(js_name = headersUp)]
    pub fn headers_up() -> Vec<String> {
        header_policy::UP.iter().map(ToString::to_string).collect()
    }

    /// The names of the headers that come down from the API.
    #[wasm_bindgen(js_name = headersDown)]
    pub fn headers_down() -> Vec<String> {
        header_policy::DOWN.iter().map(ToString::to_string).collect()
    }

    /// The headers that every answer carries beside its `X-Request-Id`, as a flat
    /// list of names and values.
    #[wasm_bindgen(js_name = headersAlways)]
    pub fn headers_always() -> Vec<String> {
        header_policy::ALWAYS.iter().flat_map(|(name, value)| [(*name).to_owned(), (*value).to_owned()]).collect()
    }

    /// The `Authorization` header for the API with the key of a place, `undefined`
    /// when the place is empty. Its only reader is the driver.
    pub fn authorization(&self, slot: u32) -> Option<String> {
        let slot = if slot == 0 { Slot::Current } else { Slot::Next };
        let keys = self.configured.as_ref().ok()?.upstream.keys();
        keys.authorization(slot).map(|value| value.expose().to_owned())
    }

    /// The terms under which the driver verifies JWTs, as JSON; `undefined` when
    /// no issuer is believed.
    #[wasm_bindgen(js_name = jwtTerms)]
    pub fn jwt_terms(&self) -> Option<String> {
        self.configured.as_ref().ok()?.config.jwt.as_ref().map(Jwt::terms)
    }

    /// Judges a request and gives its number, by which its next action is asked for.
    /// `length` is the body's announced length, NaN when it has a body of unknown
    /// length, -1 when it has none. `claims` are those of a verified JWT,
    /// `refusal` is why one was refused.
    // One crossing instead of an object, and optional strings come by value.
    #[expect(clippy::too_many_arguments, clippy::needless_pass_by_value)]
    pub fn open(
        &mut self,
        method: &str,
        url: &str,
        authorization: Option<String>,
        claims: Option<String>,
        refusal: Option<String>,
        origin: Option<String>,
        upgrades: bool,
        idempotent: bool,
        length: f64,
        request_id: String,
        now: f64,
    ) -> usize {
        let now = time(now);
        let mut exchange = Exchange::new(request_id, Method::parse(method), now);
        let token = match (&claims, &refusal) {
            (Some(claims), _) => Token::Verified(claims),
            (None, Some(reason)) => Token::Refused(reason),
            (None, None) => Token::Other,
        };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Not negative here, and saturating.
        let body = match length {
            _ if length.is_nan() => BodyLength::Unknown,
            _ if length < 0.0 => BodyLength::NoBody,
            _ => BodyLength::Announced(length as u64),
        };
        let incoming = Incoming {
            target: Target::of(url),
            authorization: authorization.as_deref(),
            token,
            origin,
            upgrades,
            body,
        };
        exchange.is_probe = matches!(incoming.target.path, ALIVE | READY);
        let judged = match &mut self.configured {
            _ if incoming.target.path == ALIVE => {
                Ok(Judged::Reply(Reply::json(200, r#"{"status":"alive"}"#.to_owned())))
            }
            Ok(configured) => configured.judge(&mut exchange, incoming),
            Err(fault) => {
                exchange.fault = Some(fault.message());
                Err(Problem::misconfigured())
            }
        };
        match judged {
            Ok(Judged::Forward { method, url }) => {
                exchange.url = url;
                // What is inspected is held, whatever its length was said to be.
                exchange.streams = !(Self::holds(length) || exchange.is_mcp);
                if let Ok(Configured { config, upstream, .. }) = &mut self.configured {
                    let options = CallOptions {
                        idempotent: idempotent.then_some(true),
                        replayable: !exchange.streams,
                        retry: config.retry.clone(),
                        timeout: Some(config.timeout),
                        ..CallOptions::new(method)
                    };
                    let mut call = Call::new(options, now);
                    let action = call.start(upstream, now);
                    exchange.call = Some(call);
                    exchange.follow(action, now);
                }
            }
            Ok(Judged::Reply(reply)) => exchange.answer(reply),
            Ok(Judged::Mint) => exchange.next = Next::Body,
            Ok(Judged::Status) => exchange.next = Next::Status,
            Ok(Judged::Probe { slot, url }) => {
                exchange.url = url;
                exchange.next = Next::Probe(slot);
            }
            Err(problem) => exchange.refuse(&problem),
        }
        let timeout = self.configured.as_ref().map(|Configured { config, .. }| config.timeout).unwrap_or_default();
        // Its tries, then reading an answer: each within the timeout.
        self.exchanges.begin(exchange, SLOWEST_BODY.saturating_add(timeout).saturating_add(timeout))
    }

    /// A caller's own request id, when it is plain enough to stand in a header and
    /// a log: 8 to 64 letters, digits, `-`, `_` or `.`.
    #[wasm_bindgen(js_name = acceptsRequestId)]
    pub fn accepts_request_id(id: &str) -> bool {
        (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    }

    /// Whether a body of this announced length is to be held rather than streamed.
    pub fn holds(length: f64) -> bool {
        length <= HELD_BODY_BYTES
    }

    /// The next action of a request.
    pub fn action(&self, number: usize) -> u32 {
        self.exchanges.get(number).map_or(code(Next::Reply), |exchange| code(exchange.next))
    }

    /// The URL to send it to, once.
    pub fn url(&mut self, number: usize) -> String {
        self.exchanges.get_mut(number).map(|exchange| core::mem::take(&mut exchange.url)).unwrap_or_default()
    }

    /// For SEND and PROBE: whose `Authorization` it takes.
    pub fn slot(&self, number: usize) -> u32 {
        let slot = match self.exchanges.get(number).map(|exchange| exchange.next) {
            Some(Next::Send(attempt)) => attempt.slot,
            Some(Next::Probe(slot)) => slot,
            _ => Slot::Current,
        };
        u32::from(slot == Slot::Next)
    }

    /// For SEND: the timeout up to the response's head, for READ and REDACT up to the
    /// end of its body, for WAIT its length; in milliseconds, -1 for none.
    pub fn millis(&self, number: usize) -> f64 {
        let duration = match self.exchanges.get(number).map(|exchange| exchange.next) {
            Some(Next::Send(attempt)) => attempt.timeout,
            Some(Next::Wait(wait)) => Some(wait),
            Some(Next::Read | Next::Redact) => {
                self.configured.as_ref().ok().map(|configured| configured.config.timeout)
            }
            _ => None,
        };
        // Rounded up: a timer that is cut short would fire too early.
        duration.map_or(-1.0, |duration| as_millis(duration.saturating_add(Duration::from_nanos(999_999))))
    }

    /// For REPLY: `{"status","headers","body"}`, once.
    pub fn reply(&mut self, number: usize) -> String {
        let reply = self.exchanges.get_mut(number).and_then(|exchange| exchange.reply.take());
        reply.map(Reply::into_json).unwrap_or_default()
    }

    /// The API answered. Gives the next action, as all reports do.
    #[wasm_bindgen(js_name = onResponse)]
    pub fn on_response(&mut self, number: usize, status: u16, headers: &Headers, now: f64, unit: f64) -> u32 {
        self.step(number, time(now), Report::Status(status), |call, upstream, now| {
            call.on_response(upstream, status, &Lookup(headers), now, unit)
        })
    }

    /// The API did not answer, in time when `timed_out`.
    #[wasm_bindgen(js_name = onFailure)]
    pub fn on_failure(&mut self, number: usize, timed_out: bool, now: f64, unit: f64) -> u32 {
        let failure = if timed_out { Failure::Timeout } else { Failure::Connection };
        self.step(number, time(now), Report::Nothing, |call, upstream, now| {
            call.on_failure(upstream, failure, now, unit)
        })
    }

    /// The wait is over.
    #[wasm_bindgen(js_name = onWaited)]
    pub fn on_waited(&mut self, number: usize, now: f64) -> u32 {
        self.step(number, time(now), Report::Waited, Call::on_waited)
    }

    /// For how long the API asked everybody to hold back, in milliseconds: what the
    /// other isolates have to know. Zero when it did not.
    #[wasm_bindgen(js_name = closedFor)]
    pub fn closed_for(&self, now: f64) -> f64 {
        let wait = self.configured.as_ref().map(|configured| configured.upstream.closed_for(time(now)));
        as_millis(wait.unwrap_or_default())
    }

    /// Whether the request is a known caller's, rather than a stranger's, a probe or
    /// the operator's.
    #[wasm_bindgen(js_name = isCall)]
    pub fn is_call(&self, number: usize) -> bool {
        self.exchanges.get(number).is_some_and(|exchange| exchange.caller.is_some())
    }

    /// Who sends this request, for those who tell callers apart.
    pub fn holder(&self, number: usize) -> String {
        self.exchanges.get(number).map(Exchange::holder).unwrap_or_default()
    }

    /// The limit of who sends it, such as `100/min`, for the shared gate to hold it to.
    pub fn limit(&self, number: usize) -> Option<String> {
        self.exchanges.get(number)?.limit.map(Rate::text)
    }

    /// Who sends it has no call left for so many milliseconds.
    #[wasm_bindgen(js_name = onLimited)]
    pub fn on_limited(&mut self, number: usize, wait: f64) -> u32 {
        self.report(number, |exchange, _| {
            exchange.call = None;
            exchange.refuse(&Problem::allowance(Duration::from_millis(time(wait).as_unix_millis())));
        })
    }

    /// The request's `traceparent`. Gives whether it may go up.
    #[wasm_bindgen(js_name = onTrace)]
    pub fn on_trace(&mut self, number: usize, traceparent: &str) -> bool {
        let trace = trace_id(traceparent);
        if let Some(exchange) = self.exchanges.get_mut(number) {
            exchange.trace = trace.map(String::from);
        }
        trace.is_some()
    }

    /// Whether the policies let any answer be kept.
    #[wasm_bindgen(getter, js_name = keepsAnswers)]
    pub fn keeps_answers(&self) -> bool {
        self.configured.as_ref().is_ok_and(|configured| configured.config.policies.cache_anything())
    }

    /// The name under which the answer to this request may be kept, `undefined` when
    /// it may not. To be asked for before `url` is taken.
    #[wasm_bindgen(js_name = cacheKey)]
    pub fn cache_key(&self, number: usize, request: &Headers) -> Option<String> {
        let exchange = self.exchanges.get(number)?;
        exchange.cache.as_ref()?.key(&exchange.url, &Lookup(request))
    }

    /// Whether a kept answer of this age is given to the request. Then nothing is sent.
    pub fn serves(&mut self, number: usize, born: f64, fresh_until: f64, request: &Headers, now: f64) -> bool {
        let freshness = Freshness { born: time(born), fresh_until: time(fresh_until) };
        let Some(exchange) = self.exchanges.get_mut(number) else { return false };
        let Some(cache) = &mut exchange.cache else { return false };
        let serves = freshness.satisfies(&Lookup(request), time(now));
        if serves {
            cache.outcome = "hit";
            exchange.call = None;
        }
        serves
    }

    /// Whether the caller has the answer with this entity tag already.
    #[wasm_bindgen(js_name = isHeld)]
    pub fn is_held(etag: &str, request: &Headers) -> bool {
        freshness::matches_if_none_match(etag, &Lookup(request))
    }

    /// The header, name and value, that asks the API whether an answer is still the
    /// same; empty when there is none.
    pub fn condition(headers: &Headers) -> Vec<String> {
        freshness::condition(&Lookup(headers)).map_or_else(Vec::new, |(name, value)| [name.to_owned(), value].into())
    }

    /// The API says that the answer asked for with this condition is still the same.
    /// Gives whether it says so of that one; if not, `reply` is the answer.
    #[wasm_bindgen(js_name = onConfirmed)]
    pub fn on_confirmed(&mut self, number: usize, condition: &str, headers: &Headers) -> bool {
        let Some(exchange) = self.exchanges.get_mut(number) else { return false };
        let validates = freshness::validates(condition, &Lookup(headers));
        match &mut exchange.cache {
            Some(cache) if validates => cache.outcome = "revalidated",
            _ => exchange.refuse(&Problem::unconfirmed()),
        }
        validates
    }

    /// When an answer that was asked for and came at these times was made, and until
    /// when it is fresh; empty when it is not to be kept.
    pub fn keep(&self, number: usize, status: u16, headers: &Headers, asked: f64, answered: f64) -> Vec<f64> {
        let cache = self.exchanges.get(number).and_then(|exchange| exchange.cache.as_ref());
        let freshness = cache.and_then(|cache| cache.judge(status, &Lookup(headers), time(asked), time(answered)));
        #[expect(clippy::cast_precision_loss)] // Exact for 285,000 years.
        freshness.map_or_else(Vec::new, |of| [of.born, of.fresh_until].map(|at| at.as_unix_millis() as f64).into())
    }

    /// The shared gate wants this request to wait for so many milliseconds. SEND
    /// still, when it may.
    #[wasm_bindgen(js_name = onHeldBack)]
    pub fn on_held_back(&mut self, number: usize, wait: f64, now: f64) -> u32 {
        self.report(number, |exchange, configured| {
            let wait = Duration::from_millis(time(wait).as_unix_millis());
            let waited = time(now).saturating_since(exchange.started);
            let may = configured.is_some_and(|Configured { config, .. }| {
                waited.saturating_add(wait) <= config.timeout.min(config.retry.longest_wait)
            });
            if !may {
                exchange.refuse(&Problem::held_back(wait));
            }
        })
    }

    /// Whether the driver has to hold the body and show it with `onMessage` before
    /// anything is sent.
    pub fn inspects(&self, number: usize) -> bool {
        self.exchanges.get(number).is_some_and(|exchange| exchange.is_mcp && exchange.method == Some(Method::Post))
    }

    /// The body of an inspected request, `undefined` when it is too large or broke
    /// off.
    #[wasm_bindgen(js_name = onMessage)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn on_message(&mut self, number: usize, body: Option<String>) -> u32 {
        self.report(number, |exchange, _| {
            let problem = match body.as_deref().map(mcp::judge) {
                Some(Ok(mcp::Message::Plain)) => return,
                Some(Ok(mcp::Message::Refused)) => Problem::mcp_refused(),
                Some(Err(_)) | None => Problem::mcp_body(),
            };
            exchange.call = None;
            exchange.refuse(&problem);
        })
    }

    /// The caller's body broke off before it could be held.
    #[wasm_bindgen(js_name = onBrokenUpload)]
    pub fn on_broken_upload(&mut self, number: usize) -> u32 {
        self.report(number, |exchange, _| {
            exchange.call = None;
            exchange.refuse(&Problem::broken_upload());
        })
    }

    /// The body of a rejected response, `undefined` when it is larger than an
    /// error can be. Gives the body to pass on with the response's status, or
    /// `undefined` after which `reply` is the answer.
    pub fn rejected(&mut self, number: usize, body: Option<Vec<u8>>, now: f64) -> Option<Vec<u8>> {
        let exchange = self.exchanges.get_mut(number)?;
        let (Ok(Configured { upstream, .. }), Some(call)) = (&self.configured, &exchange.call) else { return None };
        let body = body.unwrap_or_default();
        let error = call.error(upstream, &String::from_utf8_lossy(&body), time(now));
        let problem = Problem::of_upstream(&error);
        exchange.upstream_error = Some(error);
        match problem {
            Some(problem) => {
                exchange.refuse(&problem);
                None
            }
            None => Some(self.scrubbed(body)),
        }
    }

    /// The body of a request for a session, `undefined` when it is too large or
    /// broke off; `id` is to name the session.
    #[wasm_bindgen(js_name = onBody)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn on_body(&mut self, number: usize, body: Option<String>, id: &str, now: f64) -> u32 {
        self.report(number, |exchange, configured| {
            let minted = match (configured, &exchange.caller) {
                (Some(Configured { config, .. }), Some(caller)) => mint(config, caller, body.as_deref(), id, time(now)),
                _ => Err(Problem::misconfigured()),
            };
            match minted {
                Ok(body) => exchange.answer(Reply::json(201, body)),
                Err(problem) => exchange.refuse(&problem),
            }
        })
    }

    /// What the API said to a probe with a key: its status, 0 for none.
    #[wasm_bindgen(js_name = onProbe)]
    pub fn on_probe(&mut self, number: usize, status: u16) -> u32 {
        self.report(number, |exchange, configured| {
            if let (Some(Configured { upstream, .. }), Next::Probe(slot)) = (configured, exchange.next) {
                let body = health::probed(upstream.keys(), slot, status);
                exchange.answer(Reply::json(200, body));
            }
        })
    }

    /// For REDACT: the members to take out of the JSON that the API answered with.
    pub fn redacted(&self, number: usize) -> Vec<String> {
        self.exchanges.get(number).map_or_else(Vec::new, |exchange| exchange.redact.clone())
    }

    /// The API's answer could not be redacted: it is no JSON, or too large.
    #[wasm_bindgen(js_name = onUnredactable)]
    pub fn on_unredactable(&mut self, number: usize) -> u32 {
        self.report(number, |exchange, _| exchange.refuse(&Problem::unredactable()))
    }

    /// How long the API took, waits and tries included, in milliseconds.
    #[wasm_bindgen(js_name = upstreamMillis)]
    pub fn upstream_millis(&self, number: usize) -> f64 {
        self.exchanges.get(number).map_or(0.0, |exchange| as_millis(exchange.upstream_time))
    }

    /// The headers that let the page that asked read the answer, as a flat list of
    /// names and values; empty when no page of an allowed origin asked.
    #[wasm_bindgen(js_name = headersForPage)]
    pub fn headers_for_page(&self, number: usize) -> Vec<String> {
        let origin = self.exchanges.get(number).and_then(|exchange| exchange.cors_origin.as_deref());
        origin.map_or_else(Vec::new, |origin| cors::headers(origin).map(String::from).into())
    }

    /// All that is known of a request that is about to be answered with `status`, as
    /// JSON: what a log line holds, whether or not one is wanted.
    pub fn record(&self, number: usize, status: u16, now: f64) -> Option<String> {
        let exchange = self.exchanges.get(number)?;
        let keys = self.configured.as_ref().ok().map(|configured| configured.upstream.keys());
        let form = self.configured.as_ref().map_or(Form::Short, |configured| configured.config.log_form);
        Some(exchange.line(form, keys, status, time(now)))
    }

    /// The request has been answered with `status`. Gives its log line, when the
    /// configuration wants one; `unit` is a random number from 0 to 1.
    pub fn close(&mut self, number: usize, status: u16, now: f64, unit: f64) -> Option<String> {
        let exchange = self.exchanges.get(number)?;
        let (level, percent) = self
            .configured
            .as_ref()
            .map_or((LogLevel::All, 100), |configured| (configured.config.log, configured.config.log_sample));
        // A sample of what went well; what did not is always told.
        #[expect(clippy::cast_precision_loss)] // At most a hundred.
        let drawn = status >= 400 || unit * 100.0 < percent as f64;
        let wanted = match level {
            LogLevel::All => drawn && (!exchange.is_probe || status >= 400),
            LogLevel::Errors => status >= 400,
            LogLevel::Silent => false,
        };
        let line = if wanted { self.record(number, status, now) } else { None };
        self.exchanges.end(number);
        line
    }

    /// What `/readyz` says of the keys, for the status page.
    pub fn readiness(&self, now: f64) -> String {
        let keys = self.configured.as_ref().map(|configured| configured.upstream.keys());
        keys.map_or_else(|_| "{}".to_owned(), |keys| health::readiness(keys, time(now)).1)
    }
}

/// What the driver reports of a call.
#[derive(Clone, Copy)]
enum Report {
    /// The API answered with this status.
    Status(u16),
    /// It did not answer.
    Nothing,
    /// The wait is over.
    Waited,
}

impl Gatekeeper {
    fn of(texts: &Texts) -> Self {
        Self { configured: Configured::parse(texts), exchanges: Exchanges::default() }
    }

    /// Has an exchange learn something, and gives its next action.
    fn report(&mut self, number: usize, learn: impl FnOnce(&mut Exchange, Option<&mut Configured>)) -> u32 {
        if let Some(exchange) = self.exchanges.get_mut(number) {
            learn(exchange, self.configured.as_mut().ok());
        }
        self.action(number)
    }

    fn step(
        &mut self,
        number: usize,
        now: Timestamp,
        report: Report,
        judge: impl FnOnce(&mut Call, &mut Upstream, Timestamp) -> Action,
    ) -> u32 {
        self.report(number, |exchange, configured| {
            let (Some(Configured { upstream, breaker, .. }), Some(call)) = (configured, &mut exchange.call) else {
                return;
            };
            match report {
                Report::Status(status) => {
                    exchange.upstream_status = Some(status);
                    breaker.answered(status, now);
                }
                // A caller that breaks off, or sends slowly, must not shut the others out.
                Report::Nothing if exchange.streams => {}
                Report::Nothing => breaker.failed(now),
                Report::Waited => {}
            }
            let action = judge(call, upstream, now);
            exchange.switch = upstream.take_switch().or(exchange.switch);
            exchange.follow(action, now);
        })
    }

    /// An error body as it may go down: text, without a key that it echoes.
    fn scrubbed(&self, body: Vec<u8>) -> Vec<u8> {
        let keys: Vec<String> = [0, 1].into_iter().filter_map(|slot| self.authorization(slot)).collect();
        let secrets = keys.iter().filter_map(|value| value.strip_prefix("Bearer "));
        // What is not text has nothing in it that an error needs.
        let Ok(text) = str::from_utf8(&body) else { return Vec::new() };
        match scrub(text, secrets) {
            Cow::Borrowed(_) => body,
            Cow::Owned(text) => text.into_bytes(),
        }
    }
}

struct Lookup<'a>(&'a Headers);

impl attention_core::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).ok().flatten().map(Cow::Owned)
    }
}

#[cfg(test)]
mod tests {
    use attention_core::authorization::TokenDigest;

    use super::*;

    const TOKEN: &str = "fake-token";
    const NOW: f64 = 1_700_000_000_000.0;

    fn gatekeeper() -> Gatekeeper {
        let callers = format!(r#"[{{"name":"app","sha256":"{}"}}]"#, TokenDigest::of(TOKEN).to_hex());
        let mut texts = Texts::default();
        for (name, text) in [
            (binding::KEY, "an-obviously-fake-key"),
            (binding::CALLERS, &callers),
            (binding::POLICY, "allow * /v2/**"),
            (binding::RETRIES, "1"),
        ] {
            texts.set(name, Text::Given(text.to_owned()));
        }
        Gatekeeper::of(&texts)
    }

    fn open(gate: &mut Gatekeeper, method: &str, path: &str, token: Option<&str>, length: f64) -> usize {
        let url = ["https://proxy.example", path].concat();
        let authorization = token.map(|token| ["Bearer ", token].concat());
        let id = ["id-of", &path.replace('/', "-")].concat();
        gate.open(method, &url, authorization, None, None, None, false, false, length, id, NOW)
    }

    fn get(gate: &mut Gatekeeper, path: &str, token: Option<&str>) -> usize {
        open(gate, "GET", path, token, -1.0)
    }

    #[test]
    fn exchanges_that_interleave_keep_what_is_next_for_them() {
        let mut gate = gatekeeper();
        let first = get(&mut gate, "/v2/first", Some(TOKEN));
        let stranger = get(&mut gate, "/v2/stranger", None);
        let second = get(&mut gate, "/v2/second", Some(TOKEN));
        let third = get(&mut gate, "/v2/third", Some(TOKEN));
        let next = |gate: &Gatekeeper| [first, stranger, second, third].map(|number| gate.action(number));
        assert_eq!(next(&gate), [0, 4, 0, 0]);

        // Whatever the others do in between, each finds its own.
        assert_eq!(gate.on_held_back(second, 1e9, NOW), 4);
        assert_eq!(gate.on_failure(third, false, NOW, 0.5), 1);
        assert_eq!(next(&gate), [0, 4, 4, 1]);
        assert!(gate.millis(third) > 0.0);
        let timeout = gate.millis(first);
        assert!((timeout - 60_000.0).abs() < 1.0, "{timeout}");
        let urls = [first, third].map(|number| gate.url(number));
        assert_eq!(urls, ["first", "third"].map(|name| ["https://api.attention.tech/v2/", name].concat()));
        for (number, status, id) in [(stranger, 401, "id-of-v2-stranger"), (second, 429, "id-of-v2-second")] {
            let reply = gate.reply(number);
            assert!(reply.contains(&format!("\"status\":{status}")) && reply.contains(id), "{reply}");
        }

        // A number is nobody's once its exchange is over.
        gate.close(stranger, 401, NOW, 0.5);
        assert_eq!((gate.action(stranger), gate.reply(stranger)), (4, String::new()));
        let fourth = get(&mut gate, "/v2/fourth", Some(TOKEN));
        assert!(![first, stranger, second, third].contains(&fourth));
        assert_eq!((next(&gate), gate.action(fourth)), ([0, 4, 4, 1], 0));
    }

    #[test]
    fn exchanges_whose_callers_went_away_are_forgotten_in_time() {
        let mut gate = gatekeeper();
        let gone: Vec<usize> = (0..1000).map(|_| get(&mut gate, "/v2/gone", Some(TOKEN))).collect();
        let later = |gate: &mut Gatekeeper, minutes: f64| {
            let authorization = Some(["Bearer ", TOKEN].concat());
            let (url, now) = ("https://proxy.example/v2/x", NOW + minutes * 60_000.0);
            gate.open("GET", url, authorization, None, None, None, false, false, -1.0, "later".to_owned(), now)
        };
        // The slowest of them may still be under way.
        let slow = later(&mut gate, 11.0);
        assert_eq!((gate.exchanges.count(), gate.action(gone[0])), (1001, 0));
        let last = later(&mut gate, 13.0);
        assert_eq!(gate.exchanges.count(), 2);
        for number in gone {
            assert_eq!((gate.action(number), gate.url(number)), (4, String::new()));
            gate.close(number, 502, NOW, 0.5);
        }
        assert_eq!([slow, last].map(|number| gate.action(number)), [0, 0]);
        for number in [slow, last] {
            gate.close(number, 200, NOW, 0.5);
        }
        assert_eq!(gate.exchanges.count(), 0);
    }

    #[test]
    fn uploads_that_callers_break_off_shut_nobody_out() {
        let mut gate = gatekeeper();
        let fail = |gate: &mut Gatekeeper, length| {
            for _ in 0..100 {
                let number = open(gate, "POST", "/v2/upload", Some(TOKEN), length);
                assert_eq!(gate.on_failure(number, false, NOW, 0.5), 4);
                gate.close(number, 502, NOW, 0.5);
            }
            let next = get(gate, "/v2/next", Some(TOKEN));
            gate.action(next)
        };
        assert_eq!(fail(&mut gate, f64::NAN), 0);
        assert_eq!(fail(&mut gate, 1e9), 0);
        // The same with bodies that were there: then it is the API.
        assert_eq!(fail(&mut gate, 2.0), 4);
    }
}
