//! The line of calls that wait for their turn, in the order in which they came.

use alloc::vec::Vec;
use core::mem;

/// Steady time in microseconds: at hundreds of calls a second a millisecond is too coarse for a distance.
pub(super) type Micros = u64;

/// What a waiting call holds its place by.
///
/// A ticket that is not handed in loses its place by itself, some seconds after its holder should have come back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ticket(u64);

#[derive(Clone, Copy, Debug)]
struct Waiter {
    ticket: Ticket,
    /// When it was told to come back.
    expected: Micros,
}

impl Waiter {
    const fn is_overdue_by(&self, long: Micros, now: Micros) -> bool {
        self.expected.saturating_add(long) < now
    }
}

/// Those who wait. A place is a rank, not a time: whoever leaves moves up all behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// By their tickets, the first first.
    waiters: Vec<Waiter>,
    issued: u64,
    cleared_at: Micros,
}

impl Line {
    /// Later than this by its timer, a waiter does not hold up those behind it.
    const LATE: Micros = 100_000;
    /// Later than this it has left without a word, as a request does whose caller went away.
    const GONE: Micros = 10_000_000;
    /// So often the line is searched for those.
    const CLEARED_EVERY: Micros = 1_000_000;
    /// So many may wait, with 16 bytes each.
    pub(super) const MOST: usize = 10_000;

    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(super) fn holds(&self, ticket: Ticket) -> bool {
        self.position(ticket).is_some()
    }

    /// Whether no more may wait than there are. Those who have left without a word do not count.
    pub(super) fn is_full(&self, now: Micros) -> bool {
        let waits = |waiter: &&Waiter| !waiter.is_overdue_by(Self::GONE, now);
        self.waiters.len() >= Self::MOST && self.waiters.iter().filter(waits).count() >= Self::MOST
    }

    fn position(&self, ticket: Ticket) -> Option<usize> {
        self.waiters.binary_search_by_key(&ticket, |waiter| waiter.ticket).ok()
    }

    /// How many go before the holder of a ticket, or before a newcomer.
    pub(super) fn ahead_of(&self, ticket: Option<Ticket>, now: Micros) -> usize {
        let position = ticket.and_then(|ticket| self.position(ticket)).unwrap_or(self.waiters.len());
        let is_late = |waiter: &&Waiter| waiter.is_overdue_by(Self::LATE, now);
        position - self.waiters.iter().take(position).take_while(is_late).count()
    }

    /// Keeps the place of a ticket, or gives one behind all others: its holder comes back at `expected`.
    pub(super) fn stand(&mut self, ticket: Option<Ticket>, expected: Micros, now: Micros) -> Ticket {
        if now.saturating_sub(self.cleared_at) > Self::CLEARED_EVERY || self.waiters.len() >= Self::MOST {
            self.cleared_at = now;
            self.waiters.retain(|waiter| !waiter.is_overdue_by(Self::GONE, now) || Some(waiter.ticket) == ticket);
        }
        if let Some(held) = ticket
            && let Some(waiter) = self.position(held).and_then(|position| self.waiters.get_mut(position))
        {
            waiter.expected = expected;
            return held;
        }
        self.issued += 1;
        let ticket = Ticket(self.issued);
        self.waiters.push(Waiter { ticket, expected });
        ticket
    }

    pub(super) fn leave(&mut self, ticket: Ticket) {
        self.waiters.retain(|waiter| waiter.ticket != ticket);
    }
}

/// Moments at which calls go that were told the same, kept apart, the first first.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments(Vec<Micros>);

impl Moments {
    /// So many calls may pause, with 8 bytes each.
    pub(super) const MOST: usize = 10_000;

    /// Whether as many pause as may. Those whose moment has come do not count.
    pub(super) fn is_full(&self, now: Micros) -> bool {
        self.0.len() >= Self::MOST && self.0.iter().filter(|taken| **taken >= now).count() >= Self::MOST
    }

    /// The first moment from `earliest` on that is `distance` away from all others.
    pub(super) fn first_free(&self, earliest: Micros, distance: Micros) -> Micros {
        let mut free = earliest;
        for taken in &self.0 {
            if free.saturating_add(distance) <= *taken {
                break;
            }
            free = free.max(taken.saturating_add(distance));
        }
        free
    }

    pub(super) fn take(&mut self, moment: Micros, now: Micros) {
        self.0.retain(|taken| *taken >= now);
        // Behind the ones before it, each later one moves up by a place.
        let mut last = moment;
        for taken in &mut self.0 {
            if *taken > last {
                mem::swap(taken, &mut last);
            }
        }
        self.0.push(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_thousand_pause_and_those_whose_moment_has_come_do_not_count() {
        let mut moments = Moments((1..Moments::MOST as Micros).collect());
        assert!(!moments.is_full(0));
        moments.take(5, 0);
        assert!(moments.is_full(0) && moments.is_full(1) && !moments.is_full(2));
        moments.take(9, 2);
        assert_eq!(moments.0.len(), Moments::MOST);
    }

    proptest! {
        /// Whoever asks gets the first moment that is as far away from all others as it is to be.
        #[test]
        fn moments_are_kept_apart_and_none_is_given_away(asked in proptest::collection::vec((0..200_u64, 1..30_u64), 1..40)) {
            let mut moments = Moments::default();
            let mut taken: Vec<Micros> = Vec::new();
            for (earliest, distance) in asked {
                let is_free = |moment: &Micros| taken.iter().all(|other| moment.abs_diff(*other) >= distance);
                let first = (earliest..10_000).find(is_free).expect("a moment");
                prop_assert_eq!(moments.first_free(earliest, distance), first);
                moments.take(first, 0);
                taken.push(first);
                taken.sort_unstable();
                prop_assert_eq!(&moments.0, &taken);
            }
        }
    }

    #[test]
    fn those_who_left_without_a_word_take_no_memory_for_longer_than_it_takes_to_be_sure() {
        const SECOND: Micros = 1_000_000;
        let mut line = Line::default();
        for second in 0..600 {
            for _ in 0..20 {
                line.stand(None, second * SECOND, second * SECOND);
            }
            // Ten seconds until they count as gone, one or two until somebody looks.
            assert!(line.waiters.len() <= 20 * 13, "{second}: {}", line.waiters.len());
        }
        // At a full line somebody looks at once.
        let now = 600 * SECOND;
        let mut full = Line::default();
        for _ in 0..Line::MOST {
            full.stand(None, now, now);
        }
        full.cleared_at = now + 10 * SECOND;
        full.stand(None, now + 20 * SECOND, now + 11 * SECOND);
        assert_eq!(full.waiters.len(), 1);
    }
}
