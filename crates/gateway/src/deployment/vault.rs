//! When the values of a Secrets Store are read again.
//!
//! A store tells nobody that a value has changed. So what was read is good for a minute, and is read again at once when
//! the API has refused every key. A store that does not answer then is asked every few seconds, and what it said before
//! stays in use for a while: an outage of the store is not one of the proxy. After that while nothing is served, since
//! whoever changed a value meant it to count. What was never read is never guessed.

use core::time::Duration;

use attention_core::Timestamp;

/// What was read is used so long without a question.
pub const FRESH_FOR: Duration = Duration::from_mins(1);
/// What was read stays in use so long while the store does not answer.
pub const STALE_AT_MOST: Duration = Duration::from_mins(15);
/// The store is not asked more often than this: longer than a question lasts, so that there is one at a time.
pub const ASK_EVERY: Duration = Duration::from_secs(6);
/// Nor than this, while the API refuses every key that it gives.
pub const DOUBT_EVERY: Duration = Duration::from_secs(1);

/// What a request does with the values that were read last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VaultStep {
    /// Use them.
    Use,
    /// Read them again, and say what came of it: [`VaultSchedule::answered`].
    Read(Question),
    /// Serve nothing: they are too old.
    Refuse,
}

/// A question to the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    number: u64,
    at: Timestamp,
}

/// What is known of the values that were read last.
#[derive(Clone, Debug)]
pub struct VaultSchedule {
    /// When the store was asked for them. They may have changed as soon as that.
    read_at: Timestamp,
    asked_at: Timestamp,
    /// How often the store has been asked, and which of the questions had these for an answer.
    questions: u64,
    answered: u64,
    /// The API has refused every key since.
    is_doubted: bool,
}

impl VaultSchedule {
    /// The values have been read, by a question that was asked then.
    pub const fn read_at(asked: Timestamp) -> Self {
        Self { read_at: asked, asked_at: asked, questions: 0, answered: 0, is_doubted: false }
    }

    /// The API has refused every key that there is: another one may be in the store by now.
    pub const fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// What a request does. `now` is this moment.
    pub fn next(&mut self, now: Timestamp) -> VaultStep {
        let since_asked = apart(self.asked_at, now);
        let is_old = apart(self.read_at, now) >= FRESH_FOR && since_asked >= ASK_EVERY;
        if is_old || self.is_doubted && (self.questions == 0 || since_asked >= DOUBT_EVERY) {
            self.asked_at = now;
            self.questions += 1;
            return VaultStep::Read(Question { number: self.questions, at: now });
        }
        if self.is_too_old(now) { VaultStep::Refuse } else { VaultStep::Use }
    }

    /// What came of a question: whether all values were read. Returns whether they are the latest that were had, which
    /// count from then on.
    pub fn answered(&mut self, question: Question, got: bool) -> bool {
        let is_latest = got && question.number > self.answered;
        if is_latest {
            self.answered = question.number;
            self.read_at = question.at;
            self.is_doubted = false;
        }
        is_latest
    }

    /// Whether they may not be used any more.
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        apart(self.read_at, now) >= STALE_AT_MOST
    }
}

/// A clock that was put back cannot tell how long something took: it counts as the time that is missing.
fn apart(one: Timestamp, other: Timestamp) -> Duration {
    one.saturating_since(other).max(other.saturating_since(one))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const START: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

    fn at(seconds: u64) -> Timestamp {
        START.saturating_add(Duration::from_secs(seconds))
    }

    fn question(schedule: &mut VaultSchedule, seconds: u64) -> Question {
        match schedule.next(at(seconds)) {
            VaultStep::Read(question) => question,
            step => panic!("{step:?} at {seconds} s"),
        }
    }

    #[test]
    fn a_minute_then_it_is_read_again_by_one_request() {
        let mut schedule = VaultSchedule::read_at(at(0));
        assert_eq!(schedule.next(at(59)), VaultStep::Use);
        let first = question(&mut schedule, 60);
        assert_eq!(schedule.next(at(61)), VaultStep::Use, "another one is asking");
        assert!(schedule.answered(first, true));
        assert_eq!(schedule.next(at(119)), VaultStep::Use);
        question(&mut schedule, 120);
    }

    #[test]
    fn refused_keys_are_a_reason_at_once_and_no_flood_of_questions() {
        let mut schedule = VaultSchedule::read_at(at(0));
        schedule.doubt();
        let first = question(&mut schedule, 1);
        assert!(schedule.answered(first, true));
        // The same values, and refused again.
        schedule.doubt();
        assert_eq!(schedule.next(at(1)), VaultStep::Use);
        let second = question(&mut schedule, 2);
        assert_eq!(schedule.next(at(2)), VaultStep::Use);
        assert!(schedule.answered(second, true));
        assert_eq!(schedule.next(at(9)), VaultStep::Use, "nothing was refused since");
    }

    #[test]
    fn a_store_that_is_silent_is_an_outage_of_its_own_for_a_while() {
        let mut schedule = VaultSchedule::read_at(at(0));
        let mut seconds = 60;
        while seconds < STALE_AT_MOST.as_secs() {
            let asked = question(&mut schedule, seconds);
            assert!(!schedule.answered(asked, false));
            assert_eq!(schedule.next(at(seconds + 1)), VaultStep::Use);
            seconds += ASK_EVERY.as_secs();
        }
        let late = question(&mut schedule, seconds);
        assert_eq!(schedule.next(at(seconds)), VaultStep::Refuse);
        assert!(!schedule.answered(late, false));
        let last = question(&mut schedule, seconds + 6);
        assert!(schedule.answered(last, true));
        assert_eq!(schedule.next(at(seconds + 6)), VaultStep::Use);
    }

    proptest! {
        /// Whatever happens when: nothing older than the bound is used, nothing newer is taken back, and the store is
        /// asked no more often than it may be.
        #[test]
        fn nothing_too_old_is_used_and_nothing_newer_is_taken_back(
            events in prop::collection::vec((0_u64..300, 0_u8..4, any::<bool>()), 1..200),
        ) {
            let mut schedule = VaultSchedule::read_at(at(0));
            let (mut now, mut good_at, mut open): (u64, u64, Vec<(Question, u64)>) = (0, 0, Vec::new());
            let mut asked: Vec<u64> = Vec::new();
            for (later, what, got) in events {
                now += later;
                match what {
                    0 => schedule.doubt(),
                    1 if !open.is_empty() => {
                        let (question, at) = open.remove(usize::try_from(later).unwrap() % open.len());
                        let counts = schedule.answered(question, got);
                        prop_assert_eq!(counts, got && at >= good_at && at > 0);
                        if counts { good_at = at; }
                    }
                    _ => match schedule.next(at(now)) {
                        VaultStep::Use => prop_assert!(now - good_at < STALE_AT_MOST.as_secs()),
                        VaultStep::Refuse => prop_assert!(now - good_at >= STALE_AT_MOST.as_secs()),
                        VaultStep::Read(question) => {
                            open.push((question, now));
                            asked.push(now);
                        }
                    },
                }
            }
            for two in asked.windows(2) {
                prop_assert!(two[1] - two[0] >= DOUBT_EVERY.as_secs());
            }
        }
    }
}
