//! Whether to retry, and when.

use core::time::Duration;

use crate::Method;

/// The default limit for a whole call, retries and waits included: 60 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// How often a call is retried, and how long it waits between attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// The maximum number of retries; zero disables them. Default 2.
    pub max_retries: u32,
    /// The upper bound of the first retry's random back-off. Default 500 ms.
    pub base: Duration,
    /// The upper bound of every back-off. Default 8 s.
    pub cap: Duration,
    /// A `Retry-After` longer than this is returned to the caller as an error instead of waited for. Default 60 s.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 2,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(8),
            longest_wait: Duration::from_mins(1),
        }
    }
}

impl RetryPolicy {
    /// Exponential back-off with full jitter: uniform between zero and `base * 2^retry`, at most `cap`. `retry` counts
    /// from 0; `jitter` is a random number from 0 to 1.
    ///
    /// ```
    /// use attention_core::call::RetryPolicy;
    /// use std::time::Duration;
    ///
    /// let policy = RetryPolicy::default();
    /// assert_eq!(policy.backoff(0, 1.0), Duration::from_millis(500));
    /// assert_eq!(policy.backoff(2, 0.5), Duration::from_millis(1000));
    /// assert_eq!(policy.backoff(40, 1.0), Duration::from_secs(8));
    /// ```
    pub fn backoff(&self, retry: u32, jitter: f64) -> Duration {
        // NaN counts as 1.
        let jitter = if jitter <= 1.0 { jitter.max(0.0) } else { 1.0 };
        #[expect(clippy::cast_precision_loss)] // A power of two is exact.
        let factor = (1_u64 << retry.min(63)) as f64;
        let ceiling = (self.base.as_secs_f64() * factor).min(self.cap.as_secs_f64());
        // In whole microseconds rather than by `mul_f64`, which can panic.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Duration::from_micros((ceiling * jitter * 1e6) as u64)
    }
}

/// How an attempt ended without a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The connection failed: refused, reset, no such host, TLS. The request may or may not have been processed.
    Connection,
    /// No response in time. The request may or may not have been processed.
    Timeout,
    /// The caller aborted the call. It is never retried.
    Aborted,
}

/// Whether a response with this status may be retried. `repeatable` says whether sending the request twice is harmless.
///
/// With 429, 425 (RFC 8470 §5.2) and 421 (RFC 9110 §15.5.20) the server states that it did not process the request, so
/// any method may be sent again. Other transient statuses make no such statement, so only repeatable requests are sent
/// again. That includes a 503 with `Retry-After` (RFC 9110 §15.6.4 does not say "not processed", and proxies send it
/// too), and the statuses of a CDN that did not reach the server or did not understand it (520 to 527, 530, and 529
/// when overloaded). A retry after any other status would fail the same way.
pub(crate) const fn status_may_retry(status: u16, repeatable: bool) -> bool {
    match status {
        421 | 425 | 429 => true,
        408 | 500 | 502..=504 | 520..=527 | 529 | 530 => repeatable,
        _ => false,
    }
}

/// Whether sending twice is harmless: as the caller says, or else by method.
pub(crate) fn is_repeatable(method: Method, marked: Option<bool>) -> bool {
    marked.unwrap_or(method.is_idempotent())
}

/// Limits retries, so that they do not double the load of a server that is already failing.
///
/// A bucket of 500 tokens, as in the standard mode of the AWS SDKs. A retry after a failure costs 5; a success returns
/// 1, or the 5 if its call paid for a retry. A 429 costs nothing, because the gate already paces those.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    tokens: u16,
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self { tokens: Self::CAPACITY }
    }
}

impl RetryBudget {
    const CAPACITY: u16 = 500;
    const RETRY_COST: u16 = 5;

    /// Pays for one retry; `false` if too few tokens are left.
    pub fn spend(&mut self) -> bool {
        let left = self.tokens.checked_sub(Self::RETRY_COST);
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }

    /// A call succeeded; `has_spent` says whether it paid for a retry.
    pub fn refund(&mut self, has_spent: bool) {
        let gift = if has_spent { Self::RETRY_COST } else { 1 };
        self.tokens = (self.tokens + gift).min(Self::CAPACITY);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_retry_budget_runs_out_and_recovers() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..1000).filter(|_| budget.spend()).count(), 100);
        budget.refund(false);
        assert!(!budget.spend());
        budget.refund(true);
        assert!(budget.spend());
    }

    proptest! {
        #[test]
        fn backoff_stays_within_bounds(retry: u32, jitter: f64) {
            let policy = RetryPolicy::default();
            prop_assert!(policy.backoff(retry, jitter) <= policy.cap);
        }
    }
}
