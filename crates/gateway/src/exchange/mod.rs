//! One request's way through the proxy.
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
//! The driver owns the request, the response and their bodies; all that is decided is decided here. A limit
//! comes inside the step that it limits, so a driver has no constant of its own.
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
//! // The driver sends it with the key, and is answered with a 200.
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

/// In the log.
const OUTLIVED: &str = "the time of the caller's session or token was over before the answer was";

/// A request, as the driver has it.
pub struct Incoming<'a> {
    /// As it came; a method that is unknown is refused.
    pub method: &'a str,
    /// The whole URL.
    pub url: String,
    /// Its headers.
    pub headers: &'a dyn Headers,
    /// Whether it has a body.
    pub has_body: bool,
    /// A name that nothing else has, such as a UUID: the request's own, unless it came with one.
    pub fresh_id: &'a str,
}

impl fmt::Debug for Incoming<'_> {
    // Without what the caller sent: a token is in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("has_body", &self.has_body).finish_non_exhaustive()
    }
}

/// One request, from its arrival to its answer.
pub struct Exchange {
    facts: Facts,
    request: Request,
    stage: Stage,
    step: Step,
    /// The JWT that is being verified, and the need of a key set for it.
    token: Option<String>,
    /// Whose session it is, until it is known that it was not revoked.
    unchecked: Option<Identity>,
    lookup: Lookup,
    forward: Option<Forward>,
    /// What it has besides when it is for the MCP endpoint.
    conversation: Option<Conversation>,
    /// Its way past the cache, where the policy gives the cache a part in it.
    visit: Option<Visit>,
    /// The header by which the API is asked whether what is stored is still the same.
    condition: Option<(&'static str, String)>,
    /// What goes up of the caller's `Accept-Encoding`, where it is not what the caller sent.
    codings: Option<Cow<'static, str>>,
    /// What changes of the API's headers on their way down.
    edits: Vec<HeaderEdit>,
    /// What the API's error is answered with, where it does not belong to what the API was asked.
    out_of_place: Option<Problem>,
    /// What the cache wants of the answer, until it has been taken apart.
    kept: Option<Pending>,
    /// The memory that the body of the answer takes while it is read whole.
    share: Option<Share>,
    /// Whether there was no memory for all of it.
    is_crowded_out: bool,
    call: Option<Call>,
    /// When the time of its call began: when it came, and later by as long as its caller took over the body.
    begun: Timestamp,
    upload: Upload,
    /// Whether the API has been sent the call, if only once.
    was_sent: bool,
    /// Whether the caller's own limit has been counted, by whatever counts it.
    counted: bool,
    /// Its place in the line of those who wait for a place of the shared gate.
    ticket: Option<Ticket>,
    /// When the gate was asked.
    asked_at: Timestamp,
    /// When the call was about to be sent, before it waited for its turn.
    attempted_at: Timestamp,
    /// What is to be asked of the gate beside this call.
    beside: Option<Question>,
    /// Who calls which part of the API.
    cell: Cell,
    /// Its way through the lanes of what is held back.
    passage: Passage,
    /// What the shared gate has to hold back.
    closing: Option<Closing>,
}

/// How the request's body goes up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Upload {
    /// There is none.
    Absent,
    /// It says what the request asks for, so it is read first, whatever its length was said to be; then it is held.
    Inspected,
    /// It is held, so that it can be sent again.
    Held,
    /// As it comes, once: when that fails, it may be the caller who broke off.
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

/// What the step at hand is for: which rule its report goes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    FetchingKeySet,
    Verifying,
    AskingStanding,
    Revoking,
    ReadingWish,
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

/// What follows a wait.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Then {
    /// Another request may have had the issuer's key set by now.
    LookForKeySet,
    /// The call goes on.
    Call,
    /// What was held back is not any more.
    Lane(Attempt),
    /// The attempt's place in the shared gate's line has come.
    Send(Attempt),
    /// The shared gate is asked again.
    Ask(Attempt),
}

impl Exchange {
    /// Begins with a request: its first step is there at once. An isolate that is not fully configured refuses
    /// everything but [`ALIVE`].
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
            // Until the first one is decided. Reported on, it would be a fault.
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
        // First of all, so that a page can read whatever it is refused with.
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

    /// What the driver has to do next.
    pub const fn step(&self) -> &Step {
        &self.step
    }

    /// The same, for a driver that takes something out of the last step.
    pub const fn step_mut(&mut self) -> &mut Step {
        &mut self.step
    }

    /// What came of the step; the next one is there at once. `request` are the headers of the request. A report
    /// that does not belong to the step is a driver's fault, and the request is answered as such.
    pub fn report(&mut self, deployment: &mut Deployment, request: &dyn Headers, report: Report<'_>, now: Timestamp) {
        self.was_sent |= self.stage == Stage::Sending;
        let was_cut = matches!((self.stage, &report), (Stage::Sending, Report::NoResponse { .. }));
        // Nothing is learnt of the API when the time that was left was not the call's.
        let done = if was_cut && self.facts.is_over(now) {
            Err(self.outlived())
        } else {
            self.done(deployment, request, report, now)
        };
        // A problem holds nothing of the API's; anything else is given, or done, under what has ended.
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
            (Stage::ReadingWish, Report::RequestBody { body, fresh_id }) => {
                self.on_wish(deployment, body, fresh_id, now)
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
            (Stage::ReadingWish | Stage::ReadingMessage(_) | Stage::Holding(_), Report::UploadLate) => {
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

    /// What the caller came with has ended on the way.
    fn outlived(&mut self) -> Problem {
        self.facts.fault = Some(OUTLIVED.to_owned());
        Problem::outlived(self.request.method, self.was_sent)
    }

    /// How long the caller may still be given what it asked for; `None` is for ever. A body that streams longer than
    /// that is to break off, and [`cut`](Self::cut) is to be logged.
    pub fn lasts_for(&self, now: Timestamp) -> Option<Duration> {
        self.facts.ends_at.map(|end| end.saturating_since(now))
    }

    /// The log line of an answer that broke off since what its caller came with had ended.
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

    /// A refusal for its credentials is counted, by where they come from; of too many of them nothing is told any more.
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
        // The operator's token is nothing that an issuer gives.
        let jwt = deployment.config.jwt.as_ref().filter(|_| !authorize::is_operators(self.request.target.path()));
        problem.with_discovery(discovery::parameters(jwt, &self.request.target))
    }

    /// Whether so many more bytes of a response's body may be held, which have come for [`Step::ReadResponse`]:
    /// asked for each piece of it. When they may not, nobody reads on, and the body is reported as `None`.
    pub fn may_hold(&mut self, deployment: &mut Deployment, bytes: usize, now: Timestamp) -> bool {
        let share = self.share.as_ref();
        let may = share.is_some_and(|share| deployment.room.take(share, bytes, now));
        self.is_crowded_out |= !may;
        may
    }

    /// The JWT whose signature is to be checked.
    pub fn token(&self) -> &str {
        self.token.as_deref().unwrap_or_default()
    }

    /// Whether the API has refused every key that there is: another one may be where keys are kept.
    pub fn has_doubts(&self) -> bool {
        self.facts.upstream_error.as_ref().is_some_and(|error| error.kind() == ErrorKind::Unauthorized)
    }

    /// The name of this request, for its answer and its log line.
    pub fn request_id(&self) -> &str {
        &self.facts.request_id
    }

    /// Who sends it, for those who tell callers apart.
    pub fn holder(&self) -> String {
        self.facts.holder()
    }

    /// When it began.
    pub const fn started(&self) -> Timestamp {
        self.facts.started
    }

    /// For how long the API asked to hold back, once: what the gate that all isolates share has to know.
    pub const fn take_gate_closing(&mut self) -> Option<Closing> {
        self.closing.take()
    }

    /// What to ask the gate that all isolates share while this request goes on, once: nobody waits for the answer,
    /// which [`Deployment::on_gate`] takes.
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
    // Without what the caller sent, and what it is answered with: a token may be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exchange").field("facts", &self.facts).field("stage", &self.stage).finish_non_exhaustive()
    }
}

/// That the proxy runs, and which version.
fn alive(version: Option<&Version>) -> Reply {
    let mut said = Object::new();
    said.string("status", "alive");
    if let Some(version) = version {
        said.raw("version", &version.to_json());
    }
    Reply::json(200, said.finish())
}

/// A caller's own request id, when it is plain enough to stand in a header and a log: 8 to 64 letters, digits,
/// `-`, `_` or `.`.
fn accepts_request_id(id: &str) -> bool {
    (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

/// What a request says of its body. `Content-Length: 0` announces none; a length that is not a number is unknown, and so
/// is any beside a `Transfer-Encoding` (RFC 9112 §6.3).
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

/// Whether a `Content-Encoding` leaves the body as it is (RFC 9110 §8.4.1).
fn is_identity(coding: &str) -> bool {
    coding.trim_ascii().is_empty() || coding.trim_ascii().eq_ignore_ascii_case("identity")
}

/// A number of milliseconds as the value of a header.
fn in_millis(duration: Duration) -> String {
    decimal(millis(duration))
}
