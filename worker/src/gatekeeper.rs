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

use attention_core::call::{CallOptions, Upstream, Verdict};
use attention_core::redaction::scrub;
use attention_core::retry::Failure;
use attention_core::route::BodyLength;
use attention_core::{Action, Call, Method, Slot, Timestamp, millis, text};
use wasm_bindgen::prelude::*;
use web_sys::Headers;

use crate::config::{LogLevel, Misconfigured, Text, Texts, binding};
use crate::exchange::Exchange;
use crate::health;
use crate::hygiene;
use crate::identity::Token;
use crate::judgement::{ALIVE, Configured, Incoming, Judged, READY};
use crate::jwt::Jwt;
use crate::mcp;
use crate::minting::mint;
use crate::problem::Problem;
use crate::reply::{Reply, always};
use crate::target::Target;

/// What the driver has to do next.
mod action {
    pub(crate) const SEND: u32 = 0;
    pub(crate) const WAIT: u32 = 1;
    /// Pass the response on.
    pub(crate) const PASS: u32 = 2;
    /// Read the response's body, bounded, and call `rejected`.
    pub(crate) const READ: u32 = 3;
    /// Answer with `reply`.
    pub(crate) const REPLY: u32 = 4;
    /// Read the request's body, bounded, and call `on_body`.
    pub(crate) const BODY: u32 = 5;
    /// Send one GET to `url` with the key of `slot` and call `on_probe`.
    pub(crate) const PROBE: u32 = 6;
    /// Answer with the status page.
    pub(crate) const STATUS: u32 = 7;
}

/// A request body up to this size, announced by `Content-Length`, is held by the
/// driver so that a 401 or a 429 does not lose the call.
const HELD_BODY_BYTES: f64 = 256.0 * 1024.0;

/// An isolate's configuration, its upstream, and the requests under way.
#[wasm_bindgen]
#[derive(Debug)]
pub struct Gatekeeper {
    configured: Result<Configured, Misconfigured>,
    exchanges: Vec<Option<Exchange>>,
    free: Vec<usize>,
    action: u32,
    wait: Duration,
    timeout: Option<Duration>,
    slot: Slot,
    url: String,
    reply: Option<Reply>,
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
        Self {
            configured: Configured::parse(&texts),
            exchanges: Vec::new(),
            free: Vec::new(),
            action: action::REPLY,
            wait: Duration::ZERO,
            timeout: None,
            slot: Slot::Current,
            url: String::new(),
            reply: None,
        }
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
        hygiene::UP.iter().map(ToString::to_string).collect()
    }

    /// The names of the headers that come down from the API.
    #[wasm_bindgen(js_name = headersDown)]
    pub fn headers_down() -> Vec<String> {
        hygiene::DOWN.iter().map(ToString::to_string).collect()
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

    /// Judges a request and gives its number; the next action is ready then.
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
        upgrade: bool,
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
        let incoming =
            Incoming { target: Target::of(url), authorization: authorization.as_deref(), token, origin, upgrade, body };
        exchange.is_probe = matches!(incoming.target.path, ALIVE | READY);
        let judged = match &mut self.configured {
            _ if incoming.target.path == ALIVE => {
                Ok(Judged::Reply(Reply::json(200, r#"{"status":"alive"}"#.to_owned(), &exchange)))
            }
            Ok(configured) => configured.judge(&mut exchange, incoming),
            Err(fault) => {
                exchange.fault = Some(fault.message());
                Err(Problem::misconfigured())
            }
        };
        match judged {
            Ok(Judged::Forward { method, url }) => {
                self.url = url;
                if let Ok(Configured { config, upstream, .. }) = &mut self.configured {
                    let options = CallOptions {
                        idempotent,
                        // What is inspected is held, whatever its length was said to be.
                        replayable: length <= HELD_BODY_BYTES || exchange.is_mcp,
                        retry: config.retry.clone(),
                        timeout: Some(config.timeout),
                        ..CallOptions::new(method)
                    };
                    let mut call = Call::new(options, now);
                    let next = call.start(upstream, now);
                    exchange.call = Some(call);
                    self.take(next, &mut exchange, now);
                }
            }
            Ok(Judged::Reply(reply)) => self.answer(reply),
            Ok(Judged::Mint) => self.action = action::BODY,
            Ok(Judged::Status) => self.action = action::STATUS,
            Ok(Judged::Probe { slot, url }) => {
                self.url = url;
                self.slot = slot;
                self.action = action::PROBE;
            }
            Err(problem) => self.refuse(&mut exchange, &problem),
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.exchanges.push(None);
            self.exchanges.len() - 1
        });
        self.exchanges[number] = Some(exchange);
        number
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

    /// The URL to send the request opened last to.
    pub fn url(&mut self) -> String {
        core::mem::take(&mut self.url)
    }

    /// The next action.
    pub fn action(&self) -> u32 {
        self.action
    }

    /// For SEND: whose `Authorization` it takes.
    pub fn slot(&self) -> u32 {
        u32::from(self.slot == Slot::Next)
    }

    /// For SEND: the timeout up to the response's head, for WAIT its length; in
    /// milliseconds, -1 for none.
    pub fn millis(&self) -> f64 {
        let duration = if self.action == action::WAIT { Some(self.wait) } else { self.timeout };
        // Rounded up: a timer that is cut short would fire too early.
        duration.map_or(-1.0, |duration| as_millis(duration.saturating_add(Duration::from_nanos(999_999))))
    }

    /// For REPLY: `{"status","headers","body"}`.
    pub fn reply(&mut self) -> String {
        self.reply.take().map(Reply::into_json).unwrap_or_default()
    }

    /// The API answered.
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
        let exchange = self.exchanges.get(number).and_then(Option::as_ref);
        exchange.is_some_and(|exchange| exchange.caller.is_some())
    }

    /// Who sends this request, for the shared gate to tell callers apart.
    pub fn caller(&self, number: usize) -> String {
        let exchange = self.exchanges.get(number).and_then(Option::as_ref);
        exchange.and_then(|exchange| exchange.caller.clone()).unwrap_or_default()
    }

    /// The shared gate wants this request to wait. Gives whether it may; if not,
    /// `reply` is the answer.
    #[wasm_bindgen(js_name = mayWait)]
    pub fn may_wait(&mut self, number: usize, wait: f64, now: f64) -> bool {
        let Some(mut exchange) = self.lift(number) else { return false };
        let wait = Duration::from_millis(time(wait).as_unix_millis());
        let waited = time(now).saturating_since(exchange.started);
        let may = self.configured.as_ref().is_ok_and(|Configured { config, .. }| {
            waited.saturating_add(wait) <= config.timeout.min(config.retry.longest_wait)
        });
        if !may {
            self.refuse(&mut exchange, &Problem::held_back(wait));
        }
        self.exchanges[number] = Some(exchange);
        may
    }

    /// Whether the driver has to hold the body and show it with `onMessage` before
    /// anything is sent.
    pub fn inspects(&self, number: usize) -> bool {
        let exchange = self.exchanges.get(number).and_then(Option::as_ref);
        exchange.is_some_and(|exchange| exchange.is_mcp && exchange.method == Some(Method::Post))
    }

    /// The body of an inspected request, `undefined` when it is too large or broke
    /// off. Gives whether it may be sent; if not, `reply` is the answer.
    #[wasm_bindgen(js_name = onMessage)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn on_message(&mut self, number: usize, body: Option<String>) -> bool {
        let Some(mut exchange) = self.lift(number) else { return false };
        let problem = match body.as_deref().map(mcp::judge) {
            Some(Ok(mcp::Message::Plain)) => None,
            Some(Ok(mcp::Message::Refused)) => Some(Problem::mcp_refused()),
            Some(Err(_)) | None => Some(Problem::mcp_body()),
        };
        if let Some(problem) = &problem {
            exchange.call = None;
            self.refuse(&mut exchange, problem);
        }
        self.exchanges[number] = Some(exchange);
        problem.is_none()
    }

    /// The caller's body broke off before it could be held.
    #[wasm_bindgen(js_name = onBrokenUpload)]
    pub fn on_broken_upload(&mut self, number: usize) {
        if let Some(mut exchange) = self.lift(number) {
            exchange.call = None;
            self.refuse(&mut exchange, &Problem::broken_upload());
            self.exchanges[number] = Some(exchange);
        }
    }

    /// The body of a rejected response, `undefined` when it is larger than an
    /// error can be. Gives the body to pass on with the response's status, or
    /// `undefined` after which `reply` is the answer.
    pub fn rejected(&mut self, number: usize, body: Option<Vec<u8>>, now: f64) -> Option<Vec<u8>> {
        let mut exchange = self.lift(number)?;
        let body = body.unwrap_or_default();
        let mut passed = None;
        if let (Ok(Configured { upstream, .. }), Some(call)) = (&self.configured, &exchange.call) {
            let error = call.error(upstream, &body, time(now));
            let problem = Problem::of_upstream(&error);
            exchange.upstream_error = Some(error);
            match problem {
                Some(problem) => self.refuse(&mut exchange, &problem),
                None => passed = Some(self.scrubbed(body)),
            }
        }
        self.exchanges[number] = Some(exchange);
        passed
    }

    /// The body of a request for a session, `undefined` when it is too large or
    /// broke off; `id` is to name the session.
    #[wasm_bindgen(js_name = onBody)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn on_body(&mut self, number: usize, body: Option<String>, id: &str, now: f64) {
        let Some(mut exchange) = self.lift(number) else { return };
        let minted = match (&self.configured, &exchange.caller) {
            (Ok(Configured { config, .. }), Some(caller)) => mint(config, caller, body.as_deref(), id, time(now)),
            _ => Err(Problem::misconfigured()),
        };
        match minted {
            Ok(body) => self.answer(Reply::json(201, body, &exchange)),
            Err(problem) => self.refuse(&mut exchange, &problem),
        }
        self.exchanges[number] = Some(exchange);
    }

    /// What the API said to a probe with a key: its status, 0 for none.
    #[wasm_bindgen(js_name = onProbe)]
    pub fn on_probe(&mut self, number: usize, slot: u32, status: u16) {
        let Some(exchange) = self.lift(number) else { return };
        if let Ok(Configured { upstream, .. }) = &self.configured {
            let slot = if slot == 0 { Slot::Current } else { Slot::Next };
            let body = health::probed(upstream.keys(), slot, status);
            self.answer(Reply::json(200, body, &exchange));
        }
        self.exchanges[number] = Some(exchange);
    }

    /// The members to take out of the JSON that the API answered with; empty when
    /// it goes down as it is.
    pub fn redacted(&self, number: usize) -> Vec<String> {
        let exchange = self.exchanges.get(number).and_then(Option::as_ref);
        exchange.map_or_else(Vec::new, |exchange| exchange.redact.clone())
    }

    /// The API's answer could not be redacted: it is no JSON, or too large.
    #[wasm_bindgen(js_name = onUnredactable)]
    pub fn on_unredactable(&mut self, number: usize) {
        if let Some(mut exchange) = self.lift(number) {
            self.refuse(&mut exchange, &Problem::unredactable());
            self.exchanges[number] = Some(exchange);
        }
    }

    /// The headers that the Worker adds to a response of the API, as a flat list of
    /// names and values.
    pub fn additions(&self, number: usize) -> Vec<String> {
        let exchange = self.exchanges.get(number).and_then(Option::as_ref);
        let Some(exchange) = exchange else { return Vec::new() };
        let mut list: Vec<String> =
            always(exchange).flat_map(|(name, value)| [name.to_owned(), value.to_owned()]).collect();
        if exchange.call.is_some() {
            let millis = millis(exchange.upstream_time);
            list.extend(["server-timing".to_owned(), ["upstream;dur=", &text::decimal(millis)].concat()]);
        }
        list
    }

    /// All that is known of a request that is about to be answered with `status`, as
    /// JSON: what a log line holds, whether or not one is wanted.
    pub fn record(&self, number: usize, status: u16, now: f64) -> Option<String> {
        let exchange = self.exchanges.get(number).and_then(Option::as_ref)?;
        let keys = self.configured.as_ref().ok().map(|configured| configured.upstream.keys());
        Some(exchange.line(keys, status, time(now)))
    }

    /// The request has been answered with `status`. Gives its log line, when the
    /// configuration wants one; `unit` is a random number from 0 to 1.
    pub fn close(&mut self, number: usize, status: u16, now: f64, unit: f64) -> Option<String> {
        let exchange = self.exchanges.get(number).and_then(Option::as_ref)?;
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
        if self.lift(number).is_some() {
            self.free.push(number);
        }
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
    /// Takes an exchange out of its place, which stays reserved.
    fn lift(&mut self, number: usize) -> Option<Exchange> {
        self.exchanges.get_mut(number).and_then(Option::take)
    }

    fn step(
        &mut self,
        number: usize,
        now: Timestamp,
        report: Report,
        judge: impl FnOnce(&mut Call, &mut Upstream, Timestamp) -> Action,
    ) -> u32 {
        let Some(mut exchange) = self.lift(number) else {
            self.action = action::REPLY;
            return self.action;
        };
        if let (Ok(Configured { upstream, breaker, .. }), Some(call)) = (&mut self.configured, &mut exchange.call) {
            match report {
                Report::Status(status) => {
                    exchange.upstream_status = Some(status);
                    breaker.judge(status >= 500, now);
                }
                Report::Nothing => breaker.judge(true, now),
                Report::Waited => {}
            }
            let next = judge(call, upstream, now);
            exchange.switch = upstream.take_switch().or(exchange.switch);
            self.take(next, &mut exchange, now);
        }
        self.exchanges[number] = Some(exchange);
        self.action
    }

    fn take(&mut self, next: Action, exchange: &mut Exchange, now: Timestamp) {
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
            Action::Done(verdict) => {
                exchange.upstream_time = now.saturating_since(exchange.started);
                match verdict {
                    Verdict::Success => action::PASS,
                    Verdict::Rejected => action::READ,
                    Verdict::Failed(error) => {
                        let problem = Problem::of_upstream(&error).unwrap_or_else(Problem::internal);
                        exchange.upstream_error = Some(*error);
                        self.refuse(exchange, &problem);
                        action::REPLY
                    }
                }
            }
        };
    }

    fn answer(&mut self, reply: Reply) {
        self.reply = Some(reply);
        self.action = action::REPLY;
    }

    fn refuse(&mut self, exchange: &mut Exchange, problem: &Problem) {
        exchange.code = Some(problem.code);
        self.answer(Reply::problem(problem, exchange));
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

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
const fn time(millis: f64) -> Timestamp {
    Timestamp::from_unix_millis(millis as u64)
}

#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
fn as_millis(duration: Duration) -> f64 {
    millis(duration) as f64
}

struct Lookup<'a>(&'a Headers);

impl attention_core::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).ok().flatten().map(Cow::Owned)
    }
}
