//! How many calls a caller may make: a token bucket for each.

use core::time::Duration;

use attention_core::Timestamp;

/// So many calls in so much time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rate {
    calls: u32,
    per: Duration,
}

impl Rate {
    pub(crate) const FORM: &str = "is to be calls per time, such as 10/s, 100/min or 1000/h";

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (calls, per) = text.split_once('/')?;
        let per = match per.trim() {
            "s" => Duration::from_secs(1),
            "min" => Duration::from_mins(1),
            "h" => Duration::from_hours(1),
            _ => return None,
        };
        let calls = calls.trim();
        let plain = calls.bytes().all(|b| b.is_ascii_digit());
        calls.parse().ok().filter(|calls| plain && (1..=1_000_000).contains(calls)).map(|calls| Self { calls, per })
    }

    /// The time between two calls at this rate.
    pub(crate) fn spacing(self) -> Duration {
        self.per / self.calls
    }
}

/// What a caller has left. Kept as the one moment at which its bucket would be
/// full again (the "theoretical arrival time" of the generic cell rate
/// algorithm), so that nothing has to be refilled.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Allowance {
    full_at: Timestamp,
}

impl Allowance {
    /// Takes one call, or says how long until there is one.
    pub(crate) fn take(&mut self, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let full_at = self.full_at.max(now).saturating_add(rate.spacing());
        let ahead = full_at.saturating_since(now);
        if ahead > rate.per {
            return Err(ahead.saturating_sub(rate.per));
        }
        self.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn rates_are_read() {
        assert_eq!(Rate::parse("100/min"), Some(Rate { calls: 100, per: Duration::from_mins(1) }));
        for text in ["", "/s", "0/s", "-1/s", "+1/s", "1", "1/day", "1.5/s", "9999999/s"] {
            assert_eq!(Rate::parse(text), None, "{text}");
        }
    }

    #[test]
    fn no_window_has_more_than_the_rate_after_the_burst() {
        let rate = Rate::parse("10/s").unwrap();
        let mut allowance = Allowance::default();
        let mut passed = 0_u32;
        for millis in (0..5_000).step_by(7) {
            passed += u32::from(allowance.take(rate, NOW.saturating_add(Duration::from_millis(millis))).is_ok());
        }
        // A full bucket at the start, then ten a second.
        assert!((10 + 48..=10 + 50).contains(&passed), "{passed}");
    }

    #[test]
    fn the_wait_that_is_told_is_enough() {
        let rate = Rate::parse("2/min").unwrap();
        let mut allowance = Allowance::default();
        assert_eq!((allowance.take(rate, NOW), allowance.take(rate, NOW)), (Ok(()), Ok(())));
        let wait = allowance.take(rate, NOW).unwrap_err();
        assert_eq!(wait, Duration::from_secs(30));
        assert!(allowance.take(rate, NOW.saturating_add(wait.saturating_sub(Duration::from_millis(1)))).is_err());
        assert_eq!(allowance.take(rate, NOW.saturating_add(wait)), Ok(()));
    }
}
