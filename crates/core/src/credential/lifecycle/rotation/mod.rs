//! Replaces one key with another without a failed call.
//!
//! ```text
//! obtain ─► try ─► as next: deliver, verify ─► as current: deliver, verify, clear next ─► watch
//!   │        │            └───────────── each place, in order ─────────────┘                │
//!   │        └────────────────────◄── go back / go forward ──►──────────────────┘           ▼
//!   └─► abandoned         end ◄── look for strays ◄── prove dead ◄── delete ◄── prove alive ◄── verify each again
//! ```
//!
//! A [`Rotation`] returns the next [`Step`] and takes a [`Report`] of its result. The driver performs the step and
//! writes the [journal](Rotation::to_journal) after each report, before the next step. It may be stopped at any moment
//! and resumes from the journal with [`Rotation::resume`]. Before each step and each write it reads the stored journal
//! and calls [`Rotation::check`], so that if two drivers use one journal, one of them stops.
//!
//! These rules always hold:
//!
//! - The old key is deleted only after every place was verified with the new one, twice, and either `lastSeenAt` did
//!   not change during the plan's quiet time or the person confirmed.
//! - A place receives a key only after the API accepted that key. If a place holds two keys, the new one is tried there
//!   while the old one is still first.
//! - `POST /v2/api_keys` is never repeated before the list was searched for the name. Each key that was created and is
//!   not in use is named at the end.
//! - If the new key's value is lost when places already have it, it is replaced by one from the app. Going back alone
//!   would fail once somebody has deleted the old key.
//! - Going back takes the same path in the other direction. It is possible until a deletion begins.
//! - If the public pages are silent (how exact `lastSeenAt` is, whether the list always shows values, how a deletion is
//!   called) and a step fails, the person is asked.
//!
//! ```
//! use attention_core::{ApiKey, Timestamp};
//! use attention_core::credential::lifecycle::rotation::{DEFAULT_QUIET, Place, Plan, Report, Rotation, Source, Step};
//!
//! let old = ApiKey::parse("an-obviously-fake-old-key")?.fingerprint();
//! let new = ApiKey::parse("an-obviously-fake-new-key")?.fingerprint();
//! let worker = Place { name: "worker".to_owned(), holds_next: true };
//! let plan = Plan::new(Source::Take, old, vec![worker], DEFAULT_QUIET)?;
//! let now = Timestamp::from_unix_seconds(1_700_000_000);
//!
//! let mut rotation = Rotation::new(plan, "driver-1")?;
//! assert_eq!(rotation.step(now), Step::Take);
//! rotation.report(Report::Taken(new), now)?;
//! assert!(matches!(rotation.step(now), Step::Try { .. }));
//!
//! let mut resumed = Rotation::resume(&rotation.to_journal(), "driver-2")?;
//! resumed.report(Report::Accepted, now)?;
//! assert!(matches!(resumed.step(now), Step::Deliver { .. }));
//! assert!(rotation.check(&resumed.to_journal()).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod exchange;
mod journal;
mod obtain;
mod plan;
mod problem;
mod reading;
mod step;

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use exchange::{Direction, Exchange, Phase};
use obtain::Obtain;

pub use journal::JournalError;
pub use plan::{DEFAULT_QUIET, MAX_NAME_BYTES, NameFault, Place, Plan, PlanError, Source};
pub use problem::{Answer, Problem};
pub use step::{End, Ending, Proof, Question, Report, Role, Step, Stray, Unexpected};

use super::listing::{KeyList, ListedKey};
use crate::Timestamp;
use crate::credential::Fingerprint;

/// How often a failed step is retried automatically: 5 times. Then the person is asked.
const MAX_SETBACKS: u32 = 5;

/// How often the creation of a key is attempted when no response arrives: 3 times.
const MAX_CREATIONS: u32 = 3;

/// The longest single wait for a 429: one hour. A longer `Retry-After` leads to another 429 and another wait.
const MAX_WAIT: Duration = Duration::from_hours(1);

/// The state of one rotation. It contains no key.
#[derive(Clone, Debug)]
pub struct Rotation {
    owner: String,
    revision: u64,
    plan: Plan,
    old_id: Option<String>,
    strays: Vec<Stray>,
    unaccounted: u32,
    stage: Stage,
    problem: Option<Problem>,
    // Not in the journal: after resuming, nothing is waited for and the count starts again.
    wait: Option<Duration>,
    setbacks: u32,
}

/// The stage of a rotation.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stage {
    /// There is no new key yet.
    Obtain(Obtain),
    /// There is a new key.
    Exchange(Exchange),
    /// The rotation is over.
    Ended { ending: Ending, new: Option<Fingerprint>, proof: Option<Proof>, left: Option<Role> },
}

/// The new key, without its value.
#[derive(Clone, PartialEq, Eq, Debug)]
struct NewKey {
    fingerprint: Fingerprint,
    origin: Origin,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Origin {
    /// This rotation created it.
    Made { id: String },
    /// A person created and pasted it. Its id is known once a list has been read.
    Pasted { id: Option<String> },
}

impl NewKey {
    fn id(&self) -> Option<&str> {
        match &self.origin {
            Origin::Made { id } => Some(id),
            Origin::Pasted { id } => id.as_deref(),
        }
    }

    /// The stray that it becomes when nobody will use it.
    fn into_stray(self) -> Stray {
        match self.origin {
            Origin::Made { id } | Origin::Pasted { id: Some(id) } => Stray::Listed { id },
            Origin::Pasted { id: None } => Stray::Pasted { fingerprint: self.fingerprint },
        }
    }
}

impl Rotation {
    /// Begins a rotation. `owner` is a name that no other driver has, such as a UUID; it is written to the journal.
    pub fn new(plan: Plan, owner: &str) -> Result<Self, JournalError> {
        let first = match plan.source {
            Source::Create { .. } => Obtain::CheckName,
            Source::Take => Obtain::Take,
        };
        Ok(Self {
            owner: journal::owner(owner, plan.old)?,
            revision: 1,
            plan,
            old_id: None,
            strays: Vec::new(),
            unaccounted: 0,
            stage: Stage::Obtain(first),
            problem: None,
            wait: None,
            setbacks: 0,
        })
    }

    /// Returns the next step.
    pub fn step(&self, now: Timestamp) -> Step<'_> {
        if let Some(problem) = self.problem {
            return Step::Ask(Question { problem, place: self.place(), answers: self.answers(problem) });
        }
        if let Some(wait) = self.wait {
            return Step::Wait(wait);
        }
        match &self.stage {
            Stage::Obtain(obtain) => self.step_to_obtain(*obtain),
            Stage::Exchange(exchange) => self.step_of_exchange(exchange, now),
            Stage::Ended { ending, proof, left, .. } => Step::End(End {
                ending: *ending,
                proof: *proof,
                strays: &self.strays,
                unaccounted: self.unaccounted,
                left: *left,
            }),
        }
    }

    /// Takes the report on the current step. Write the journal afterwards.
    pub fn report(&mut self, report: Report<'_>, now: Timestamp) -> Result<(), Unexpected> {
        let unexpected = Unexpected { report: report.name() };
        let taken = match (self.problem, self.wait, &report) {
            (Some(problem), _, Report::Answer(answer)) if self.answers(problem).contains(answer) => {
                self.problem = None;
                self.setbacks = 0;
                self.answer(problem, *answer);
                true
            }
            (None, Some(_), Report::Waited) => {
                self.wait = None;
                true
            }
            (Some(_), ..) | (None, Some(_), _) => false,
            (None, None, _) => match &self.stage {
                Stage::Obtain(obtain) => self.on_obtained(*obtain, report),
                Stage::Exchange(exchange) => {
                    let phase = exchange.phase;
                    self.on_exchanged(phase, report, now)
                }
                Stage::Ended { .. } => false,
            },
        };
        if !taken {
            return Err(unexpected);
        }
        self.revision = self.revision.saturating_add(1);
        Ok(())
    }

    /// Whether the rotation is over.
    pub const fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }

    /// The plan of the rotation.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The new key's fingerprint, once there is one.
    pub const fn new_key(&self) -> Option<Fingerprint> {
        match &self.stage {
            Stage::Exchange(exchange) => Some(exchange.new.fingerprint),
            Stage::Obtain(_) => None,
            Stage::Ended { new, .. } => *new,
        }
    }

    fn place(&self) -> Option<&Place> {
        match &self.stage {
            Stage::Exchange(exchange) => exchange.phase.place().and_then(|index| self.plan.places.get(index)),
            Stage::Obtain(_) | Stage::Ended { .. } => None,
        }
    }

    fn answers(&self, problem: Problem) -> &'static [Answer] {
        match &self.stage {
            Stage::Obtain(_) => &[Answer::Retry, Answer::TakeKey, Answer::GoBack],
            Stage::Exchange(exchange) => exchange.answers(problem),
            Stage::Ended { .. } => &[],
        }
    }

    fn answer(&mut self, problem: Problem, answer: Answer) {
        match &self.stage {
            Stage::Obtain(obtain) => self.answer_to_obtain(*obtain, problem, answer),
            Stage::Exchange(exchange) => {
                let phase = exchange.phase;
                self.answer_in_exchange(phase, problem, answer);
            }
            Stage::Ended { .. } => {}
        }
    }

    /// Handles the failures that any step may report. `denied` and `failed` are the problems they mean in this step.
    fn set_back(&mut self, report: &Report<'_>, denied: Problem, failed: Problem) -> bool {
        match report {
            Report::Refused { retry } => self.again(*retry, Problem::Busy),
            Report::Lost => self.again(None, Problem::NoAnswer),
            Report::Denied => self.problem = Some(denied),
            Report::Failed => self.problem = Some(failed),
            Report::KeyMissing(Role::Old) => self.problem = Some(Problem::OldKeyMissing),
            Report::KeyMissing(Role::New) => self.problem = Some(Problem::NewKeyMissing),
            _ => return false,
        }
        true
    }

    /// Waits and repeats the step; after too many attempts, raises `problem`.
    fn again(&mut self, wait: Option<Duration>, problem: Problem) {
        self.setbacks += 1;
        if self.setbacks > MAX_SETBACKS {
            self.problem = Some(problem);
        } else {
            let doubled = Duration::from_secs(1 << (self.setbacks - 1));
            self.wait = Some(wait.unwrap_or(doubled).min(MAX_WAIT));
        }
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        self.setbacks = 0;
    }

    fn begin_exchange(&mut self, new: NewKey) {
        self.enter(Stage::Exchange(Exchange {
            new,
            direction: Direction::Forward,
            touched: false,
            deleting: false,
            was_alive: false,
            proof: None,
            phase: Phase::Try,
        }));
    }

    /// Whether this rotation created a listed key, whose name was free before.
    fn made_here(&self, listed: &ListedKey) -> bool {
        matches!(&self.plan.source, Source::Create { name, .. } if *name == listed.name)
    }

    /// Records the keys in the list that this rotation created and that are not in use.
    fn note_strays(&mut self, list: &KeyList, is_used: impl Fn(&ListedKey) -> bool) {
        let made = list.keys().iter().filter(|key| self.made_here(key) && !is_used(key));
        let mut found: Vec<&str> = made.map(|key| &*key.id).collect();
        found.sort_unstable();
        found.dedup();
        for id in found {
            let stray = Stray::Listed { id: String::from(id) };
            if !self.strays.contains(&stray) {
                self.strays.push(stray);
                self.unaccounted = self.unaccounted.saturating_sub(1);
            }
        }
    }
}
