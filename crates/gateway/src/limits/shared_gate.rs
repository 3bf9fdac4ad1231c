//! The gate shared by all isolates, implemented as a Durable Object.
//!
//! It keeps three kinds of state for all isolates: until when the API asked to wait, and whom; the allocation of a
//! budget's places ([`Places`]); and how many calls each caller has left. Isolates lease blocks of places and calls, so
//! that few calls have to ask ([`leases`](crate::limits::lease)).

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::codec::json::{self, Array, Object};
use attention_core::codec::text::{decimal, whole_number};
use attention_core::{SteadyClock, Timestamp, millis};

use crate::limits::asking::Hold;
use crate::limits::lanes::{Closing, NEEDS};
use crate::limits::places::{Block, Places};
use crate::limits::proof::{Cell, Proof, Scope};
use crate::limits::rate::{Allowances, Holder, Rate};
use crate::limits::{Micros, micros, micros_of};

/// The longest time for which one response of the server closes the gate, as in core.
pub(crate) const LONGEST_HOLD: Duration = Duration::from_mins(5);

/// The state of the Durable Object.
#[derive(Debug)]
pub struct SharedGate {
    /// All times here are of this clock, which does not go back when the object's does.
    clock: SteadyClock,
    opens_at: Timestamp,
    /// The API's requests to wait that do not concern everybody.
    holds: Vec<(Scope, Timestamp)>,
    /// The results that isolates reported.
    proof: Proof,
    /// The places of the budget, if there is one.
    places: Option<Places>,
    /// No place before this time is allocated by an object that replaces this one.
    reserved: Micros,
    allowances: Allowances,
}

/// The answer to a question to the gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// One call may be sent after this wait.
    Granted(Duration),
    /// This many calls may be sent, one by one.
    Leased(Lease),
    /// There is no place yet: ask again after this wait.
    AskAgain(Duration),
    /// The caller's own limit is reached: its next call may be sent after this wait.
    Limited(Duration),
}

/// Places that an isolate may use when they open. Times count from the moment of the gate's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    /// The time until the first one, in microseconds.
    pub(crate) wait: Micros,
    /// The time between two of them, in microseconds; zero without a budget.
    pub(crate) step: Micros,
    /// The number of places.
    pub(crate) count: u32,
}

impl Place {
    /// The form in which the Durable Object sends it to an isolate: the milliseconds to wait, negative to ask again
    /// after that time; `{"limited":1500}` if the caller's own limit is reached; `{"count":8,"wait":1500,"step":20000}`
    /// for more than one place, in microseconds.
    pub fn to_json(self) -> String {
        match self {
            Self::Granted(wait) => decimal(whole_millis(wait)),
            Self::Leased(Lease { wait, step, count }) => {
                let mut object = Object::new();
                object.number("count", count).number("wait", wait).number("step", step);
                object.finish()
            }
            Self::AskAgain(wait) => ["-", &decimal(whole_millis(wait).max(1))].concat(),
            Self::Limited(wait) => {
                let mut object = Object::new();
                object.number("limited", whole_millis(wait).max(1));
                object.finish()
            }
        }
    }

    /// Reads the output of [`to_json`](Self::to_json); `None` for anything else, which counts as no answer.
    pub fn from_json(text: &str) -> Option<Self> {
        let wait = |digits: &str| whole_number(digits).map(Duration::from_millis);
        if text.starts_with('{') {
            return Self::from_object(text);
        }
        match text.strip_prefix('-') {
            Some(digits) => wait(digits).map(Self::AskAgain),
            None => wait(text).map(Self::Granted),
        }
    }

    fn from_object(text: &str) -> Option<Self> {
        let members = json::read(text).ok()?.members().ok()?;
        let number = |name: &str| members.iter().find(|(known, _)| known == name)?.1.as_whole_number();
        if let Some(limited) = number("limited") {
            return (limited > 0).then_some(Self::Limited(Duration::from_millis(limited)));
        }
        let count = u32::try_from(number("count")?).ok().filter(|count| (1..=Places::MOST).contains(count))?;
        Some(Self::Leased(Lease { wait: number("wait")?, step: number("step")?, count }))
    }
}

/// Rounded up, because a call that comes too early has to ask again.
fn whole_millis(wait: Duration) -> u64 {
    millis(wait.saturating_add(Duration::from_nanos(999_999)))
}

impl SharedGate {
    /// 429s of several callers on several routes within this time are assumed to have the same cause.
    const PROVES_FOR: Duration = Duration::from_secs(5);
    /// In that case everybody is held back for at most this time, unless the API says that it is the key's limit.
    const LONGEST_GUESS: Duration = Duration::from_secs(10);
    /// The time that is reserved at once, so that not every question writes to the storage.
    const RESERVE: Micros = 1_000_000;
    /// The farthest plausible reservation: the farthest block plus its own length. A later one means that a clock was
    /// wrong.
    const FARTHEST: Micros = 40_000_000;

    /// A gate, with or without a budget.
    pub fn new(budget: Option<Rate>) -> Self {
        Self {
            clock: SteadyClock::default(),
            opens_at: Timestamp::default(),
            holds: Vec::new(),
            proof: Proof::new(NEEDS, Self::PROVES_FOR),
            places: budget.map(|budget| Places::new(budget.spacing_micros())),
            reserved: 0,
            allowances: Allowances::default(),
        }
    }

    /// An isolate asks for up to `wanted` places for a holder's calls. With a `limit` such as `100/min`, as many calls
    /// are deducted from it. An invalid limit has no effect here, because isolates enforce their own.
    pub fn admit(&mut self, holder: Holder<'_>, limit: Option<&str>, wanted: u32, now: Timestamp) -> Place {
        let (wanted, now) = (wanted.max(1), self.clock.advance(now));
        let limit = limit.and_then(Rate::parse);
        let leased = limit.map(|rate| self.allowances.lease(holder, rate, wanted, now));
        let calls = match leased {
            Some(Err(wait)) => return Place::Limited(wait.max(Duration::from_millis(1))),
            Some(Ok(calls)) => calls,
            None => wanted,
        };
        let place = self.place(holder, calls, limit.is_some(), now);
        let given = match place {
            Place::Granted(_) => 1,
            Place::Leased(Lease { count, .. }) => count,
            Place::AskAgain(_) | Place::Limited(_) => 0,
        };
        if let Some(rate) = limit
            && given < calls
        {
            self.allowances.give_back(holder, rate, calls - given, now);
        }
        place
    }

    fn place(&mut self, holder: Holder<'_>, calls: u32, is_limited: bool, now: Timestamp) -> Place {
        let shut = self.opens_at.saturating_since(now);
        let Some(places) = &mut self.places else {
            return match calls {
                // Nothing is counted, so there is nothing to lease.
                2.. if is_limited => Place::Leased(Lease { wait: micros_of(shut), step: 0, count: calls }),
                _ => Place::Granted(shut),
            };
        };
        if shut > Duration::from_secs(1) {
            return Place::AskAgain(shut);
        }
        let taken = places.take(holder.caller, calls, micros(self.opens_at), micros(now));
        if places.end() > self.reserved {
            self.reserved = places.end().saturating_add(Self::RESERVE);
        }
        match taken {
            Ok(Block { wait, count: 1, .. }) => Place::Granted(Duration::from_micros(wait)),
            Ok(Block { wait, step, count }) => Place::Leased(Lease { wait, step, count }),
            Err(wait) => Place::AskAgain(Duration::from_micros(wait)),
        }
    }

    /// A call was answered with a 429 and has to wait this long, five minutes at most. The reports of several isolates
    /// together determine which calls are held back. Returns the time at which the gate opens for everybody, for the
    /// object's storage.
    pub fn limited(&mut self, closing: Closing, now: Timestamp) -> Timestamp {
        let Closing { wait, caller, route } = closing;
        let now = self.clock.advance(now);
        let mut wait = wait.min(LONGEST_HOLD);
        let mut scope = Scope::named(caller, route);
        if let (Some(caller), Some(route)) = (&scope.caller, &scope.route) {
            let cell = Cell { caller: caller.clone(), route: route.clone() };
            if let Some(proven) = self.proof.happened(&cell, now) {
                scope = proven;
            }
            // The gate does not learn of successful calls, so this is a guess.
            if scope.is_everybodys() {
                wait = wait.min(Self::LONGEST_GUESS);
            }
        }
        let until = now.saturating_add(wait);
        if scope.is_everybodys() {
            self.opens_at = self.opens_at.max(until);
            return self.opens_at;
        }
        self.holds.retain(|(known, until)| *known != scope && *until > now);
        if self.holds.len() >= Hold::MOST {
            self.holds.remove(0);
        }
        self.holds.push((scope, until));
        self.opens_at
    }

    /// For how long the gate is closed.
    pub const fn shut(&self, now: Timestamp) -> Duration {
        self.opens_at.saturating_since(self.clock.at(now))
    }

    /// The API's requests to wait, in the form that [`Hold`](crate::limits::asking::Hold) reads.
    pub fn news(&self, now: Timestamp) -> String {
        let mut list = Array::new();
        let (shut, now) = (self.shut(now), self.clock.at(now));
        if !shut.is_zero() {
            list.raw(&hold(shut, &Scope::default()));
        }
        for (scope, until) in self.holds.iter().filter(|(_, until)| *until > now) {
            list.raw(&hold(until.saturating_since(now), scope));
        }
        list.finish()
    }

    /// The first time for which nothing was allocated, for the object's storage: a new object does not know this one's
    /// leases, which may be used until then.
    pub fn reserved(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.reserved.div_ceil(1_000))
    }

    /// The time for which future places are allocated.
    #[cfg(test)]
    pub(crate) fn ahead(&self, now: Timestamp) -> Micros {
        self.places.as_ref().map_or(0, Places::end).saturating_sub(micros(self.clock.at(now)))
    }

    /// The object was restarted; these are the values in its storage.
    pub fn restore(&mut self, opens_at: Timestamp, reserved: Timestamp, now: Timestamp) {
        let now = self.clock.advance(now);
        // A value from a clock that was wrong must not close the gate forever.
        self.opens_at = opens_at.min(now.saturating_add(LONGEST_HOLD));
        if let Some(places) = &mut self.places {
            self.reserved = micros(reserved).min(micros(now).saturating_add(Self::FARTHEST));
            places.begin_at(self.reserved);
        }
    }
}

fn hold(wait: Duration, scope: &Scope) -> String {
    let mut hold = Array::new();
    let name = |name: &Option<String>| name.clone().unwrap_or_default();
    hold.raw(&decimal(whole_millis(wait))).string(&name(&scope.caller)).string(&name(&scope.route));
    hold.finish()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(START + millis)
    }

    fn place(gate: &mut SharedGate, now: Timestamp) -> Place {
        gate.admit(Holder::of("a"), None, 1, now)
    }

    /// A 429 that states the key's limit.
    fn of_everybody(wait: Duration) -> Closing {
        Closing { wait, caller: String::new(), route: String::new() }
    }

    #[test]
    fn a_clock_that_goes_back_neither_extends_a_hold_nor_allocates_a_place_twice() {
        for back in [1_u64, 1_000, 3_600_000, 86_400_000] {
            let at = |millis: u64| Timestamp::from_unix_millis(1_700_000_000_000 + millis);
            let mut gate = SharedGate::new(Rate::parse("50/s"));
            let wait = |place: Place| match place {
                Place::Granted(wait) => millis(wait) * 1_000,
                Place::Leased(lease) => lease.wait,
                other => panic!("{other:?}"),
            };
            for place in 0..5 {
                assert_eq!(wait(gate.admit(Holder::of("app"), None, 1, at(back))), place * 20_000);
            }
            assert_eq!(wait(gate.admit(Holder::of("app"), None, 1, at(0))), 100_000, "{back}");
            let closing = Closing { wait: Duration::from_secs(5), caller: String::new(), route: String::new() };
            gate.limited(closing, at(back));
            gate.admit(Holder::of("app"), None, 1, at(0));
            assert_eq!(gate.shut(at(0)), Duration::from_secs(5), "{back}");
            assert!(gate.shut(at(5_000)).is_zero());
        }
    }

    #[test]
    fn places_are_sent_as_json_and_other_texts_rejected() {
        let wait = Duration::from_millis(1_500);
        for place in [
            Place::Granted(Duration::ZERO),
            Place::Granted(wait),
            Place::Leased(Lease { wait: 0, step: 0, count: 1 }),
            Place::Leased(Lease { wait: 1_500, step: 20_000, count: Places::MOST }),
            Place::AskAgain(Duration::from_millis(1)),
            Place::AskAgain(wait),
            Place::Limited(wait),
        ] {
            assert_eq!(Place::from_json(&place.to_json()), Some(place), "{}", place.to_json());
        }
        for text in ["", "null", "true", "-", "--1", "1.5", "NaN", "{}", "{\"limited\":0}", "{\"limited\":-1}", "[1]"] {
            assert_eq!(Place::from_json(text), None, "{text}");
        }
        for text in
            [r#"{"count":0,"wait":1,"step":1}"#, r#"{"count":10001,"wait":1,"step":1}"#, r#"{"count":1,"wait":1}"#]
        {
            assert_eq!(Place::from_json(text), None, "{text}");
        }
    }

    #[test]
    fn a_429_of_the_key_closes_the_gate_for_everybody() {
        for budget in [None, Rate::parse("50/s")] {
            let mut gate = SharedGate::new(budget);
            gate.limited(of_everybody(Duration::from_millis(800)), at(0));
            let Place::Granted(wait) = place(&mut gate, at(100)) else { panic!("no place within the horizon") };
            assert!(wait >= Duration::from_millis(700), "{wait:?}");
        }
    }

    proptest! {
        /// Whoever was refused where: the news is JSON to another reader, and an isolate reads the same names.
        #[test]
        fn closings_cross_as_json(
            closings in prop::collection::vec((any::<String>(), any::<String>(), 1..300_000_u64), 0..80),
        ) {
            let mut gate = SharedGate::new(None);
            for (caller, route, wait) in &closings {
                let wait = Duration::from_millis(*wait);
                gate.limited(Closing { wait, caller: caller.clone(), route: route.clone() }, at(0));
            }
            let news = gate.news(at(0));
            let read: serde_json::Value = serde_json::from_str(&news).expect("JSON");
            let holds = Hold::list_from_json(&news).expect("holds");
            let read = read.as_array().expect("a list");
            prop_assert_eq!(holds.len(), read.len().min(Hold::MOST));
            for (hold, read) in holds.iter().zip(read) {
                prop_assert_eq!(&serde_json::json!([millis(hold.wait), hold.caller, hold.route]), read);
                let is_known = |(caller, route, _): &(String, String, u64)| {
                    (hold.caller.is_empty() || hold.caller == *caller) && (hold.route.is_empty() || hold.route == *route)
                };
                prop_assert!(closings.iter().any(is_known), "{:?}", hold);
            }
        }
    }

    #[test]
    fn a_restart_keeps_plausible_values_from_the_storage() {
        let mut gate = SharedGate::new(None);
        let opens_at = gate.limited(of_everybody(Duration::from_secs(2)), at(0));
        let mut restarted = SharedGate::new(None);
        restarted.restore(opens_at, Timestamp::default(), at(500));
        assert_eq!(place(&mut restarted, at(500)), Place::Granted(Duration::from_millis(1_500)));
        restarted.restore(Timestamp::from_unix_millis(u64::MAX), Timestamp::default(), at(0));
        assert_eq!(place(&mut restarted, at(0)), Place::Granted(LONGEST_HOLD));
    }
}
