//! Points in time, handed in by the driver. Core has no clock.

use core::time::Duration;

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
        Self(thousand(seconds))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_unix_millis(self) -> u64 {
        self.0
    }

    /// This time plus `duration`, held at the largest representable time.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// How long ago `earlier` was; zero when it is not in the past.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// How many days lie before a day of the Gregorian calendar, from 1970 on. `None`
/// for a day that it does not have.
pub(crate) fn days_since_epoch(year: u64, month: u64, day: u64) -> Option<u64> {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days_of_month = [31, if leap { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let past_months = usize::try_from(month).ok()?.checked_sub(1)?;
    if year < 1970 || day == 0 || day > *days_of_month.get(past_months)? {
        return None;
    }
    let leap_days = |year: u64| year / 4 - year / 100 + year / 400;
    let before: u64 = days_of_month.iter().take(past_months).sum();
    Some((year - 1970) * 365 + leap_days(year - 1) - leap_days(1969) + before + day - 1)
}

/// Whole milliseconds, held at the most that 64 bits count. `Duration::as_millis`
/// counts with 128, which wasm has no instructions for.
pub const fn millis(duration: Duration) -> u64 {
    thousand(duration.as_secs()).saturating_add(duration.subsec_millis() as u64)
}

/// As `saturating_mul`, which multiplies with 128 bits.
const fn thousand(number: u64) -> u64 {
    if number > u64::MAX / 1000 { u64::MAX } else { number * 1000 }
}
