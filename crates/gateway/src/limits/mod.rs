//! The limits on calls: callers' own limits, the shared gate, and the breaker.

use core::time::Duration;

use attention_core::{Timestamp, millis};

pub mod asking;
pub(crate) mod breaker;
pub mod lanes;
pub(crate) mod lease;
mod places;
pub(crate) mod proof;
pub mod rate;
pub mod shared_gate;
#[cfg(test)]
mod world;

/// Microseconds, because there may be a million places per second.
pub(crate) type Micros = u64;

/// Microseconds since the epoch.
pub(crate) const fn micros(time: Timestamp) -> Micros {
    time.as_unix_millis().saturating_mul(1_000)
}

/// In microseconds.
pub(crate) const fn micros_of(duration: Duration) -> Micros {
    millis(duration).saturating_mul(1_000)
}

/// A gate or a counter that takes longer counts as unresponsive.
pub const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// The longest period of the platform's counter, which does not report its own.
pub(crate) const PLATFORM_PERIOD: Duration = Duration::from_mins(1);
