//! The course of one request through the proxy.
//!
//! ```text
//! Incoming ─► begin ─► Step ─► driver performs it ─► Report ─► report ─► Step ─► … ─► last Step ─► finish
//!
//! VerifyToken ─► authorize ─┬─► ReadRequest (a session's) ─► Reply
//!                           └─► Count ─► cache ─► ReadRequest, HoldRequest ─► AskGate ⇄ Wait ⇄ Send ─┐
//!                                          └─► Serve                                                  │
//!                               Reply, Pass ◄─ ReadResponse ◄──────────────────────────────── judged ◄┘
//! ```
//!
//! The driver owns the request, the response and their bodies; all decisions are made here. Every limit is contained in
//! the step that it applies to, so a driver has no constants of its own.
//!
//! ```
//! use attention_core::Timestamp;
//! use attention_core::credential::TokenDigest;
//! use attention_gateway::deployment::{Deployment, Text, Texts};
//! use attention_gateway::exchange::{Body, Exchange, Incoming, Pass, Report, Step};
//!
//! let callers = format!(r#"[{{"name":"app","sha256":"{}"}}]"#, TokenDigest::of("fake-token").to_hex());
//! let mut texts = Texts::default();
//! texts.set("ATTENTION_API_KEY", Text::Given("an-obviously-fake-key".into()));
//! texts.set("ATTENTION_CALLERS", Text::Given(callers));
//! let mut deployment = Deployment::parse(&texts);
//!
//! let request: &[(&str, &str)] = &[("authorization", "Bearer fake-token")];
//! let now = Timestamp::from_unix_seconds(1_700_000_000);
//! let incoming = Incoming {
//!     method: "GET",
//!     url: "https://proxy.example/v2/conversations?page=1".into(),
//!     headers: &request,
//!     has_body: false,
//!     fresh_id: "7f3a",
//! };
//! let mut exchange = Exchange::begin(deployment.as_mut(), incoming, now);
//! let Step::Send(send) = exchange.step() else { panic!("nothing to wait for") };
//! assert_eq!(send.url, "https://api.attention.tech/v2/conversations?page=1");
//!
//! // The driver sends it with the key and receives a 200.
//! let deployment = deployment.as_mut().expect("it is configured");
//! let response: &[(&str, &str)] = &[("content-type", "application/json")];
//! exchange.report(deployment, &request, Report::Response { status: 200, headers: &response, jitter: 0.5 }, now);
//! assert!(matches!(exchange.step(), Step::Pass(Pass { body: Body::Streamed { keep: None }, .. })));
//! let line = exchange.finish(Ok(deployment), 200, now, 0.5).line.expect("a line for each request");
//! assert!(line.contains(r#""caller":"app""#), "{line}");
//! ```

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use attention_core::call::Attempt;
use attention_core::codec::json::Object;
use attention_core::codec::text::decimal;
use attention_core::{Call, ErrorKind, Headers, Method, Slot, Timestamp, millis};

use crate::answer::problem::{Credentials, Problem};
use crate::answer::reply::Reply;
use crate::answer::room::Share;
use crate::authorize::identity::Identity;
use crate::authorize::jwt::key_set::Lookup;
use crate::authorize::policy::BodyLength;
use crate::authorize::target::Target;
use crate::authorize::{self, ALIVE, Forward, Opened, READY, Request, discovery};
use crate::cache::{Pending, Visit};
use crate::deployment::{Deployment, Misconfigured, Version};
use crate::limits::asking::Question;
use crate::limits::lanes::{Closing, Passage};
use crate::limits::lease::Ticket;
use crate::limits::proof::Cell;
use crate::log::LogLevel;
use crate::trace::trace_id;

use calling::Response;
use messaging::Conversation;
use preparing::HELD_BODY_BYTES;

mod answering;
mod calling;
mod facts;
mod identifying;
mod messaging;
mod preparing;
mod step;

pub use answering::Finished;
pub use facts::Facts;
pub use step::{Body, Carries, HeaderEdit, Pass, Report, Send, Signature, Step, Streaming};

/// For the log.
const OUTLIVED: &str = "the caller's session or token expired before the response was complete";

/// A request, as the driver received it.
pub struct Incoming<'a> {
    /// The method as received; an unknown one is refused.
    pub method: &'a str,
    /// The whole URL.
    pub url: String,
    /// Its headers.
    pub headers: &'a dyn Headers,
    /// Whether it has a body.
    pub has_body: bool,
    /// A unique name such as a UUID. It becomes the request id, unless the request already has one.
    pub fresh_id: &'a str,
}

impl fmt::Debug for Incoming<'_> {
    // Omits the caller's data, which includes a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("has_body", &self.has_body).finish_non_exhaustive()
    }
}

/// One request, from its arrival to its response.
pub struct Exchange {
    facts: Facts,
    request: Request,
    stage: Stage,
    step: Step,
    /// The JWT that is being verified, and the key set it needs.
    token: Option<String>,
    /// The owner of a session, until it is known whether the session was revoked.
    unchecked: Option<Identity>,
    lookup: Lookup,
    forward: Option<Forward>,
    /// Additional state for the MCP endpoint.
    conversation: Option<Conversation>,
    /// Its visit to the cache, if the policy allows caching.
    visit: Option<Visit>,
    /// The header with which the API validates the stored response.
    condition: Option<(&'static str, String)>,
    /// The `Accept-Encoding` for the API, if it differs from the caller's.
    codings: Option<Cow<'static, str>>,
    /// The edits of the API's headers for the caller.
    edits: Vec<HeaderEdit>,
    /// The problem to respond with if the API's response does not fit the request.
    out_of_place: Option<Problem>,
    /// The cache's pending entry, until the response has been redacted.
    kept: Option<Pending>,
    /// The memory used by the response's body while it is read.
    share: Option<Share>,
    /// Whether there was not enough memory for it.
    is_crowded_out: bool,
    call: Option<Call>,
    /// When the time of its call began: when it came, and later by as long as its caller took over the body.
    begun: Timestamp,
    upload: Upload,
    /// Whether the call has been sent to the API at least once.
    was_sent: bool,
    /// Whether the caller's own limit has been counted, by whichever counter.
    counted: bool,
    /// Its place in the line for a place of the shared gate.
    ticket: Option<Ticket>,
    /// When the gate was asked.
    asked_at: Timestamp,
    /// When the call was about to be sent, before it waited for its turn.
    attempted_at: Timestamp,
    /// A question to the gate that this call does not wait for.
    beside: Option<Question>,
    /// The caller and the part of the API that it calls.
    cell: Cell,
    /// Its course through the lanes.
    passage: Passage,
    /// The time for which the shared gate has to hold calls back.
    closing: Option<Closing>,
}

/// How the request's body is forwarded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Upload {
    /// There is no body.
    Absent,
    /// The body determines what the request does, so it is read first, whatever its stated length, and then held.
    Inspected,
    /// It is held, so that it can be sent again.
    Held,
    /// It is streamed once. If that fails, the caller may have disconnected.
    Streamed,
}

impl Upload {
    fn of(body: BodyLength, forward: &Forward) -> Self {
        match body {
            BodyLength::NoBody => Self::Absent,
            _ if forward.is_mcp && forward.method == Method::Post => Self::Inspected,
            BodyLength::Announced(length) if length <= HELD_BODY_BYTES => Self::Held,
            BodyLength::Announced(_) | BodyLength::Unknown => Self::Streamed,
        }
    }
}

/// The purpose of the current step, which determines the rule for its report.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    FetchingKeySet,
    Verifying,
    AskingStanding,
    Revoking,
    ReadingSessionRequest,
    Counting,
    /// Since then, for the rules of MCP.
    ReadingMessage(Timestamp),
    /// Since then.
    Holding(Timestamp),
    /// Asking the shared gate for a place for this attempt.
    Asking(Attempt),
    Waiting(Then),
    Sending,
    Probing(Slot),
    ReadingError,
    Redacting,
    Over,
}

/// The next action after a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// Another request may have fetched the issuer's key set by now.
    LookForKeySet,
    /// The call continues.
    Call,
    /// The lane is open again.
    Lane(Attempt),
    /// The attempt's turn in the shared gate's line.
    Send(Attempt),
    /// The shared gate is asked again.
    Ask(Attempt),
}

impl Exchange {
    /// Begins with a request; its first step is available at once. An isolate without a valid configuration refuses
    /// everything except [`ALIVE`].
    pub fn begin(
        deployment: Result<&mut Deployment, &mut Misconfigured>,
        incoming: Incoming<'_>,
        now: Timestamp,
    ) -> Self {
        let headers = incoming.headers;
        let mut exchange = Self::new(incoming, now);
        let path = exchange.request.target.path();
        let (is_alive, is_ready) = (path == ALIVE, path == READY);
        exchange.facts.is_probe = is_alive || is_ready;
        let opened = match deployment {
            Ok(deployment) if is_alive => Ok(Some(alive(deployment.version()))),
            Err(_) if is_alive => Ok(Some(alive(None))),
            Err(fault) => {
                exchange.facts.fault = Some(fault.message());
                Err(Problem::misconfigured())
            }
            Ok(deployment) if is_ready => Ok(Some(authorize::readiness(&deployment.upstream, now))),
            Ok(deployment) => exchange
                .open(deployment, headers, now)
                .map(|()| None)
                .map_err(|problem| exchange.counted(deployment, headers, problem, now)),
        };
        match opened {
            Ok(Some(reply)) => exchange.answer(reply),
            Ok(None) => {}
            Err(problem) => exchange.refuse(&problem),
        }
        exchange
    }

    fn new(incoming: Incoming<'_>, now: Timestamp) -> Self {
        let headers = incoming.headers;
        let own_id = headers.get("x-request-id").filter(|id| accepts_request_id(id)).map(Cow::into_owned);
        let method = Method::parse(incoming.method);
        let mut facts = Facts::new(own_id.unwrap_or_else(|| incoming.fresh_id.to_owned()), method, now);
        facts.trace = headers.get("traceparent").and_then(|text| trace_id(&text).map(str::to_owned));
        let body = body_length(&incoming);
        Self {
            facts,
            request: Request {
                method,
                target: Target::of(incoming.url),
                body,
                is_body_coded: headers.get("content-encoding").is_some_and(|coding| !is_identity(&coding)),
            },
            stage: Stage::Over,
            // A placeholder until the first step is decided.
            step: Step::Wait(Duration::ZERO),
            token: None,
            unchecked: None,
            lookup: Lookup::default(),
            forward: None,
            conversation: None,
            visit: None,
            condition: None,
            codings: None,
            edits: Vec::new(),
            out_of_place: None,
            kept: None,
            share: None,
            is_crowded_out: false,
            call: None,
            begun: now,
            upload: Upload::Absent,
            was_sent: false,
            counted: false,
            ticket: None,
            asked_at: now,
            attempted_at: now,
            beside: None,
            cell: Cell::default(),
            passage: Passage::default(),
            closing: None,
        }
    }

    fn open(&mut self, deployment: &mut Deployment, headers: &dyn Headers, now: Timestamp) -> Result<(), Problem> {
        // Determined first, so that a page can read any refusal.
        let page = authorize::page(deployment, &self.request, headers.get("origin").as_deref());
        self.facts.page = page.as_ref().ok().cloned().flatten();
        let path = self.request.target.checked_path().map_err(Problem::path)?;
        self.request.method.ok_or_else(Problem::method)?;
        page?;
        match authorize::open(deployment, &self.request, path, headers, self.facts.page.as_deref())? {
            Opened::Reply(reply) => self.answer(reply),
            Opened::Status => self.go(Stage::Over, Step::ShowStatus),
            Opened::Probe { slot, url } => self.probe(slot, url),
            Opened::Revoke { id } => self.revoke(id),
            Opened::Caller { method } => self.identify(deployment, headers, method, now)?,
        }
        Ok(())
    }

    /// The driver's next step.
    pub const fn step(&self) -> &Step {
        &self.step
    }

    /// The same, for a driver that moves data out of the last step.
    pub const fn step_mut(&mut self) -> &mut Step {
        &mut self.step
    }

    /// Reports the result of the current step; the next one is available at once. `request` are the headers of the
    /// request. A report that does not match the step is a mistake of the driver, and the request is answered with an
    /// internal error.
    pub fn report(&mut self, deployment: &mut Deployment, request: &dyn Headers, report: Report<'_>, now: Timestamp) {
        self.was_sent |= self.stage == Stage::Sending;
        let was_cut = matches!((self.stage, &report), (Stage::Sending, Report::NoResponse { .. }));
        // If the credential's expiry cut the time short, the failure says nothing about the API.
        let done = if was_cut && self.facts.is_over(now) {
            Err(self.outlived())
        } else {
            self.done(deployment, request, report, now)
        };
        // A problem contains nothing from the API. Any other result would be returned, or performed, after the
        // credential expired.
        let done = match done {
            Ok(()) if self.facts.is_over(now) && !matches!(self.step, Step::Reply(_)) => Err(self.outlived()),
            done => done,
        };
        if let Err(problem) = done {
            let problem = self.counted(deployment, request, problem, now);
            self.refuse(&problem);
        }
    }

    fn done(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        report: Report<'_>,
        now: Timestamp,
    ) -> Result<(), Problem> {
        match (self.stage, report) {
            (Stage::FetchingKeySet, Report::KeySet(got)) => self.on_key_set(deployment, got, now),
            (Stage::Verifying, Report::Signature(signature)) => self.on_signature(deployment, request, signature, now),
            (Stage::AskingStanding, Report::Standing(said)) => self.on_standing(deployment, request, said, now),
            (Stage::Revoking, Report::Revoked(kept)) => self.on_revoked(deployment, kept, now),
            (Stage::ReadingSessionRequest, Report::RequestBody { body, fresh_id }) => {
                self.on_session_request(deployment, body, fresh_id, now)
            }
            (Stage::Counting, Report::Counted(may)) => self.on_counted(deployment, request, may, now),
            (Stage::ReadingMessage(since), Report::RequestBody { body, .. }) => {
                self.took_over_the_body(since, now);
                self.on_message(deployment, request, body, now)
            }
            (Stage::Holding(since), Report::RequestHeld(whole)) => {
                self.took_over_the_body(since, now);
                self.on_held(deployment, request, whole, now)
            }
            (Stage::ReadingSessionRequest | Stage::ReadingMessage(_) | Stage::Holding(_), Report::UploadLate) => {
                Err(Problem::slow_upload())
            }
            (Stage::Asking(attempt), Report::Place(place)) => self.on_place(deployment, attempt, place, now),
            (Stage::Waiting(then), Report::Waited) => self.on_waited(deployment, then, now),
            (Stage::Sending, Report::Response { status, headers, jitter }) => {
                self.on_response(deployment, request, &Response { status, headers, jitter }, now)
            }
            (Stage::Sending, Report::NoResponse { failure, jitter }) => {
                self.on_no_response(deployment, (failure, jitter), now)
            }
            (Stage::Sending, Report::UploadLate) => Err(self.without_upload(deployment, Problem::slow_upload(), now)),
            (Stage::Sending, Report::UploadBroken) => {
                Err(self.without_upload(deployment, Problem::broken_upload(), now))
            }
            (Stage::Probing(slot), Report::Response { status, .. }) => self.on_probed(deployment, slot, status),
            (Stage::Probing(slot), Report::NoResponse { .. }) => self.on_probed(deployment, slot, 0),
            (Stage::ReadingError, Report::ResponseBody(body)) => self.on_error_body(deployment, body, now),
            (Stage::Redacting, Report::ResponseBody(body)) => self.on_redactable(deployment, body),
            _ => Err(Problem::internal()),
        }
    }

    /// The caller's credential expired during the request.
    fn outlived(&mut self) -> Problem {
        self.facts.fault = Some(OUTLIVED.to_owned());
        Problem::outlived(self.request.method, self.was_sent)
    }

    /// How long the caller may still receive its response; `None` means no limit. A body that streams longer than that
    /// must be aborted, and [`cut`](Self::cut) must be logged.
    pub fn lasts_for(&self, now: Timestamp) -> Option<Duration> {
        self.facts.ends_at.map(|end| end.saturating_since(now))
    }

    /// The log line of a response that was aborted because the caller's credential expired.
    pub fn cut(&self, deployment: Option<&Deployment>) -> Option<String> {
        let mut line = Object::new();
        line.string("event", "cut").string("level", "info").string("requestId", &self.facts.request_id);
        for (name, value) in [("caller", &self.facts.caller), ("session", &self.facts.session)] {
            if let Some(value) = value {
                line.string(name, value);
            }
        }
        line.string("fault", OUTLIVED);
        let is_silent = deployment.is_none_or(|deployment| deployment.config.log.level == LogLevel::Silent);
        (!is_silent).then(|| line.finish())
    }

    /// Counts a refusal for its credentials by their source. After too many of them, the response no longer gives a
    /// reason.
    fn counted(
        &mut self,
        deployment: &mut Deployment,
        request: &dyn Headers,
        problem: Problem,
        now: Timestamp,
    ) -> Problem {
        self.facts.fault = self.facts.fault.take().or_else(|| problem.reason.map(str::to_owned));
        if problem.credentials == Credentials::NotJudged {
            return problem;
        }
        self.facts.refusal = deployment.sources.note(request, problem.credentials, now);
        let wait = self.facts.refusal.as_ref().and_then(|noted| noted.wait);
        if let Some(wait) = wait {
            return Problem::refused_too_often(wait);
        }
        // The operator's token is never issued by an issuer.
        let jwt = deployment.config.jwt.as_ref().filter(|_| !authorize::is_operators(self.request.target.path()));
        problem.with_discovery(discovery::parameters(jwt, &self.request.target))
    }

    /// Whether this many more bytes of a response's body may be held during [`Step::ReadResponse`]; called for each
    /// chunk. If not, the driver stops reading and reports the body as `None`.
    pub fn may_hold(&mut self, deployment: &mut Deployment, bytes: usize, now: Timestamp) -> bool {
        let share = self.share.as_ref();
        let may = share.is_some_and(|share| deployment.room.take(share, bytes, now));
        self.is_crowded_out |= !may;
        may
    }

    /// The JWT whose signature is to be verified.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Whether the API has refused all keys, so that the key store may have a newer one.
    pub fn has_doubts(&self) -> bool {
        self.facts.upstream_error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Unauthorized)
    }

    /// The request id, for the response and the log line.
    pub fn request_id(&self) -> &str {
        &self.facts.request_id
    }

    /// The caller's identity, for counters outside this crate.
    pub fn holder(&self) -> String {
        self.facts.holder()
    }

    /// When the request began.
    pub const fn started(&self) -> Timestamp {
        self.facts.started
    }

    /// For how long the API asked all isolates to hold back, for the shared gate; returned once.
    pub const fn take_gate_closing(&mut self) -> Option<Closing> {
        self.closing.take()
    }

    /// A question to the shared gate, returned once. The request does not wait for the answer, which is passed to
    /// [`Deployment::on_gate`].
    pub const fn take_question(&mut self) -> Option<Question> {
        self.beside.take()
    }

    fn go(&mut self, stage: Stage, step: Step) {
        self.stage = stage;
        self.step = step;
    }

    fn answer(&mut self, reply: Reply) {
        self.go(Stage::Over, Step::Reply(reply));
    }

    fn refuse(&mut self, problem: &Problem) {
        self.facts.code = Some(problem.code);
        self.answer(Reply::problem(problem, &self.facts.request_id));
    }
}

impl fmt::Debug for Exchange {
    // Omits the caller's data and the response, which may contain a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("facts", &self.facts).field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// The response that the proxy runs, with its version.
fn alive(version: Option<&Version>) -> Reply {
    let mut said = Object::new();
    said.string("status", "alive");
    if let Some(version) = version {
        said.raw("version", &version.to_json());
    }
    Reply::json(200, said.finish())
}

/// Whether a caller's own request id is safe for a header and a log: 8 to 64 letters, digits, `-`, `_` or `.`.
fn accepts_request_id(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// The length of a request's body. `Content-Length: 0` means no body; a length that is not a number is unknown, and so
/// is any length beside a `Transfer-Encoding` (RFC 9112 §6.3).
fn body_length(incoming: &Incoming<'_>) -> BodyLength {
    if incoming.has_body && incoming.headers.has("transfer-encoding") {
        return BodyLength::Unknown;
    }
    let announced = incoming.headers.get("content-length");
    match announced.as_deref() {
        Some("0") => BodyLength::NoBody,
        _ if !incoming.has_body => BodyLength::NoBody,
        Some(length) => {
            attention_core::codec::text::whole_number(length).map_or(BodyLength::Unknown, BodyLength::Announced)
        }
        None => BodyLength::Unknown,
    }
}

/// Whether a `Content-Encoding` leaves the body unchanged (RFC 9110 §8.4.1).
fn is_identity(coding: &str) -> bool {
    coding.trim_ascii().is_empty() || coding.trim_ascii().eq_ignore_ascii_case("identity")
}

/// A duration in milliseconds as a header value.
fn in_millis(duration: Duration) -> String {
    decimal(millis(duration))
}
