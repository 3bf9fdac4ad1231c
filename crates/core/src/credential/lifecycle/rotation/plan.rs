//! The plan of a rotation.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::codec::text::{concat, count};
use crate::credential::{Fingerprint, scrub};

/// How long the old key must go unused before it is considered unused, by default: one day. The accuracy of
/// `lastSeenAt` is not documented.
pub const DEFAULT_QUIET: Duration = Duration::from_hours(24);

/// The longest name of a place, a key or an owner: 200 bytes.
pub const MAX_NAME_BYTES: usize = 200;

/// A validated plan of a rotation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    pub(super) source: Source,
    pub(super) old: Fingerprint,
    pub(super) places: Vec<Place>,
    pub(super) quiet: Duration,
}

/// The source of the new key.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Source {
    /// `POST /v2/api_keys`.
    Create {
        /// A name that no existing key has. If the response is lost, the new key is found by it.
        name: String,
        /// Whether the key is organization-level.
        org_level: bool,
    },
    /// A person creates it in the app and pastes it.
    Take,
}

/// A place that a key is delivered to and used from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its name, for people and the journal.
    pub name: String,
    /// Whether it holds a second key that it uses when the first is refused, as the Worker does. The new key is tried
    /// there before it replaces the old one.
    pub holds_next: bool,
}

impl Plan {
    /// Validates a plan: the key that is in use everywhere now, all places that use it, and how long the old key must
    /// go unused (whole seconds).
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

    /// The places, in the order of delivery.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// The key that will be replaced.
    pub const fn old(&self) -> Fingerprint {
        self.old
    }
}

/// Rejects names that must not be in a journal, above all names that contain a key.
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

/// The problem with a name. It never contains the name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NameFault {
    /// It is empty.
    Empty,
    /// It is longer than [`MAX_NAME_BYTES`].
    TooLong,
    /// It contains a line break or another control character.
    Control,
    /// It contains the old key, or something that looks like a key.
    HoldsKey,
}

impl NameFault {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "is empty",
            Self::TooLong => "is longer than 200 bytes",
            Self::Control => "contains a control character",
            Self::HoldsKey => "contains a key or something that looks like one, and names are written to the journal",
        }
    }
}

/// The reason a plan is rejected.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// There is no place to deliver a key to.
    NoPlace,
    /// The new key's name cannot be used.
    KeyName {
        /// The problem with it.
        fault: NameFault,
    },
    /// A place's name cannot be used.
    PlaceName {
        /// The index of the place, from 0.
        index: usize,
        /// The problem with it.
        fault: NameFault,
    },
    /// Two places have the same name.
    RepeatedPlace {
        /// The index of the second of them, from 0.
        index: usize,
    },
}

impl PlanError {
    /// The problem and the next step, on one line.
    pub fn message(self) -> String {
        match self {
            Self::NoPlace => String::from("the plan has no place; list each place where the old key is used"),
            Self::KeyName { fault } => concat(&["the new key's name ", fault.as_str(), "; choose another"]),
            Self::PlaceName { index, fault } => {
                concat(&["the name of place ", &count(index + 1), " ", fault.as_str(), "; choose another"])
            }
            Self::RepeatedPlace { index } => {
                concat(&["place ", &count(index + 1), " has the same name as an earlier place; choose another"])
            }
        }
    }
}

impl_error!(PlanError);
