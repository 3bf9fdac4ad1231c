//! A 429 holds back only the calls for which it proves a limit, for as long as the API asked.
//!
//! | 429 | held back |
//! | --- | --- |
//! | with a header that says that nothing is left | everybody: it is the key's limit |
//! | without one | its caller on its route |
//! | and another caller had one on that route, or that caller had one on another route | the route, or the caller |
//! | and several callers had one on several routes | everybody |
//!
//! Everybody is held back by core's gate; smaller scopes by a lane, which is a gate of its own.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;
use attention_core::call::{Gate, Pass, Ticket};

use crate::limits::proof::{Cell, Needs, Proof, Scope};

/// Once for a caller on a route, and once more elsewhere for a larger scope.
pub(crate) const NEEDS: Needs = Needs { own: 1, together: 2, others: 1 };

/// The gates for limits that do not concern everybody.
#[derive(Debug)]
pub(crate) struct Lanes {
    proof: Proof,
    lanes: Vec<Lane>,
}

#[derive(Debug)]
struct Lane {
    scope: Scope,
    gate: Gate,
    used_at: Timestamp,
}

/// A call's places in the lines of lanes, and the passes that it received.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    line: Option<(Scope, Ticket)>,
    passes: Vec<(Scope, Pass)>,
}

/// The next action of a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Turn {
    /// It goes.
    Go,
    /// It waits, and comes back.
    Wait(Duration),
    /// It would have to wait this long, which is too long.
    Late(Duration),
}

impl Default for Lanes {
    fn default() -> Self {
        Self { proof: Proof::new(NEEDS, Proof::LASTS), lanes: Vec::new() }
    }
}

impl Lanes {
    /// The maximum number of gates, of about 200 bytes each plus their lines.
    pub(crate) const MOST: usize = 64;
    /// The maximum number of calls that wait in one of them.
    pub(crate) const MOST_WAITING: usize = 1_000;
    /// An open lane is removed if it was not used for this long.
    const LASTS: Duration = Duration::from_mins(2);

    /// A call is ready to go.
    pub(crate) fn turn(&mut self, cell: &Cell, passage: &mut Passage, patience: Duration, now: Timestamp) -> Turn {
        if self.lanes.is_empty() {
            *passage = Passage::default();
            return Turn::Go;
        }
        let ticket = |passage: &Passage, lane: &Lane| {
            passage.line.as_ref().filter(|(scope, _)| *scope == lane.scope).map(|(_, ticket)| *ticket)
        };
        let waits = self.lanes.iter().enumerate().filter(|(_, lane)| lane.scope.holds(cell));
        let longest = waits.map(|(at, lane)| (lane.gate.wait(ticket(passage, lane), now), at)).max();
        let Some((wait, at)) = longest.filter(|(wait, _)| !wait.is_zero()) else {
            passage.passes.clear();
            for lane in self.lanes.iter_mut().filter(|lane| lane.scope.holds(cell)) {
                let pass = lane.gate.pass(ticket(passage, lane), now);
                lane.used_at = now;
                passage.passes.push((lane.scope.clone(), pass));
            }
            passage.line = None;
            return Turn::Go;
        };
        let is_full = self
            .lanes
            .get(at)
            .is_some_and(|lane| ticket(passage, lane).is_none() && lane.gate.ahead(None, now) >= Self::MOST_WAITING);
        let may_wait = wait <= patience && !is_full;
        // A call waits in one line at a time.
        if let Some((scope, ticket)) = passage.line.take() {
            if may_wait && self.lanes.get(at).is_some_and(|lane| lane.scope == scope) {
                passage.line = Some((scope, ticket));
            } else if let Some(lane) = self.lanes.iter_mut().find(|lane| lane.scope == scope) {
                lane.gate.leave(Some(ticket));
            }
        }
        if !may_wait {
            return Turn::Late(wait);
        }
        let Some(lane) = self.lanes.get_mut(at) else { return Turn::Go };
        let (ticket, wait) = lane.gate.queue(passage.line.take().map(|(_, ticket)| ticket), now);
        passage.line = Some((lane.scope.clone(), ticket));
        Turn::Wait(wait)
    }

    /// A call was answered with a 429 that does not mention the key. Returns the scope that is now limited.
    pub(crate) fn refused(&mut self, cell: &Cell, now: Timestamp) -> Scope {
        self.proof.happened(cell, now).unwrap_or_else(|| Scope::of(cell))
    }

    /// Holds a scope back for `wait`. `passage` is that of the refused call, if it went through a lane.
    pub(crate) fn hold(&mut self, scope: &Scope, passage: Option<&Passage>, wait: Duration, now: Timestamp) {
        self.forget(now);
        let at = self.lanes.iter().position(|lane| lane.scope == *scope).unwrap_or_else(|| {
            if self.lanes.len() >= Self::MOST {
                self.lanes.remove(0);
            }
            self.lanes.push(Lane { scope: scope.clone(), gate: Gate::default(), used_at: now });
            self.lanes.len() - 1
        });
        let Some(lane) = self.lanes.get_mut(at) else { return };
        lane.used_at = now;
        match passage {
            None => lane.gate.hold(now, wait),
            Some(passage) => {
                let pass = passage.passes.iter().find(|(known, _)| known == scope).map(|(_, pass)| *pass);
                lane.gate.on_limited(pass.unwrap_or_default(), now, wait);
            }
        }
    }

    /// A call was answered otherwise.
    pub(crate) fn answered(&mut self, cell: &Cell, now: Timestamp) {
        self.proof.contradicted(cell);
        for lane in self.lanes.iter_mut().filter(|lane| lane.scope.holds(cell)) {
            lane.gate.on_passed(now);
        }
        self.forget(now);
    }

    fn forget(&mut self, now: Timestamp) {
        self.lanes.retain(|lane| {
            let idle = now.saturating_since(lane.used_at);
            idle < Self::LASTS || !lane.gate.closed_for(now).is_zero()
        });
    }
}

/// The scope for which the shared gate has to hold calls back, and for how long. Both names are empty for everybody, if
/// the API said that it is the key's limit; otherwise the gate decides what several such reports prove.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Closing {
    /// From now on.
    pub wait: Duration,
    /// The refused caller.
    pub caller: String,
    /// The part of the API.
    pub route: String,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    const PATIENCE: Duration = Duration::from_mins(1);

    fn at(millis: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_millis(millis))
    }

    fn cell(caller: usize, route: usize) -> Cell {
        Cell { caller: format!("caller-{caller}"), route: format!("route-{route}") }
    }

    /// An API with evenly arriving calls; `opens_at` represents the isolate's core gate.
    struct Api {
        lanes: Lanes,
        opens_at: Timestamp,
        sent: BTreeMap<(usize, usize), u64>,
        refused: u64,
    }

    impl Api {
        fn new() -> Self {
            Self { lanes: Lanes::default(), opens_at: NOW, sent: BTreeMap::new(), refused: 0 }
        }

        /// Makes one call. `limited` is the API's response: how long to wait, and whether it says that it is the key's
        /// limit.
        fn call(&mut self, caller: usize, route: usize, now: Timestamp, limited: Option<(Duration, bool)>) -> bool {
            let (mine, mut passage) = (cell(caller, route), Passage::default());
            // In this test, a call that would have to wait gives up.
            if self.opens_at > now || self.lanes.turn(&mine, &mut passage, Duration::ZERO, now) != Turn::Go {
                return false;
            }
            *self.sent.entry((caller, route)).or_default() += 1;
            match limited {
                None => self.lanes.answered(&mine, now),
                Some((wait, is_of_key)) => {
                    self.refused += 1;
                    let scope = if is_of_key { Scope::default() } else { self.lanes.refused(&mine, now) };
                    if scope.is_everybodys() {
                        self.opens_at = now.saturating_add(wait);
                    } else {
                        self.lanes.hold(&scope, Some(&passage), wait, now);
                    }
                }
            }
            true
        }
    }

    /// One caller on a limited route and ten others on other routes make ten calls per second each, for ten minutes.
    /// The API asks once to wait an hour; core holds back for five minutes at most.
    #[test]
    fn a_limited_route_costs_the_others_nothing() {
        let mut api = Api::new();
        let hour = Duration::from_hours(1);
        for tick in 0..6_000 {
            let now = at(tick * 100);
            api.call(0, 0, now, Some((hour, false)));
            for caller in 1..=10 {
                assert!(api.call(caller, 1 + caller % 3, now, None), "caller {caller} in tick {tick}");
            }
        }
        println!(
            "a route that is limited for an hour, ten minutes: {} calls refused, others {:?}",
            api.refused,
            api.sent.get(&(1, 2))
        );
        assert!(api.refused <= 4, "{}", api.refused);
    }

    /// Without a header that names the key's limit: how many calls are refused until everybody is held back.
    #[test]
    fn the_keys_limit_is_detected_after_a_few_refusals() {
        for (callers, routes) in [(1, 1), (1, 8), (20, 1), (20, 8), (1_000, 15)] {
            let mut api = Api::new();
            let wait = Duration::from_secs(30);
            for tick in 0..3_000_usize {
                api.call(tick * 7 % callers, tick * 5 % routes, at(tick as u64), Some((wait, false)));
            }
            println!("{callers} callers on {routes} routes, all refused: {} calls until nobody goes", api.refused);
            // One per route at most if there is only one caller.
            assert!(api.refused <= 3, "{callers} callers on {routes} routes: {}", api.refused);
        }
    }

    #[test]
    fn a_call_that_finds_a_lane_full_learns_how_long_its_turn_would_take() {
        let patience = Duration::from_hours(1);
        let mut lanes = Lanes::default();
        let (mine, mut first) = (cell(0, 0), Passage::default());
        assert_eq!(lanes.turn(&mine, &mut first, patience, NOW), Turn::Go);
        lanes.hold(&Scope::of(&mine), Some(&first), Duration::from_secs(2), NOW);
        let mut waiting = Vec::new();
        let late = loop {
            let mut passage = Passage::default();
            match lanes.turn(&mine, &mut passage, patience, NOW) {
                Turn::Wait(_) => waiting.push(passage),
                turn => break turn,
            }
        };
        assert_eq!((waiting.len(), late), (Lanes::MOST_WAITING, Turn::Late(Duration::from_secs(22))));
        assert!(
            matches!(lanes.turn(&mine, &mut waiting[Lanes::MOST_WAITING - 1], patience, NOW), Turn::Wait(_)),
            "it is in line"
        );
        assert_eq!(lanes.turn(&cell(1, 1), &mut Passage::default(), patience, NOW), Turn::Go);
        // A call that has less time left now gives up its place and makes room.
        assert!(matches!(lanes.turn(&mine, &mut waiting[0], Duration::ZERO, NOW), Turn::Late(_)));
        assert!(matches!(lanes.turn(&mine, &mut Passage::default(), patience, NOW), Turn::Wait(_)));
    }

    #[test]
    fn there_are_as_many_lanes_as_there_is_room_for() {
        let mut lanes = Lanes::default();
        for number in 0..100 {
            lanes.hold(&Scope::of(&cell(number, number)), None, Duration::from_mins(4), NOW);
            assert_eq!(lanes.lanes.len(), Lanes::MOST.min(number + 1));
        }
        // One that is there already takes no other's place.
        lanes.hold(&Scope::of(&cell(99, 99)), None, Duration::from_mins(4), NOW);
        assert_eq!(lanes.lanes.len(), Lanes::MOST);
    }

    #[test]
    fn an_open_lane_that_nobody_uses_is_removed_after_two_minutes() {
        let (mine, other) = (cell(0, 0), cell(1, 1));
        for (seconds, is_kept) in [(119, true), (120, false), (121, false)] {
            let mut lanes = Lanes::default();
            lanes.hold(&Scope::of(&mine), None, Duration::from_secs(2), NOW);
            lanes.answered(&other, at(seconds * 1000));
            assert_eq!(lanes.lanes.len(), usize::from(is_kept), "{seconds}");
            // One that is closed for longer is kept, however long nobody has used it.
            let mut closed = Lanes::default();
            closed.hold(&Scope::of(&mine), None, Duration::from_mins(4), NOW);
            closed.answered(&other, at(seconds * 1000));
            assert_eq!(closed.lanes.len(), 1, "{seconds}");
        }
    }

    #[test]
    fn calls_waiting_in_a_lane_leave_one_by_one() {
        let mut lanes = Lanes::default();
        let (mine, mut first) = (cell(0, 0), Passage::default());
        assert_eq!(lanes.turn(&mine, &mut first, PATIENCE, NOW), Turn::Go);
        lanes.hold(&Scope::of(&mine), Some(&first), Duration::from_secs(2), NOW);
        let mut passages: Vec<Passage> = (0..20).map(|_| Passage::default()).collect();
        let turns: Vec<Turn> = passages.iter_mut().map(|passage| lanes.turn(&mine, passage, PATIENCE, NOW)).collect();
        assert_eq!(turns[0], Turn::Wait(Duration::from_secs(2)));
        let distinct: std::collections::BTreeSet<String> = turns.iter().map(|turn| format!("{turn:?}")).collect();
        assert_eq!(distinct.len(), 20, "{turns:?}");
        assert_eq!(lanes.turn(&cell(0, 1), &mut Passage::default(), PATIENCE, NOW), Turn::Go);
        assert_eq!(lanes.turn(&cell(1, 0), &mut Passage::default(), PATIENCE, NOW), Turn::Go);
        let short = lanes.turn(&mine, &mut Passage::default(), Duration::from_secs(1), NOW);
        assert!(matches!(short, Turn::Late(_)), "{short:?}");
    }

    proptest! {
        /// Whatever one caller is refused, on any route and for any time, other callers continue.
        #[test]
        fn one_callers_refusals_do_not_hold_back_others(
            events in prop::collection::vec((0..6_usize, 0..4_000_u64, 1..4_000_u64), 1..200),
        ) {
            let mut api = Api::new();
            let mut now = 0;
            for (route, later, wait) in events {
                now += later;
                api.call(0, route, at(now), Some((Duration::from_secs(wait), false)));
                prop_assert!(api.call(1, route, at(now), None));
                prop_assert!(api.lanes.lanes.len() <= Lanes::MOST && api.opens_at == NOW);
            }
        }
    }
}
