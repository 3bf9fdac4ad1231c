//! Points in time, handed in by the driver. Core has no clock.

use std::time::Duration;

/// A point in time: whole milliseconds since the Unix epoch, UTC.
///
/// ```
/// use attention_core::Timestamp;
/// use std::time::Duration;
///
/// let now = Timestamp::from_unix_millis(1_700_000_000_000);
/// let later = now.saturating_add(Duration::from_secs(2));
/// assert_eq!(later.saturating_since(now), Duration::from_secs(2));
/// assert_eq!(now.saturating_since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// From milliseconds since the Unix epoch, as `Date.now()` gives them.
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From seconds since the Unix epoch, as JWT claims and HTTP dates give them.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_unix_millis(self) -> u64 {
        self.0
    }

    /// This time plus `duration`, held at the largest representable time.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        let millis = duration.as_millis();
        #[allow(clippy::cast_possible_truncation)] // Held below u64::MAX first.
        let millis = if millis > u64::MAX as u128 { u64::MAX } else { millis as u64 };
        Self(self.0.saturating_add(millis))
    }

    /// How long ago `earlier` was; zero when it is not in the past.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}
