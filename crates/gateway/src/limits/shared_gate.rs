//! The gate that all isolates share, as a Durable Object.
//!
//! It hands out places in time. After a 429 there are none until the server's
//! wait is over; with a budget there is one every so often, and callers share
//! them: nobody may hold more than its part of the places of the next second, so
//! a caller with a thousand calls waiting does not keep another one out.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::codec::text::{decimal, whole_number};
use attention_core::{Timestamp, millis};

use crate::limits::rate::{Allowances, Rate};

/// How far ahead places are handed out. Who gets none asks again.
const HORIZON: Duration = Duration::from_secs(1);
/// How long a caller counts as present after its last question.
const PRESENCE: Duration = Duration::from_secs(2);
/// The longest that one server's word shuts the gate, as in core.
const LONGEST_HOLD: Duration = Duration::from_mins(5);

/// The state of the Durable Object.
#[derive(Debug)]
pub struct SharedGate {
    opens_at: Timestamp,
    /// The time between two places, when there is a budget.
    spacing: Option<Duration>,
    /// Places and whose they are, in order. A place's number is its time in units of
    /// `spacing`.
    taken: Vec<(u64, String)>,
    seen: Vec<(String, Timestamp)>,
    allowances: Allowances,
}

/// What a question at the gate comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// The call may be sent after this wait.
    Granted(Duration),
    /// There is no place yet: ask again after this wait.
    AskAgain(Duration),
    /// The caller's own limit is reached: its next call may be sent after this wait.
    Limited(Duration),
}

impl Place {
    /// As it crosses from the Durable Object to an isolate: the milliseconds to wait, negative when to ask again
    /// then; `{"limited":1500}` when the caller's own limit is reached.
    pub fn to_json(self) -> String {
        match self {
            Self::Granted(wait) => decimal(millis(wait)),
            Self::AskAgain(wait) => ["-", &decimal(millis(wait).max(1))].concat(),
            Self::Limited(wait) => ["{\"limited\":", &decimal(millis(wait)), "}"].concat(),
        }
    }

    /// Reads what [`to_json`](Self::to_json) wrote; `None` for anything else, which is no answer.
    pub fn from_json(text: &str) -> Option<Self> {
        let wait = |digits: &str| whole_number(digits).map(Duration::from_millis);
        if let Some(limited) = text.strip_prefix("{\"limited\":").and_then(|rest| rest.strip_suffix('}')) {
            return wait(limited).filter(|wait| !wait.is_zero()).map(Self::Limited);
        }
        match text.strip_prefix('-') {
            Some(digits) => wait(digits).map(Self::AskAgain),
            None => wait(text).map(Self::Granted),
        }
    }
}

/// A budget that is not one, such as `fast`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BudgetError;

impl BudgetError {
    /// What is wrong, in one line.
    pub const MESSAGE: &'static str = "the budget is to be such as 50/s";
}

impl SharedGate {
    /// A gate, with a budget such as `50/s`, or without one.
    pub fn new(budget: Option<&str>) -> Result<Self, BudgetError> {
        let spacing = match budget.map(str::trim).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let rate = Rate::parse(text).ok_or(BudgetError)?;
                // A millisecond is the clock's grain; no API allows more than a thousand a second.
                Some(rate.spacing().max(Duration::from_millis(1)))
            }
        };
        Ok(Self {
            opens_at: Timestamp::default(),
            spacing,
            taken: Vec::new(),
            seen: Vec::new(),
            allowances: Allowances::default(),
        })
    }

    /// A caller asks to send. With a `limit` such as `100/min`, one call is taken off it first; a text that is
    /// not a limit limits nobody here, since isolates hold to their own.
    pub fn admit(&mut self, caller: &str, limit: Option<&str>, now: Timestamp) -> Place {
        let taken = limit.and_then(Rate::parse).map_or(Ok(()), |rate| self.allowances.take(caller, rate, now));
        match taken {
            Err(wait) => Place::Limited(wait.max(Duration::from_millis(1))),
            Ok(()) => self.place(caller, now),
        }
    }

    /// Somebody was answered with a 429 and is to wait this long, five minutes at most. Returns the time at
    /// which the gate opens, for the object's storage.
    pub fn limited(&mut self, wait: Duration, now: Timestamp) -> Timestamp {
        self.opens_at = self.opens_at.max(now.saturating_add(wait.min(LONGEST_HOLD)));
        self.opens_at
    }

    /// The object has been restarted; this is what its storage says.
    pub fn restore(&mut self, opens_at: Timestamp, now: Timestamp) {
        // A clock that was wrong then must not shut the gate for ever.
        self.opens_at = opens_at.min(now.saturating_add(LONGEST_HOLD));
    }

    fn place(&mut self, caller: &str, now: Timestamp) -> Place {
        let shut = self.opens_at.saturating_since(now);
        let Some(spacing) = self.spacing else { return Place::Granted(shut) };
        if shut > HORIZON {
            return Place::AskAgain(shut);
        }
        self.seen.retain(|(name, at)| name != caller && now.saturating_since(*at) < PRESENCE);
        self.seen.push((caller.to_owned(), now));
        let number = |at: Timestamp| at.as_unix_millis().div_ceil(millis(spacing).max(1));
        let first = number(now.max(self.opens_at));
        let gone = number(now);
        self.taken.retain(|(place, _)| *place >= gone);
        let places = (millis(HORIZON) / millis(spacing).max(1)).max(1);
        let share = (places / self.seen.len().max(1) as u64).max(1);
        let held = self.taken.iter().filter(|(_, holder)| holder == caller).count() as u64;
        // The first number that is missing from the ordered list is free.
        let mut index = self.taken.partition_point(|(place, _)| *place < first);
        let mut place = first;
        while self.taken.get(index).is_some_and(|(taken, _)| *taken == place) {
            (index, place) = (index + 1, place + 1);
        }
        if held >= share || place >= first.saturating_add(places) {
            return Place::AskAgain(spacing.max(HORIZON / 4));
        }
        self.taken.insert(index, (place, caller.to_owned()));
        let at = Timestamp::from_unix_millis(place.saturating_mul(millis(spacing)));
        Place::Granted(at.saturating_since(now))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(START + millis)
    }

    /// Lets callers with so many calls each ask until all are sent, and gives the
    /// times at which they were.
    fn run(gate: &mut SharedGate, demand: &[(&str, usize)]) -> BTreeMap<String, Vec<u64>> {
        let mut waiting: Vec<(u64, String)> =
            demand.iter().flat_map(|(name, calls)| vec![(0, (*name).to_owned()); *calls]).collect();
        let mut sent: BTreeMap<String, Vec<u64>> = BTreeMap::new();
        let mut clock = 0;
        while !waiting.is_empty() {
            let (due, later): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|(when, _)| *when <= clock);
            waiting = later;
            for (_, name) in due {
                match gate.place(&name, at(clock)) {
                    Place::Granted(wait) => sent.entry(name).or_default().push(clock + millis(wait)),
                    Place::AskAgain(wait) | Place::Limited(wait) => waiting.push((clock + millis(wait), name)),
                }
            }
            clock += 1;
            assert!(clock < 600_000, "some call is never let through");
        }
        sent
    }

    #[test]
    fn places_cross_as_json_and_what_is_not_one_is_none() {
        let wait = Duration::from_millis(1_500);
        for place in [
            Place::Granted(Duration::ZERO),
            Place::Granted(wait),
            Place::AskAgain(Duration::from_millis(1)),
            Place::AskAgain(wait),
            Place::Limited(wait),
        ] {
            assert_eq!(Place::from_json(&place.to_json()), Some(place), "{}", place.to_json());
        }
        for text in ["", "null", "true", "-", "--1", "1.5", "NaN", "{}", "{\"limited\":0}", "{\"limited\":-1}", "[1]"] {
            assert_eq!(Place::from_json(text), None, "{text}");
        }
    }

    #[test]
    fn a_budget_is_never_exceeded() {
        let mut gate = SharedGate::new(Some("50/s")).unwrap();
        let mut all: Vec<u64> = run(&mut gate, &[("a", 300), ("b", 20)]).into_values().flatten().collect();
        all.sort_unstable();
        assert_eq!(all.len(), 320);
        for window in all.windows(51) {
            assert!(window[50] - window[0] >= 1000, "51 calls within {} ms", window[50] - window[0]);
        }
    }

    #[test]
    fn a_flood_does_not_keep_others_out() {
        let mut gate = SharedGate::new(Some("50/s")).unwrap();
        let sent = run(&mut gate, &[("flood", 1000), ("quiet", 10)]);
        assert!(sent["quiet"].iter().max().unwrap() < &2_000, "{:?}", sent["quiet"]);
        // And nothing of the budget is wasted on the quiet one.
        assert!(sent["flood"].iter().max().unwrap() < &24_000, "{:?}", sent["flood"].iter().max());
    }

    #[test]
    fn a_429_shuts_it_for_everybody() {
        for budget in [None, Some("50/s")] {
            let mut gate = SharedGate::new(budget).unwrap();
            gate.limited(Duration::from_millis(800), at(0));
            let Place::Granted(wait) = gate.place("a", at(100)) else { panic!("no place within the horizon") };
            assert!(wait >= Duration::from_millis(700), "{wait:?}");
        }
    }

    #[test]
    fn a_restart_keeps_what_the_storage_says_within_reason() {
        let mut gate = SharedGate::new(None).unwrap();
        let opens_at = gate.limited(Duration::from_secs(2), at(0));
        let mut restarted = SharedGate::new(None).unwrap();
        restarted.restore(opens_at, at(500));
        assert_eq!(restarted.place("a", at(500)), Place::Granted(Duration::from_millis(1_500)));
        restarted.restore(Timestamp::from_unix_millis(u64::MAX), at(0));
        assert_eq!(restarted.place("a", at(0)), Place::Granted(LONGEST_HOLD));
    }
}
