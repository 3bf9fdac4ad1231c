//! What a rotation is to do.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::codec::text::{concat, count};
use crate::credential::{Fingerprint, scrub};

/// How long the old key has to go unseen before it counts as unused, unless set: a day. How
/// exact `lastSeenAt` is, is not documented.
pub const DEFAULT_QUIET: Duration = Duration::from_hours(24);

/// The longest name of a place, a key or an owner: 200 bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// What a rotation is to do, checked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub(super) source: Source,
    pub(super) old: Fingerprint,
    pub(super) places: Vec<Place>,
    pub(super) quiet: Duration,
}

/// Where the new key comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// `POST /v2/api_keys`.
    Create {
        /// A name that no key has. If the answer is lost, the new key is found by it.
        name: String,
        /// Whether the key is organisation-level.
        org_level: bool,
    },
    /// A person makes it in the app and pastes it.
    Take,
}

/// Where a key is delivered to, and used from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its name, for people and the journal.
    pub name: String,
    /// Whether it holds a second key, to which it turns when the first is refused, as the
    /// Worker does. The new key is tried there before it replaces the old one.
    pub holds_next: bool,
}

impl Plan {
    /// Checks a plan: the key that is in use everywhere now, the places, all of them, and
    /// how long the old key has to go unseen (whole seconds).
    pub fn new(source: Source, old: Fingerprint, places: Vec<Place>, quiet: Duration) -> Result<Self, PlanError> {
        if places.is_empty() {
            return Err(PlanError::NoPlace);
        }
        if let Source::Create { name, .. } = &source {
            check_name(name, old).map_err(|fault| PlanError::KeyName { fault })?;
        }
        for (index, place) in places.iter().enumerate() {
            check_name(&place.name, old).map_err(|fault| PlanError::PlaceName { index, fault })?;
            if places.iter().take(index).any(|other| other.name == place.name) {
                return Err(PlanError::RepeatedPlace { index });
            }
        }
        Ok(Self { source, old, places, quiet: Duration::from_secs(quiet.as_secs()) })
    }

    /// The places, in the order in which keys are delivered.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The key that is to be replaced.
    pub const fn old(&self) -> Fingerprint {
        self.old
    }
}

/// Refuses names that a journal cannot keep: above all those that hold a key.
pub(super) fn check_name(name: &str, old: Fingerprint) -> Result<(), NameFault> {
    if name.is_empty() {
        return Err(NameFault::Empty);
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(NameFault::TooLong);
    }
    if name.chars().any(char::is_control) {
        return Err(NameFault::Control);
    }
    let mut words = name.split(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | ':' | ',' | '"' | '\''));
    if scrub(name, []) != name || words.any(|word| Fingerprint::of(word.as_bytes()) == old) {
        return Err(NameFault::HoldsKey);
    }
    Ok(())
}

/// What is wrong with a name. It never holds the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameFault {
    /// There is none.
    Empty,
    /// It is longer than [`MAX_NAME_BYTES`].
    TooLong,
    /// It holds a line break or another control character.
    Control,
    /// It holds the old key, or something that looks like a key.
    HoldsKey,
}

impl NameFault {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::TooLong => "is longer than 200 bytes",
            Self::Control => "holds a control character",
            Self::HoldsKey => "holds a key, or something that looks like one; a name is written to the journal",
        }
    }
}

/// Why something is not a plan.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no place to deliver a key to.
    NoPlace,
    /// The new key's name cannot be used.
    KeyName {
        /// Why.
        fault: NameFault,
    },
    /// A place's name cannot be used.
    PlaceName {
        /// Which place, counted from 0.
        index: usize,
        /// Why.
        fault: NameFault,
    },
    /// Two places have the same name.
    RepeatedPlace {
        /// The second of them, counted from 0.
        index: usize,
    },
}

impl PlanError {
    /// What is wrong and what to do, in one line.
    pub fn message(self) -> String {
        match self {
            Self::NoPlace => String::from("the plan has no place; name each place where the old key is used"),
            Self::KeyName { fault } => concat(&["the new key's name ", fault.as_str(), "; choose another"]),
            Self::PlaceName { index, fault } => {
                concat(&["the name of place ", &count(index + 1), " ", fault.as_str(), "; choose another"])
            }
            Self::RepeatedPlace { index } => {
                concat(&["place ", &count(index + 1), " has the name of a place before it; choose another"])
            }
        }
    }
}

impl_error!(PlanError);
