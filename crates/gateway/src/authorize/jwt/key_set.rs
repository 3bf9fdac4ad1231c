//! When the issuer's key set is asked for, and what a request does meanwhile.
//!
//! The keys themselves are with the driver, which can check signatures. It asks
//! here before each check, does what the step says, and asks again:
//!
//! ```text
//! next ──► Use ──► check ──► no such key ──► Lookup::renew ──► next ──► …
//!      ──► Fetch ──► fetch ──► answered ──► next
//!      ──► Wait ──► wait, by a timer of one's own ──► next
//!      ──► Unavailable
//! ```

use core::time::Duration;

use attention_core::Timestamp;

/// A key set is asked for again when it is older than this.
pub const FRESH_FOR: Duration = Duration::from_mins(10);
/// And when a token names a key that is not in it, but not more often than this:
/// a stream of made-up names must not become a stream of questions.
pub const COOLDOWN: Duration = Duration::from_secs(30);
/// While there is none, it is not asked for more often than this.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);
/// The longest that an answer may take, and that a request waits for what another
/// one has asked for.
pub const TIMEOUT: Duration = Duration::from_secs(5);
/// The largest key set: 256 KiB.
pub const MAX_BYTES: usize = 256 * 1024;
/// How often a request that waits looks whether there is an answer.
pub const POLL: Duration = Duration::from_millis(20);

/// What a request does next for a key set.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum KeySetStep {
    /// Check the token with the set that was had last.
    Use,
    /// Ask the issuer, and say what came of it: [`KeySetSchedule::answered`].
    Fetch {
        /// How long its whole answer may take.
        timeout: Duration,
        /// How many bytes it may have.
        limit: usize,
    },
    /// Wait so long, because another request is asking. Its promise is not what to
    /// wait for: when its caller goes away, that never settles.
    Wait(Duration),
    /// There is no set, so the token cannot be checked, and is not called a bad one.
    Unavailable,
}

/// One request's need of a key set.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lookup {
    renews: bool,
    waited: Duration,
    /// The number of its own question to the issuer: it asks at most once.
    question: Option<u64>,
}

impl Lookup {
    /// The token names a key that is not in the set: a newer one is wanted.
    pub const fn renew(&mut self) {
        self.renews = true;
    }

    /// Whether a newer one was wanted already.
    pub const fn renews(&self) -> bool {
        self.renews
    }
}

/// What an isolate knows of the issuer's key set.
#[derive(Debug, Default)]
pub struct KeySetSchedule {
    /// Whether there is a set. The last one that was had stays in use while the
    /// issuer does not answer.
    is_held: bool,
    asked_at: Option<Timestamp>,
    /// How often the issuer has been asked.
    questions: u64,
    /// The last question is still open.
    is_asking: bool,
    /// The last question had a set for an answer.
    has_answer: bool,
}

impl KeySetSchedule {
    /// What a request does next. `now` is this moment, not when the request came.
    pub fn next(&mut self, lookup: &mut Lookup, now: Timestamp) -> KeySetStep {
        let have = if self.is_held { KeySetStep::Use } else { KeySetStep::Unavailable };
        if lookup.question.is_some() {
            return have;
        }
        let age = self.age(now);
        if self.is_asking && age < TIMEOUT {
            // All that is there is old, or not enough: what the other gets will do.
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

    /// What came of this request's question: whether the driver has a set from it
    /// now. A question that nobody answers is over after [`TIMEOUT`]; an answer
    /// that comes later still counts, but does not end the question after it.
    pub fn answered(&mut self, lookup: &Lookup, got: bool) {
        self.is_held |= got;
        self.has_answer |= got;
        if lookup.question == Some(self.questions) {
            self.is_asking = false;
        }
    }

    /// Whether the set is what the issuer said when it was asked last: a key that is not in it is not the issuer's. An
    /// issuer that did not answer may have another by now.
    pub const fn is_answered(&self) -> bool {
        self.has_answer
    }

    /// How long ago the issuer was asked. A clock that was put back cannot tell;
    /// were that no time at all, nobody would ask until it is as late again.
    /// Moments that are hardly apart may come in the wrong order.
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

    /// A schedule whose question, at the moment 0, was answered.
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
    fn a_set_is_asked_for_once_and_again_when_it_is_old() {
        let mut schedule = with_a_set();
        assert_eq!(schedule.next(&mut Lookup::default(), at(600_000)), KeySetStep::Use);
        let mut lookup = Lookup::default();
        assert_eq!(schedule.next(&mut lookup, at(600_001)), FETCH);
        // Who needs nothing newer does not wait for it.
        assert_eq!(schedule.next(&mut Lookup::default(), at(600_002)), KeySetStep::Use);
        schedule.answered(&lookup, false);
        // It stays in use, and the issuer has ten minutes to come back.
        assert_eq!(schedule.next(&mut lookup, at(600_003)), KeySetStep::Use);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1_200_001)), KeySetStep::Use);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1_200_002)), FETCH);
    }

    #[test]
    fn an_unknown_key_has_it_asked_for_after_half_a_minute() {
        let mut schedule = with_a_set();
        assert_eq!(schedule.next(&mut renewal(), at(30_000)), KeySetStep::Use);
        let mut lookup = renewal();
        assert_eq!(schedule.next(&mut lookup, at(30_001)), FETCH);
        let mut other = renewal();
        assert_eq!(schedule.next(&mut other, at(30_002)), WAIT);
        schedule.answered(&lookup, true);
        assert_eq!(schedule.next(&mut lookup, at(30_020)), KeySetStep::Use);
        assert_eq!(schedule.next(&mut other, at(30_022)), KeySetStep::Use);
        // A request asks once, however long its own check takes.
        assert_eq!(schedule.next(&mut lookup, at(900_000)), KeySetStep::Use);
    }

    #[test]
    fn an_issuer_that_is_down_is_asked_once_a_second() {
        let mut schedule = KeySetSchedule::default();
        let mut lookup = Lookup::default();
        assert_eq!(schedule.next(&mut lookup, at(0)), FETCH);
        schedule.answered(&lookup, false);
        assert_eq!(schedule.next(&mut lookup, at(5)), KeySetStep::Unavailable);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1000)), KeySetStep::Unavailable);
        assert_eq!(schedule.next(&mut Lookup::default(), at(1001)), FETCH);
    }

    #[test]
    fn a_question_whose_asker_went_away_is_over_after_five_seconds() {
        let mut schedule = KeySetSchedule::default();
        assert_eq!(schedule.next(&mut Lookup::default(), at(0)), FETCH);
        let (mut early, mut late) = (Lookup::default(), Lookup::default());
        for poll in 0..249 {
            assert_eq!(schedule.next(&mut early, at(10 + 20 * poll)), WAIT);
        }
        assert_eq!(schedule.next(&mut late, at(4_000)), WAIT);
        assert_eq!(schedule.next(&mut late, at(4_999)), WAIT);
        assert_eq!(schedule.next(&mut late, at(5_000)), FETCH);
        // The other one has waited long enough, for whatever question.
        assert_eq!(schedule.next(&mut early, at(5_001)), WAIT);
        assert_eq!(schedule.next(&mut early, at(5_021)), KeySetStep::Unavailable);
        schedule.answered(&late, true);
        assert_eq!(schedule.next(&mut early, at(5_041)), KeySetStep::Use);
    }

    #[test]
    fn a_clock_that_is_put_back_blocks_nothing() {
        let mut schedule = with_a_set();
        let hour_ago = Timestamp::from_unix_millis(at(0).as_unix_millis() - 3_600_000);
        let mut lookup = Lookup::default();
        assert_eq!(schedule.next(&mut lookup, hour_ago), FETCH);
        schedule.answered(&lookup, true);
        assert_eq!(schedule.next(&mut renewal(), hour_ago), KeySetStep::Use);
        // Nor does it while a question is open.
        let mut schedule = KeySetSchedule::default();
        assert_eq!(schedule.next(&mut Lookup::default(), at(5_000)), FETCH);
        assert_eq!(schedule.next(&mut Lookup::default(), hour_ago), FETCH);
        // Two moments in the wrong order are no such clock.
        assert_eq!(schedule.next(&mut Lookup::default(), hour_ago), WAIT);
        let mut schedule = KeySetSchedule::default();
        assert_eq!(schedule.next(&mut Lookup::default(), at(5_000)), FETCH);
        assert_eq!(schedule.next(&mut Lookup::default(), at(4_900)), WAIT);
    }

    #[test]
    fn an_answer_that_comes_too_late_does_not_end_the_next_question() {
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
