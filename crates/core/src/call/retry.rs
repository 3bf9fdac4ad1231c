//! Whether to try again, and when.

use core::time::Duration;

use crate::Method;

/// For a whole call, its retries and waits included, unless its caller says otherwise: 60 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// How often and how patiently a call is tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries after the first one; zero turns retries off. Default 2.
    pub max_retries: u32,
    /// The back-off of the first retry is drawn from zero to this. Default 500 ms.
    pub base: Duration,
    /// No back-off is longer than this. Default 8 s.
    pub cap: Duration,
    /// A `Retry-After` longer than this is handed to the caller as an error
    /// instead of waited for. Default 60 s.
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
    /// Exponential back-off with full jitter: uniform between zero and
    /// `base * 2^retry`, held at `cap`. `retry` counts from 0, `jitter` is a random
    /// number from 0 to 1.
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
        // What is no number counts as 1.
        let jitter = if jitter <= 1.0 { jitter.max(0.0) } else { 1.0 };
        #[expect(clippy::cast_precision_loss)] // A power of two is exact.
        let factor = (1_u64 << retry.min(63)) as f64;
        let ceiling = (self.base.as_secs_f64() * factor).min(self.cap.as_secs_f64());
        // In whole microseconds rather than by `mul_f64`, which can panic.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        Duration::from_micros((ceiling * jitter * 1e6) as u64)
    }
}

/// What a try came to, as far as trying again is concerned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The connection failed: refused, reset, no such host, TLS. Nobody knows
    /// whether the request was processed.
    Connection,
    /// No answer in time. Nobody knows whether the request was processed.
    Timeout,
    /// The caller gave up. Never tried again.
    Aborted,
}

/// Whether a status asks for another try, given what is safe to repeat.
///
/// The server says that it did not process a request with 429, 425 (RFC 8470 §5.2) and 421 (RFC 9110 §15.5.20):
/// these go again with any method. Other transient statuses say nothing of the kind, so only what is `repeatable`
/// does: that holds for a 503 with `Retry-After` as well (RFC 9110 §15.6.4 does not say "not processed", and proxies
/// send it too), and for the statuses of a CDN that did not reach the server or did not understand it (520 to 527 and
/// 530, 529 when it is overloaded). All others will say the same again.
pub(crate) const fn status_may_retry(status: u16, repeatable: bool) -> bool {
    match status {
        421 | 425 | 429 => true,
        408 | 500 | 502..=504 | 520..=527 | 529 | 530 => repeatable,
        _ => false,
    }
}

/// Whether sending twice is harmless: by the caller's mark, else by the method.
pub(crate) fn is_repeatable(method: Method, marked: Option<bool>) -> bool {
    marked.unwrap_or(method.is_idempotent())
}

/// Keeps retries from doubling the load of a server that is already failing.
///
/// A bucket of 500 tokens, as in the AWS SDKs' standard mode: a retry after a
/// failure takes 5, a success gives 1 back (or the 5, when its call took them).
/// A 429 takes nothing: the gate already paces those.
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

    /// Takes the price of one retry; `false` when there is not enough left.
    pub fn spend(&mut self) -> bool {
        let left = self.tokens.checked_sub(Self::RETRY_COST);
        self.tokens = left.unwrap_or(self.tokens);
        left.is_some()
    }

    /// A call succeeded; `has_spent` when it took the price of a retry before.
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
    fn the_budget_runs_out_and_recovers() {
        let mut budget = RetryBudget::default();
        assert_eq!((0..1000).filter(|_| budget.spend()).count(), 100);
        budget.refund(false);
        assert!(!budget.spend());
        budget.refund(true);
        assert!(budget.spend());
    }

    proptest! {
        #[test]
        fn backoff_stays_in_its_bounds(retry: u32, jitter: f64) {
            let policy = RetryPolicy::default();
            prop_assert!(policy.backoff(retry, jitter) <= policy.cap);
        }
    }
}
