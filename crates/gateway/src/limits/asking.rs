//! An isolate's questions to the shared gate, and its behaviour without an answer.
//!
//! | a caller's call | question |
//! | --- | --- |
//! | without a limit and without a budget | none; every other second, beside calls, whether the API asked to wait |
//! | with a limit, or under a budget | for a lease, if the isolate has none; a lease in use is renewed beside calls |
//!
//! A gate that fails to respond three times in a row is not asked for half a minute, and then asked again without
//! delaying calls until it responds. Meanwhile each isolate enforces the budget on its own.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Timestamp;
use attention_core::codec::json;

use crate::limits::lease::{Leases, Ticket, Turn};
use crate::limits::places::Places;
use crate::limits::rate::Rate;
use crate::limits::shared_gate::{LONGEST_HOLD, Lease, Place};
use crate::limits::{Micros, micros, micros_of};

/// A question to the gate.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Question {
    /// For places: `admit(holder, limit, wanted)` of the gate, which responds with a [`Place`] as JSON.
    Places {
        /// The holder, see [`Holder`](crate::limits::rate::Holder).
        holder: String,
        /// The holder's own limit, such as `100/min`, for the gate to count; `None` if it was already counted.
        limit: Option<String>,
        /// The maximum number of places.
        wanted: u32,
    },
    /// For what the API asked to wait: `news()` of the gate, which responds with [`Hold`]s as JSON.
    News,
}

/// The API's request to wait.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Hold {
    /// How long, from now on.
    pub wait: Duration,
    /// The caller that it applies to; empty for all.
    pub caller: String,
    /// The route that it applies to; empty for all.
    pub route: String,
}

impl Hold {
    /// The maximum number in a text.
    pub(crate) const MOST: usize = 64;

    /// `[[1500,"caller","route"],…]`: milliseconds, caller and route.
    pub fn list_from_json(text: &str) -> Option<Vec<Self>> {
        let list = json::read(text).ok()?.elements().ok()?;
        list.iter().take(Self::MOST).map(Self::from_element).collect()
    }

    fn from_element(element: &json::Element<'_>) -> Option<Self> {
        let parts = element.elements().ok()?;
        let [wait, caller, route] = parts.as_slice() else { return None };
        let text = |part: &json::Element<'_>| part.clone().into_text().map(Cow::into_owned);
        Some(Self { wait: Duration::from_millis(wait.as_whole_number()?), caller: text(caller)?, route: text(route)? })
    }
}

/// A notice to the operator about the gate, given once per change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Notice {
    /// It does not respond, and is not asked for a while.
    Silent,
    /// It responds again.
    Back,
}

impl Notice {
    /// The log line.
    pub const fn line(self) -> &'static str {
        match self {
            Self::Silent => {
                r#"{"event":"gate","level":"warn","gate":"silent","fault":"the gate that all isolates share did not answer three times in a row; it is not asked for half a minute, and each isolate counts for itself until the gate answers","hint":"see the errors of the Durable Object Gate"}"#
            }
            Self::Back => r#"{"event":"gate","level":"info","gate":"back"}"#,
        }
    }
}

/// An isolate's view of the gate.
#[derive(Debug)]
pub(crate) struct Asking {
    step: Option<Micros>,
    leases: Leases,
    health: Health,
    /// When the news was last requested.
    news_at: Option<Timestamp>,
    /// When the next call may go by the isolate's own pacing, and when that was last checked.
    own: Micros,
    own_seen: Micros,
}

impl Asking {
    /// How often an isolate with calls requests the news.
    const NEWS_EVERY: Duration = Duration::from_secs(2);

    pub(crate) fn new(budget: Option<Rate>) -> Self {
        Self {
            step: budget.map(Rate::spacing_micros),
            leases: Leases::default(),
            health: Health::default(),
            news_at: None,
            own: 0,
            own_seen: 0,
        }
    }

    /// Whether each call needs a place of a budget.
    pub(crate) const fn has_budget(&self) -> bool {
        self.step.is_some()
    }

    /// A call of a holder is ready to go. Without the gate, only the isolate's own pacing applies.
    pub(crate) fn turn(
        &mut self,
        holder: &str,
        ticket: &mut Option<Ticket>,
        patience: Duration,
        now: Timestamp,
    ) -> Turn {
        if !self.health.is_asked() {
            *ticket = None;
            return Turn::Go;
        }
        self.leases.turn(holder, ticket, (self.step.unwrap_or_default(), micros_of(patience)), micros(now))
    }

    /// Whether calls go without asking.
    pub(crate) const fn is_alone(&self) -> bool {
        !self.health.is_asked()
    }

    /// How long a call that goes without the gate waits for the budget. It is counted if it can wait as long as
    /// `patience`.
    pub(crate) fn own_wait(&mut self, patience: Duration, now: Timestamp) -> Duration {
        let Some(step) = self.step else { return Duration::ZERO };
        let now = micros(now);
        // The pacing follows a clock that goes back.
        self.own = self.own.saturating_sub(self.own_seen.saturating_sub(now));
        self.own_seen = now;
        let first = self.own.max(now);
        let wait = Duration::from_micros(first - now);
        if wait <= patience {
            self.own = first.saturating_add(step);
        }
        wait
    }

    /// The question to ask when a call goes, so that no call has to wait for it. `holder` is the owner of the lease
    /// that it used, if any.
    pub(crate) fn beside(&mut self, holder: &str, limit: Option<Rate>, now: Timestamp) -> Option<Question> {
        if !self.health.may_try(now) {
            return None;
        }
        if self.health.is_asked()
            && !holder.is_empty()
            && let Some(wanted) = self.leases.renewal(holder, self.step.unwrap_or_default(), micros(now))
        {
            return Some(Question::Places { holder: holder.to_owned(), limit: limit.map(Rate::text), wanted });
        }
        let is_old = self.news_at.is_none_or(|at| now < at || now.saturating_since(at) >= Self::NEWS_EVERY);
        if !is_old && self.health.is_asked() {
            return None;
        }
        self.news_at = Some(now);
        Some(Question::News)
    }

    /// Takes the gate's answer to a question for places that was sent at `asked`; `None` if it did not respond. Returns
    /// whether the holder has places, or knows when to ask again.
    pub(crate) fn on_place(&mut self, holder: &str, place: Option<Place>, asked: Timestamp, now: Timestamp) -> bool {
        let (asked, at) = (micros(asked), micros(now));
        let place = place.filter(|place| self.may_be_meant(*place));
        let is_answer = match place {
            None => {
                self.leases.unanswered(holder, at);
                false
            }
            Some(Place::Granted(wait)) => {
                let lease = Lease { wait: micros_of(wait), step: self.step.unwrap_or_default(), count: 1 };
                self.leases.leased(holder, lease, asked, at)
            }
            Some(Place::Leased(lease)) => self.leases.leased(holder, lease, asked, at),
            Some(Place::AskAgain(wait)) => {
                self.leases.refused(holder, micros_of(wait), at);
                true
            }
            Some(Place::Limited(wait)) => {
                self.leases.limited(holder, micros_of(wait), at);
                true
            }
        };
        // An answer that came too late to be used counts as none.
        self.health.note(is_answer, now);
        is_answer
    }

    /// Takes the gate's answer to a question for a single place that is not leased. `None` if it is invalid.
    pub(crate) fn on_own_place(&mut self, place: Option<Place>, now: Timestamp) -> Option<Place> {
        let place = place.filter(|place| self.may_be_meant(*place));
        self.health.note(place.is_some(), now);
        place
    }

    /// Whether the gate's answer is plausible. A longer wait than any of its own would block a holder until it is over.
    fn may_be_meant(&self, place: Place) -> bool {
        let step = self.step.unwrap_or_default();
        let farthest = Places::FARTHEST.max(step).saturating_mul(2).saturating_add(micros_of(LONGEST_HOLD));
        match place {
            Place::Granted(wait) | Place::AskAgain(wait) => micros_of(wait) <= farthest,
            Place::Leased(Lease { wait, step, count }) => {
                wait.saturating_add(step.saturating_mul(count.into())) <= farthest
            }
            Place::Limited(wait) => wait <= Rate::LONGEST,
        }
    }

    /// Takes the gate's answer to the question for news; `None` if it did not respond.
    pub(crate) fn on_news(&mut self, text: Option<&str>, now: Timestamp) -> Vec<Hold> {
        let holds = text.and_then(Hold::list_from_json);
        self.health.note(holds.is_some(), now);
        holds.unwrap_or_default()
    }

    /// The number of places it holds, claimed or not.
    #[cfg(test)]
    pub(crate) fn places(&self) -> u64 {
        self.leases.places()
    }

    /// Whether it notices now that its clock went back.
    #[cfg(test)]
    pub(crate) const fn notices(&self, now: Timestamp) -> bool {
        self.leases.has_seen_later(micros(now))
    }

    /// The notice for the operator, returned once.
    pub(crate) const fn take_notice(&mut self) -> Option<Notice> {
        self.health.notice.take()
    }
}

/// The health of the gate.
#[derive(Debug, Default)]
struct Health {
    /// In a row.
    failures: u32,
    alone_until: Timestamp,
    notice: Option<Notice>,
}

impl Health {
    const ENOUGH: u32 = 3;
    const ALONE_FOR: Duration = Duration::from_secs(30);

    const fn is_asked(&self) -> bool {
        self.failures < Self::ENOUGH
    }

    /// Whether a question may be asked without delaying calls: one after a while, if the gate is unresponsive.
    fn may_try(&mut self, now: Timestamp) -> bool {
        if self.is_asked() {
            return true;
        }
        // If the clock went back, the wait does not apply.
        if now < self.alone_until && self.alone_until.saturating_since(now) <= Self::ALONE_FOR {
            return false;
        }
        self.alone_until = now.saturating_add(Self::ALONE_FOR);
        true
    }

    const fn note(&mut self, is_answer: bool, now: Timestamp) {
        let was_asked = self.is_asked();
        self.failures = if is_answer { 0 } else { self.failures.saturating_add(1) };
        if was_asked && !self.is_asked() {
            self.notice = Some(Notice::Silent);
            self.alone_until = now.saturating_add(Self::ALONE_FOR);
        } else if !was_asked && self.is_asked() {
            self.notice = Some(Notice::Back);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
    const PATIENCE: Duration = Duration::from_mins(1);

    fn at(millis: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_millis(millis))
    }

    /// Answers of a broken gate: arbitrary text and unreasonable numbers.
    fn answers() -> impl Strategy<Value = Option<String>> {
        let number = prop_oneof![0..100_000_u64, any::<u64>(), Just(u64::MAX), Just(9_007_199_254_740_991)];
        let more = number.clone();
        prop_oneof![
            Just(None),
            any::<String>().prop_map(Some),
            number.clone().prop_map(|wait| Some(wait.to_string())),
            number.clone().prop_map(|wait| Some(format!("-{wait}"))),
            number.clone().prop_map(|wait| Some(format!(r#"{{"limited":{wait}}}"#))),
            (number, more, 0..20_000_u32)
                .prop_map(|(wait, step, count)| Some(format!(r#"{{"count":{count},"wait":{wait},"step":{step}}}"#))),
        ]
    }

    proptest! {
        /// Whatever a gate answered for however long: after an hour and a half, or half a minute after it was given up,
        /// calls go again, and the operator was notified once before being told that it is back.
        #[test]
        fn no_answer_of_the_gate_blocks_a_caller_forever(said in prop::collection::vec(answers(), 0..40), later in 0..5_000_u64) {
            let mut asking = Asking::new(Rate::parse("50/s"));
            let (mut clock, mut last) = (0, None);
            for answer in said {
                clock += later;
                let mut ticket = None;
                if !asking.is_alone() && matches!(asking.turn("app", &mut ticket, PATIENCE, at(clock)), Turn::Ask(_)) {
                    let place = answer.as_deref().and_then(Place::from_json);
                    asking.on_place("app", place, at(clock), at(clock));
                }
                if let Some(notice) = asking.take_notice() {
                    prop_assert_ne!(Some(notice), last);
                    last = Some(notice);
                }
            }
            clock += 5_400_000;
            let mut ticket = None;
            let turn = asking.turn("app", &mut ticket, PATIENCE, at(clock));
            prop_assert!(matches!(turn, Turn::Go | Turn::Ask(_)), "{:?}", turn);
        }
    }

    #[test]
    fn a_gate_with_implausible_answers_is_reported_once_paused_and_used_again() {
        let garbage =
            ["", "null", "-", "{}", "9007199254740991", r#"{"count":1,"wait":0,"step":18446744073709551615}"#];
        for answer in garbage {
            let mut asking = Asking::new(Rate::parse("50/s"));
            let ask = |asking: &mut Asking, answer: &str, clock| {
                let Turn::Ask(_) = asking.turn("app", &mut None, PATIENCE, at(clock)) else { return false };
                asking.on_place("app", Place::from_json(answer), at(clock), at(clock));
                true
            };
            for clock in 0..3 {
                assert!(ask(&mut asking, answer, clock), "{answer}");
            }
            assert_eq!(asking.take_notice(), Some(Notice::Silent), "{answer}");
            assert!(asking.is_alone() && asking.beside("", None, at(29_000)).is_none());
            assert_eq!(asking.beside("", None, at(30_003)), Some(Question::News));
            asking.on_news(Some("nonsense"), at(30_003));
            assert!(
                asking.is_alone() && asking.take_notice().is_none() && asking.beside("", None, at(31_000)).is_none()
            );
            assert_eq!(asking.beside("", None, at(60_100)), Some(Question::News));
            asking.on_news(Some("[]"), at(60_100));
            assert!(!asking.is_alone());
            assert_eq!((asking.take_notice(), asking.take_notice()), (Some(Notice::Back), None));
            assert!(ask(&mut asking, "0", 60_200), "{answer}");
        }
    }

    /// News every two seconds of calls, at once after the clock went back, and beside them no question that nobody needs.
    #[test]
    fn the_news_is_requested_every_two_seconds() {
        for budget in [None, Rate::parse("50/s")] {
            let mut asking = Asking::new(budget);
            assert_eq!(asking.has_budget(), budget.is_some());
            for (clock, is_asked) in [
                (5_000, true),
                (5_000, false),
                (6_999, false),
                (7_000, true),
                (8_999, false),
                (9_001, true),
                (9_000, true),
            ] {
                let question = asking.beside("", None, at(clock));
                assert_eq!(question, is_asked.then_some(Question::News), "{clock}");
                asking.on_news(Some("[]"), at(clock));
            }
            assert_eq!(asking.beside("app", None, at(9_001)), None, "it has no lease to renew");
        }
    }

    #[test]
    fn a_call_that_can_wait_exactly_as_long_is_counted() {
        let mut asking = Asking::new(Rate::parse("50/s"));
        for place in 0..5 {
            let wait = Duration::from_millis(place * 20);
            assert_eq!(asking.own_wait(wait, at(0)), wait);
        }
        // This one does not wait, and so takes no place.
        for _ in 0..2 {
            assert_eq!(asking.own_wait(Duration::from_millis(99), at(0)), Duration::from_millis(100));
        }
    }

    #[test]
    fn a_gate_that_was_given_up_is_tried_after_exactly_half_a_minute() {
        let mut asking = Asking::new(None);
        for _ in 0..3 {
            asking.on_news(None, at(0));
        }
        for (clock, is_asked) in [(29_999, false), (30_000, true), (30_001, false), (59_999, false), (60_000, true)] {
            assert_eq!(asking.beside("", None, at(clock)).is_some(), is_asked, "{clock}");
        }
        for (notice, words) in [(Notice::Silent, "silent"), (Notice::Back, "back")] {
            let line: serde_json::Value = serde_json::from_str(notice.line()).expect("JSON");
            assert_eq!((line["event"].as_str(), line["gate"].as_str()), (Some("gate"), Some(words)));
        }
    }

    /// The farthest answers that a gate could mean, and one step further.
    #[test]
    fn an_answer_is_believed_up_to_the_farthest_that_a_gate_could_mean() {
        let asking = Asking::new(Rate::parse("50/s"));
        let farthest = Places::FARTHEST * 2 + micros_of(LONGEST_HOLD);
        let lease = |wait, step, count| Place::Leased(Lease { wait, step, count });
        for (place, farther) in [
            (Place::Granted(Duration::from_micros(farthest)), Place::Granted(Duration::from_micros(farthest + 1_000))),
            (
                Place::AskAgain(Duration::from_micros(farthest)),
                Place::AskAgain(Duration::from_micros(farthest + 1_000)),
            ),
            (lease(farthest - 20, 10, 2), lease(farthest - 19, 10, 2)),
            (Place::Limited(Rate::LONGEST), Place::Limited(Rate::LONGEST + Duration::from_micros(1))),
        ] {
            assert!(asking.may_be_meant(place) && !asking.may_be_meant(farther), "{place:?}");
        }
    }

    #[test]
    fn without_the_gate_a_clock_that_goes_back_delays_no_call_beyond_its_turn() {
        for back in [1, 1_000, 60_000, 3_600_000, 86_400_000] {
            let mut asking = Asking::new(Rate::parse("50/s"));
            for place in 0..10 {
                assert_eq!(asking.own_wait(PATIENCE, at(back)), Duration::from_millis(place * 20));
            }
            assert_eq!(asking.own_wait(PATIENCE, at(0)), Duration::from_millis(200), "{back}");
        }
    }

    #[test]
    fn an_answer_for_a_single_call_is_checked_too() {
        let mut asking = Asking::new(None);
        let absurd = Place::from_json("-9007199254740991");
        assert!(absurd.is_some());
        assert_eq!(asking.on_own_place(absurd, NOW), None);
        assert_eq!(
            asking.on_own_place(Some(Place::Granted(Duration::ZERO)), NOW),
            Some(Place::Granted(Duration::ZERO))
        );
    }
}
