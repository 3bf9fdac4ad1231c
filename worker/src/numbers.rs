//! Times, as JavaScript has them.

use core::time::Duration;

use attention_core::{Timestamp, millis};

/// Milliseconds since the epoch.
pub(crate) const fn time(millis: f64) -> Timestamp {
    Timestamp::from_unix_millis(whole(millis))
}

pub(crate) const fn duration(millis: f64) -> Duration {
    Duration::from_millis(whole(millis))
}

#[expect(clippy::cast_precision_loss)] // Centuries of milliseconds are exact.
pub(crate) fn as_millis(duration: Duration) -> f64 {
    millis(duration) as f64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturating, and NaN is 0.
const fn whole(number: f64) -> u64 {
    number as u64
}
