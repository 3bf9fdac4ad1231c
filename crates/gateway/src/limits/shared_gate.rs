//! The gate that all isolates share, as a Durable Object.
//!
//! It knows three things of all of them together: until when the API wants to be left alone, and by whom; whose places
//! a budget's next ones are ([`Places`]); and how many calls each caller has left. Isolates lease blocks of places and
//! of calls, so that few of their calls have to ask ([`leases`](crate::limits::lease)).

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

/// The longest that one server's word shuts the gate, as in core.
pub(crate) const LONGEST_HOLD: Duration = Duration::from_mins(5);

/// The state of the Durable Object.
#[derive(Debug)]
pub struct SharedGate {
    /// All moments here are this clock's, which does not go back when the object's does.
    clock: SteadyClock,
    opens_at: Timestamp,
    /// What the API has shut of less than everybody's calls.
    holds: Vec<(Scope, Timestamp)>,
    /// What isolates met.
    proof: Proof,
    /// Those of the budget, when there is one.
    places: Option<Places>,
    /// No place before this is handed out by an object that takes the place of this one.
    reserved: Micros,
    allowances: Allowances,
}

/// What a question at the gate comes to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// One call may be sent after this wait.
    Granted(Duration),
    /// So many may, one by one.
    Leased(Lease),
    /// There is no place yet: ask again after this wait.
    AskAgain(Duration),
    /// The caller's own limit is reached: its next call may be sent after this wait.
    Limited(Duration),
}

/// Places that an isolate may use as they come. Times count from when the gate answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lease {
    /// Until the first one, in microseconds.
    pub(crate) wait: Micros,
    /// From one to the next, in microseconds; zero without a budget.
    pub(crate) step: Micros,
    /// How many.
    pub(crate) count: u32,
}

impl Place {
    /// As it crosses from the Durable Object to an isolate: the milliseconds to wait, negative when to ask again
    /// then; `{"limited":1500}` when the caller's own limit is reached; `{"count":8,"wait":1500,"step":20000}` for more
    /// than one place, in microseconds.
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

    /// Reads what [`to_json`](Self::to_json) wrote; `None` for anything else, which is no answer.
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

/// Rounded up: who comes too early asks once more.
fn whole_millis(wait: Duration) -> u64 {
    millis(wait.saturating_add(Duration::from_nanos(999_999)))
}

impl SharedGate {
    /// Of 429s of several callers on several routes within so long it is taken for granted that they are one.
    const PROVES_FOR: Duration = Duration::from_secs(5);
    /// And then everybody is held back for no longer than this, unless the API says that it is the key's.
    const LONGEST_GUESS: Duration = Duration::from_secs(10);
    /// So much of what is to come is reserved at once, so that the storage is not written to at each question.
    const RESERVE: Micros = 1_000_000;
    /// A reservation is no farther ahead than this, unless a clock was wrong: the farthest block, and its own length.
    const FARTHEST: Micros = 40_000_000;

    /// A gate, with a budget or without one.
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

    /// An isolate asks for up to so many places for a holder's calls. With a `limit` such as `100/min` as many are
    /// taken off it; a text that is not a limit limits nobody here, since isolates hold to their own.
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
                // Nothing is counted: there is nothing to lease.
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

    /// Somebody was answered with a 429 and is to wait this long, five minutes at most. Whom that holds back is what
    /// the words of several isolates prove together. Returns the time at which the gate opens for everybody, for the
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
            // Here nobody is told of calls that went well, so this is a guess.
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

    /// For how long it is shut.
    pub const fn shut(&self, now: Timestamp) -> Duration {
        self.opens_at.saturating_since(self.clock.at(now))
    }

    /// What the API has shut, as [`Hold`](crate::limits::asking::Hold) reads it.
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

    /// The first moment of which nothing was handed out, for the object's storage: an object that is made anew does
    /// not know the leases of this one, which may be in use until then.
    pub fn reserved(&self) -> Timestamp {
        Timestamp::from_unix_millis(self.reserved.div_ceil(1_000))
    }

    /// Of how long the places are handed out that are still to come.
    #[cfg(test)]
    pub(crate) fn ahead(&self, now: Timestamp) -> Micros {
        self.places.as_ref().map_or(0, Places::end).saturating_sub(micros(self.clock.at(now)))
    }

    /// The object has been restarted; this is what its storage says.
    pub fn restore(&mut self, opens_at: Timestamp, reserved: Timestamp, now: Timestamp) {
        let now = self.clock.advance(now);
        // A clock that was wrong then must not shut the gate for ever.
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
    use super::*;

    const START: u64 = 1_700_000_000_000;

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(START + millis)
    }

    fn place(gate: &mut SharedGate, now: Timestamp) -> Place {
        gate.admit(Holder::of("a"), None, 1, now)
    }

    /// A 429 that the API says is the key's.
    fn of_everybody(wait: Duration) -> Closing {
        Closing { wait, caller: String::new(), route: String::new() }
    }

    #[test]
    fn a_clock_that_is_put_back_neither_shuts_it_for_longer_nor_hands_a_place_out_twice() {
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
    fn places_cross_as_json_and_what_is_not_one_is_none() {
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
    fn a_429_shuts_it_for_everybody() {
        for budget in [None, Rate::parse("50/s")] {
            let mut gate = SharedGate::new(budget);
            gate.limited(of_everybody(Duration::from_millis(800)), at(0));
            let Place::Granted(wait) = place(&mut gate, at(100)) else { panic!("no place within the horizon") };
            assert!(wait >= Duration::from_millis(700), "{wait:?}");
        }
    }

    #[test]
    fn a_restart_keeps_what_the_storage_says_within_reason() {
        let mut gate = SharedGate::new(None);
        let opens_at = gate.limited(of_everybody(Duration::from_secs(2)), at(0));
        let mut restarted = SharedGate::new(None);
        restarted.restore(opens_at, Timestamp::default(), at(500));
        assert_eq!(place(&mut restarted, at(500)), Place::Granted(Duration::from_millis(1_500)));
        restarted.restore(Timestamp::from_unix_millis(u64::MAX), Timestamp::default(), at(0));
        assert_eq!(place(&mut restarted, at(0)), Place::Granted(LONGEST_HOLD));
    }
}
