//! How many calls a caller may make: a token bucket for each.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;
use attention_core::codec::text::decimal;

/// So many calls in so much time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
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

    /// As `parse` reads it.
    pub(crate) fn text(self) -> String {
        let unit = match self.per.as_secs() {
            1 => "/s",
            60 => "/min",
            _ => "/h",
        };
        [&decimal(self.calls), unit].concat()
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

/// The buckets of all callers that have a limit, in the order of their names. Those
/// of a JWT's are not known beforehand.
#[derive(Debug, Default)]
pub(crate) struct Allowances(Vec<(String, Allowance)>);

impl Allowances {
    /// An issuer's people may be many; a full bucket need not be remembered, and of
    /// more than this the fullest is forgotten.
    const MOST: usize = 10_000;

    /// Takes one call of a caller, or says how long until there is one.
    pub(crate) fn take(&mut self, caller: &str, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        let place = |all: &Self| all.0.binary_search_by(|(name, _)| name.as_str().cmp(caller));
        let mut at = place(self);
        if at.is_err() && self.0.len() >= Self::MOST {
            let fullest = self.0.iter().map(|(_, allowance)| allowance.full_at).min().unwrap_or_default();
            self.0.retain(|(_, allowance)| allowance.full_at > now.max(fullest));
            at = place(self);
        }
        let at = at.unwrap_or_else(|free| {
            self.0.insert(free, (caller.to_owned(), Allowance::default()));
            free
        });
        self.0.get_mut(at).map_or(Ok(()), |(_, allowance)| allowance.take(rate, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    #[test]
    fn rates_are_read() {
        assert_eq!(Rate::parse("100/min"), Some(Rate { calls: 100, per: Duration::from_mins(1) }));
        for text in ["100/min", "7/s", "1000000/h"] {
            assert_eq!(Rate::parse(text).unwrap().text(), text);
        }
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
    #[test]
    fn callers_have_a_bucket_each() {
        let rate = Rate::parse("2/min").unwrap();
        let mut all = Allowances::default();
        for name in ["b", "a", "c"] {
            assert_eq!((all.take(name, rate, NOW), all.take(name, rate, NOW)), (Ok(()), Ok(())), "{name}");
        }
        for name in ["a", "b", "c"] {
            assert_eq!(all.take(name, rate, NOW), Err(Duration::from_secs(30)), "{name}");
        }
    }

    #[test]
    fn many_callers_push_out_those_who_have_most_left() {
        let rate = Rate::parse("2/min").unwrap();
        let mut all = Allowances::default();
        let full = |all: &Allowances| all.0.len();
        assert_eq!((all.take("greedy", rate, NOW), all.take("greedy", rate, NOW)), (Ok(()), Ok(())));
        for number in 0..2 * Allowances::MOST {
            all.take(&format!("n{number}"), rate, NOW).unwrap();
            assert!(full(&all) <= Allowances::MOST);
        }
        assert!(all.take("greedy", rate, NOW).is_err());
        // Whose bucket is full again is forgotten.
        for number in 0..Allowances::MOST {
            all.take(&format!("m{number}"), rate, NOW.saturating_add(Duration::from_mins(2))).unwrap();
        }
        assert!(full(&all) <= Allowances::MOST);
    }
}
