//! What calls prove of the API: of whom and of what more than these calls themselves something is true.
//!
//! A caller may know a route that is slow, broken or limited. So what happens to one caller on one route closes that
//! much and nothing else. It is taken for the route's when it happened to several callers there, for the caller's when
//! it happened to it on several routes, and for the API's when it happened to several callers and on several routes. Any
//! answer that says otherwise ends what it contradicts.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;

/// Who calls, and what for: the first part of the path, in which servers are divided.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Cell {
    pub(crate) caller: String,
    pub(crate) route: String,
}

/// Which calls something is true of: of a caller's, on a route; `None` is any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) caller: Option<String>,
    pub(crate) route: Option<String>,
}

/// How often it has to happen.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Needs {
    /// To one caller on one route.
    pub(crate) own: u32,
    /// Together, to be true of more.
    pub(crate) together: u32,
    /// Of these, to others than the one to whom it happens most, and on other routes than that on which it does.
    pub(crate) others: u32,
}

/// What happened, in a row.
#[derive(Debug)]
pub(crate) struct Proof {
    needs: Needs,
    /// What happened longer ago proves nothing.
    lasts: Duration,
    met: Vec<Met>,
}

#[derive(Debug)]
struct Met {
    cell: Cell,
    last: Timestamp,
    /// How often, since something else came of a call of this cell, of the route, of the caller, of anybody.
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
        let first = rest.bytes().skip(start).take_while(|byte| !matches!(byte, b'/' | b'?'));
        // What is longer is no name of a route; what it is cut to is still that caller's. A URL that was checked is ASCII.
        let route = first.take(Self::LONGEST_ROUTE).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
        Self { caller, route }
    }

    const LONGEST_ROUTE: usize = 40;
}

impl Scope {
    /// As it crosses from the shared gate: an empty text is any.
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

    /// Whether it is true of every call.
    pub(crate) const fn is_everybodys(&self) -> bool {
        self.caller.is_none() && self.route.is_none()
    }
}

impl Proof {
    /// Where other answers are seen too, and end what they contradict.
    pub(crate) const LASTS: Duration = Duration::from_mins(1);
    /// Callers on routes that are remembered, of about 150 bytes.
    pub(crate) const MOST: usize = 64;

    pub(crate) const fn new(needs: Needs, lasts: Duration) -> Self {
        Self { needs, lasts, met: Vec::new() }
    }

    /// It happened. Returns of what it is true now, at its widest.
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

    /// Something else came of a call.
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

    /// Whether it happened often enough, and often enough to others by this name than to the one of the most.
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
