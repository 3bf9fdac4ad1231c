//! What a driver of a rotation is asked to do, and what it reports.

use alloc::string::String;
use core::time::Duration;

use super::plan::Place;
use super::problem::{Answer, Problem};
use crate::codec::text::concat;
use crate::credential::Fingerprint;
use crate::credential::lifecycle::listing::KeyList;
use crate::{Slot, Timestamp};

/// Which of the two keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// The key that was in use when the rotation began.
    Old,
    /// The key that is to replace it.
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

    /// Its name in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Old => "old",
            Self::New => "new",
        }
    }
}

/// What the driver has to do next; each but [`End`](Self::End) is followed by one [`Report`].
///
/// Each may be done twice, since a driver may be stopped between doing it and writing the
/// journal. A key is named by its role and fingerprint: the driver has its value, or looks
/// for it ([`value_in`](crate::credential::lifecycle::listing::value_in), then the person),
/// or reports [`Report::KeyMissing`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step<'a> {
    /// Get the list of keys; then [`Report::Keys`]. It counts as a use of the key.
    List {
        /// Whose `Authorization` the request takes.
        with: Role,
    },
    /// `POST /v2/api_keys`, once; then [`Report::Created`]. Not to be sent again by the
    /// driver, nor by a [`Call`](crate::Call), unless the API said 429.
    Create {
        /// The body's `name`.
        name: &'a str,
        /// The body's `orgLevel`.
        org_level: bool,
        /// Whose `Authorization` the request takes.
        with: Role,
    },
    /// Have a person make a key in the app and paste it; then [`Report::Taken`].
    Take,
    /// Call the API with this key, always by the same call, which any key may do; then
    /// [`Report::Accepted`] or [`Report::Rejected`]. It is asked for right before a key is
    /// deleted and right after: a 401 has four documented causes, and only one that was not
    /// there before the deletion proves it.
    Try {
        /// Which key.
        key: Role,
        /// Its name in logs.
        fingerprint: Fingerprint,
    },
    /// Put this key into a place; then [`Report::Delivered`].
    Deliver {
        /// The place.
        place: &'a Place,
        /// Where in it. `Next` occurs for places that hold one.
        slot: Slot,
        /// Which key.
        key: Role,
        /// Its name in logs.
        fingerprint: Fingerprint,
    },
    /// Check that the place has this key there, and that a call by way of the place with this
    /// key succeeds; then [`Report::Verified`] or [`Report::NotVerified`].
    Verify {
        /// The place.
        place: &'a Place,
        /// Where in it.
        slot: Slot,
        /// Its name in logs.
        fingerprint: Fingerprint,
    },
    /// Take the next key out of a place, if there is one; then [`Report::Cleared`]. A place whose second slot cannot be
    /// empty takes the key of its first one there instead: on the way back, that is the old key.
    ClearNext {
        /// The place.
        place: &'a Place,
        /// The key that the place's first slot has by now.
        key: Role,
    },
    /// Delete a key by its id; then [`Report::Deleted`] or [`Report::NotFound`].
    Delete {
        /// Its id in the list.
        id: &'a str,
        /// Which key it is.
        key: Role,
        /// Whose `Authorization` the request takes: never the key that is deleted.
        with: Role,
    },
    /// Wait; then [`Report::Waited`]. The driver may stop instead, and go on another day.
    Wait(Duration),
    /// Ask the person; then [`Report::Answer`].
    Ask(Question<'a>),
    /// Nothing more.
    End(End<'a>),
}

/// What a person has to decide.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question<'a> {
    /// What is in the way.
    pub problem: Problem,
    /// Where, if it is about one place.
    pub place: Option<&'a Place>,
    /// What may be answered; never empty.
    pub answers: &'static [Answer],
}

/// How a rotation ended, and what is left for a person to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct End<'a> {
    /// How.
    pub ending: Ending,
    /// What shows that the key that was retired is dead; `None` if none was.
    pub proof: Option<Proof>,
    /// Keys that this rotation made, or was given, and that nobody uses: a person deletes them.
    pub strays: &'a [Stray],
    /// How many times a key may have been made whose answer was lost and which no list has
    /// shown: a person looks for the plan's name in the app.
    pub unaccounted: u32,
    /// The key that was to be deleted and, as far as is known, is still alive.
    pub left: Option<Role>,
}

/// A key that nobody uses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stray {
    /// One that the list names.
    Listed {
        /// Its id.
        id: String,
    },
    /// One that a person pasted, of which no list has been seen.
    Pasted {
        /// Its name in logs.
        fingerprint: Fingerprint,
    },
}

/// How a rotation ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ending {
    /// All places were verified with the new key.
    Rotated,
    /// All places were verified with the old key.
    RolledBack,
    /// No place was touched.
    Abandoned,
}

/// What shows that a key is dead.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proof {
    /// The API accepted it before the deletion, and answered 401 after it.
    Rejected,
    /// The list, which shows all values, does not have it.
    Unlisted,
    /// The person says so.
    Confirmed,
}

/// What came of a step.
#[derive(Debug)]
pub enum Report<'a> {
    /// Of [`Step::List`].
    Keys(&'a KeyList),
    /// Of [`Step::Create`]: there is a new key.
    Created {
        /// Its id.
        id: &'a str,
        /// Its name in logs; `None` if the answer had no value.
        fingerprint: Option<Fingerprint>,
    },
    /// Of [`Step::Take`].
    Taken(Fingerprint),
    /// Of [`Step::Try`]: the API accepted the key. Any answer but 401 and 429 says so.
    Accepted,
    /// Of [`Step::Try`]: the API answered 401.
    Rejected,
    /// Of [`Step::Deliver`].
    Delivered,
    /// Of [`Step::Verify`]: the place has the key and calls succeed.
    Verified,
    /// Of [`Step::Verify`]: it has another key, or calls fail.
    NotVerified,
    /// Of [`Step::ClearNext`].
    Cleared,
    /// Of [`Step::Delete`].
    Deleted,
    /// Of [`Step::Delete`]: there is no such key (any more).
    NotFound,
    /// Of [`Step::Wait`].
    Waited,
    /// Of [`Step::Ask`]: one of the answers that were offered.
    Answer(Answer),
    /// Of any step that calls the API or a place: 429, so that nothing was done. `retry` is
    /// what `Retry-After` said.
    Refused {
        /// How long to wait.
        retry: Option<Duration>,
    },
    /// Of any step that calls the API: 401 or 403 to a request that another key may do, so
    /// that nothing was done.
    Denied,
    /// Of any step but waiting and asking: no answer came. It may have been done.
    Lost,
    /// Of any step but waiting and asking: it failed in another way.
    Failed,
    /// Of any step that needs a key's value: the driver does not have it.
    KeyMissing(Role),
}

impl Report<'_> {
    /// Its name in an error.
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

/// A report that does not belong to the step: the rotation is as it was before.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Unexpected {
    /// What was reported.
    pub report: &'static str,
}

impl Unexpected {
    /// What is wrong and what to do, in one line.
    pub fn message(self) -> String {
        let advice = " does not answer the rotation's current step; perform what `step` returns and report on that";
        concat(&["the report ", self.report, advice])
    }
}

impl_error!(Unexpected);

/// Watching whether a key is still used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Watch {
    /// When watching began, or the key was seen to be in use.
    pub(super) since: Timestamp,
    /// `lastSeenAt` at that time. It is compared with itself only: the API's clock is not ours.
    pub(super) seen: Option<Timestamp>,
    /// Whether it has changed once already. What was under way may be the reason for one change.
    pub(super) changed: bool,
}
