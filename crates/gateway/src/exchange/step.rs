//! What a driver is asked to do, and what it reports.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use attention_core::call::Failure;
use attention_core::{Headers, Method, Slot, Timestamp};

use crate::answer::reply::Reply;
use crate::authorize::sessions::revoked::{Full, Standing};
use crate::cache::{EntryId, Pending, Stored};
use crate::limits::asking::Question;
use crate::limits::shared_gate::Place;

/// What the driver has to do next. Each but the last four is followed by one [`Report`].
#[derive(Debug)]
pub enum Step {
    /// Get the issuer's key set, which is used from then on; then [`Report::KeySet`].
    FetchKeySet {
        /// Where it is. A redirect is no key set.
        url: String,
        /// How long the whole answer may take.
        timeout: Duration,
        /// In bytes.
        limit: usize,
    },
    /// Check the signature of [`Exchange::token`](super::Exchange::token) with the key set that was had last, by
    /// one of the deployment's algorithms; then [`Report::Signature`].
    VerifyToken,
    /// Read the request's body whole, up to `limit` bytes, and keep it for sending; then [`Report::RequestBody`] or
    /// [`Report::UploadLate`].
    ReadRequest {
        /// In bytes.
        limit: usize,
        /// How long the caller may take over it.
        patience: Duration,
    },
    /// Hold the request's body, so that it can be sent again; then [`Report::RequestHeld`] or [`Report::UploadLate`]. It
    /// is as small as it was announced to be.
    HoldRequest {
        /// How long the caller may take over it.
        patience: Duration,
    },
    /// Ask the platform's counter whether [`Exchange::holder`](super::Exchange::holder) has a call left; then
    /// [`Report::Counted`].
    Count {
        /// How long the counter may take.
        timeout: Duration,
    },
    /// Ask the gate that all isolates share for places; then [`Report::Place`].
    AskGate {
        /// What to ask.
        question: Question,
        /// How long the gate may take.
        timeout: Duration,
    },
    /// Ask the gate's object how the session of this id stands; then [`Report::Standing`].
    AskStanding {
        /// The session's.
        id: String,
        /// How long the object may take.
        timeout: Duration,
    },
    /// Have the gate's object revoke the session of this id; then [`Report::Revoked`].
    Revoke {
        /// The session's.
        id: String,
        /// How long the object may take.
        timeout: Duration,
    },
    /// Wait; then [`Report::Waited`]. Nobody will read the response that was there, if one was.
    Wait(Duration),
    /// Send a request; then [`Report::Response`], [`Report::NoResponse`], [`Report::UploadLate`] or
    /// [`Report::UploadBroken`].
    Send(Send),
    /// Read the response's body whole, each piece with the leave of
    /// [`Exchange::may_hold`](super::Exchange::may_hold); then [`Report::ResponseBody`].
    ReadResponse {
        /// In bytes.
        limit: usize,
        /// Up to the end of the body.
        timeout: Duration,
    },
    /// The last step: the API's response is the answer.
    Pass(Pass),
    /// The last step: an answer of the cache.
    Serve(Stored),
    /// The last step: an answer of the proxy's own.
    Reply(Reply),
    /// The last step: the status page.
    ShowStatus,
}

/// One request to the API.
#[derive(Debug)]
pub struct Send {
    /// The method.
    pub method: Method,
    /// The URL, checked: it is of the API's origin. A redirect is an answer, not an instruction.
    pub url: String,
    /// Whose `Authorization` it takes.
    pub slot: Slot,
    /// Up to the response's head, and where the body streams from when the API has all of it; `None` is for ever.
    pub timeout: Option<Duration>,
    /// Of a body that streams.
    pub streaming: Option<Streaming>,
    /// What goes with it.
    pub carries: Carries,
}

/// A body that goes up as it comes, and that nothing but its own end may end: half of it is not whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Streaming {
    /// As the caller announced it, in bytes; `None` is in chunks.
    pub length: Option<u64>,
    /// How long it may take until the API has all of it.
    pub patience: Duration,
    /// How long it and the answer's head may take together; `None` is for ever.
    pub whole: Option<Duration>,
}

/// What a request to the API carries beside its `Authorization`.
#[derive(Debug)]
pub enum Carries {
    /// What the caller sent: those of its headers that [`header_policy::UP`](crate::answer::header_policy::UP)
    /// names, and its body.
    TheCallers {
        /// What changes of the headers.
        edits: Vec<HeaderEdit>,
        /// Headers besides, whose names nobody knows beforehand.
        more: Vec<(String, String)>,
        /// Whether there is a body.
        body: bool,
    },
    /// No body, and these headers alone.
    Only(&'static [(&'static str, &'static str)]),
}

pub use crate::answer::header_policy::HeaderEdit;

/// How the API's response is passed on: its status, those of its headers that
/// [`header_policy::DOWN`](crate::answer::header_policy::DOWN) names and in which no key is echoed, and this.
#[derive(Debug)]
pub struct Pass {
    /// What the caller gets for a body.
    pub body: Body,
    /// What changes of the headers.
    pub edits: Vec<HeaderEdit>,
}

/// The body of a response that is passed on.
#[derive(Debug)]
pub enum Body {
    /// As it comes. With `keep` it is read for the cache as well, on the side, and stored when it is whole.
    Streamed {
        /// What the cache wants of it.
        keep: Option<Pending>,
    },
    /// These bytes instead.
    Replaced {
        /// All of it.
        bytes: Vec<u8>,
        /// The name under which the driver has to keep them, if they may be given again.
        keep: Option<EntryId>,
    },
    /// None: there was nothing in it.
    Empty,
}

/// What came of a step.
pub enum Report<'a> {
    /// Of [`Step::FetchKeySet`]: whether there is a new one.
    KeySet(bool),
    /// Of [`Step::VerifyToken`].
    Signature(Signature<'a>),
    /// Of [`Step::ReadRequest`]: `None` when it is too large or broke off. `fresh_id` is a new unique name.
    RequestBody {
        /// All of it.
        body: Option<&'a [u8]>,
        /// A name that nothing else has, such as a UUID.
        fresh_id: &'a str,
    },
    /// Of [`Step::HoldRequest`]: whether it came whole.
    RequestHeld(bool),
    /// Of [`Step::ReadRequest`], [`Step::HoldRequest`] and [`Step::Send`]: the body was not there in the time that its
    /// caller had for it.
    UploadLate,
    /// Of [`Step::Send`]: its caller broke off.
    UploadBroken,
    /// Of [`Step::Count`]: whether the caller has a call left. A counter that did not answer counts as yes.
    Counted(bool),
    /// Of [`Step::AskGate`]: `None` when the gate did not answer.
    Place(Option<Place>),
    /// Of [`Step::AskStanding`]; [`Standing::Unknown`] when the object did not answer.
    Standing(Standing),
    /// Of [`Step::Revoke`]: when that lapses, `Err` when the list is full; `None` when the object did not answer.
    Revoked(Option<Result<Timestamp, Full>>),
    /// Of [`Step::Wait`].
    Waited,
    /// Of [`Step::Send`]: the response's head has come.
    Response {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: &'a dyn Headers,
        /// A random number from 0 to 1.
        jitter: f64,
    },
    /// Of [`Step::Send`]: no response came.
    NoResponse {
        /// Why.
        failure: Failure,
        /// A random number from 0 to 1.
        jitter: f64,
    },
    /// Of [`Step::ReadResponse`]: `None` when it is larger than the limit, broke off, took too long or may not be
    /// held; empty when there is nothing in it.
    ResponseBody(Option<Vec<u8>>),
}

impl fmt::Debug for Report<'_> {
    // Without bodies, which are the caller's and the API's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::KeySet(_) => "KeySet",
            Self::Signature(_) => "Signature",
            Self::RequestBody { .. } => "RequestBody",
            Self::RequestHeld(_) => "RequestHeld",
            Self::UploadLate => "UploadLate",
            Self::UploadBroken => "UploadBroken",
            Self::Counted(_) => "Counted",
            Self::Place(_) => "Place",
            Self::Standing(_) => "Standing",
            Self::Revoked(_) => "Revoked",
            Self::Waited => "Waited",
            Self::Response { .. } => "Response",
            Self::NoResponse { .. } => "NoResponse",
            Self::ResponseBody(_) => "ResponseBody",
        })
    }
}

/// What is known of a token's signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature<'a> {
    /// It is the issuer's.
    Good,
    /// The token names a key that is not in the set.
    UnknownKey,
    /// It is not, for this reason.
    Bad(&'a str),
}
