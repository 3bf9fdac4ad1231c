//! Points in time, supplied by the driver; core has no clock.

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
    /// From milliseconds since the Unix epoch.
    pub const fn from_unix_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// From a JavaScript number such as that of `Date.now()`. NaN and times before 1970 become the epoch.
    ///
    /// ```
    /// use attention_core::Timestamp;
    ///
    /// assert_eq!(Timestamp::from_date_now(1_700_000_000_000.9), Timestamp::from_unix_millis(1_700_000_000_000));
    /// assert_eq!(Timestamp::from_date_now(f64::NAN), Timestamp::from_unix_millis(0));
    /// assert_eq!(Timestamp::from_date_now(-1.0), Timestamp::from_unix_millis(0));
    /// assert_eq!(Timestamp::from_date_now(f64::INFINITY), Timestamp::from_unix_millis(u64::MAX));
    /// ```
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturating, and NaN is 0")]
    pub const fn from_date_now(millis: f64) -> Self {
        Self(millis as u64)
    }

    /// From seconds since the Unix epoch, as in JWT claims and HTTP dates.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        Self(thousand(seconds))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn as_unix_millis(self) -> u64 {
        self.0
    }

    /// This time plus `duration`, capped at the largest representable time.
    #[must_use]
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(millis(duration)))
    }

    /// The time elapsed since `earlier`; zero if `earlier` is not in the past.
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }
}

/// A time before 1970 becomes the epoch.
#[cfg(feature = "std")]
impl From<std::time::SystemTime> for Timestamp {
    fn from(time: std::time::SystemTime) -> Self {
        let since = time.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Self(millis(since))
    }
}

/// A clock that never goes back, derived from a driver's clock that may.
///
/// When the driver's clock goes back, this one stops for that moment and then continues, so no wait measured with it
/// gets longer. When the driver's clock jumps ahead, this one follows, because a jump cannot be told from elapsed time.
#[derive(Clone, Copy, Debug, Default)]
pub struct SteadyClock {
    seen: Timestamp,
    shows: Timestamp,
}

impl SteadyClock {
    /// A clock that shows `now`.
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self { seen: now, shows: now }
    }

    /// The time at the last advance.
    pub(crate) const fn shows(&self) -> Timestamp {
        self.shows
    }

    /// The steady time when the driver's clock shows `now`.
    pub const fn at(&self, now: Timestamp) -> Timestamp {
        self.shows.saturating_add(now.saturating_since(self.seen))
    }

    /// Like [`at`](Self::at), and continues from there.
    pub const fn advance(&mut self, now: Timestamp) -> Timestamp {
        *self = Self { seen: now, shows: self.at(now) };
        self.shows
    }

    /// Like [`advance`](Self::advance) after a wait, which took at least `least` even if the clock says otherwise.
    pub(crate) fn advance_after(&mut self, now: Timestamp, least: Duration) -> Timestamp {
        // Timers fire a few milliseconds early; if more is missing, the clock went back.
        const EARLY: Duration = Duration::from_millis(20);
        let waited = self.shows.saturating_add(least);
        let shows = self.at(now);
        let was_put_back = waited.saturating_since(shows) > EARLY;
        *self = Self { seen: now, shows: if was_put_back { waited } else { shows } };
        self.shows
    }
}

/// The number of days from 1970 to a day of the Gregorian calendar. `None` if the day does not exist.
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

/// Whole milliseconds, capped at the largest `u64`. `Duration::as_millis` returns 128 bits, for which wasm has no
/// instructions.
pub const fn millis(duration: Duration) -> u64 {
    thousand(duration.as_secs()).saturating_add(duration.subsec_millis() as u64)
}

/// Like `saturating_mul`, which needs 128 bits.
pub(crate) const fn thousand(number: u64) -> u64 {
    if number > u64::MAX / 1000 { u64::MAX } else { number * 1000 }
}
