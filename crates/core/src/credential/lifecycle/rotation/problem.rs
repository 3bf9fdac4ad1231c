//! The problems that can stop a rotation, and the ways forward and back.

use core::fmt;

use crate::codec::text::concat;

/// A problem that stops a rotation until a person answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// A key with the name for the new key already exists.
    NameTaken,
    /// The API does not let this key list keys.
    ListDenied,
    /// The API does not let this key create keys.
    CreateDenied,
    /// The API failed several times to create a key.
    CreateFailed,
    /// The new key exists, but its value is not shown.
    ValueHidden,
    /// The pasted key is the old one.
    SameKey,
    /// The driver does not have the old key's value.
    OldKeyMissing,
    /// The driver does not have the new key's value.
    NewKeyMissing,
    /// The API does not accept the new key.
    NewKeyRejected,
    /// The API does not accept the old key, so no place may go back to it.
    OldKeyRejected,
    /// A place does not accept the key.
    DeliveryFailed,
    /// A place does not use the delivered key, or its calls fail.
    NotVerified,
    /// The key to be deleted is still in use.
    StillUsed,
    /// The list shows neither the key to be deleted nor all values.
    NotSeen,
    /// The API does not let this key delete keys, or the id is unknown.
    DeleteByHand,
    /// The API still accepts the key, or lists it, after it was deleted.
    StillAlive,
    /// No response arrived, several times.
    NoAnswer,
    /// The API answered 429 several times.
    Busy,
    /// The step failed.
    StepFailed,
}

/// A person's answer to a problem.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// The cause is fixed: try again.
    Retry,
    /// A key will be pasted instead.
    TakeKey,
    /// Confirms a fact that could not be proven: that nobody uses the key, that it is dead, or that no other key is
    /// left.
    Confirm,
    /// The key was deleted in the app.
    DeletedByHand,
    /// Keep the key alive and end. The key is named at the end.
    Leave,
    /// All places go back to the old key.
    GoBack,
    /// All places go forward to the new key after all.
    GoForward,
}

impl Problem {
    pub(super) const ALL: [Self; 19] = [
        Self::NameTaken,
        Self::ListDenied,
        Self::CreateDenied,
        Self::CreateFailed,
        Self::ValueHidden,
        Self::SameKey,
        Self::OldKeyMissing,
        Self::NewKeyMissing,
        Self::NewKeyRejected,
        Self::OldKeyRejected,
        Self::DeliveryFailed,
        Self::NotVerified,
        Self::StillUsed,
        Self::NotSeen,
        Self::DeleteByHand,
        Self::StillAlive,
        Self::NoAnswer,
        Self::Busy,
        Self::StepFailed,
    ];

    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::NameTaken => "name_taken",
            Self::ListDenied => "list_denied",
            Self::CreateDenied => "create_denied",
            Self::CreateFailed => "create_failed",
            Self::ValueHidden => "value_hidden",
            Self::SameKey => "same_key",
            Self::OldKeyMissing => "old_key_missing",
            Self::NewKeyMissing => "new_key_missing",
            Self::NewKeyRejected => "new_key_rejected",
            Self::OldKeyRejected => "old_key_rejected",
            Self::DeliveryFailed => "delivery_failed",
            Self::NotVerified => "not_verified",
            Self::StillUsed => "still_used",
            Self::NotSeen => "not_seen",
            Self::DeleteByHand => "delete_by_hand",
            Self::StillAlive => "still_alive",
            Self::NoAnswer => "no_answer",
            Self::Busy => "busy",
            Self::StepFailed => "step_failed",
        }
    }

    /// The problem, on one line.
    pub const fn message(self) -> &'static str {
        match self {
            Self::NameTaken => "a key with the name for the new one exists already",
            Self::ListDenied => "the API does not let this key list keys",
            Self::CreateDenied => "the API does not let this key make keys; making one takes an Admin",
            Self::CreateFailed => "the API did not make a key, several times; one may exist all the same",
            Self::ValueHidden => "the API made a key and does not show its value",
            Self::SameKey => "the new key is the old one",
            Self::OldKeyMissing => "the value of the old key is not at hand",
            Self::NewKeyMissing => "the value of the new key is not at hand",
            Self::NewKeyRejected => "the API does not accept the new key",
            Self::OldKeyRejected => "the API does not accept the old key: going back to it would stop all calls",
            Self::DeliveryFailed => "the place did not take the key",
            Self::NotVerified => "the place does not use the key that was delivered, or its calls fail",
            Self::StillUsed => "something still calls with the key that is to be deleted",
            Self::NotSeen => "the list does not show when the key that is to be deleted was used last",
            Self::DeleteByHand => "the key cannot be deleted over the API with this key",
            Self::StillAlive => "the API still accepts or lists the key that was deleted",
            Self::NoAnswer => "no answer came, several times",
            Self::Busy => "the API refused several times with 429",
            Self::StepFailed => "the step failed",
        }
    }

    /// The way forward, on one line.
    pub const fn way_on(self) -> &'static str {
        match self {
            Self::NameTaken => "rename or delete that key, or paste a key made in the app",
            Self::ListDenied => "give a key of an Admin, or look in the app and confirm, or paste a key made there",
            Self::CreateDenied | Self::CreateFailed | Self::ValueHidden => {
                "have an Admin make a key in the app and paste it, or try again"
            }
            Self::SameKey => "make a new key in the app and paste that",
            Self::OldKeyMissing => "give the old key again",
            Self::NewKeyMissing => {
                "paste the new key again, with the same fingerprint, or take another one from the app"
            }
            Self::NewKeyRejected => "paste another key, or try again",
            Self::OldKeyRejected => "go forward to the new key",
            Self::DeliveryFailed => "mend the access to the place, then try again",
            Self::NotVerified => "look at the place's own log, then try again: the key is delivered again first",
            Self::StillUsed => {
                "find what uses it and give that the new key, then watch again; or confirm, and that stops"
            }
            Self::NotSeen => "look in the app when the key was used last, and confirm",
            Self::DeleteByHand => "delete the key in the app, and say so",
            Self::StillAlive => "delete it again, or in the app",
            Self::NoAnswer | Self::Busy => "try again later: the journal keeps the place",
            Self::StepFailed => "read the driver's error, mend it, then try again",
        }
    }

    /// The way back, on one line, given the possible answers.
    pub fn way_back(self, answers: &[Answer]) -> &'static str {
        let ways = [
            (Answer::GoBack, "go back: all places get the old key again; nothing that is in use is deleted"),
            (Answer::GoForward, "go forward to the new key after all"),
            (Answer::Leave, "leave the key alive and end: all places keep the key that they have"),
        ];
        match ways.iter().find(|(answer, _)| answers.contains(answer)) {
            Some((_, way)) => way,
            None => "none from here, as the key is deleted: to use another key, begin another rotation",
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&concat(&[self.message(), "; ", self.way_on()]))
    }
}

impl Answer {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::TakeKey => "take_key",
            Self::Confirm => "confirm",
            Self::DeletedByHand => "deleted_by_hand",
            Self::Leave => "leave",
            Self::GoBack => "go_back",
            Self::GoForward => "go_forward",
        }
    }

    /// The answer's effect, on one line.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Retry => "try again",
            Self::TakeKey => "paste a key made in the app",
            Self::Confirm => "confirm that it is so",
            Self::DeletedByHand => "say that the key was deleted in the app",
            Self::Leave => "leave the key alive and end",
            Self::GoBack => "go back to the old key",
            Self::GoForward => "go forward to the new key",
        }
    }

    /// The answer with this code.
    pub fn from_code(code: &str) -> Option<Self> {
        let all = [
            Self::Retry,
            Self::TakeKey,
            Self::Confirm,
            Self::DeletedByHand,
            Self::Leave,
            Self::GoBack,
            Self::GoForward,
        ];
        all.into_iter().find(|answer| answer.code() == code)
    }
}
