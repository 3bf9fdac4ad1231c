//! The steps that a driver performs, and the reports of their results.

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

/// The driver's next step. Every step except the last four is followed by one [`Report`].
#[derive(Debug)]
pub enum Step {
    /// Fetch the issuer's key set, which is used from then on; then report [`Report::KeySet`].
    FetchKeySet {
        /// Its URL. A redirect counts as a failure.
        url: String,
        /// How long the whole response may take.
        timeout: Duration,
        /// The maximum size in bytes.
        limit: usize,
    },
    /// Verify the signature of [`Exchange::token`](super::Exchange::token) with the most recent key set and one of the
    /// deployment's algorithms; then report [`Report::Signature`].
    VerifyToken,
    /// Read the whole request body, up to `limit` bytes, and keep it for sending; then report [`Report::RequestBody`] or
    /// [`Report::UploadLate`].
    ReadRequest {
        /// The maximum size in bytes.
        limit: usize,
        /// The time until the whole body has arrived.
        patience: Duration,
    },
    /// Hold the request's body, so that it can be sent again; then report [`Report::RequestHeld`] or
    /// [`Report::UploadLate`]. It has the length stated in the request.
    HoldRequest {
        /// The time until the whole body has arrived.
        patience: Duration,
    },
    /// Ask the platform's counter whether [`Exchange::holder`](super::Exchange::holder) has a call left; then report
    /// [`Report::Counted`].
    Count {
        /// How long the counter may take.
        timeout: Duration,
    },
    /// Ask the shared gate for places; then report [`Report::Place`].
    AskGate {
        /// The question.
        question: Question,
        /// How long the gate may take.
        timeout: Duration,
    },
    /// Ask the gate's object for the status of a session; then report [`Report::Standing`].
    AskStanding {
        /// The session's id.
        id: String,
        /// How long the object may take.
        timeout: Duration,
    },
    /// Have the gate's object revoke a session; then report [`Report::Revoked`].
    Revoke {
        /// The session's id.
        id: String,
        /// How long the object may take.
        timeout: Duration,
    },
    /// Wait; then report [`Report::Waited`]. If there was a response, it is no longer needed.
    Wait(Duration),
    /// Send a request; then report [`Report::Response`], [`Report::NoResponse`], [`Report::UploadLate`] or
    /// [`Report::UploadBroken`].
    Send(Send),
    /// Read the whole response body, asking [`Exchange::may_hold`](super::Exchange::may_hold) for each chunk; then
    /// report [`Report::ResponseBody`].
    ReadResponse {
        /// The maximum size in bytes.
        limit: usize,
        /// The time until the end of the body.
        timeout: Duration,
    },
    /// The last step: pass on the API's response.
    Pass(Pass),
    /// The last step: serve a stored response.
    Serve(Stored),
    /// The last step: send a response of the proxy's own.
    Reply(Reply),
    /// The last step: show the status page.
    ShowStatus,
}

/// One request to the API.
#[derive(Debug)]
pub struct Send {
    /// The method.
    pub method: Method,
    /// The checked URL, which has the API's origin. A redirect is treated as a response and is not followed.
    pub url: String,
    /// The slot whose `Authorization` to send.
    pub slot: Slot,
    /// The time until the response's head, which starts when the API has the whole body; `None` means no limit.
    pub timeout: Option<Duration>,
    /// For a body that streams.
    pub streaming: Option<Streaming>,
    /// The request's headers and body.
    pub carries: Carries,
}

/// A body that is sent as it arrives. Only its own end may end it: an incomplete body must not look complete.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Streaming {
    /// Its stated length in bytes; `None` if it arrives in chunks.
    pub length: Option<u64>,
    /// The time until the API has the whole body.
    pub patience: Duration,
    /// The time until the response's head, the upload included; `None` means no limit.
    pub whole: Option<Duration>,
}

/// The headers and body of a request to the API, besides its `Authorization`.
#[derive(Debug)]
pub enum Carries {
    /// The caller's own: the headers listed in [`header_policy::UP`](crate::answer::header_policy::UP), and the body.
    TheCallers {
        /// The edits of the headers.
        edits: Vec<HeaderEdit>,
        /// Additional headers, whose names are not known in advance.
        more: Vec<(String, String)>,
        /// Whether there is a body.
        body: bool,
    },
    /// No body, and only these headers.
    Only(&'static [(&'static str, &'static str)]),
}

pub use crate::answer::header_policy::HeaderEdit;

/// How the API's response is passed on: its status, its headers that are listed in
/// [`header_policy::DOWN`](crate::answer::header_policy::DOWN) and do not echo a key, and the following.
#[derive(Debug)]
pub struct Pass {
    /// The body for the caller.
    pub body: Body,
    /// The edits of the headers.
    pub edits: Vec<HeaderEdit>,
}

/// The body of a response that is passed on.
#[derive(Debug)]
pub enum Body {
    /// Streamed. With `keep`, it is also read for the cache, and stored when it is complete.
    Streamed {
        /// The cache's pending entry.
        keep: Option<Pending>,
    },
    /// Replaced by these bytes.
    Replaced {
        /// The complete body.
        bytes: Vec<u8>,
        /// The id under which the driver has to keep them, if they may be served again.
        keep: Option<EntryId>,
    },
    /// None; the body was empty.
    Empty,
}

/// The result of a step.
pub enum Report<'a> {
    /// For [`Step::FetchKeySet`]: whether there is a new set.
    KeySet(bool),
    /// For [`Step::VerifyToken`].
    Signature(Signature<'a>),
    /// For [`Step::ReadRequest`]: `None` if it is too large or was interrupted. `fresh_id` is a new unique name.
    RequestBody {
        /// The complete body.
        body: Option<&'a [u8]>,
        /// A unique name such as a UUID.
        fresh_id: &'a str,
    },
    /// For [`Step::HoldRequest`]: whether it was complete.
    RequestHeld(bool),
    /// For [`Step::ReadRequest`], [`Step::HoldRequest`] and [`Step::Send`]: the caller did not send the body in time.
    UploadLate,
    /// For [`Step::Send`]: the caller's body was interrupted.
    UploadBroken,
    /// For [`Step::Count`]: whether the caller has a call left. An unresponsive counter counts as yes.
    Counted(bool),
    /// For [`Step::AskGate`]: `None` if the gate did not respond.
    Place(Option<Place>),
    /// For [`Step::AskStanding`]; [`Standing::Unknown`] if the object did not respond.
    Standing(Standing),
    /// For [`Step::Revoke`]: when the revocation lapses, `Err` if the list is full; `None` if the object did not
    /// respond.
    Revoked(Option<Result<Timestamp, Full>>),
    /// For [`Step::Wait`].
    Waited,
    /// For [`Step::Send`]: the head of the response.
    Response {
        /// Its status.
        status: u16,
        /// Its headers.
        headers: &'a dyn Headers,
        /// A random number from 0 to 1.
        jitter: f64,
    },
    /// For [`Step::Send`]: there is no response.
    NoResponse {
        /// The reason.
        failure: Failure,
        /// A random number from 0 to 1.
        jitter: f64,
    },
    /// For [`Step::ReadResponse`]: `None` if it is larger than the limit, was interrupted, took too long or may not be
    /// held; empty if it has no content.
    ResponseBody(Option<Vec<u8>>),
}

impl fmt::Debug for Report<'_> {
    // Omits the bodies, which belong to the caller and the API.
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

/// The result of verifying a token's signature.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signature<'a> {
    /// It is valid.
    Good,
    /// The token names a key that is not in the set.
    UnknownKey,
    /// It is invalid, for this reason.
    Bad(&'a str),
}
