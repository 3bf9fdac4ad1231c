//! The circuit breaker: what is down is left alone for a while, and its callers are told at once instead of after a
//! timeout each.
//!
//! What opens is as much as is proven ([`Proof`]): one caller on one route, a route, a caller, or the API. After a while
//! each caller may try each of its routes once in that time, so that nobody's bad route is the only one that is tried;
//! the first answer closes it.

use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;

use crate::limits::proof::{Cell, Needs, Proof, Scope};

/// A failure is no answer, or one that says that the API is away.
const NEEDS: Needs = Needs { own: FAILURES, together: FAILURES, others: ELSEWHERE };
/// So many failures in a row, of a caller on a route, or together.
const FAILURES: u32 = 20;
/// And so many of those that are together of others, or on other routes.
const ELSEWHERE: u32 = 5;
/// How long nobody tries, and then nobody more often than once.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// Counts failures in a row.
#[derive(Debug)]
pub(crate) struct Breaker {
    proof: Proof,
    open: Vec<Open>,
}

#[derive(Debug)]
struct Open {
    scope: Scope,
    until: Timestamp,
    /// Who tried, and when again.
    trials: Vec<(Cell, Timestamp)>,
}

impl Default for Breaker {
    fn default() -> Self {
        Self { proof: Proof::new(NEEDS, Proof::LASTS), open: Vec::new() }
    }
}

impl Breaker {
    /// Circuits that are open, and trials of each.
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

    /// The API answered with this status. A 500 is one request's trouble, and proves nothing of others.
    pub(crate) fn answered(&mut self, cell: &Cell, status: u16, now: Timestamp) {
        match status {
            // The last ones are a CDN's, which did not reach the API.
            502..=504 | 520..=527 | 530 => self.failed(cell, now),
            500.. => {}
            _ => {
                self.proof.contradicted(cell);
                self.open.retain(|open| !open.scope.holds(cell));
            }
        }
    }

    /// The API did not answer, or said that it is away.
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
        // A clock that was put back keeps nobody out until it has caught up.
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
    fn it_opens_tries_and_closes() {
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
    fn a_clock_that_is_put_back_keeps_nobody_out_until_it_has_caught_up() {
        for back in [6, 60, 86_400] {
            let (mut breaker, mine) = (Breaker::default(), cell("app", "conversations"));
            for _ in 0..NEEDS.own {
                breaker.failed(&mine, after(back));
            }
            assert_eq!(breaker.admit(&mine, after(back)), Err(OPEN_FOR));
            // At once, or when it has been open for as long as it is at the most.
            assert!([0, 5].iter().any(|later| breaker.admit(&mine, after(*later)).is_ok()), "{back}");
        }
    }

    #[test]
    fn one_success_forgets_the_failures() {
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
    fn an_api_that_is_away_is_found_out_by_several_callers_on_several_routes_together() {
        let mut breaker = Breaker::default();
        let cells = ["a", "b", "c"].map(|caller| ["users", "teams"].map(|route| cell(caller, route)));
        let failures = cells.as_flattened().iter().cycle().take(20);
        for mine in failures {
            assert_eq!(breaker.admit(mine, NOW), Ok(()));
            breaker.failed(mine, NOW);
        }
        let stranger = cell("d", "deals");
        assert_eq!(breaker.admit(&stranger, NOW), Err(OPEN_FOR));
        // Each of them tries once: nobody waits for what becomes of another one's try.
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
        /// Whatever one caller does on whatever routes: another one is refused nothing.
        #[test]
        fn one_caller_closes_nothing_for_another(happenings in happenings()) {
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

        /// Whatever happens on one route: the others stay open.
        #[test]
        fn one_route_closes_no_other(happenings in happenings()) {
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
