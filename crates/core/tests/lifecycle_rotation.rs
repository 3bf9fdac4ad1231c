//! A rotation in a simulated world: places with traffic, an API with keys, a person, a driver that may be stopped at
//! any moment, and failures everywhere in between.

use std::collections::BTreeSet;
use std::time::Duration;

use attention_core::credential::Fingerprint;
use attention_core::credential::lifecycle::listing::{KeyList, value_in};
use attention_core::credential::lifecycle::rotation::{
    Answer, End, Ending, JournalError, Place, Plan, Problem, Proof, Report, Role, Rotation, Source, Step, Stray,
};
use attention_core::{ApiKey, Slot, Timestamp};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

const NAME: &str = "nightly export, 2026-11";
const OLD: &str = "fake-old-key-000000000000";
/// In seconds.
const QUIET: u64 = 300;
/// The accuracy of `lastSeenAt` in the simulation, in seconds.
const GRAIN: u64 = 60;

fn fingerprint(value: &str) -> Fingerprint {
    ApiKey::parse(value).expect("a key").fingerprint()
}

#[derive(Clone, Debug)]
struct Key {
    id: String,
    name: String,
    value: String,
    alive: bool,
    /// The last use by anyone, from which `lastSeenAt` is derived.
    seen: Option<u64>,
    /// The last use by anyone except the driver.
    used: Option<u64>,
}

#[derive(Clone, Debug)]
struct Site {
    current: String,
    next: Option<String>,
}

/// The fixed properties of a world.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fault of its own")]
struct Rules {
    creates: bool,
    holds_next: Vec<bool>,
    list_denied: bool,
    create_denied: bool,
    delete_denied: bool,
    values_hidden: bool,
    name_taken: bool,
    /// The list does not show when a key was used.
    seen_hidden: bool,
    /// An unknown user calls with the old key until this second.
    outsider_until: u64,
}

#[derive(Debug)]
enum Outcome {
    Keys(String),
    Created { id: String, fingerprint: Option<Fingerprint> },
    Taken(Fingerprint),
    Simple(&'static str),
    Answer(Answer),
    Refused(Option<Duration>),
    Missing(Role),
}

#[derive(Debug)]
enum Late {
    Create,
    Delete(String),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fault {
    None,
    Refused,
    Denied,
    LostBefore,
    LostAfter,
    LostLate,
    FailedBefore,
    FailedAfter,
    /// Reported as done, but done later.
    DoneLate,
}

struct World {
    rules: Rules,
    now: u64,
    keys: Vec<Key>,
    sites: Vec<Site>,
    /// Delayed effects, each with the second from which it applies.
    late: Vec<(u64, Late)>,
    chaos: Vec<u8>,
    made: Vec<String>,
    pasted: Option<String>,
    confirmed: bool,
    /// A fault that persists for this many steps.
    streak: Option<(Fault, u8)>,
    /// Whether someone else put the old key back into a place.
    put_back: bool,
    asked: Vec<Problem>,
    /// All journals that were written.
    journals: Vec<String>,
    /// The values that the driver holds in memory.
    held: Vec<String>,
}

impl World {
    fn new(rules: Rules, chaos: Vec<u8>) -> Self {
        let key = |id: &str, name: &str, value: &str| Key {
            id: id.to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
            alive: true,
            seen: Some(0),
            used: Some(0),
        };
        let mut keys = vec![key("id-old", "nightly export", OLD)];
        if rules.name_taken {
            keys.push(key("id-other", NAME, "fake-other-key-0000000000"));
        }
        let sites = rules.holds_next.iter().map(|_| Site { current: OLD.to_owned(), next: None }).collect();
        Self {
            rules,
            now: 1_000,
            keys,
            sites,
            late: Vec::new(),
            chaos,
            made: Vec::new(),
            pasted: None,
            confirmed: false,
            streak: None,
            put_back: false,
            asked: Vec::new(),
            journals: Vec::new(),
            held: vec![OLD.to_owned()],
        }
    }

    fn byte(&mut self) -> u8 {
        self.chaos.pop().unwrap_or(0)
    }

    fn is_calm(&self) -> bool {
        self.chaos.is_empty()
    }

    fn fault(&mut self) -> Fault {
        if let Some((fault, left)) = self.streak {
            self.streak = (left > 1).then_some((fault, left - 1));
            return fault;
        }
        match self.byte() {
            81..=86 => {
                let faults = [Fault::Refused, Fault::LostBefore, Fault::LostLate, Fault::FailedBefore];
                self.streak = Some((faults[usize::from(self.byte()) % faults.len()], 12));
                Fault::None
            }
            87..=92 => Fault::DoneLate,
            1..=12 => Fault::Refused,
            13..=20 => Fault::Denied,
            21..=32 => Fault::LostBefore,
            33..=52 => Fault::LostAfter,
            53..=64 => Fault::LostLate,
            65..=72 => Fault::FailedBefore,
            73..=80 => Fault::FailedAfter,
            _ => Fault::None,
        }
    }

    fn timestamp(&self) -> Timestamp {
        Timestamp::from_unix_seconds(self.now)
    }

    fn key(&mut self, value: &str) -> Option<&mut Key> {
        self.keys.iter_mut().find(|key| key.value == value)
    }

    fn is_alive(&self, value: &str) -> bool {
        self.keys.iter().any(|key| key.value == value && key.alive)
    }

    fn make(&mut self, name: &str) -> usize {
        let number = self.keys.len();
        self.keys.push(Key {
            id: format!("id-{number}"),
            name: name.to_owned(),
            value: format!("fake-new-key-{number:012}"),
            alive: true,
            seen: None,
            used: None,
        });
        self.made.push(format!("fake-new-key-{number:012}"));
        number
    }

    fn delete(&mut self, id: &str) -> bool {
        let found = self.keys.iter_mut().find(|key| key.id == id && key.alive);
        found.map(|key| key.alive = false).is_some()
    }

    /// All places call the API, and so does the outsider. No call of a place may fail.
    fn traffic(&mut self) {
        let now = self.now;
        for (index, site) in self.sites.clone().into_iter().enumerate() {
            let keys = [Some(site.current), site.next.filter(|_| self.rules.holds_next[index])];
            let alive = keys.into_iter().flatten().find(|value| self.is_alive(value));
            let value = alive.unwrap_or_else(|| panic!("place {index} has no key that works, at {now}"));
            let key = self.key(&value).expect("alive");
            (key.seen, key.used) = (Some(now), Some(now));
        }
        if now < self.rules.outsider_until && self.is_alive(OLD) {
            let key = self.key(OLD).expect("alive");
            (key.seen, key.used) = (Some(now), Some(now));
        }
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.now + seconds.max(1);
        while self.now < until {
            self.now = (self.now + 20).min(until);
            self.traffic();
        }
    }

    fn list(&self) -> String {
        let keys = self.keys.iter().filter(|key| key.alive).map(|key| {
            let value = (!self.rules.values_hidden).then_some(&key.value);
            let seen = key
                .seen
                .filter(|_| !self.rules.seen_hidden)
                .map(|at| Timestamp::from_unix_seconds(at / GRAIN * GRAIN).to_rfc3339());
            serde_json::json!({ "id": key.id, "name": key.name, "value": value, "lastSeenAt": seen })
        });
        keys.collect::<serde_json::Value>().to_string()
    }

    /// The value of a key: from memory, from the list, or from the person, who has the key that was in use and the
    /// pasted ones.
    fn value(&mut self, wanted: Fingerprint) -> Option<String> {
        let from_list = value_in(self.list(), wanted).expect("a list").map(|key| key.expose().to_owned());
        let known = [Some(OLD.to_owned()), self.pasted.clone()];
        let held = self.held.clone().into_iter().chain(known.into_iter().flatten()).chain(from_list);
        let value = held.into_iter().find(|value| fingerprint(value) == wanted)?;
        self.held.push(value.clone());
        Some(value)
    }
}

/// The fingerprint of the key with this role, as far as the driver knows.
fn wanted(rotation: &Rotation, role: Role) -> Fingerprint {
    match role {
        Role::Old => rotation.plan().old(),
        Role::New => rotation.new_key().expect("a new key"),
    }
}

impl World {
    /// Authorizes an API request: the key must be alive, and this counts as a use.
    fn authorized(&mut self, rotation: &Rotation, with: Role) -> Result<(), Outcome> {
        let Some(value) = self.value(wanted(rotation, with)) else { return Err(Outcome::Missing(with)) };
        let now = self.now;
        match self.key(&value) {
            Some(key) if key.alive => {
                key.seen = Some(now);
                Ok(())
            }
            _ => Err(Outcome::Simple("denied")),
        }
    }

    fn perform(&mut self, rotation: &Rotation, step: &Step<'_>) -> Outcome {
        let fault = match step {
            Step::Wait(_) | Step::Ask(_) | Step::End(_) => Fault::None,
            _ => self.fault(),
        };
        let api = matches!(step, Step::List { .. } | Step::Create { .. } | Step::Delete { .. });
        match fault {
            Fault::Refused if !matches!(step, Step::Take) => {
                let retry = self.byte();
                return Outcome::Refused((retry % 2 == 1).then(|| Duration::from_secs(u64::from(retry))));
            }
            Fault::Denied if api => return Outcome::Simple("denied"),
            Fault::LostBefore => return Outcome::Simple("lost"),
            Fault::FailedBefore => return Outcome::Simple("failed"),
            Fault::LostLate => {
                match step {
                    Step::Create { .. } => self.postpone(Late::Create),
                    Step::Delete { id, .. } => self.postpone(Late::Delete((*id).to_owned())),
                    _ => {}
                }
                return Outcome::Simple("lost");
            }
            Fault::DoneLate => {
                if let Step::Delete { id, key, .. } = step {
                    self.may_delete(rotation, *key);
                    self.postpone(Late::Delete((*id).to_owned()));
                    return Outcome::Simple("deleted");
                }
            }
            _ => {}
        }
        let outcome = self.carry_out(rotation, step);
        match fault {
            Fault::LostAfter => Outcome::Simple("lost"),
            Fault::FailedAfter => Outcome::Simple("failed"),
            _ => outcome,
        }
    }

    fn carry_out(&mut self, rotation: &Rotation, step: &Step<'_>) -> Outcome {
        match step {
            Step::List { with } | Step::Create { with, .. } | Step::Delete { with, .. } => {
                if let Err(outcome) = self.authorized(rotation, *with) {
                    return outcome;
                }
                self.api(rotation, step)
            }
            Step::Take => self.paste(),
            Step::Try { key, fingerprint } => {
                let Some(value) = self.value(*fingerprint) else { return Outcome::Missing(*key) };
                let now = self.now;
                match self.key(&value) {
                    Some(key) if key.alive => {
                        key.seen = Some(now);
                        Outcome::Simple("accepted")
                    }
                    _ => Outcome::Simple("rejected"),
                }
            }
            Step::Deliver { place, slot, key, fingerprint } => {
                let Some(value) = self.value(*fingerprint) else { return Outcome::Missing(*key) };
                let site = self.site(rotation, place);
                match slot {
                    Slot::Current => site.current = value,
                    Slot::Next => site.next = Some(value),
                }
                Outcome::Simple("delivered")
            }
            Step::Verify { place, slot, fingerprint: wanted } => {
                let site = self.site(rotation, place).clone();
                let there = match slot {
                    Slot::Current => Some(site.current),
                    Slot::Next => site.next,
                };
                let is_there = there.is_some_and(|value| fingerprint(&value) == *wanted && self.is_alive(&value));
                Outcome::Simple(if is_there && self.byte() < 240 { "verified" } else { "not_verified" })
            }
            Step::ClearNext { place, key } => {
                let site = self.site(rotation, place);
                site.next = None;
                // A place whose second slot cannot be empty puts the key that it uses there.
                let used = fingerprint(&site.current);
                assert_eq!(rotation.plan().old() == used, *key == Role::Old);
                Outcome::Simple("cleared")
            }
            Step::Wait(duration) => {
                self.pass(duration.as_secs());
                Outcome::Simple("waited")
            }
            Step::Ask(question) => {
                assert!(!question.answers.is_empty());
                let (on, back) = (question.problem.way_on(), question.problem.way_back(question.answers));
                assert!(!on.is_empty() && !question.problem.message().is_empty());
                assert_eq!(question.answers.contains(&Answer::GoBack), back.starts_with("go back"));
                assert!(question.answers.iter().all(|answer| Answer::from_code(answer.code()) == Some(*answer)));
                self.asked.push(question.problem);
                Outcome::Answer(self.answer(rotation, question.problem, question.answers))
            }
            Step::End(_) => unreachable!("the end has no outcome"),
        }
    }

    fn api(&mut self, rotation: &Rotation, step: &Step<'_>) -> Outcome {
        match step {
            Step::List { .. } if self.rules.list_denied => Outcome::Simple("denied"),
            Step::List { .. } => Outcome::Keys(self.list()),
            Step::Create { .. } if self.rules.create_denied => Outcome::Simple("denied"),
            Step::Create { name, .. } => {
                let at = self.make(name);
                let key = self.keys[at].clone();
                self.held.push(key.value.clone());
                let shown = self.byte() < 240;
                Outcome::Created { id: key.id, fingerprint: shown.then(|| fingerprint(&key.value)) }
            }
            Step::Delete { .. } if self.rules.delete_denied => Outcome::Simple("denied"),
            Step::Delete { id, key, .. } => {
                self.may_delete(rotation, *key);
                Outcome::Simple(if self.delete(id) { "deleted" } else { "not_found" })
            }
            _ => unreachable!("not a request to the API"),
        }
    }

    /// The most important rule: a deleted key is in no place, and is unused, or the person confirmed, or no place ever
    /// had it.
    fn may_delete(&self, rotation: &Rotation, role: Role) {
        let retired = wanted(rotation, role);
        let key = self.keys.iter().find(|key| fingerprint(&key.value) == retired).expect("a key");
        if !key.alive {
            // Someone else deleted it.
            return;
        }
        for site in &self.sites {
            for value in [Some(&site.current), site.next.as_ref()].into_iter().flatten() {
                assert_ne!(fingerprint(value), retired, "a key is deleted that a place has");
            }
        }
        let unused = key.used.is_none_or(|used| used + QUIET - GRAIN <= self.now);
        assert!(unused || self.confirmed, "a key is deleted that was used at {:?}, now {}", key.used, self.now);
    }

    fn site(&mut self, rotation: &Rotation, place: &Place) -> &mut Site {
        let at = rotation.plan().places().iter().position(|known| known == place).expect("a place of the plan");
        &mut self.sites[at]
    }

    fn paste(&mut self) -> Outcome {
        if self.byte() > 250 {
            return Outcome::Taken(fingerprint(OLD));
        }
        let value = if let Some(value) = self.pasted.clone() {
            value
        } else {
            let at = self.make("made in the app");
            if self.byte() > 250 {
                self.keys[at].alive = false;
            }
            self.keys[at].value.clone()
        };
        self.pasted = Some(value.clone());
        Outcome::Taken(fingerprint(&value))
    }

    /// The person gives any answer during the chaos, and afterwards the one that leads forward. The person tells the
    /// truth.
    fn answer(&mut self, rotation: &Rotation, problem: Problem, answers: &[Answer]) -> Answer {
        let sensible = || {
            let offered = |answer: Answer| answers.contains(&answer).then_some(answer);
            let first = match problem {
                Problem::NewKeyMissing | Problem::NewKeyRejected => {
                    offered(Answer::TakeKey).or(offered(Answer::GoBack))
                }
                Problem::NameTaken
                | Problem::ListDenied
                | Problem::CreateDenied
                | Problem::CreateFailed
                | Problem::ValueHidden => offered(Answer::TakeKey),
                Problem::OldKeyRejected => offered(Answer::GoForward),
                _ => None,
            };
            first.or(offered(Answer::DeletedByHand)).or(offered(Answer::Confirm)).unwrap_or(answers[0])
        };
        let answer = if self.is_calm() {
            sensible()
        } else {
            let at = usize::from(self.byte());
            answers[at % answers.len()]
        };
        let watching = rotation.to_journal().contains(r#""phase":"watch""#);
        match answer {
            Answer::Confirm if watching => self.confirmed = true,
            Answer::Confirm | Answer::DeletedByHand => {
                let journal = rotation.to_journal();
                let retired = if journal.contains(r#""direction":"back""#) { Role::New } else { Role::Old };
                self.may_delete(rotation, retired);
                let retired = wanted(rotation, retired);
                let key = self.keys.iter_mut().find(|key| fingerprint(&key.value) == retired);
                key.expect("a key").alive = false;
            }
            Answer::TakeKey => self.pasted = None,
            Answer::GoBack | Answer::GoForward => self.confirmed = false,
            Answer::Retry | Answer::Leave => {}
        }
        answer
    }

    /// Someone else deletes the old key once no place depends on it, or puts it back into a place.
    fn someone_else(&mut self, rotation: &Rotation) {
        let is_in_use = self.sites.iter().any(|site| site.current == OLD);
        let is_back = rotation.to_journal().contains(r#""direction":"back""#);
        let is_watching = rotation.to_journal().contains(r#""phase":"watch""#);
        match self.byte() {
            200..=206 if !is_in_use && !is_back => {
                self.delete("id-old");
            }
            207..=213 if is_watching && self.is_alive(OLD) => {
                OLD.clone_into(&mut self.sites[0].current);
                self.put_back = true;
            }
            _ => {}
        }
    }

    fn postpone(&mut self, late: Late) {
        let due = self.now + 3 * u64::from(self.byte());
        self.late.push((due, late));
    }

    fn something_late(&mut self) {
        while let Some(at) = self.late.iter().position(|(due, _)| *due <= self.now) {
            match self.late.remove(at).1 {
                Late::Create => {
                    self.make(NAME);
                }
                Late::Delete(id) => {
                    self.delete(&id);
                }
            }
        }
    }
}

fn report(rotation: &mut Rotation, outcome: &Outcome, now: Timestamp) {
    let list;
    let report = match outcome {
        Outcome::Keys(text) => {
            list = KeyList::parse(text.clone()).expect("a list");
            Report::Keys(&list)
        }
        Outcome::Created { id, fingerprint } => Report::Created { id, fingerprint: *fingerprint },
        Outcome::Taken(fingerprint) => Report::Taken(*fingerprint),
        Outcome::Answer(answer) => Report::Answer(*answer),
        Outcome::Refused(retry) => Report::Refused { retry: *retry },
        Outcome::Missing(role) => Report::KeyMissing(*role),
        Outcome::Simple("accepted") => Report::Accepted,
        Outcome::Simple("rejected") => Report::Rejected,
        Outcome::Simple("delivered") => Report::Delivered,
        Outcome::Simple("verified") => Report::Verified,
        Outcome::Simple("not_verified") => Report::NotVerified,
        Outcome::Simple("cleared") => Report::Cleared,
        Outcome::Simple("deleted") => Report::Deleted,
        Outcome::Simple("not_found") => Report::NotFound,
        Outcome::Simple("waited") => Report::Waited,
        Outcome::Simple("denied") => Report::Denied,
        Outcome::Simple("lost") => Report::Lost,
        Outcome::Simple("failed") => Report::Failed,
        Outcome::Simple(other) => unreachable!("{other}"),
    };
    rotation.report(report, now).unwrap_or_else(|error| panic!("{error}: {outcome:?} to {}", rotation.to_journal()));
}

fn plan(rules: &Rules) -> Plan {
    let source = if rules.creates { Source::Create { name: NAME.to_owned(), org_level: true } } else { Source::Take };
    let places = rules.holds_next.iter().enumerate();
    let places = places.map(|(index, holds_next)| Place { name: format!("place {index}"), holds_next: *holds_next });
    Plan::new(source, fingerprint(OLD), places.collect(), Duration::from_secs(QUIET)).expect("a plan")
}

/// The point within a step at which a driver is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stop {
    Before,
    /// The step was performed, but the journal was not written.
    Unwritten,
    Written,
}

/// Drives to the end, stopping in one round and where chaos demands it. Returns the world, the rotation and the rounds.
fn run(rules: &Rules, chaos: Vec<u8>, stop_in: Option<(usize, Stop)>) -> (World, Rotation, usize) {
    let mut world = World::new(rules.clone(), chaos);
    let mut drivers = 1;
    let mut rotation = Rotation::new(plan(rules), "driver 1").expect("an owner");
    let mut disk = rotation.to_journal();
    for round in 0..3_000 {
        rotation.check(&disk).expect("the only driver");
        let step = rotation.step(world.timestamp());
        if matches!(step, Step::End(_)) {
            return (world, rotation, round);
        }
        let stopped = match world.byte() {
            100..=112 => Some(Stop::Before),
            113..=125 => Some(Stop::Unwritten),
            126..=138 => Some(Stop::Written),
            _ => stop_in.filter(|(at, _)| *at == round).map(|(_, stop)| stop),
        };
        if stopped != Some(Stop::Before) {
            let outcome = world.perform(&rotation, &step);
            world.pass(1);
            world.something_late();
            world.someone_else(&rotation);
            world.traffic();
            if stopped != Some(Stop::Unwritten) {
                report(&mut rotation, &outcome, world.timestamp());
                rotation.check(&disk).expect("the only driver");
                disk = rotation.to_journal();
                world.journals.push(disk.clone());
                for key in &world.keys {
                    assert!(!disk.contains(&key.value) && !format!("{rotation:?}").contains(&key.value));
                }
            }
        }
        if stopped.is_some() {
            drivers += 1;
            world.held.clear();
            world.pass(u64::from(world.chaos.first().copied().unwrap_or(0)) * 3);
            let resumed = Rotation::resume(&disk, &format!("driver {drivers}")).expect("a journal");
            disk = resumed.to_journal();
            // The previous driver, if it were still running, would stop here.
            assert!(matches!(rotation.check(&disk), Err(JournalError::TakenOver { .. })));
            rotation = resumed;
        }
    }
    panic!("no end: {disk}; asked: {:?}", world.asked);
}

fn assert_ended(world: &World, rotation: &Rotation) {
    let Step::End(End { ending, proof, strays, unaccounted, left }) = rotation.step(world.timestamp()) else {
        panic!("not ended")
    };
    let target = match ending {
        Ending::Rotated => rotation.new_key().expect("a new key"),
        Ending::RolledBack | Ending::Abandoned => fingerprint(OLD),
    };
    for site in &world.sites {
        // If both keys are left alive, the places are not verified again.
        let was_put_back = left == Some(Role::Old) && world.put_back && site.current == OLD;
        assert!(fingerprint(&site.current) == target || was_put_back, "{ending:?}");
        assert_eq!(site.next, None);
    }
    if ending == Ending::Rotated {
        // Only a delayed deletion may still be outstanding.
        let is_late = world.late.iter().any(|(_, late)| matches!(late, Late::Delete(_)));
        // A key that was left may be dead anyway: the deletion happened, but its response was lost.
        assert!(!world.is_alive(OLD) || is_late || left == Some(Role::Old), "{proof:?}");
        assert_eq!(proof.is_none(), left == Some(Role::Old));
    } else {
        assert!(world.is_alive(OLD));
    }
    // Each key that was created and is not in use is reported.
    let is_told = |key: &Key| {
        strays.iter().any(|stray| match stray {
            Stray::Listed { id } => *id == key.id,
            Stray::Pasted { fingerprint: known } => *known == fingerprint(&key.value),
        })
    };
    let made = world.keys.iter().filter(|key| world.made.contains(&key.value) && key.alive);
    let orphans = made.filter(|key| fingerprint(&key.value) != target && !is_told(key)).count();
    let late = world.late.iter().filter(|(_, late)| matches!(late, Late::Create)).count();
    // A key that was pasted and rejected, without the person saying so, is the person's own.
    let persons = world.keys.iter().filter(|key| key.alive && key.name == "made in the app" && !is_told(key));
    let persons = persons.filter(|key| fingerprint(&key.value) != target).count();
    assert!(orphans - persons + late <= unaccounted as usize, "{orphans} orphans, {late} late, {unaccounted} told");
    // No key in use is reported for deletion.
    for key in world.keys.iter().filter(|key| is_told(key)) {
        assert_ne!(fingerprint(&key.value), target, "a key in use is called a stray");
        assert_ne!(key.id, "id-other", "another's key is called a stray");
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let rarely = || prop::bool::weighted(0.15);
    (
        (any::<bool>(), prop::collection::vec(any::<bool>(), 1..4)),
        (rarely(), rarely(), rarely(), rarely(), rarely(), rarely()),
        prop_oneof![Just(0_u64), 1_000..4_000_u64],
    )
        .prop_map(|((creates, holds_next), (list, create, delete, hidden, taken, seen), outsider_until)| Rules {
            creates,
            holds_next,
            list_denied: list,
            create_denied: create,
            delete_denied: delete,
            values_hidden: hidden,
            name_taken: taken,
            seen_hidden: seen,
            outsider_until,
        })
}

const FAIR: Rules = Rules {
    creates: true,
    holds_next: Vec::new(),
    list_denied: false,
    create_denied: false,
    delete_denied: false,
    values_hidden: false,
    name_taken: false,
    seen_hidden: false,
    outsider_until: 0,
};

/// The crash table: one stop in each round, before the step, before the journal is written, and after.
#[test]
fn a_driver_stopped_anywhere_is_resumed_to_the_right_end() {
    for creates in [true, false] {
        let rules = Rules { creates, holds_next: vec![true, false, true], ..FAIR };
        let (world, rotation, rounds) = run(&rules, Vec::new(), None);
        assert_ended(&world, &rotation);
        assert!(rounds > 20 && world.asked.is_empty(), "{rounds} rounds, asked {:?}", world.asked);
        for stop_in in
            (0..rounds).flat_map(|round| [Stop::Before, Stop::Unwritten, Stop::Written].map(|stop| (round, stop)))
        {
            let (world, rotation, _) = run(&rules, Vec::new(), Some(stop_in));
            assert_ended(&world, &rotation);
            // Nobody had to be asked, and the old key is proven dead.
            assert_eq!(world.asked, [], "{stop_in:?}");
            let Step::End(end) = rotation.step(world.timestamp()) else { panic!("no end") };
            let is_gone = stop_in.1 == Stop::Unwritten && end.proof == Some(Proof::Unlisted);
            assert!(end.proof == Some(Proof::Rejected) || is_gone, "{stop_in:?}: {:?}", end.proof);
            assert_eq!((end.ending, end.left, end.strays), (Ending::Rotated, None, &[][..]), "{stop_in:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_call_fails_and_no_key_is_lost(rules in rules(), chaos in prop::collection::vec(any::<u8>(), 0..160)) {
        let (world, rotation, _) = run(&rules, chaos, None);
        assert_ended(&world, &rotation);
    }
}

/// Checks that the simulation reaches every question and every ending; otherwise it would prove little.
#[test]
fn the_simulation_reaches_every_question_and_every_ending() {
    let mut runner = TestRunner::deterministic();
    let strategy = (rules(), prop::collection::vec(any::<u8>(), 0..160));
    let (mut problems, mut ends) = (BTreeSet::new(), BTreeSet::new());
    for _ in 0..400 {
        let (rules, chaos) = strategy.new_tree(&mut runner).expect("a case").current();
        let (world, rotation, _) = run(&rules, chaos, None);
        problems.extend(world.asked.iter().map(|problem| problem.code()));
        let Step::End(end) = rotation.step(world.timestamp()) else { continue };
        ends.insert(format!("{:?} {:?} {:?}", end.ending, end.proof, end.left));
    }
    let expected = [
        "busy",
        "create_denied",
        "create_failed",
        "delete_by_hand",
        "delivery_failed",
        "list_denied",
        "name_taken",
        "new_key_missing",
        "new_key_rejected",
        "no_answer",
        "not_seen",
        "not_verified",
        "old_key_rejected",
        "same_key",
        "step_failed",
        "still_alive",
        "still_used",
        "value_hidden",
    ];
    let missing: Vec<_> = expected.iter().filter(|code| !problems.contains(*code)).collect();
    assert!(missing.is_empty(), "never asked: {missing:?}");
    for end in [
        "Rotated Some(Rejected) None",
        "Rotated Some(Unlisted) None",
        "Rotated Some(Confirmed) None",
        "Rotated None Some(Old)",
        "RolledBack",
        "Abandoned",
    ] {
        assert!(ends.iter().any(|known| known.starts_with(end)), "{end} is not among {ends:?}");
    }
}

/// All distinct journals of a run.
fn journals(rules: &Rules, chaos: Vec<u8>) -> Vec<String> {
    let (mut world, ..) = run(rules, chaos, None);
    world.journals.dedup();
    world.journals
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).expect("JSON")
}

/// The paths of all members of all objects.
fn members(value: &serde_json::Value, path: &str, found: &mut Vec<(String, String)>) {
    let inner: Vec<(String, &serde_json::Value)> = match value {
        serde_json::Value::Object(object) => {
            found.extend(object.keys().map(|name| (path.to_owned(), name.clone())));
            object.iter().map(|(name, value)| (format!("{path}/{name}"), value)).collect()
        }
        serde_json::Value::Array(array) => {
            array.iter().enumerate().map(|(index, value)| (format!("{path}/{index}"), value)).collect()
        }
        _ => Vec::new(),
    };
    for (path, value) in inner {
        members(value, &path, found);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Resuming restores the written state, except for the owner and for a key that may have been created.
    #[test]
    fn a_written_journal_is_read_back_unchanged(rules in rules(), chaos in prop::collection::vec(any::<u8>(), 0..160)) {
        for journal in journals(&rules, chaos) {
            prop_assert!(journal.is_ascii() && !journal.contains('\n'));
            let resumed = Rotation::resume(&journal, "another").expect("a journal").to_journal();
            let (mut written, mut read) = (json(&journal), json(&resumed));
            prop_assert_eq!(read["revision"].as_u64(), written["revision"].as_u64().map(|revision| revision + 1));
            prop_assert_eq!(read["owner"].as_str(), Some("another"));
            for value in [&mut written, &mut read] {
                value["owner"].take();
                value["revision"].take();
            }
            let is_asked_for = written["stage"] == serde_json::json!({ "kind": "obtain", "phase": "create" });
            if is_asked_for && written["problem"].is_null() {
                written["stage"]["phase"] = "find_created".into();
                written["unaccounted"] = (written["unaccounted"].as_u64().unwrap() + 1).into();
            }
            prop_assert_eq!(written, read);
        }
    }

    /// No member may be missing, repeated, of another type, or unknown.
    #[test]
    fn a_journal_is_read_strictly(
        rules in rules(),
        chaos in prop::collection::vec(any::<u8>(), 0..60),
        pick: u16,
        wrong in "(true|17|\\[\\]|\\{\\}|\"odd\"|-1|1\\.5)",
    ) {
        let journals = journals(&rules, chaos);
        let journal = &journals[usize::from(pick) % journals.len()];
        let value = json(journal);
        let mut all = Vec::new();
        members(&value, "", &mut all);
        for (path, name) in all {
            let object = |value: &serde_json::Value| value.pointer(&path).expect("an object").clone();
            let replaced = |object: String| {
                let mut document = value.clone();
                *document.pointer_mut(&path).expect("an object") = "HERE".into();
                document.to_string().replace("\"HERE\"", &object)
            };
            let mut without = object(&value);
            without.as_object_mut().expect("an object").remove(&name);
            let error = Rotation::resume(&replaced(without.to_string()), "another").unwrap_err();
            let is_missing = matches!(error, JournalError::Missing { member, .. } if member == name);
            prop_assert!(is_missing || name == "id", "{path}/{name}: {error}");

            let whole = object(&value).to_string();
            let inner = whole.strip_prefix('{').expect("an object");
            for added in ["\"odd\":null,".to_owned(), format!("\"{name}\":{},", object(&value)[&name])] {
                let error = Rotation::resume(&replaced(format!("{{{added}{inner}")), "another").unwrap_err();
                prop_assert!(matches!(error, JournalError::Unknown { line: 1, .. }), "{path}: {error}");
            }

            let mut other = object(&value);
            let before = other[&name].take();
            other[&name] = json(&wrong);
            let is_same_type = match &other[&name] {
                serde_json::Value::Bool(_) => before.is_boolean(),
                serde_json::Value::Number(_) => before.is_number() || before.is_null(),
                serde_json::Value::Array(_) => before.is_array(),
                serde_json::Value::String(_) => before.is_string() || before.is_null(),
                serde_json::Value::Object(_) | serde_json::Value::Null => false,
            };
            let read = Rotation::resume(&replaced(other.to_string()), "another");
            let is_whole = wrong != "-1" && wrong != "1.5";
            let may_be_read = is_same_type && (is_whole || !before.is_number());
            prop_assert!(read.is_err() || may_be_read, "{path}/{name}: {wrong}");
        }
    }
}

#[test]
fn a_newer_journal_is_distinguished_from_a_broken_one() {
    let rotation = Rotation::new(plan(&Rules { holds_next: vec![true], ..FAIR }), "driver 1").unwrap();
    let journal = rotation.to_journal();
    let newer = journal.replace("\"version\":1", "\"version\":2,\"what is new\":[]");
    assert_eq!(Rotation::resume(&newer, "driver 2").unwrap_err(), JournalError::NewerVersion { version: 2 });
    assert!(matches!(rotation.check(&newer), Err(JournalError::NewerVersion { version: 2 })));
    for text in ["", "{}", "[]", "null", &journal[1..], &format!("{journal}{journal}")] {
        let error = Rotation::resume(text, "driver 2").unwrap_err();
        assert!(matches!(error, JournalError::Malformed { .. } | JournalError::Missing { .. }), "{text}: {error:?}");
    }
}

/// A manually edited journal must not be able to skip the safeguards of the keys.
#[test]
fn a_journal_that_contradicts_itself_is_refused() {
    let (world, ..) = run(&Rules { holds_next: vec![true, false], ..FAIR }, Vec::new(), None);
    let journal = world.journals.iter().find(|text| text.contains("\"phase\":\"verify_next\"")).unwrap();
    for (what, instead) in [
        ("\"place\":0", "\"place\":2"),
        ("\"place\":0", "\"place\":1"),
        ("\"touched\":true", "\"touched\":false"),
        ("\"deleting\":false", "\"deleting\":true"),
        ("\"phase\":\"verify_next\",\"place\":0", "\"phase\":\"delete\""),
        ("\"proof\":null", "\"proof\":\"confirmed\""),
        ("\"name\":\"place 1\"", "\"name\":\"place 0\""),
        ("\"name\":\"place 1\"", &format!("\"name\":\"{OLD}\"")),
    ] {
        let broken = journal.replace(what, instead);
        assert_ne!(&broken, journal, "{what}");
        let error = Rotation::resume(&broken, "another").unwrap_err();
        assert!(matches!(error, JournalError::Inconsistent { .. }), "{instead}: {error:?}");
        assert!(!error.message().contains(OLD));
    }
}

#[test]
fn if_two_drivers_use_one_journal_one_of_them_stops() {
    let rules = Rules { creates: false, holds_next: vec![true], ..FAIR };
    let mut first = Rotation::new(plan(&rules), "driver 1").unwrap();
    let disk = first.to_journal();
    let (mut second, mut third) =
        (Rotation::resume(&disk, "driver 2").unwrap(), Rotation::resume(&disk, "driver 3").unwrap());
    // Both have written; the third was last.
    let disk = third.to_journal();
    for stopped in [&mut first, &mut second] {
        let error = stopped.check(&disk).unwrap_err();
        assert_eq!(error, JournalError::TakenOver { owner: "driver 3".to_owned() });
        assert!(error.message().contains("driver 3"));
    }
    third.check(&disk).unwrap();
    third.report(Report::Taken(fingerprint("fake-new-key-1")), Timestamp::default()).unwrap();
    third.check(&disk).unwrap();
    third.report(Report::Accepted, Timestamp::default()).unwrap();
    // Two reports without a write in between.
    assert!(matches!(third.check(&disk), Err(JournalError::Diverged { .. })));
}

#[test]
fn a_report_that_does_not_match_the_step_changes_nothing() {
    let mut rotation = Rotation::new(plan(&Rules { holds_next: vec![true], ..FAIR }), "driver 1").unwrap();
    let before = rotation.to_journal();
    for report in [
        Report::Accepted,
        Report::Deleted,
        Report::Delivered,
        Report::Verified,
        Report::Waited,
        Report::Answer(Answer::Confirm),
        Report::Taken(fingerprint("fake-new-key-1")),
    ] {
        let name = report.name();
        let error = rotation.report(report, Timestamp::default()).unwrap_err();
        assert!(error.to_string().contains(name));
        assert_eq!(rotation.to_journal(), before);
    }
}

#[test]
fn names_that_hold_a_key_are_refused() {
    let place = |name: &str| vec![Place { name: name.to_owned(), holds_next: true }];
    let plan = |places, name: &str| {
        Plan::new(Source::Create { name: name.to_owned(), org_level: false }, fingerprint(OLD), places, Duration::ZERO)
    };
    assert!(plan(place("worker"), NAME).is_ok());
    for name in [
        OLD,
        &format!("worker {OLD}"),
        &format!("KEY={OLD}"),
        "eyJhbGciOiJub25lIn0.e30.fake",
        "",
        "a\nb",
        &"x".repeat(201),
    ] {
        for error in [plan(place(name), NAME).unwrap_err(), plan(place("worker"), name).unwrap_err()] {
            assert!(name.is_empty() || !format!("{error} {error:?}").contains(name), "{error}");
        }
        assert!(Rotation::new(plan(place("worker"), NAME).unwrap(), name).is_err());
    }
}
