//! The ledger against one that keeps every call on a list, and its JSON against
//! `serde_json`.

use std::time::Duration;

use attention_core::Timestamp;
use attention_gateway::ledger::{BOUNDS, Counts, Ledger, Minute, from_json, to_json};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

#[derive(Clone, Debug)]
enum Step {
    Note {
        status: u16,
        took: u64,
        pass: u64,
    },
    /// The clock goes back.
    Back(u64),
    /// Moves everything to the other ledger.
    Report,
}

fn step() -> impl Strategy<Value = Step> {
    let pass = prop_oneof![4 => 0..5_000_u64, 3 => 0..90_000_u64, 1 => 0..90_000_000_u64];
    let took = prop_oneof![0..40_u64, 0..2_100_u64, 4_990..31_000_u64];
    let status = prop_oneof![Just(200), Just(429), Just(502), 100..600_u16];
    prop_oneof![
        12 => (status, took, pass).prop_map(|(status, took, pass)| Step::Note { status, took, pass }),
        1 => (0..90_000_000_u64).prop_map(Step::Back),
        2 => Just(Step::Report),
    ]
}

/// Every call by itself: the minute it was noted in, its status, how long it took.
#[derive(Default)]
struct Calls(Vec<(u64, u16, u64)>);

impl Calls {
    fn note(&mut self, call: (u64, u16, u64)) {
        if !self.0.iter().any(|(minute, ..)| *minute == call.0) {
            self.0.retain(|(minute, ..)| minute + 360 > call.0);
        }
        self.0.push(call);
    }

    /// All calls of one minute after those of another, in the order of the first ones.
    fn in_turn(&self) -> Vec<(u64, u16, u64)> {
        let first = |minute| self.0.iter().position(|(other, ..)| *other == minute);
        let mut calls = self.0.clone();
        calls.sort_by_cached_key(|(minute, ..)| first(*minute));
        calls
    }

    fn json(&self) -> Value {
        let mut minutes: Vec<u64> = self.0.iter().map(|(minute, ..)| *minute).collect();
        minutes.sort_unstable();
        minutes.dedup();
        minutes.into_iter().map(|minute| json!([minute, self.counts(minute)])).collect()
    }

    fn counts(&self, minute: u64) -> Value {
        let calls = || self.0.iter().filter(move |call| call.0 == minute);
        let with = |matches: fn(u16) -> bool| calls().filter(|(_, status, _)| matches(*status)).count();
        let class = |took: u64| BOUNDS.iter().position(|bound| took <= *bound).unwrap_or(BOUNDS.len());
        let latency: Vec<usize> =
            (0..=BOUNDS.len()).map(|place| calls().filter(|call| class(call.2) == place).count()).collect();
        json!({
            "calls": calls().count(),
            "errors": with(|status| status >= 500),
            "limited": with(|status| status == 429),
            "refused": with(|status| (400..500).contains(&status) && status != 429),
            "latency": latency,
        })
    }
}

fn json_of(ledger: &Ledger) -> Value {
    serde_json::from_str(&to_json(&ledger.snapshot())).unwrap()
}

fn minute() -> impl Strategy<Value = Minute> {
    let count = || prop_oneof![0..10_u64, 0..1_000_000_u64, (1 << 53) - 3..(1 << 53) - 1_u64];
    let counts = (count(), count(), count(), count(), prop::array::uniform13(count()));
    (0..40_000_000_u64, counts).prop_map(|(number, (calls, errors, limited, refused, latency))| Minute {
        number,
        counts: Counts { calls, errors, limited, refused, latency },
    })
}

proptest! {
    #[test]
    fn agrees_with_a_list_of_all_calls(steps in prop::collection::vec(step(), 0..300)) {
        let (mut isolate, mut shared) = (Ledger::default(), Ledger::default());
        let (mut own, mut all) = (Calls::default(), Calls::default());
        let (mut noted, mut first) = (0, None);
        let mut now = Timestamp::from_unix_millis(1_700_000_000_000);
        for step in steps {
            match step {
                Step::Note { status, took, pass } => {
                    now = now.saturating_add(Duration::from_millis(pass));
                    isolate.note(status, Duration::from_millis(took), now);
                    own.note((now.as_unix_millis() / 60_000, status, took));
                    noted += 1;
                    first.get_or_insert(now);
                }
                Step::Back(millis) => now = Timestamp::from_unix_millis(now.as_unix_millis() - millis),
                Step::Report => {
                    let text = to_json(&isolate.take());
                    shared.add(&from_json(&text).unwrap());
                    own.in_turn().into_iter().for_each(|call| all.note(call));
                    (own, noted, first) = (Calls::default(), 0, None);
                }
            }
            let due = noted >= 200 || first.is_some_and(|first| now.saturating_since(first).as_millis() >= 10_000);
            prop_assert_eq!(isolate.is_due(now), due);
        }
        prop_assert_eq!(json_of(&isolate), own.json());
        prop_assert_eq!(json_of(&shared), all.json());
    }

    #[test]
    fn the_text_is_plain_json_and_is_read_again(minutes in prop::collection::vec(minute(), 0..20)) {
        let mut ledger = Ledger::default();
        ledger.add(&minutes);
        let minutes = ledger.take();
        let text = to_json(&minutes);
        prop_assert_eq!(from_json(&text), Ok(minutes));
        let value: Value = serde_json::from_str(&text).unwrap();
        // serde_json sorts members, so that only their text is compared here.
        prop_assert_eq!(value.to_string().len(), text.len());
    }

    #[test]
    fn a_text_that_is_read_is_one_that_is_written(
        minutes in prop::collection::vec(minute(), 0..3),
        changes in prop::collection::vec((any::<Index>(), 0..3_u8, "[]\\[{}\",: 0-9a-z.+-]|\\PC"), 0..3),
    ) {
        let mut ledger = Ledger::default();
        ledger.add(&minutes);
        let mut text: Vec<char> = to_json(&ledger.take()).chars().collect();
        for (place, change, with) in changes {
            let place = place.index(text.len());
            match change {
                0 => drop(text.remove(place)),
                1 => text.insert(place, with.chars().next().unwrap()),
                _ => text[place] = with.chars().next().unwrap(),
            }
            if text.is_empty() {
                break;
            }
        }
        let text: String = text.into_iter().collect();
        if let Ok(read) = from_json(&text) {
            // A digit more may have made a count too large, which is then cut down.
            let cut = to_json(&read).contains("9007199254740991");
            prop_assert!(cut || to_json(&read) == text, "{}", text);
        }
    }

    #[test]
    fn reading_never_panics(text in "\\PC*|[]\\[{}\",:0-9a-z]{0,64}") {
        let _ = from_json(&text);
    }
}
