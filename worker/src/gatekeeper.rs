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

use std::borrow::Cow;
use std::time::Duration;

use attention_core as core;
use attention_core::authorization::{Bearer, TokenDigest};
use attention_core::call::{CallOptions, Upstream, Verdict};
use attention_core::json::Object;
use attention_core::redaction::scrub;
use attention_core::retry::Failure;
use attention_core::route::{BodyLength, Decision};
use attention_core::session::{Session, SessionError};
use attention_core::{Action, Call, Method, Slot, Timestamp};
use base64ct::{Base64, Encoding as _};
use wasm_bindgen::prelude::*;
use web_sys::Headers;

use crate::allowance::Allowance;
use crate::breaker::Breaker;
use crate::caller::Caller;
use crate::config::{Config, LogLevel, Misconfigured, Text, Texts, binding};
use crate::cors::Cors;
use crate::exchange::Exchange;
use crate::health;
use crate::hygiene;
use crate::jwt::Jwt;
use crate::mcp;
use crate::problem::Problem;
use crate::record::Document;
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

#[derive(Debug)]
struct Configured {
    config: Config,
    upstream: Upstream,
    /// As many as there are callers, in their order.
    allowances: Vec<Allowance>,
    breaker: Breaker,
}

/// Who a request is from, and what that allows.
struct Identity {
    name: String,
    policy: String,
    session: Option<Session>,
    /// Which of the configured callers.
    caller: Option<usize>,
}

/// What there is to judge of a request, beside its method.
struct Incoming<'a> {
    target: Target<'a>,
    authorization: Option<&'a str>,
    token: Token<'a>,
    origin: Option<String>,
    upgrade: bool,
    body: BodyLength,
}

/// What the driver found out about a request's JWT, when the configuration
/// believes an issuer and the request carries one of its tokens.
enum Token<'a> {
    /// There is none.
    Other,
    /// It is good, and these are its claims.
    Verified(&'a str),
    /// It is not, for this reason.
    Refused(&'a str),
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
            configured: Config::parse(&texts).map(|(config, upstream)| Configured {
                allowances: vec![Allowance::default(); config.callers.len()],
                breaker: Breaker::default(),
                config,
                upstream,
            }),
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
        let judged = self.judge(&mut exchange, incoming);
        match judged {
            Ok(Judged::Forward(method)) => {
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
            Ok(Judged::Probe(slot)) => {
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
        std::mem::take(&mut self.url)
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
        duration.map_or(-1.0, |duration| (duration.as_secs_f64() * 1000.0).ceil())
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
        wait.unwrap_or_default().as_secs_f64() * 1000.0
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
        let minted = self.mint(&exchange, body.as_deref(), id, time(now));
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
            let millis = exchange.upstream_time.as_millis();
            list.extend(["server-timing".to_owned(), format!("upstream;dur={millis}")]);
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

enum Judged {
    Forward(Method),
    Reply(Reply),
    Mint,
    Probe(Slot),
    Status,
}

/// Where the operator sees how it goes.
const STATUS: &str = "/status";
/// Where a backend asks for a session.
const SESSIONS: &str = "/sessions";
/// Where the operator has a key tried, by the name of its place.
const PROBES: [(&str, Slot); 2] = [("/admin/keys/current/test", Slot::Current), ("/admin/keys/next/test", Slot::Next)];
/// A documented operation that reads little.
const PROBE_TARGET: (&str, &str) = ("/conversations/list", "page=1&size=1");

impl Gatekeeper {
    fn judge(&mut self, exchange: &mut Exchange, incoming: Incoming<'_>) -> Result<Judged, Problem> {
        let Incoming { target, authorization, token, origin, upgrade, body } = incoming;
        exchange.is_probe = matches!(target.path, "/healthz" | "/readyz");
        if target.path == "/healthz" {
            return Ok(Judged::Reply(Reply::json(200, r#"{"status":"alive"}"#.to_owned(), exchange)));
        }
        let Configured { config, upstream, allowances, breaker } = match &mut self.configured {
            Ok(configured) => configured,
            Err(fault) => {
                exchange.fault = Some(fault.to_string());
                return Err(Problem::misconfigured());
            }
        };
        if target.path == "/readyz" {
            let (ready, body) = health::readiness(upstream.keys(), exchange.started);
            return Ok(Judged::Reply(Reply::json(if ready { 200 } else { 503 }, body, exchange)));
        }
        let path = target.checked_path().map_err(Problem::path)?;
        let method = exchange.method.ok_or_else(Problem::method)?;
        match Cors::judge(config, origin.as_deref(), target.origin) {
            Cors::Refused => return Err(Problem::origin()),
            Cors::Allowed(_) => exchange.cors_origin = origin,
            Cors::SameOrigin => {}
        }
        if method == Method::Options {
            // The API documents no OPTIONS; here it is the browser's question.
            let is_preflight = exchange.cors_origin.is_some();
            return if is_preflight { Ok(Judged::Reply(Reply::preflight(exchange))) } else { Err(Problem::method()) };
        }
        if upgrade {
            return Err(Problem::upgrade());
        }
        // fetch sends none with these, and a server could take one for the next request.
        if method.is_safe() && body != BodyLength::NoBody {
            return Err(Problem::unexpected_body());
        }
        if path.as_str() == STATUS {
            operator(config, authorization, true)?;
            return if method == Method::Get { Ok(Judged::Status) } else { Err(Problem::method()) };
        }
        if let Some((_, slot)) = PROBES.iter().find(|(probe, _)| *probe == path.as_str()) {
            operator(config, authorization, false)?;
            if method != Method::Post {
                return Err(Problem::method());
            }
            upstream.keys().fingerprint(*slot).ok_or_else(Problem::outside)?;
            self.url = upstream.url(PROBE_TARGET.0, PROBE_TARGET.1).map_err(Problem::request)?;
            return Ok(Judged::Probe(*slot));
        }
        let identity = identify(config, exchange, authorization, &token)?;
        exchange.caller = Some(identity.name);
        let caller = identity.caller.and_then(|index| config.callers.get(index).zip(allowances.get_mut(index)));
        if let Some((Caller { limit: Some(rate), .. }, allowance)) = caller {
            allowance.take(*rate, exchange.started).map_err(Problem::allowance)?;
        }
        if path.as_str() == SESSIONS {
            let mints = identity.session.is_none()
                && identity
                    .caller
                    .and_then(|index| config.callers.get(index))
                    .is_some_and(|caller| caller.mints_sessions);
            return match method {
                Method::Post if mints => Ok(Judged::Mint),
                Method::Post => Err(Problem::denied()),
                _ => Err(Problem::method()),
            };
        }
        // The caller's path begins with the base's prefix: that is where it is mounted.
        let prefix = upstream.base().path();
        let under_prefix = path.as_str().strip_prefix(prefix).filter(|rest| rest.starts_with('/'));
        exchange.is_mcp = path.as_str() == mcp::PATH;
        if under_prefix.is_none() && !exchange.is_mcp {
            return Err(Problem::outside());
        }
        let policy = config.policies.get(&identity.policy).ok_or_else(Problem::denied)?;
        let Decision::Allowed(rule) = policy.decide(method, path) else { return Err(Problem::denied()) };
        if identity.session.is_some_and(|session| !session.routes.decide(method, path).is_allowed()) {
            return Err(Problem::denied());
        }
        rule.admits(target.query, body).map_err(|unmet| Problem::unmet(&unmet))?;
        breaker.admit(exchange.started).map_err(Problem::circuit_open)?;
        exchange.route = Some(rule.route().to_owned());
        exchange.redact = rule.redacted().to_vec();
        let url = match under_prefix {
            Some(rest) => upstream.url(rest, target.query),
            None => upstream.url_beside(mcp::PATH, target.query),
        };
        self.url = url.map_err(Problem::request)?;
        Ok(Judged::Forward(method))
    }

    fn mint(&self, exchange: &Exchange, body: Option<&str>, id: &str, now: Timestamp) -> Result<String, Problem> {
        let Ok(Configured { config, .. }) = &self.configured else { return Err(Problem::misconfigured()) };
        let (Some(secret), Some(caller)) = (&config.session_secret, &exchange.caller) else {
            return Err(Problem::misconfigured());
        };
        let body = body.ok_or_else(Problem::broken_upload)?;
        let wish = Document::new(body).root(&["minutes", "origin", "routes"]).map_err(|fault| Problem::wish(&fault))?;
        let minutes = wish.number("minutes").map_err(|fault| Problem::wish(&fault))?.unwrap_or(15);
        let origin = wish.text("origin").map_err(|fault| Problem::wish(&fault))?;
        // An origin that no page may come from would make a token that nobody can use.
        if origin.as_ref().is_some_and(|origin| !config.origins.iter().any(|allowed| allowed == origin)) {
            return Err(Problem::wish(&wish.fault("origin", "is not one of the origins that this proxy allows")));
        }
        let routes = wish.texts("routes").map_err(|fault| Problem::wish(&fault))?.unwrap_or_default();
        let routes: Vec<&str> = routes.iter().map(String::as_str).collect();
        let life = Duration::from_secs(minutes.saturating_mul(60));
        let session = Session::new(caller, now, life, origin.as_deref(), &routes, id).map_err(|error| {
            let member = if error == SessionError::Life { "minutes" } else { "routes" };
            Problem::wish(&wish.fault(member, error.to_string()))
        })?;
        let mut minted = Object::new();
        minted
            .string("token", &session.sign(secret))
            .number("expiresAt", session.expires_at.as_unix_millis())
            .string("id", id);
        Ok(minted.finish())
    }

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

/// Lets nobody pass but the operator. Without an operator's token in the
/// configuration there is no such path. A page is asked for by a person in a
/// browser, which knows only the Basic scheme (RFC 7617): any name, and the token.
fn operator(config: &Config, authorization: Option<&str>, page: bool) -> Result<(), Problem> {
    let admin = config.admin.ok_or_else(Problem::outside)?;
    let basic = authorization.filter(|_| page).and_then(|value| {
        let (scheme, credentials) = value.split_once(' ')?;
        let decoded = scheme.eq_ignore_ascii_case("basic").then(|| Base64::decode_vec(credentials.trim()).ok())??;
        let text = String::from_utf8(decoded).ok()?;
        text.split_once(':').map(|(_, token)| token.to_owned())
    });
    let digest = match basic {
        Some(token) => TokenDigest::of(&token),
        None => match Bearer::parse(authorization) {
            Ok(bearer) => TokenDigest::of(bearer.token()),
            Err(_) if page => return Err(Problem::ask_for_password()),
            Err(error) => return Err(Problem::authorization(error)),
        },
    };
    if admin.matches(digest) {
        return Ok(());
    }
    Err(if page { Problem::ask_for_password() } else { Problem::unknown_token() })
}

/// Who a request is from: the holder of a static token, of a session, or of an
/// issuer's JWT.
fn identify(
    config: &Config,
    exchange: &mut Exchange,
    authorization: Option<&str>,
    token: &Token<'_>,
) -> Result<Identity, Problem> {
    match token {
        Token::Other => {}
        Token::Verified(claims) => {
            let (name, policy) = config.jwt.as_ref().and_then(|jwt| jwt.admit(claims)).ok_or_else(Problem::no_grant)?;
            return Ok(Identity { name, policy: policy.to_owned(), session: None, caller: None });
        }
        Token::Refused(reason) => {
            exchange.fault = Some(format!("the JWT was refused: {reason}"));
            return Err(Problem::unknown_token());
        }
    }
    let bearer = Bearer::parse(authorization).map_err(Problem::authorization)?;
    let now = exchange.started;
    let session = match &config.session_secret {
        Some(secret) if Session::is_session(bearer.token()) => {
            let session = Session::verify(bearer.token(), secret, now).map_err(|error| match error {
                SessionError::Expired => Problem::expired_token(),
                _ => Problem::unknown_token(),
            })?;
            if session.origin.is_some() && session.origin != exchange.cors_origin {
                return Err(Problem::origin());
            }
            Some(session)
        }
        _ => None,
    };
    let index = match &session {
        // Who asked for it has to be somebody still: that is how sessions are revoked.
        Some(session) => {
            config.callers.iter().position(|caller| caller.name == session.caller && caller.mints_sessions)
        }
        None => TokenDigest::of(bearer.token()).find_in(config.callers.iter().map(|caller| caller.token)),
    };
    let (index, caller) =
        index.and_then(|index| Some((index, config.callers.get(index)?))).ok_or_else(Problem::unknown_token)?;
    if caller.expires_at.is_some_and(|at| at <= now) {
        return Err(Problem::expired_token());
    }
    Ok(Identity { name: caller.name.clone(), policy: caller.policy.clone(), session, caller: Some(index) })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
const fn time(millis: f64) -> Timestamp {
    Timestamp::from_unix_millis(millis as u64)
}

struct Lookup<'a>(&'a Headers);

impl core::Headers for Lookup<'_> {
    fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        self.0.get(name).ok().flatten().map(Cow::Owned)
    }
}
