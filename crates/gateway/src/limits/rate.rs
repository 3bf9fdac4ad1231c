//! Callers' own rate limits: a token bucket for each.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;
use attention_core::codec::text::decimal;

use crate::limits::{Micros, micros};

/// A number of calls per time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rate {
    calls: u32,
    per: Duration,
}

impl Rate {
    /// The longest time after which one of the calls becomes available again.
    pub(crate) const LONGEST: Duration = Duration::from_hours(1);
    pub(crate) const FORM: &str = "must be calls per time, such as 10/s, 100/min or 1000/h";

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

    /// The text that `parse` reads.
    pub(crate) fn text(self) -> String {
        let unit = match self.per.as_secs() {
            1 => "/s",
            60 => "/min",
            _ => "/h",
        };
        [&decimal(self.calls), unit].concat()
    }

    /// The time between two calls at this rate, at least one microsecond.
    pub(crate) fn spacing_micros(self) -> Micros {
        self.per.as_secs().saturating_mul(1_000_000).div_ceil(u64::from(self.calls.max(1)))
    }
}

/// A caller's remaining calls, stored as the time at which its bucket will be full again (the "theoretical arrival
/// time" of the generic cell rate algorithm), so that nothing has to be refilled. In microseconds, because at a
/// thousand calls per second one millisecond is a whole call.
#[derive(Clone, Copy, Debug, Default)]
struct Allowance {
    full_at: Micros,
}

impl Allowance {
    /// The number of calls that are used up.
    fn used(self, rate: Rate, now: Micros) -> u64 {
        self.full_at.saturating_sub(now).div_ceil(rate.spacing_micros())
    }

    /// After the clock went back, at most the whole bucket is used up.
    fn put_right(&mut self, rate: Rate, now: Micros) {
        self.full_at = self.full_at.min(now.saturating_add(rate.spacing_micros().saturating_mul(rate.calls.into())));
    }

    /// The number of calls that are left.
    fn left(self, rate: Rate, now: Micros) -> u64 {
        u64::from(rate.calls).saturating_sub(self.used(rate, now))
    }

    /// The time until one more call is available.
    fn wait(self, rate: Rate, now: Micros) -> Micros {
        let most = rate.spacing_micros().saturating_mul(u64::from(rate.calls) - 1);
        self.full_at.saturating_sub(now).saturating_sub(most)
    }

    fn take(&mut self, calls: u64, rate: Rate, now: Micros) {
        self.full_at = self.full_at.max(now).saturating_add(rate.spacing_micros().saturating_mul(calls));
    }

    fn give_back(&mut self, calls: u64, rate: Rate) {
        self.full_at = self.full_at.saturating_sub(rate.spacing_micros().saturating_mul(calls));
    }
}

/// The holder whose calls are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Holder<'a> {
    /// The caller.
    pub caller: &'a str,
    /// The id of its session, if it has one.
    pub session: Option<&'a str>,
}

impl<'a> Holder<'a> {
    /// Separates a caller and its session; neither name contains a line break.
    const BETWEEN: char = '\n';

    /// The inverse of [`text`](Self::text).
    pub fn of(text: &'a str) -> Self {
        match text.split_once(Self::BETWEEN) {
            Some((caller, session)) => Self { caller, session: Some(session) },
            None => Self { caller: text, session: None },
        }
    }

    /// Both names as one text.
    pub fn text(self) -> Cow<'a, str> {
        match self.session {
            None => Cow::Borrowed(self.caller),
            Some(session) => Cow::Owned([self.caller, "\n", session].concat()),
        }
    }
}

/// The buckets of all callers with a limit, sorted by name. The callers of an issuer are not known in advance.
#[derive(Debug, Default)]
pub(crate) struct Allowances(Vec<(String, Allowance)>);

impl Allowances {
    /// An issuer may have many people. A full bucket need not be remembered; if there are more buckets than this, the
    /// fullest is removed.
    pub(crate) const MOST: usize = 10_000;
    /// An isolate may lease this part of the remaining calls.
    const PART: u64 = 16;

    /// Takes one call of a holder, or returns how long until there is one.
    pub(crate) fn take(&mut self, holder: Holder<'_>, rate: Rate, now: Timestamp) -> Result<(), Duration> {
        self.lease(holder, rate, 1, now).map(|_| ())
    }

    /// Takes up to `wanted` calls of a holder, at least one, but never so many that others counted with it find
    /// nothing; or returns how long until there is one.
    ///
    /// A session's calls also count for its caller. The session may use as many as it leaves for the others, so that no
    /// session uses up the whole limit.
    pub(crate) fn lease(
        &mut self,
        holder: Holder<'_>,
        rate: Rate,
        wanted: u32,
        now: Timestamp,
    ) -> Result<u32, Duration> {
        let now = micros(now);
        let spacing = rate.spacing_micros();
        let caller = self.get(holder.caller, rate, now);
        let left = caller.left(rate, now);
        if left == 0 {
            return Err(Duration::from_micros(caller.wait(rate, now)));
        }
        let mut most = (left / Self::PART).max(1);
        let session = holder.session.map(|_| holder.text());
        if let Some(session) = session.as_deref() {
            let used = self.get(session, rate, now).used(rate, now);
            // The last call is reserved for the caller itself, which must be able to request a session.
            let left = left - u64::from(rate.calls > 1);
            if used >= left {
                // In the time of one call, one becomes available to each side.
                return Err(Duration::from_micros(spacing.saturating_mul(((used - left) / 2).saturating_add(1))));
            }
            most = most.min((left - used).div_ceil(2));
        }
        let calls = most.min(wanted.max(1).into());
        self.at(holder.caller, now).take(calls, rate, now);
        if let Some(session) = session.as_deref() {
            self.at(session, now).take(calls, rate, now);
        }
        Ok(u32::try_from(calls).unwrap_or(u32::MAX))
    }

    /// Returns calls that were taken but not made.
    pub(crate) fn give_back(&mut self, holder: Holder<'_>, rate: Rate, calls: u32, now: Timestamp) {
        let now = micros(now);
        self.at(holder.caller, now).give_back(calls.into(), rate);
        if holder.session.is_some() {
            self.at(&holder.text(), now).give_back(calls.into(), rate);
        }
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }

    fn get(&mut self, name: &str, rate: Rate, now: Micros) -> Allowance {
        let place = self.place(name).ok();
        let Some((_, allowance)) = place.and_then(|place| self.0.get_mut(place)) else { return Allowance::default() };
        allowance.put_right(rate, now);
        *allowance
    }

    /// The bucket for a name, created if necessary.
    fn at(&mut self, name: &str, now: Micros) -> &mut Allowance {
        let mut place = self.place(name);
        if place.is_err() && self.0.len() >= Self::MOST {
            let fullest = self.0.iter().map(|(_, allowance)| allowance.full_at).min().unwrap_or_default();
            self.0.retain(|(_, allowance)| allowance.full_at > now.max(fullest));
            place = self.place(name);
        }
        let place = place.unwrap_or_else(|free| {
            self.0.insert(free, (name.to_owned(), Allowance::default()));
            free
        });
        &mut self.0[place].1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

    fn holder(caller: &str) -> Holder<'_> {
        Holder { caller, session: None }
    }

    fn at(millis: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_millis(millis))
    }

    #[test]
    fn a_clock_that_goes_back_delays_a_caller_by_at_most_the_time_of_one_call() {
        for (text, spacing) in [("10/s", 100), ("60/min", 1_000), ("1/h", 3_600_000)] {
            let rate = Rate::parse(text).unwrap();
            for back in [10_000_u64, 86_400_000] {
                let mut all = Allowances::default();
                while all.take(holder("app"), rate, at(back)).is_ok() {}
                let waits = all.take(holder("app"), rate, NOW).err().map_or(0, |wait| wait.as_millis());
                assert!(waits <= spacing, "{text}, back by {back} ms: {waits} ms");
                assert_eq!(all.take(holder("app"), rate, at(3_600_000)), Ok(()));
            }
        }
    }

    #[test]
    fn after_the_burst_no_window_exceeds_the_rate() {
        for (text, calls) in [("10/s", 10), ("700/s", 700), ("3000/s", 3_000), ("100000/s", 100_000)] {
            let rate = Rate::parse(text).unwrap();
            let mut all = Allowances::default();
            let mut passed = 0_u64;
            // Twice as many as allowed.
            for millis in 0..5_000 {
                for _ in 0..(2 * calls_u64(calls)).div_ceil(1_000).max(1) {
                    passed += u64::from(all.take(holder("a"), rate, at(millis)).is_ok());
                }
            }
            // A full bucket at the start, then the rate per second.
            let least = calls_u64(calls) * 5_980 / 1_000;
            assert!((least..=calls_u64(calls) * 6).contains(&passed), "{text}: {passed}");
        }
    }

    fn calls_u64(calls: u32) -> u64 {
        calls.into()
    }

    #[test]
    fn the_reported_wait_is_sufficient() {
        let rate = Rate::parse("2/min").unwrap();
        let mut all = Allowances::default();
        assert_eq!((all.take(holder("a"), rate, NOW), all.take(holder("a"), rate, NOW)), (Ok(()), Ok(())));
        let wait = all.take(holder("a"), rate, NOW).unwrap_err();
        assert_eq!(wait, Duration::from_secs(30));
        assert!(
            all.take(holder("a"), rate, NOW.saturating_add(wait.saturating_sub(Duration::from_millis(1)))).is_err()
        );
        assert_eq!(all.take(holder("a"), rate, NOW.saturating_add(wait)), Ok(()));
    }

    #[test]
    fn each_caller_has_its_own_bucket() {
        let rate = Rate::parse("2/min").unwrap();
        let mut all = Allowances::default();
        for name in ["b", "a", "c"] {
            assert_eq!(
                (all.take(holder(name), rate, NOW), all.take(holder(name), rate, NOW)),
                (Ok(()), Ok(())),
                "{name}"
            );
        }
        for name in ["a", "b", "c"] {
            assert_eq!(all.take(holder(name), rate, NOW), Err(Duration::from_secs(30)), "{name}");
        }
    }

    #[test]
    fn the_fullest_buckets_are_removed_if_there_are_too_many() {
        let rate = Rate::parse("2/min").unwrap();
        let mut all = Allowances::default();
        let full = |all: &Allowances| all.0.len();
        assert_eq!((all.take(holder("greedy"), rate, NOW), all.take(holder("greedy"), rate, NOW)), (Ok(()), Ok(())));
        for number in 0..2 * Allowances::MOST {
            all.take(holder(&format!("n{number}")), rate, NOW).unwrap();
            assert!(full(&all) <= Allowances::MOST);
        }
        assert!(all.take(holder("greedy"), rate, NOW).is_err());
        // A bucket that is full again is removed.
        for number in 0..Allowances::MOST {
            all.take(holder(&format!("m{number}")), rate, NOW.saturating_add(Duration::from_mins(2))).unwrap();
        }
        assert!(full(&all) <= Allowances::MOST);
    }

    proptest! {
        /// Whatever sessions there are and however they call: together they never exceed the caller's limit, and a new
        /// session gets calls as long as at least two are left.
        #[test]
        fn sessions_share_their_callers_limit(calls in prop::collection::vec((0..12_usize, 1..40_u32), 1..300)) {
            let rate = Rate::parse("60/h").unwrap();
            let mut all = Allowances::default();
            let mut passed = [0_u64; 12];
            for (session, wanted) in calls {
                let name = format!("s{session}");
                let holder = Holder { caller: "backend", session: Some(&name) };
                let left = all.get("backend", rate, micros(NOW)).left(rate, micros(NOW));
                let leased = all.lease(holder, rate, wanted, NOW);
                prop_assert!(leased.is_ok() || left <= passed[session] + 1);
                passed[session] += u64::from(leased.unwrap_or_default());
                prop_assert!(passed.iter().sum::<u64>() <= 60);
                prop_assert!(passed[session] <= 30, "half is for the others");
            }
            // The backend itself can use the remaining calls.
            let backend = Holder { caller: "backend", session: None };
            prop_assert!(all.take(backend, rate, NOW).is_ok());
        }
    }

    #[test]
    fn returned_calls_are_available_again() {
        let rate = Rate::parse("64/h").unwrap();
        let mut all = Allowances::default();
        assert_eq!(all.lease(holder("a"), rate, 100, NOW), Ok(4));
        all.give_back(holder("a"), rate, 4, NOW);
        let mut taken = 0;
        while let Ok(calls) = all.lease(holder("a"), rate, 100, NOW) {
            taken += calls;
        }
        assert_eq!(taken, 64);
    }
}
