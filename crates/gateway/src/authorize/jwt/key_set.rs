//! Schedules the fetches of an issuer's key set, and what requests do meanwhile.
//!
//! The keys themselves are held by the driver, which verifies signatures. It calls [`KeySetSchedule::next`] before each
//! verification, performs the step, and calls it again:
//!
//! ```text
//! next ──► Use ──► check ──► no such key ──► Lookup::renew ──► next ──► …
//!      ──► Fetch ──► fetch ──► answered ──► next
//!      ──► Wait ──► wait, on a timer of its own ──► next
//!      ──► Unavailable
//! ```

use core::time::Duration;

use attention_core::Timestamp;

/// A key set is fetched again when it is older than this.
pub const FRESH_FOR: Duration = Duration::from_mins(10);
/// It is also fetched again when a token names a key that is not in it, but not more often than this, so that a stream
/// of invented names does not become a stream of fetches.
pub const COOLDOWN: Duration = Duration::from_secs(30);
/// While there is no set, it is not fetched more often than this.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest time a fetch may take, and the longest time a request waits for another request's fetch.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest key set: 256 KiB.
pub const MAX_BYTES: usize = 256 * 1024;
/// How often a waiting request checks for a result.
pub const POLL: Duration = Duration::from_millis(20);

/// The next step of a request that needs a key set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeySetStep {
    /// Verify the token with the most recent set.
    Use,
    /// Fetch the set from the issuer and report the result: [`KeySetSchedule::answered`].
    Fetch {
        /// How long the whole response may take.
        timeout: Duration,
        /// The maximum size of the response in bytes.
        limit: usize,
    },
    /// Wait this long, because another request is fetching. Do not await the other request's promise: it never settles
    /// if that request's client disconnects.
    Wait(Duration),
    /// There is no set, so the token cannot be verified; it is not reported as invalid.
    Unavailable,
}

/// One request's need for a key set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookup {
    renews: bool,
    waited: Duration,
    /// The number of its own fetch; a request fetches at most once.
    question: Option<u64>,
}

impl Lookup {
    /// The token names a key that is not in the set, so a newer set is needed.
    pub const fn renew(&mut self) {
        self.renews = true;
    }

    /// Whether a newer set was already needed.
    pub const fn renews(&self) -> bool {
        self.renews
    }
}

/// An isolate's knowledge of the issuer's key set.
#[derive(Debug, Default)]
pub struct KeySetSchedule {
    /// Whether there is a set. The most recent one stays in use while the issuer does not respond.
    is_held: bool,
    asked_at: Option<Timestamp>,
    /// How often the set has been fetched.
    questions: u64,
    /// Whether the last fetch is still running.
    is_asking: bool,
    /// Whether the last fetch returned a set.
    has_answer: bool,
}

impl KeySetSchedule {
    /// The next step of a request. `now` is the current time and not the time of the request's arrival.
    pub fn next(&mut self, lookup: &mut Lookup, now: Timestamp) -> KeySetStep {
        let have = if self.is_held { KeySetStep::Use } else { KeySetStep::Unavailable };
        if lookup.question.is_some() {
            return have;
        }
        let age = self.age(now);
        if self.is_asking && age < TIMEOUT {
            // The set is outdated or insufficient; the result of the running fetch will do.
            if (lookup.renews || !self.is_held) && lookup.waited < TIMEOUT {
                lookup.waited += POLL;
                return KeySetStep::Wait(POLL);
            }
            return have;
        }
        let lasts = match (self.is_held, lookup.renews) {
            (false, _) => RETRY_AFTER,
            (true, true) => COOLDOWN,
            (true, false) => FRESH_FOR,
        };
        if age <= lasts {
            return have;
        }
        self.asked_at = Some(now);
        self.questions += 1;
        self.is_asking = true;
        self.has_answer = false;
        lookup.question = Some(self.questions);
        KeySetStep::Fetch { timeout: TIMEOUT, limit: MAX_BYTES }
    }

    /// Reports the result of this request's fetch: whether the driver has a set from it. A fetch without a result is
    /// considered over after [`TIMEOUT`]. A later result still counts, but does not end the fetch after it.
    pub fn answered(&mut self, lookup: &Lookup, got: bool) {
        self.is_held |= got;
        self.has_answer |= got;
        if lookup.question == Some(self.questions) {
            self.is_asking = false;
        }
    }

    /// Whether the set is the issuer's latest response, so that a key that is not in it does not belong to the issuer.
    /// An issuer that did not respond may have newer keys.
    pub const fn is_answered(&self) -> bool {
        self.has_answer
    }

    /// The time since the last fetch. If the clock went back, the time is unknown and counts as long, because otherwise
    /// nothing would be fetched until the clock catches up. Times that are almost equal may be out of order.
    fn age(&self, now: Timestamp) -> Duration {
        match self.asked_at {
            Some(asked_at) if asked_at <= now.saturating_add(TIMEOUT) => now.saturating_since(asked_at),
            _ => Duration::MAX,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FETCH: KeySetStep = KeySetStep::Fetch { timeout: TIMEOUT, limit: MAX_BYTES };
    const WAIT: KeySetStep = KeySetStep::Wait(POLL);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_unix_millis(1_700_000_000_000 + millis)
    }

    /// A schedule whose fetch, at time 0, returned a set.
    fn with_a_set() -> KeySetSchedule {
        let mut schedule = KeySetSchedule::default();
        let mut lookup = Lookup::default();
        assert_eq!(schedule.next(&mut lookup, at(0)), FETCH);
        schedule.answered(&lookup, true);
        assert_eq!(schedule.next(&mut lookup, at(100)), KeySetStep::Use);
        schedule
    }

    fn renewal() -> Lookup {
        let mut lookup = Lookup::default();
        lookup.renew();
        lookup
    }

    #[test]
    fn a_set_is_fetched_once_and_again_when_it_is_old() {
        let mut schedule = with_a_set();
        assert_eq!(schedule.next(&mut Lookup::default(), at(600_000)), KeySetStep::Use);
        let mut lookup = Lookup::default();
        assert_eq!(schedule.next(&mut lookup, at(600_001)), FETCH);
        // A request that needs nothing newer does not wait.
        assert_eq!(schedule.next(&mut Lookup::default(), at(600_002)), KeySetStep::Use);
        schedule.answered(&lookup, false);
        // The set stays in use, and the issuer has ten minutes to recover.
        assert_eq!(schedule.next(&mut lookup, at(600_003)), KeySetStep::Use);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1_200_001)), KeySetStep::Use);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1_200_002)), FETCH);
    }

    #[test]
    fn an_unknown_key_causes_a_fetch_after_half_a_minute() {
        let mut schedule = with_a_set();
        assert_eq!(schedule.next(&mut renewal(), at(30_000)), KeySetStep::Use);
        let mut lookup = renewal();
        assert_eq!(schedule.next(&mut lookup, at(30_001)), FETCH);
        let mut other = renewal();
        assert_eq!(schedule.next(&mut other, at(30_002)), WAIT);
        schedule.answered(&lookup, true);
        assert_eq!(schedule.next(&mut lookup, at(30_020)), KeySetStep::Use);
        assert_eq!(schedule.next(&mut other, at(30_022)), KeySetStep::Use);
        // A request fetches once, however long its verification takes.
        assert_eq!(schedule.next(&mut lookup, at(900_000)), KeySetStep::Use);
    }

    #[test]
    fn an_unavailable_issuer_is_asked_once_a_second() {
        let mut schedule = KeySetSchedule::default();
        let mut lookup = Lookup::default();
        assert_eq!(schedule.next(&mut lookup, at(0)), FETCH);
        schedule.answered(&lookup, false);
        assert_eq!(schedule.next(&mut lookup, at(5)), KeySetStep::Unavailable);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1000)), KeySetStep::Unavailable);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1001)), FETCH);
    }

    #[test]
    fn an_abandoned_fetch_is_over_after_five_seconds() {
        let mut schedule = KeySetSchedule::default();
        assert_eq!(schedule.next(&mut Lookup::default(), at(0)), FETCH);
        let (mut early, mut late) = (Lookup::default(), Lookup::default());
        for poll in 0..249 {
            assert_eq!(schedule.next(&mut early, at(10 + 20 * poll)), WAIT);
        }
        assert_eq!(schedule.next(&mut late, at(4_000)), WAIT);
        assert_eq!(schedule.next(&mut late, at(4_999)), WAIT);
        assert_eq!(schedule.next(&mut late, at(5_000)), FETCH);
        // The other request has waited long enough, for whichever fetch.
        assert_eq!(schedule.next(&mut early, at(5_001)), WAIT);
        assert_eq!(schedule.next(&mut early, at(5_021)), KeySetStep::Unavailable);
        schedule.answered(&late, true);
        assert_eq!(schedule.next(&mut early, at(5_041)), KeySetStep::Use);
    }

    #[test]
    fn a_clock_that_goes_back_blocks_nothing() {
        let mut schedule = with_a_set();
        let hour_ago = Timestamp::from_unix_millis(at(0).as_unix_millis() - 3_600_000);
        let mut lookup = Lookup::default();
        assert_eq!(schedule.next(&mut lookup, hour_ago), FETCH);
        schedule.answered(&lookup, true);
        assert_eq!(schedule.next(&mut renewal(), hour_ago), KeySetStep::Use);
        // Nor while a fetch is running.
        let mut schedule = KeySetSchedule::default();
        assert_eq!(schedule.next(&mut Lookup::default(), at(5_000)), FETCH);
        assert_eq!(schedule.next(&mut Lookup::default(), hour_ago), FETCH);
        // Two times out of order do not mean that the clock went back.
        assert_eq!(schedule.next(&mut Lookup::default(), hour_ago), WAIT);
        let mut schedule = KeySetSchedule::default();
        assert_eq!(schedule.next(&mut Lookup::default(), at(5_000)), FETCH);
        assert_eq!(schedule.next(&mut Lookup::default(), at(4_900)), WAIT);
    }

    #[test]
    fn a_late_result_does_not_end_the_next_fetch() {
        let mut schedule = KeySetSchedule::default();
        let (mut first, mut second) = (Lookup::default(), Lookup::default());
        assert_eq!(schedule.next(&mut first, at(0)), FETCH);
        assert_eq!(schedule.next(&mut second, at(5_000)), FETCH);
        schedule.answered(&first, false);
        assert_eq!(schedule.next(&mut Lookup::default(), at(7_000)), WAIT);
        schedule.answered(&first, true);
        assert_eq!(schedule.next(&mut Lookup::default(), at(7_000)), KeySetStep::Use);
    }
}
