//! What holds calls back: a caller's own limit, the gate that all isolates share, and the breaker.

use core::time::Duration;

pub(crate) mod breaker;
pub mod rate;
pub mod shared_gate;

/// A gate or a counter that takes longer than this is one that does not answer.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// The longest period of the platform's counter, which does not tell its own.
pub(crate) const PLATFORM_PERIOD: Duration = Duration::from_mins(1);
