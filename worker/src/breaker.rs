//! The circuit breaker: an API that is down is left alone for a while, and its
//! callers are told at once instead of after a timeout each.

use core::time::Duration;

use attention_core::Timestamp;

/// Consecutive failures (no answer, or a 5xx without `Retry-After`) until it opens.
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

    /// A call came back from the API, or did not.
    pub(crate) fn judge(&mut self, failed: bool, now: Timestamp) {
        if !failed {
            self.failures = 0;
            return;
        }
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
            breaker.judge(true, NOW);
            assert_eq!(breaker.admit(NOW), Ok(()));
        }
        breaker.judge(true, NOW);
        assert_eq!(breaker.admit(NOW), Err(OPEN_FOR));
        let later = NOW.saturating_add(OPEN_FOR);
        assert_eq!((breaker.admit(later), breaker.admit(later)), (Ok(()), Err(OPEN_FOR)));
        breaker.judge(false, later);
        assert_eq!((breaker.admit(later), breaker.admit(later)), (Ok(()), Ok(())));
    }

    #[test]
    fn one_success_forgets_the_failures() {
        let mut breaker = Breaker::default();
        for _ in 0..100 {
            breaker.judge(true, NOW);
            breaker.judge(false, NOW);
        }
        assert_eq!(breaker.admit(NOW), Ok(()));
    }
}
