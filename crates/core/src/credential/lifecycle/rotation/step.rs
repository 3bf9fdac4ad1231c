//! The steps that a rotation asks its driver to perform, and the driver's reports.

use alloc::string::String;
use core::time::Duration;

use super::plan::Place;
use super::problem::{Answer, Problem};
use crate::codec::text::concat;
use crate::credential::Fingerprint;
use crate::credential::lifecycle::listing::KeyList;
use crate::{Slot, Timestamp};

/// The role of a key: old or new.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The key that was in use when the rotation began.
    Old,
    /// The key that will replace it.
    New,
}

impl Role {
    /// The other key.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Old => Self::New,
            Self::New => Self::Old,
        }
    }

    /// The role's name in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// The driver's next task. Every step except [`End`](Self::End) is followed by one [`Report`].
///
/// A step may be performed twice, because a driver may be stopped between performing it and writing the journal. A key
/// is identified by its role and fingerprint. The driver has its value, or finds it
/// ([`value_in`](crate::credential::lifecycle::listing::value_in), or else by asking the person), or reports
/// [`Report::KeyMissing`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step<'a> {
    /// Get the list of keys; then report [`Report::Keys`]. The request counts as a use of the key.
    List {
        /// The key whose `Authorization` the request uses.
        with: Role,
    },
    /// Send `POST /v2/api_keys` once; then report [`Report::Created`]. Neither the driver nor a [`Call`](crate::Call)
    /// may repeat the request, unless the API answered 429.
    Create {
        /// The body's `name`.
        name: &'a str,
        /// The body's `orgLevel`.
        org_level: bool,
        /// The key whose `Authorization` the request uses.
        with: Role,
    },
    /// Ask a person to create a key in the app and paste it; then report [`Report::Taken`].
    Take,
    /// Call the API with this key, always with the same request, which any key may make; then report
    /// [`Report::Accepted`] or [`Report::Rejected`]. This step precedes and follows the deletion of a key: a 401 has
    /// four documented causes, and only one that did not occur before the deletion proves it.
    Try {
        /// The key's role.
        key: Role,
        /// Its fingerprint, for logs.
        fingerprint: Fingerprint,
    },
    /// Put this key into a place; then report [`Report::Delivered`].
    Deliver {
        /// The place.
        place: &'a Place,
        /// The slot in the place. `Next` occurs only for places that hold a second key.
        slot: Slot,
        /// The key's role.
        key: Role,
        /// Its fingerprint, for logs.
        fingerprint: Fingerprint,
    },
    /// Check that the place has this key in this slot, and that a call through the place with it succeeds; then report
    /// [`Report::Verified`] or [`Report::NotVerified`].
    Verify {
        /// The place.
        place: &'a Place,
        /// The slot in the place.
        slot: Slot,
        /// Its fingerprint, for logs.
        fingerprint: Fingerprint,
    },
    /// Remove the next key from a place, if it has one; then report [`Report::Cleared`]. If the place's second slot
    /// cannot be empty, put the key of its first slot there instead: on the way back, that is the old key.
    ClearNext {
        /// The place.
        place: &'a Place,
        /// The key that the place's first slot has now.
        key: Role,
    },
    /// Delete a key by its id; then report [`Report::Deleted`] or [`Report::NotFound`].
    Delete {
        /// Its id in the list.
        id: &'a str,
        /// The key's role.
        key: Role,
        /// The key whose `Authorization` the request uses, never the deleted key.
        with: Role,
    },
    /// Wait; then report [`Report::Waited`]. The driver may stop instead and resume another day.
    Wait(Duration),
    /// Ask the person; then report [`Report::Answer`].
    Ask(Question<'a>),
    /// The rotation is over.
    End(End<'a>),
}

/// A question to a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question<'a> {
    /// The problem.
    pub problem: Problem,
    /// The place, if the problem concerns one.
    pub place: Option<&'a Place>,
    /// The possible answers; never empty.
    pub answers: &'static [Answer],
}

/// How a rotation ended, and the work left for a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End<'a> {
    /// The outcome.
    pub ending: Ending,
    /// The proof that the retired key is dead; `None` if no key was retired.
    pub proof: Option<Proof>,
    /// Keys that this rotation created or was given and that nobody uses. A person should delete them.
    pub strays: &'a [Stray],
    /// How many keys may have been created whose response was lost and that no list has shown. A person should search
    /// the app for the plan's name.
    pub unaccounted: u32,
    /// The key that was to be deleted but, as far as is known, is still alive.
    pub left: Option<Role>,
}

/// A key that nobody uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stray {
    /// A key in the list.
    Listed {
        /// Its id.
        id: String,
    },
    /// A key that a person pasted before any list was read.
    Pasted {
        /// Its fingerprint, for logs.
        fingerprint: Fingerprint,
    },
}

/// The outcome of a rotation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All places were verified with the new key.
    Rotated,
    /// All places were verified with the old key.
    RolledBack,
    /// No place was touched.
    Abandoned,
}

/// The proof that a key is dead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The API accepted it before the deletion, and answered 401 after it.
    Rejected,
    /// The list shows all values and does not contain it.
    Unlisted,
    /// The person confirmed it.
    Confirmed,
}

/// The result of a step.
#[derive(Debug)]
pub enum Report<'a> {
    /// For [`Step::List`].
    Keys(&'a KeyList),
    /// For [`Step::Create`]: the new key.
    Created {
        /// Its id.
        id: &'a str,
        /// Its fingerprint, for logs; `None` if the response had no value.
        fingerprint: Option<Fingerprint>,
    },
    /// For [`Step::Take`].
    Taken(Fingerprint),
    /// For [`Step::Try`]: the API accepted the key, that is, answered anything but 401 and 429.
    Accepted,
    /// For [`Step::Try`]: the API answered 401.
    Rejected,
    /// For [`Step::Deliver`].
    Delivered,
    /// For [`Step::Verify`]: the place has the key, and calls succeed.
    Verified,
    /// For [`Step::Verify`]: the place has another key, or calls fail.
    NotVerified,
    /// For [`Step::ClearNext`].
    Cleared,
    /// For [`Step::Delete`].
    Deleted,
    /// For [`Step::Delete`]: the key does not exist, or no longer.
    NotFound,
    /// For [`Step::Wait`].
    Waited,
    /// For [`Step::Ask`]: one of the offered answers.
    Answer(Answer),
    /// For any step that calls the API or a place: 429, so nothing was done. `retry` is the value of `Retry-After`.
    Refused {
        /// How long to wait.
        retry: Option<Duration>,
    },
    /// For any step that calls the API: 401 or 403 to a request that another key may make, so nothing was done.
    Denied,
    /// For any step except waiting and asking: no response arrived. The step may have been performed.
    Lost,
    /// For any step except waiting and asking: it failed for another reason.
    Failed,
    /// For any step that needs a key's value: the driver does not have it.
    KeyMissing(Role),
}

impl Report<'_> {
    /// The report's name in an error.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Keys(_) => "Keys",
            Self::Created { .. } => "Created",
            Self::Taken(_) => "Taken",
            Self::Accepted => "Accepted",
            Self::Rejected => "Rejected",
            Self::Delivered => "Delivered",
            Self::Verified => "Verified",
            Self::NotVerified => "NotVerified",
            Self::Cleared => "Cleared",
            Self::Deleted => "Deleted",
            Self::NotFound => "NotFound",
            Self::Waited => "Waited",
            Self::Answer(_) => "Answer",
            Self::Refused { .. } => "Refused",
            Self::Denied => "Denied",
            Self::Lost => "Lost",
            Self::Failed => "Failed",
            Self::KeyMissing(_) => "KeyMissing",
        }
    }
}

/// The report does not match the current step. The rotation is unchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Unexpected {
    /// The name of the report.
    pub report: &'static str,
}

impl Unexpected {
    /// The problem and the next step, on one line.
    pub fn message(self) -> String {
        let advice = " does not answer the rotation's current step; perform what `step` returns and report on that";
        concat(&["the report ", self.report, advice])
    }
}

impl_error!(Unexpected);

/// Watches whether a key is still used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Watch {
    /// When watching began, or the key was last seen in use.
    pub(super) since: Timestamp,
    /// `lastSeenAt` at that time. It is only compared with itself, because the API's clock is not ours.
    pub(super) seen: Option<Timestamp>,
    /// Whether it has changed once. Requests in progress may have caused one change.
    pub(super) changed: bool,
}
