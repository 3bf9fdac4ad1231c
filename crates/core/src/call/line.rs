//! The line of waiting calls, in order of arrival.

use alloc::vec::Vec;

/// Steady time in microseconds: at hundreds of calls per second, milliseconds are too coarse for a distance.
pub(super) type Micros = u64;

/// The claim of a waiting call to its place.
///
/// A ticket expires on its own some seconds after its holder should have come back.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Ticket(u64);

#[derive(Clone, Copy, Debug)]
struct Waiter {
    ticket: Ticket,
    /// When its holder was told to come back.
    expected: Micros,
}

impl Waiter {
    const fn is_overdue_by(&self, long: Micros, now: Micros) -> bool {
        self.expected.saturating_add(long) < now
    }
}

/// The waiting calls. A place is a rank and not a time: when one leaves, all behind it move up.
#[derive(Clone, Debug, Default)]
pub(super) struct Line {
    /// Sorted by ticket, the first in line first.
    waiters: Vec<Waiter>,
    issued: u64,
    cleared_at: Micros,
}

impl Line {
    /// A waiter this late no longer delays those behind it.
    const LATE: Micros = 100_000;
    /// A waiter this late is considered gone, such as a request whose client disconnected.
    const GONE: Micros = 10_000_000;
    /// How often waiters that are gone are removed.
    const CLEARED_EVERY: Micros = 1_000_000;
    /// The most calls that may wait, at 16 bytes each.
    pub(super) const MOST: usize = 10_000;

    pub(super) fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }

    pub(super) fn holds(&self, ticket: Ticket) -> bool {
        self.position(ticket).is_some()
    }

    /// Whether the line is full. Waiters that are gone do not count.
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

    /// Keeps a ticket's place, or issues a new ticket at the end. The holder comes back at `expected`.
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

/// Due times of calls that were asked to pause individually, kept apart, sorted.
#[derive(Clone, Debug, Default)]
pub(super) struct Moments(Vec<Micros>);

impl Moments {
    /// The most calls that may pause, at 8 bytes each.
    pub(super) const MOST: usize = 10_000;

    /// Whether as many calls pause as may. Times that have passed do not count.
    pub(super) fn is_full(&self, now: Micros) -> bool {
        self.0.len() >= Self::MOST && self.0.iter().filter(|taken| **taken >= now).count() >= Self::MOST
    }

    /// The first time from `earliest` on that is at least `distance` away from all others.
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
        // Each later time moves up by one place.
        let mut last = moment;
        for taken in &mut self.0 {
            (*taken, last) = ((*taken).min(last), (*taken).max(last));
        }
        self.0.push(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_thousand_calls_pause_and_those_that_are_due_do_not_count() {
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
        for step in [SECOND, SECOND * 7 / 10] {
            let mut line = Line::default();
            for round in 0..600 {
                for _ in 0..20 {
                    line.stand(None, round * step, round * step);
                }
                // Ten seconds until they count as gone, one or two until somebody looks.
                let most = 20 * (12 * SECOND / step + 1);
                assert!(line.waiters.len() as u64 <= most, "{round}: {}", line.waiters.len());
            }
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
