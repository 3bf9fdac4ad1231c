//! The circuit breaker: while the API is down, calls fail at once instead of after a timeout each.
//!
//! The breaker opens only as far as is proven ([`Proof`]): for one caller on one route, a route, a caller, or the whole
//! API. After a while each caller may try each of its routes once per period, so that success does not depend on one
//! bad route. The first response closes it.

use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;

use crate::limits::proof::{Cell, Needs, Proof, Scope};

/// A failure is the absence of a response, or a response that says that the API is unavailable.
const NEEDS: Needs = Needs { own: FAILURES, together: FAILURES, others: ELSEWHERE };
/// This many failures in a row, of a caller on a route or in total.
const FAILURES: u32 = 20;
/// Of these, this many must be from other callers, or on other routes.
const ELSEWHERE: u32 = 5;
/// How long no call is tried, and afterwards the minimum interval between two tries.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// Counts consecutive failures.
#[derive(Debug)]
pub(crate) struct Breaker {
    proof: Proof,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    scope: Scope,
    until: Timestamp,
    /// The trials, with the times of the next ones.
    trials: Vec<(Cell, Timestamp)>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { proof: Proof::new(NEEDS, Proof::LASTS), open: Vec::new() }
    }
}

impl Breaker {
    /// The maximum number of open circuits, and of trials for each.
    pub(crate) const MOST: usize = 64;

    /// Whether a call may go, or how long none may.
    pub(crate) fn admit(&mut self, cell: &Cell, now: Timestamp) -> Result<(), Duration> {
        let mut waits = self.open.iter().filter(|open| open.scope.holds(cell)).map(|open| open.wait(cell, now)).max();
        if let Some(wait) = waits.take().filter(|wait| !wait.is_zero()) {
            return Err(wait);
        }
        for open in self.open.iter_mut().filter(|open| open.scope.holds(cell)) {
            open.tries(cell, now);
        }
        Ok(())
    }

    /// The API responded with this status. A 500 concerns a single request, and proves nothing about others.
    pub(crate) fn answered(&mut self, cell: &Cell, status: u16, now: Timestamp) {
        match status {
            // The last ones are from a CDN that could not reach the API.
            502..=504 | 520..=527 | 530 => self.failed(cell, now),
            500.. => {}
            _ => {
                self.proof.contradicted(cell);
                self.open.retain(|open| !open.scope.holds(cell));
            }
        }
    }

    /// The API did not respond, or reported that it is unavailable.
    pub(crate) fn failed(&mut self, cell: &Cell, now: Timestamp) {
        let Some(scope) = self.proof.happened(cell, now) else { return };
        if self.open.iter().any(|open| open.scope == scope) {
            return;
        }
        if self.open.len() >= Self::MOST {
            self.open.remove(0);
        }
        self.open.push(Open { scope, until: now.saturating_add(OPEN_FOR), trials: Vec::new() });
    }
}

impl Open {
    fn wait(&self, cell: &Cell, now: Timestamp) -> Duration {
        let tried = self.trials.iter().find(|(who, _)| who == cell).map(|(_, again)| *again);
        let wait = tried.unwrap_or(self.until).saturating_since(now);
        // If the clock went back, nobody has to wait until it has caught up.
        if wait > OPEN_FOR { Duration::ZERO } else { wait }
    }

    fn tries(&mut self, cell: &Cell, now: Timestamp) {
        self.trials.retain(|(who, _)| who != cell);
        if self.trials.len() >= Breaker::MOST {
            self.trials.remove(0);
        }
        self.trials.push((cell.clone(), now.saturating_add(OPEN_FOR)));
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::ToOwned as _;

    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn cell(caller: &str, route: &str) -> Cell {
        Cell { caller: caller.to_owned(), route: route.to_owned() }
    }

    fn after(seconds: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_secs(seconds))
    }

    #[test]
    fn the_breaker_opens_tries_and_closes() {
        let (mut breaker, mine) = (Breaker::default(), cell("app", "conversations"));
        for _ in 1..NEEDS.own {
            breaker.failed(&mine, NOW);
            assert_eq!(breaker.admit(&mine, NOW), Ok(()));
        }
        breaker.answered(&mine, 503, NOW);
        assert_eq!(breaker.admit(&mine, NOW), Err(OPEN_FOR));
        assert_eq!((breaker.admit(&mine, after(5)), breaker.admit(&mine, after(5))), (Ok(()), Err(OPEN_FOR)));
        breaker.answered(&mine, 404, after(5));
        assert_eq!((breaker.admit(&mine, after(5)), breaker.admit(&mine, after(5))), (Ok(()), Ok(())));
    }

    #[test]
    fn a_clock_that_goes_back_does_not_keep_the_breaker_open() {
        for back in [6, 60, 86_400] {
            let (mut breaker, mine) = (Breaker::default(), cell("app", "conversations"));
            for _ in 0..NEEDS.own {
                breaker.failed(&mine, after(back));
            }
            assert_eq!(breaker.admit(&mine, after(back)), Err(OPEN_FOR));
            // At once, or after the longest time for which it can be open.
            assert!([0, 5].iter().any(|later| breaker.admit(&mine, after(*later)).is_ok()), "{back}");
        }
    }

    #[test]
    fn a_success_resets_the_failures() {
        let (mut breaker, mine) = (Breaker::default(), cell("app", "conversations"));
        for _ in 0..100 {
            breaker.failed(&mine, NOW);
            breaker.answered(&mine, 200, NOW);
        }
        assert_eq!(breaker.admit(&mine, NOW), Ok(()));
    }

    #[test]
    fn a_500_is_neither_a_failure_of_the_api_nor_a_success() {
        let (mut breaker, mine) = (Breaker::default(), cell("app", "conversations"));
        for _ in 1..NEEDS.own {
            breaker.failed(&mine, NOW);
        }
        for _ in 0..100 {
            breaker.answered(&mine, 500, NOW);
        }
        assert_eq!(breaker.admit(&mine, NOW), Ok(()));
        breaker.answered(&mine, 502, NOW);
        assert_eq!(breaker.admit(&mine, NOW), Err(OPEN_FOR));
    }

    #[test]
    fn an_unavailable_api_is_detected_by_several_callers_on_several_routes() {
        let mut breaker = Breaker::default();
        let cells = ["a", "b", "c"].map(|caller| ["users", "teams"].map(|route| cell(caller, route)));
        let failures = cells.as_flattened().iter().cycle().take(20);
        for mine in failures {
            assert_eq!(breaker.admit(mine, NOW), Ok(()));
            breaker.failed(mine, NOW);
        }
        let stranger = cell("d", "deals");
        assert_eq!(breaker.admit(&stranger, NOW), Err(OPEN_FOR));
        // Each of them tries once, without waiting for another one's result.
        for mine in cells.as_flattened().iter().chain([&stranger]) {
            assert_eq!((breaker.admit(mine, after(5)), breaker.admit(mine, after(5))), (Ok(()), Err(OPEN_FOR)));
        }
        breaker.failed(&cells[0][0], after(6));
        assert_eq!(breaker.admit(&cells[0][1], after(6)), Err(Duration::from_secs(4)));
        breaker.answered(&cells[2][1], 200, after(7));
        assert_eq!(breaker.admit(&stranger, after(7)), Ok(()));
    }

    #[derive(Clone, Debug)]
    struct Happens {
        caller: usize,
        route: usize,
        status: u16,
        later: u64,
    }

    fn happenings() -> impl Strategy<Value = Vec<Happens>> {
        let status = prop_oneof![6 => Just(504_u16), 1 => Just(200), 1 => Just(500)];
        let one = (0..4_usize, 0..5_usize, status, prop_oneof![8 => Just(0_u64), 1 => 0..20_u64])
            .prop_map(|(caller, route, status, later)| Happens { caller, route, status, later });
        prop::collection::vec(one, 0..400)
    }

    proptest! {
        /// Whatever one caller experiences on any routes, no call of another caller is refused.
        #[test]
        fn one_caller_does_not_open_the_breaker_for_another(happenings in happenings()) {
            let mut breaker = Breaker::default();
            let mut now = NOW;
            for Happens { route, status, later, .. } in happenings {
                now = now.saturating_add(Duration::from_secs(later));
                let mine = cell("attacker", &format!("route-{route}"));
                if breaker.admit(&mine, now).is_ok() {
                    breaker.answered(&mine, status, now);
                }
                prop_assert_eq!(breaker.admit(&cell("other", &format!("route-{route}")), now), Ok(()));
                prop_assert!(breaker.open.len() <= Breaker::MOST && breaker.open.iter().all(|open| open.trials.len() <= Breaker::MOST));
            }
        }

        /// Whatever happens on one route, other routes stay open.
        #[test]
        fn one_route_does_not_open_the_breaker_for_another(happenings in happenings()) {
            let mut breaker = Breaker::default();
            let mut now = NOW;
            for Happens { caller, status, later, .. } in happenings {
                now = now.saturating_add(Duration::from_secs(later));
                let mine = cell(&format!("caller-{caller}"), "slow");
                if breaker.admit(&mine, now).is_ok() {
                    breaker.answered(&mine, status, now);
                }
                prop_assert_eq!(breaker.admit(&cell(&format!("caller-{caller}"), "other"), now), Ok(()));
            }
        }
    }
}
