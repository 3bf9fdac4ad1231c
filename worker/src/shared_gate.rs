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

use attention_core::{Timestamp, millis};
use wasm_bindgen::prelude::*;

use crate::allowance::{Allowances, Rate};

/// How far ahead places are handed out. Who gets none asks again.
const HORIZON: Duration = Duration::from_secs(1);
/// How long a caller counts as present after its last question.
const PRESENCE: Duration = Duration::from_secs(2);
/// The longest that one server's word shuts the gate, as in core.
const LONGEST_HOLD: Duration = Duration::from_mins(5);

/// The state of the Durable Object.
#[wasm_bindgen]
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
enum Place {
    /// Go after this wait.
    Granted(Duration),
    /// Ask again after this wait.
    AskAgain(Duration),
}

#[wasm_bindgen]
impl SharedGate {
    /// A gate, with a budget such as `50/s` or none. Throws when it is not one.
    #[wasm_bindgen(constructor)]
    #[expect(clippy::needless_pass_by_value)] // wasm-bindgen hands optional strings over by value.
    pub fn new(budget: Option<String>) -> Result<Self, JsValue> {
        let spacing = match budget.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => {
                let rate = Rate::parse(text).ok_or_else(|| JsValue::from_str("the budget is to be such as 50/s"))?;
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

    /// A caller asks to send. Gives the milliseconds to wait before it may: as they
    /// are when the place is its own then, negative when it has to ask again.
    pub fn admit(&mut self, caller: &str, now: f64) -> f64 {
        match self.place(caller, time(now)) {
            Place::Granted(wait) => as_millis(wait),
            Place::AskAgain(wait) => -as_millis(wait).max(1.0),
        }
    }

    /// Takes one call off a caller's own limit, such as `100/min`. Gives the
    /// milliseconds until it has one again, 0 when it has. What is no limit limits
    /// nobody: isolates hold to theirs.
    pub fn take(&mut self, caller: &str, limit: &str, now: f64) -> f64 {
        let taken = Rate::parse(limit).map(|rate| self.allowances.take(caller, rate, time(now)));
        taken.and_then(Result::err).map_or(0.0, |wait| as_millis(wait).max(1.0))
    }

    /// Somebody was answered with a 429 and is to wait this long. Gives the time at
    /// which the gate opens, for the object's storage.
    pub fn limited(&mut self, wait: f64, now: f64) -> f64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
        let wait = Duration::from_millis(wait as u64).min(LONGEST_HOLD);
        self.opens_at = self.opens_at.max(time(now).saturating_add(wait));
        #[expect(clippy::cast_precision_loss)] // Exact for 285,000 years.
        let opens_at = self.opens_at.as_unix_millis() as f64;
        opens_at
    }

    /// The object has been restarted; this is what its storage says.
    pub fn restore(&mut self, opens_at: f64, now: f64) {
        // A clock that was wrong then must not shut the gate for ever.
        self.opens_at = time(opens_at).min(time(now).saturating_add(LONGEST_HOLD));
    }
}

impl SharedGate {
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

#[expect(clippy::cast_precision_loss)] // Five minutes at most.
fn as_millis(duration: Duration) -> f64 {
    millis(duration) as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
const fn time(millis: f64) -> Timestamp {
    Timestamp::from_unix_millis(millis as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(START + millis)
    }

    #[expect(clippy::cast_precision_loss)] // Exact for 285,000 years.
    fn js(at: Timestamp) -> f64 {
        at.as_unix_millis() as f64
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
                    Place::AskAgain(wait) => waiting.push((clock + millis(wait), name)),
                }
            }
            clock += 1;
            assert!(clock < 600_000, "some call is never let through");
        }
        sent
    }

    #[test]
    fn a_budget_is_never_exceeded() {
        let mut gate = SharedGate::new(Some("50/s".into())).unwrap();
        let mut all: Vec<u64> = run(&mut gate, &[("a", 300), ("b", 20)]).into_values().flatten().collect();
        all.sort_unstable();
        assert_eq!(all.len(), 320);
        for window in all.windows(51) {
            assert!(window[50] - window[0] >= 1000, "51 calls within {} ms", window[50] - window[0]);
        }
    }

    #[test]
    fn a_flood_does_not_keep_others_out() {
        let mut gate = SharedGate::new(Some("50/s".into())).unwrap();
        let sent = run(&mut gate, &[("flood", 1000), ("quiet", 10)]);
        assert!(sent["quiet"].iter().max().unwrap() < &2_000, "{:?}", sent["quiet"]);
        // And nothing of the budget is wasted on the quiet one.
        assert!(sent["flood"].iter().max().unwrap() < &24_000, "{:?}", sent["flood"].iter().max());
    }

    #[test]
    fn a_429_shuts_it_for_everybody() {
        for budget in [None, Some("50/s".to_owned())] {
            let mut gate = SharedGate::new(budget).unwrap();
            gate.limited(800.0, js(at(0)));
            let Place::Granted(wait) = gate.place("a", at(100)) else { panic!("no place within the horizon") };
            assert!(wait >= Duration::from_millis(700), "{wait:?}");
        }
    }

    #[test]
    fn a_restart_keeps_what_the_storage_says_within_reason() {
        let mut gate = SharedGate::new(None).unwrap();
        let opens_at = gate.limited(2_000.0, js(at(0)));
        let mut restarted = SharedGate::new(None).unwrap();
        restarted.restore(opens_at, js(at(500)));
        assert_eq!(restarted.place("a", at(500)), Place::Granted(Duration::from_millis(1_500)));
        restarted.restore(f64::INFINITY, js(at(0)));
        assert_eq!(restarted.place("a", at(0)), Place::Granted(LONGEST_HOLD));
    }
}
