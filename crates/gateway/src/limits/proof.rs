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
