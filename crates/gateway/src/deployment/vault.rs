//! Schedules when the values in a Secrets Store are read again.
//!
//! A store does not announce changes. So a value is used for one minute, and read again at once if the API refuses
//! every key. If the store does not respond then, it is asked every few seconds, and the previous value stays in use
//! for a while, so that an outage of the store does not become an outage of the proxy. After that nothing is served,
//! because an operator who changed a value wants it to apply. A value that was never read is never guessed.

use core::time::Duration;

use attention_core::Timestamp;

/// How long a value is used without asking the store.
pub const FRESH_FOR: Duration = Duration::from_mins(1);
/// How long a value stays in use while the store does not respond.
pub const STALE_AT_MOST: Duration = Duration::from_mins(15);
/// The minimum interval between reads. It is longer than a read, so that only one runs at a time.
pub const ASK_EVERY: Duration = Duration::from_secs(6);
/// The minimum interval while the API refuses all of the store's keys.
pub const DOUBT_EVERY: Duration = Duration::from_secs(1);

/// How a request uses the values that were read last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VaultStep {
    /// Use them.
    Use,
    /// Read them again and report the result: [`VaultSchedule::answered`].
    Read(Question),
    /// Serve nothing, because they are too old.
    Refuse,
}

/// One read of the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Question {
    number: u64,
    at: Timestamp,
}

/// The state of the values that were read last.
#[derive(Clone, Debug)]
pub struct VaultSchedule {
    /// When the store was asked for them; they may have changed since.
    read_at: Timestamp,
    asked_at: Timestamp,
    /// How often the store has been asked, and which read returned these values.
    questions: u64,
    answered: u64,
    /// Whether the API has refused every key since.
    is_doubted: bool,
}

impl VaultSchedule {
    /// The values were returned by a read that began at `asked`.
    pub const fn read_at(asked: Timestamp) -> Self {
        Self { read_at: asked, asked_at: asked, questions: 0, answered: 0, is_doubted: false }
    }

    /// The API has refused every key, so the store may have a newer one.
    pub const fn doubt(&mut self) {
        self.is_doubted = true;
    }

    /// The next step of a request. `now` is the current time.
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

    /// Reports the result of a read: whether all values were read. Returns whether they are the latest values, which
    /// apply from now on.
    pub fn answered(&mut self, question: Question, got: bool) -> bool {
        let is_latest = got && question.number > self.answered;
        if is_latest {
            self.answered = question.number;
            self.read_at = question.at;
            self.is_doubted = false;
        }
        is_latest
    }

    /// Whether the values may no longer be used.
    pub fn is_too_old(&self, now: Timestamp) -> bool {
        apart(self.read_at, now) >= STALE_AT_MOST
    }
}

/// The distance between two times. If the clock went back, the elapsed time is unknown and the difference is used.
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
    fn after_a_minute_one_request_reads_again() {
        let mut schedule = VaultSchedule::read_at(at(0));
        assert_eq!(schedule.next(at(59)), VaultStep::Use);
        let first = question(&mut schedule, 60);
        assert_eq!(schedule.next(at(61)), VaultStep::Use, "another one is asking");
        assert!(schedule.answered(first, true));
        assert_eq!(schedule.next(at(119)), VaultStep::Use);
        question(&mut schedule, 120);
    }

    #[test]
    fn refused_keys_cause_an_immediate_read_but_not_a_flood() {
        let mut schedule = VaultSchedule::read_at(at(0));
        schedule.doubt();
        let first = question(&mut schedule, 1);
        assert!(schedule.answered(first, true));
        // The same values were read, and were refused again.
        schedule.doubt();
        assert_eq!(schedule.next(at(1)), VaultStep::Use);
        let second = question(&mut schedule, 2);
        assert_eq!(schedule.next(at(2)), VaultStep::Use);
        assert!(schedule.answered(second, true));
        assert_eq!(schedule.next(at(9)), VaultStep::Use, "nothing was refused since");
    }

    #[test]
    fn an_unresponsive_store_is_tolerated_for_a_while() {
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
        /// Whatever happens, no value older than the bound is used, no newer value is replaced by an older one, and the
        /// store is not asked too often.
        #[test]
        fn no_value_is_used_too_long_or_replaced_by_an_older_one(
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
