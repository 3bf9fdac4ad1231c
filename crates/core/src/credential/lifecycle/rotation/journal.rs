//! The journal of a rotation: its state as JSON, without any key.
//!
//! ```json
//! {"format":"attention-rotation","version":1,"owner":"…","revision":7,
//!  "source":{"kind":"create","name":"…","orgLevel":true},
//!  "old":{"fingerprint":"…","id":"…"},"quietSeconds":86400,
//!  "places":[{"name":"worker","holdsNext":true}],"strays":[],"unaccounted":0,
//!  "stage":{"kind":"exchange","new":{"fingerprint":"…","id":"…","made":true},"direction":"forward",
//!           "touched":true,"deleting":false,"wasAlive":false,"proof":null,"phase":"verify_next","place":0},
//!  "problem":null}
//! ```
//!
//! Reading is as strict as writing: each member exactly once, no unknown members, and only states that a rotation can
//! be in. Absent values are `null`.

use alloc::string::String;

use super::exchange::{Direction, Phase};
use super::obtain::Obtain;
use super::plan::{NameFault, Source, check_name};
use super::problem::Problem;
use super::reading::read;
use super::step::{Ending, Proof, Role, Stray};
use super::{Origin, Rotation, Stage};
use crate::codec::json::{Array, Object};
use crate::codec::text::{concat, count, decimal};
use crate::credential::Fingerprint;

pub(super) const FORMAT: &str = "attention-rotation";

/// The version that is written, and the newest that can be read.
pub(super) const VERSION: u64 = 1;

/// The reason a rotation cannot resume from a text. It contains none of the text, except an owner's name and a version.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum JournalError {
    /// It is not JSON, or does not have the shape of a journal, at this line and column (from 1, in characters).
    Malformed {
        /// In this line.
        line: usize,
        /// In this column.
        column: usize,
        /// The expected type or value.
        expected: &'static str,
    },
    /// An object lacks a required member; it begins at this line and column.
    Missing {
        /// In this line.
        line: usize,
        /// In this column.
        column: usize,
        /// The member.
        member: &'static str,
    },
    /// An object has an unknown or a repeated member, whose value is at this line and column.
    Unknown {
        /// In this line.
        line: usize,
        /// In this column.
        column: usize,
    },
    /// A newer version of this program wrote it.
    NewerVersion {
        /// The version.
        version: u64,
    },
    /// Each member is well-formed, but together they are not a possible state of a rotation.
    Inconsistent {
        /// The contradiction.
        what: &'static str,
    },
    /// The owner's name cannot be used.
    Owner {
        /// Why.
        fault: NameFault,
    },
    /// Another driver has taken over this rotation.
    TakenOver {
        /// Its name.
        owner: String,
    },
    /// The journal is not the one that this driver wrote last.
    Diverged {
        /// The revision that was written.
        written: u64,
        /// The revision that was found.
        found: u64,
    },
}

impl JournalError {
    /// A stable, machine-readable name.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed { .. } => "journal_malformed",
            Self::Missing { .. } => "journal_member_missing",
            Self::Unknown { .. } => "journal_member_unknown",
            Self::NewerVersion { .. } => "journal_newer",
            Self::Inconsistent { .. } => "journal_inconsistent",
            Self::Owner { .. } => "journal_owner",
            Self::TakenOver { .. } => "journal_taken_over",
            Self::Diverged { .. } => "journal_diverged",
        }
    }

    /// The problem and the next step, on one line.
    pub fn message(&self) -> String {
        match self {
            Self::Malformed { line, column, expected } => at(*line, *column, &concat(&["here belongs ", expected])),
            Self::Missing { line, column, member } => at(*line, *column, &concat(&["this object has no ", member])),
            Self::Unknown { line, column } => at(*line, *column, "this member is unknown or repeated"),
            Self::NewerVersion { version } => concat(&[
                "the journal has version ",
                &decimal(*version),
                ", and this program reads up to ",
                &decimal(VERSION),
                "; continue with the program that wrote it, or a newer one",
            ]),
            Self::Inconsistent { what } => {
                concat(&["the journal contradicts itself: ", what, "; restore the file as it was written"])
            }
            Self::Owner { .. } => String::from(
                "the owner's name is empty or too long, or contains a control character or a key; use a UUID",
            ),
            Self::TakenOver { owner } => {
                concat(&["another driver, ", owner, ", has taken over this rotation; stop and leave it to that driver"])
            }
            Self::Diverged { written, found } => concat(&[
                "the journal has revision ",
                &decimal(*found),
                ", and this driver wrote ",
                &decimal(*written),
                "; stop and resume from the journal",
            ]),
        }
    }
}

fn at(line: usize, column: usize, what: &str) -> String {
    let (line, column) = (count(line), count(column));
    concat(&["the journal, line ", &line, ", column ", &column, ": ", what, "; restore the file as it was written"])
}

impl_error!(JournalError);

pub(super) fn owner(name: &str, old: Fingerprint) -> Result<String, JournalError> {
    check_name(name, old).map_err(|fault| JournalError::Owner { fault })?;
    Ok(String::from(name))
}

impl Rotation {
    /// The journal as one line of ASCII.
    pub fn to_journal(&self) -> String {
        let mut old = Object::new();
        old.string("fingerprint", &self.plan.old.to_hex());
        optional(&mut old, "id", self.old_id.as_deref());
        let mut places = Array::new();
        for place in &self.plan.places {
            let mut object = Object::new();
            object.string("name", &place.name).bool("holdsNext", place.holds_next);
            places.raw(&object.finish());
        }
        let mut strays = Array::new();
        for stray in &self.strays {
            let mut object = Object::new();
            match stray {
                Stray::Listed { id } => object.string("id", id),
                Stray::Pasted { fingerprint } => object.string("fingerprint", &fingerprint.to_hex()),
            };
            strays.raw(&object.finish());
        }
        let mut journal = Object::new();
        journal.string("format", FORMAT).number("version", VERSION);
        journal.string("owner", &self.owner).number("revision", self.revision);
        journal.raw("source", &source_to_json(&self.plan.source)).raw("old", &old.finish());
        journal.number("quietSeconds", self.plan.quiet.as_secs()).raw("places", &places.finish());
        journal.raw("strays", &strays.finish()).number("unaccounted", self.unaccounted);
        journal.raw("stage", &stage_to_json(&self.stage));
        optional(&mut journal, "problem", self.problem.map(Problem::code));
        journal.finish()
    }

    /// Resumes from a journal as a new driver. From then on, [`check`](Self::check) fails for the driver that wrote it.
    /// Write the new journal at once.
    ///
    /// If a key was being created, it may exist, so the list is searched for it first.
    pub fn resume(journal: &str, owner: &str) -> Result<Self, JournalError> {
        let mut rotation = read(journal)?;
        rotation.owner = self::owner(owner, rotation.plan.old)?;
        rotation.revision = rotation.revision.saturating_add(1);
        if rotation.stage == Stage::Obtain(Obtain::Create) && rotation.problem.is_none() {
            rotation.unaccounted = rotation.unaccounted.saturating_add(1);
            rotation.stage = Stage::Obtain(Obtain::FindCreated);
        }
        Ok(rotation)
    }

    /// Checks that the stored journal is the one that this driver wrote last. Call this before each step and before
    /// each write, and stop at once on an error. The driver must use a lock to prevent changes between this check and
    /// the step.
    pub fn check(&self, journal: &str) -> Result<(), JournalError> {
        let there = read(journal)?;
        if there.owner != self.owner {
            return Err(JournalError::TakenOver { owner: there.owner });
        }
        // A report may have arrived since.
        match self.revision.checked_sub(there.revision) {
            Some(0 | 1) => Ok(()),
            _ => Err(JournalError::Diverged { written: self.revision, found: there.revision }),
        }
    }
}

fn optional(object: &mut Object, name: &str, text: Option<&str>) {
    match text {
        Some(text) => object.string(name, text),
        None => object.raw(name, "null"),
    };
}

fn source_to_json(source: &Source) -> String {
    let mut object = Object::new();
    match source {
        Source::Create { name, org_level } => {
            object.string("kind", "create").string("name", name).bool("orgLevel", *org_level)
        }
        Source::Take => object.string("kind", "take"),
    };
    object.finish()
}

fn stage_to_json(stage: &Stage) -> String {
    let mut object = Object::new();
    match stage {
        Stage::Obtain(obtain) => {
            object.string("kind", "obtain").string("phase", name_in(&OBTAIN, obtain));
        }
        Stage::Exchange(exchange) => {
            let mut new = Object::new();
            new.string("fingerprint", &exchange.new.fingerprint.to_hex());
            optional(&mut new, "id", exchange.new.id());
            new.bool("made", matches!(exchange.new.origin, Origin::Made { .. }));
            object.string("kind", "exchange").raw("new", &new.finish());
            object.string("direction", name_in(&DIRECTIONS, &exchange.direction));
            object.bool("touched", exchange.touched).bool("deleting", exchange.deleting);
            object.bool("wasAlive", exchange.was_alive);
            optional(&mut object, "proof", exchange.proof.map(|proof| name_in(&PROOFS, &proof)));
            phase_to_json(exchange.phase, &mut object);
        }
        Stage::Ended { ending, new, proof, left } => {
            object.string("kind", "ended").string("ending", name_in(&ENDINGS, ending));
            optional(&mut object, "new", new.map(Fingerprint::to_hex).as_deref());
            optional(&mut object, "proof", proof.map(|proof| name_in(&PROOFS, &proof)));
            optional(&mut object, "left", left.map(|left| name_in(&ROLES, &left)));
        }
    }
    object.finish()
}

fn phase_to_json(phase: Phase, object: &mut Object) {
    let name = match phase {
        Phase::Try => "try",
        Phase::DeliverNext(_) => "deliver_next",
        Phase::VerifyNext(_) => "verify_next",
        Phase::Promote(_) => "promote",
        Phase::VerifyCurrent(_) => "verify_current",
        Phase::ClearNext(_) => "clear_next",
        Phase::Watch(_) => "watch",
        Phase::Recheck(_) => "recheck",
        Phase::ProveAlive => "prove_alive",
        Phase::Delete => "delete",
        Phase::ProveDead => "prove_dead",
        Phase::Count => "count",
        Phase::Replace => "replace",
    };
    object.string("phase", name);
    if let Some(place) = phase.place() {
        object.number("place", place as u64);
    }
    match phase {
        Phase::Watch(None) => {
            object.raw("since", "null");
        }
        Phase::Watch(Some(watch)) => {
            object.number("since", watch.since.as_unix_millis());
            match watch.seen {
                Some(seen) => object.number("seen", seen.as_unix_millis()),
                None => object.raw("seen", "null"),
            };
            object.bool("changed", watch.changed);
        }
        _ => {}
    }
}

/// Values and their names in the journal.
pub(super) type Names<T, const N: usize> = [(&'static str, T); N];

pub(super) const OBTAIN: Names<Obtain, 4> = [
    ("check_name", Obtain::CheckName),
    ("create", Obtain::Create),
    ("find_created", Obtain::FindCreated),
    ("take", Obtain::Take),
];
pub(super) const DIRECTIONS: Names<Direction, 2> = [("forward", Direction::Forward), ("back", Direction::Back)];
pub(super) const ROLES: Names<Role, 2> = [("old", Role::Old), ("new", Role::New)];
pub(super) const PROOFS: Names<Proof, 3> =
    [("rejected", Proof::Rejected), ("unlisted", Proof::Unlisted), ("confirmed", Proof::Confirmed)];
pub(super) const ENDINGS: Names<Ending, 3> =
    [("rotated", Ending::Rotated), ("rolled_back", Ending::RolledBack), ("abandoned", Ending::Abandoned)];

fn name_in<T: PartialEq, const N: usize>(names: &Names<T, N>, value: &T) -> &'static str {
    names.iter().find(|(_, named)| named == value).map_or("", |(name, _)| name)
}
