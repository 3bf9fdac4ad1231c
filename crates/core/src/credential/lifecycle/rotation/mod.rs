//! How one key takes the place of another without a failed call.
//!
//! ```text
//! obtain ─► try ─► as next: deliver, verify ─► as current: deliver, verify, clear next ─► watch
//!   │        │            └───────────── each place, in order ─────────────┘                │
//!   │        └────────────────────◄── go back / go forward ──►──────────────────┘           ▼
//!   └─► abandoned         end ◄── look for strays ◄── prove dead ◄── delete ◄── prove alive ◄── verify each again
//! ```
//!
//! A [`Rotation`] says what to do ([`Step`]), and is told what came of it ([`Report`]). The
//! driver performs the step and writes the [journal](Rotation::to_journal) after each report
//! and before the next step: it may be stopped at any moment and goes on from the journal,
//! with [`Rotation::resume`]. Before each step and each writing it reads the journal that is
//! there and calls [`Rotation::check`], so that of two drivers of one journal one stops.
//!
//! Rules, whatever happens:
//!
//! - The old key is deleted only after every place was verified with the new one, twice, and
//!   either `lastSeenAt` did not change for the plan's quiet time or the person confirmed.
//! - A place gets a key only after the API accepted that key. Where a place holds two, the new
//!   one is tried there while the old one is still the first.
//! - `POST /v2/api_keys` is never sent again before the list was searched for the name. Each
//!   key that was made and is not in use is named at the end.
//! - A new key whose value is lost when places have it already is replaced by one from the app: going back alone would
//!   lead nowhere once somebody has deleted the old key.
//! - Going back is the same way in the other direction. It ends where a deletion begins.
//! - What the public pages do not say (how exact `lastSeenAt` is, whether the list shows
//!   values for ever, how deletion is called) is asked of the person when it fails.
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

/// How often a step is repeated by itself: 5 times. Then the person is asked.
const MAX_SETBACKS: u32 = 5;

/// How often a key is asked for whose answer does not come: 3 times.
const MAX_CREATIONS: u32 = 3;

/// The longest single wait for a 429: an hour. What the API asks for beyond is asked again.
const MAX_WAIT: Duration = Duration::from_hours(1);

/// One rotation: where it is, and what it has seen. It holds no key.
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
    // Not in the journal: who resumes does not wait, and begins to count again.
    wait: Option<Duration>,
    setbacks: u32,
}

/// Where a rotation is.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Stage {
    /// There is no new key yet.
    Obtain(Obtain),
    /// There is one.
    Exchange(Exchange),
    /// It is over.
    Ended { ending: Ending, new: Option<Fingerprint>, proof: Option<Proof>, left: Option<Role> },
}

/// The new key, as far as a journal may know it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct NewKey {
    fingerprint: Fingerprint,
    origin: Origin,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Origin {
    /// This rotation made it.
    Made { id: String },
    /// A person made it and pasted it; the id is known once a list was seen.
    Pasted { id: Option<String> },
}

impl NewKey {
    fn id(&self) -> Option<&str> {
        match &self.origin {
            Origin::Made { id } => Some(id),
            Origin::Pasted { id } => id.as_deref(),
        }
    }

    /// What it is once nobody is to use it.
    fn into_stray(self) -> Stray {
        match self.origin {
            Origin::Made { id } | Origin::Pasted { id: Some(id) } => Stray::Listed { id },
            Origin::Pasted { id: None } => Stray::Pasted { fingerprint: self.fingerprint },
        }
    }
}

impl Rotation {
    /// Begins. `owner` is a name that no other driver has, such as a UUID: it is written to
    /// the journal.
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

    /// What to do next.
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

    /// Takes what came of the step. The journal is to be written then.
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

    /// Whether nothing is left to do.
    pub const fn is_ended(&self) -> bool {
        matches!(self.stage, Stage::Ended { .. })
    }

    /// The plan.
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The new key, once there is one.
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

    /// Takes what may go wrong in any step. `denied` and `failed` are what it means there.
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

    /// Waits, and does the step again; too often, and it is a problem.
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

    /// Whether a listed key was made by this rotation: its name was free before.
    fn made_here(&self, listed: &ListedKey) -> bool {
        matches!(&self.plan.source, Source::Create { name, .. } if *name == listed.name)
    }

    /// Names those keys of the list that this rotation made, and that are not in use.
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
