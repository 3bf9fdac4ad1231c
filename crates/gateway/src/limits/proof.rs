//! Determines from calls' results for which other calls they prove something.
//!
//! A caller may know a route that is slow, broken or limited. So an event of one caller on one route affects only that
//! caller on that route. It is attributed to the route if it happened to several callers there, to the caller if it
//! happened to it on several routes, and to the API if it happened to several callers and on several routes. A contrary
//! response ends every conclusion that it contradicts.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;

/// A caller and a route: the first segment of the path, by which servers are usually divided.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) caller: String,
    pub(crate) route: String,
}

/// A set of calls: by caller and route, where `None` means any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) caller: Option<String>,
    pub(crate) route: Option<String>,
}

/// How often an event has to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// To one caller on one route.
    pub(crate) own: u32,
    /// In total, to be attributed to a larger scope.
    pub(crate) together: u32,
    /// Of these, to callers other than the one affected most, and on routes other than the one affected most.
    pub(crate) others: u32,
}

/// Consecutive events.
#[derive(Debug)]
pub(crate) struct Proof {
    needs: Needs,
    /// Older events prove nothing.
    lasts: Duration,
    met: Vec<Met>,
}

#[derive(Debug)]
struct Met {
    cell: Cell,
    last: Timestamp,
    /// The number of events since the last contrary result of this cell, the route, the caller, or anybody.
    own: u32,
    on_route: u32,
    to_caller: u32,
    in_all: u32,
}

impl Cell {
    /// `base` is the API's base URL.
    pub(crate) fn of(caller: String, url: &str, base: &str) -> Self {
        let rest = url.strip_prefix(base).or_else(|| url.splitn(4, '/').nth(3)).unwrap_or_default();
        let start = rest.bytes().take_while(|byte| *byte == b'/').count();
        // A longer segment is not a route's name; its truncated form still belongs to that caller. A checked URL is ASCII.
        let mut route = String::with_capacity(Self::LONGEST_ROUTE);
        for byte in rest.bytes().skip(start).take(Self::LONGEST_ROUTE) {
            if matches!(byte, b'/' | b'?') {
                break;
            }
            route.push(char::from(byte.to_ascii_lowercase()));
        }
        Self { caller, route }
    }

    const LONGEST_ROUTE: usize = 40;
}

impl Scope {
    /// From the form sent by the shared gate: an empty text means any.
    pub(crate) fn named(caller: String, route: String) -> Self {
        let any = |name: String| (!name.is_empty()).then_some(name);
        Self { caller: any(caller), route: any(route) }
    }

    pub(crate) fn of(cell: &Cell) -> Self {
        Self { caller: Some(cell.caller.clone()), route: Some(cell.route.clone()) }
    }

    pub(crate) fn holds(&self, cell: &Cell) -> bool {
        self.caller.as_ref().is_none_or(|caller| *caller == cell.caller)
            && self.route.as_ref().is_none_or(|route| *route == cell.route)
    }

    /// Whether it includes every call.
    pub(crate) const fn is_everybodys(&self) -> bool {
        self.caller.is_none() && self.route.is_none()
    }
}

impl Proof {
    /// The time within which contrary responses are also seen, and end what they contradict.
    pub(crate) const LASTS: Duration = Duration::from_mins(1);
    /// The maximum number of remembered cells, of about 150 bytes each.
    pub(crate) const MOST: usize = 64;

    pub(crate) const fn new(needs: Needs, lasts: Duration) -> Self {
        Self { needs, lasts, met: Vec::new() }
    }

    /// The event happened. Returns the widest scope to which it is now attributed.
    pub(crate) fn happened(&mut self, cell: &Cell, now: Timestamp) -> Option<Scope> {
        self.met.retain(|met| now.saturating_since(met.last) < self.lasts && met.last <= now);
        let at = self.met.iter().position(|met| met.cell == *cell);
        let mut met = match at {
            Some(at) => self.met.remove(at),
            None => Met { cell: cell.clone(), last: now, own: 0, on_route: 0, to_caller: 0, in_all: 0 },
        };
        for count in [&mut met.own, &mut met.on_route, &mut met.to_caller, &mut met.in_all] {
            *count = count.saturating_add(1).min(self.needs.together);
        }
        let is_own = met.own >= self.needs.own;
        met.last = now;
        if self.met.len() >= Self::MOST {
            self.met.remove(0);
        }
        self.met.push(met);
        self.widest(cell).or_else(|| is_own.then(|| Scope::of(cell)))
    }

    /// A call had a contrary result.
    pub(crate) fn contradicted(&mut self, cell: &Cell) {
        if self.met.is_empty() {
            return;
        }
        self.met.retain(|met| met.cell != *cell);
        for met in &mut self.met {
            met.in_all = 0;
            if met.cell.route == cell.route {
                met.on_route = 0;
            }
            if met.cell.caller == cell.caller {
                met.to_caller = 0;
            }
        }
    }

    fn widest(&self, cell: &Cell) -> Option<Scope> {
        let caller = |met: &Met| met.cell.caller.clone();
        let route = |met: &Met| met.cell.route.clone();
        let all = |count: fn(&Met) -> u32| self.met.iter().map(move |met| (met, count(met)));
        let in_all = all(|met| met.in_all);
        if self.is_enough(in_all.clone(), caller) && self.is_enough(in_all, route) {
            return Some(Scope::default());
        }
        let on_route = all(|met| met.on_route).filter(|(met, _)| met.cell.route == cell.route);
        if self.is_enough(on_route, caller) {
            return Some(Scope { caller: None, route: Some(cell.route.clone()) });
        }
        let to_caller = all(|met| met.to_caller).filter(|(met, _)| met.cell.caller == cell.caller);
        self.is_enough(to_caller, route).then(|| Scope { caller: Some(cell.caller.clone()), route: None })
    }

    /// Whether it happened often enough, and often enough to others than the one with this name that is affected most.
    fn is_enough<'a>(
        &self,
        counts: impl Iterator<Item = (&'a Met, u32)> + Clone,
        name: impl Fn(&Met) -> String,
    ) -> bool {
        let together: u32 = counts.clone().map(|(_, count)| count).sum();
        if together < self.needs.together {
            return false;
        }
        let mut named: Vec<(String, u32)> = Vec::new();
        for (met, count) in counts {
            let name = name(met);
            match named.iter_mut().find(|(known, _)| *known == name) {
                Some((_, sum)) => *sum += count,
                None => named.push((name, count)),
            }
        }
        let most = named.iter().map(|(_, sum)| *sum).max().unwrap_or_default();
        together - most >= self.needs.others
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    const LASTS: u64 = 60_000;

    /// When it happened, to which caller on which route, and whether it was the event or a contrary result.
    type Event = (u64, (usize, usize), bool);

    fn cell((caller, route): (usize, usize)) -> Cell {
        Cell { caller: ["ann", "bob", "eve"][caller].to_owned(), route: ["calls", "users", "teams"][route].to_owned() }
    }

    /// How often the event happened to a cell without a pause, after the last contrary result of a kind.
    fn count(history: &[Event], of: (usize, usize), ends: impl Fn((usize, usize)) -> bool) -> u32 {
        let (mut count, mut next) = (0, history.last().expect("an event").0);
        for (at, who, happened) in history.iter().rev() {
            if !happened && (*who == of || ends(*who)) {
                break;
            }
            if *happened && *who == of {
                if next - at >= LASTS {
                    break;
                }
                (count, next) = (count + 1, *at);
            }
        }
        count
    }

    /// The widest scope, from the whole history: what happened to several, and not mostly to one of them.
    fn reference(history: &[Event], needs: Needs) -> Option<Scope> {
        let (_, own, _) = *history.last().expect("an event");
        let all: Vec<(usize, usize)> = (0..3).flat_map(|caller| (0..3).map(move |route| (caller, route))).collect();
        let is_enough = |counts: &[((usize, usize), u32)], name: fn((usize, usize)) -> usize| {
            let counts = counts.iter().map(|(cell, count)| (name(*cell), (*count).min(needs.together)));
            let mut sums: BTreeMap<usize, u32> = BTreeMap::new();
            counts.for_each(|(name, count)| *sums.entry(name).or_default() += count);
            let together: u32 = sums.values().sum();
            together >= needs.together && together - sums.values().max().unwrap_or(&0) >= needs.others
        };
        let counted = |cells: &dyn Fn((usize, usize)) -> bool,
                       ends: &dyn Fn((usize, usize), (usize, usize)) -> bool| {
            let cells = all.iter().copied().filter(|cell| cells(*cell));
            cells.map(|cell| (cell, count(history, cell, |who| ends(who, cell)))).collect::<Vec<_>>()
        };
        let in_all = counted(&|_| true, &|_, _| true);
        let on_route = counted(&|cell| cell.1 == own.1, &|who, cell| who.1 == cell.1);
        let to_caller = counted(&|cell| cell.0 == own.0, &|who, cell| who.0 == cell.0);
        let here = cell(own);
        if is_enough(&in_all, |cell| cell.0) && is_enough(&in_all, |cell| cell.1) {
            Some(Scope::default())
        } else if is_enough(&on_route, |cell| cell.0) {
            Some(Scope { caller: None, route: Some(here.route) })
        } else if is_enough(&to_caller, |cell| cell.1) {
            Some(Scope { caller: Some(here.caller), route: None })
        } else {
            (count(history, own, |_| false) >= needs.own).then(|| Scope::of(&here))
        }
    }

    proptest! {
        #[test]
        fn an_event_is_attributed_as_the_whole_history_says(
            events in prop::collection::vec(
                ((0..3_usize, 0..3_usize), prop::bool::weighted(0.85), select(&[0, 1, 500, 30_000, 59_999, 60_000])),
                1..60,
            ),
            (own, together, others) in (1..4_u32, 2..7_u32, 1..4_u32),
        ) {
            // Counts go no further than `together`.
            let needs = Needs { own: own.min(together), together, others };
            let mut proof = Proof::new(needs, Duration::from_millis(LASTS));
            let (mut history, mut now): (Vec<Event>, u64) = (Vec::new(), 1_700_000_000_000);
            for (who, happens, later) in events {
                now += later;
                history.push((now, who, happens));
                if happens {
                    let told = proof.happened(&cell(who), Timestamp::from_unix_millis(now));
                    prop_assert_eq!(told, reference(&history, needs), "{:?}", history);
                } else {
                    proof.contradicted(&cell(who));
                }
            }
        }
    }

    #[test]
    fn as_many_cells_are_remembered_as_there_is_room_for() {
        let mut proof = Proof::new(Needs { own: 1, together: 1_000, others: 1 }, Duration::from_mins(1));
        for number in 0..200 {
            proof.happened(&Cell { caller: number.to_string(), route: String::new() }, Timestamp::default());
            assert_eq!(proof.met.len(), Proof::MOST.min(number + 1));
        }
    }

    #[test]
    fn a_route_is_the_first_segment_behind_the_base() {
        let long = "x".repeat(Cell::LONGEST_ROUTE + 1);
        let truncated = &long[1..];
        for (url, route) in [
            ("https://api.example/v2/calls", "calls"),
            ("https://api.example/v2/Calls/1?a=b", "calls"),
            ("https://api.example/v2//calls?page=1", "calls"),
            ("https://api.example/v2", ""),
            ("https://api.example/mcp?x", "mcp"),
            (&*format!("https://api.example/v2/{long}"), truncated),
        ] {
            let cell = Cell::of("ann".to_owned(), url, "https://api.example/v2");
            assert_eq!((&*cell.caller, &*cell.route), ("ann", route), "{url}");
        }
        for (caller, route) in [("", ""), ("ann", ""), ("", "calls"), ("ann", "calls")] {
            let scope = Scope::named(caller.to_owned(), route.to_owned());
            assert_eq!(
                (scope.caller.unwrap_or_default(), scope.route.unwrap_or_default()),
                (caller.to_owned(), route.to_owned())
            );
        }
    }
}
