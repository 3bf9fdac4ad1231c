//! The circuit breaker: an API that is down is left alone for a while, and its
//! callers are told at once instead of after a timeout each.

use core::time::Duration;

use attention_core::Timestamp;

/// Consecutive failures (no answer, or one that says the API is away) until it opens.
const FAILURES: u32 = 20;
/// How long it stays open; then one call at a time may try.
const OPEN_FOR: Duration = Duration::from_secs(5);

/// Counts failures in a row.
#[derive(Debug, Default)]
pub(crate) struct Breaker {
    failures: u32,
    closed_again_at: Timestamp,
}

impl Breaker {
    /// Whether a call may go, or how long none may.
    pub(crate) fn admit(&mut self, now: Timestamp) -> Result<(), Duration> {
        if self.failures < FAILURES {
            return Ok(());
        }
        if now < self.closed_again_at {
            return Err(self.closed_again_at.saturating_since(now));
        }
        // This one tries; the others wait for what becomes of it.
        self.closed_again_at = now.saturating_add(OPEN_FOR);
        Ok(())
    }

    /// The API answered with this status. A 500 is one route's trouble: if it
    /// counted, a caller that knows such a route could shut the others out.
    pub(crate) fn answered(&mut self, status: u16, now: Timestamp) {
        match status {
            502..=504 => self.failed(now),
            500.. => {}
            _ => self.failures = 0,
        }
    }

    /// The API did not answer, or said that it is away.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= FAILURES {
            self.closed_again_at = now.saturating_add(OPEN_FOR);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn it_opens_tries_and_closes() {
        let mut breaker = Breaker::default();
        for _ in 1..FAILURES {
            breaker.failed(NOW);
            assert_eq!(breaker.admit(NOW), Ok(()));
        }
        breaker.answered(503, NOW);
        assert_eq!(breaker.admit(NOW), Err(OPEN_FOR));
        let later = NOW.saturating_add(OPEN_FOR);
        assert_eq!((breaker.admit(later), breaker.admit(later)), (Ok(()), Err(OPEN_FOR)));
        breaker.answered(404, later);
        assert_eq!((breaker.admit(later), breaker.admit(later)), (Ok(()), Ok(())));
    }

    #[test]
    fn one_success_forgets_the_failures() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.failed(NOW);
            breaker.answered(200, NOW);
        }
        assert_eq!(breaker.admit(NOW), Ok(()));
    }

    #[test]
    fn a_500_is_neither_a_failure_of_the_api_nor_a_success() {
        let mut breaker = Breaker::default();
        for _ in 1..FAILURES {
            breaker.failed(NOW);
        }
        for _ in 0..100 {
            breaker.answered(500, NOW);
        }
        assert_eq!(breaker.admit(NOW), Ok(()));
        breaker.answered(502, NOW);
        assert_eq!(breaker.admit(NOW), Err(OPEN_FOR));
    }
}
