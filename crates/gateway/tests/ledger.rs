//! Compares the ledger with one that keeps every call in a list, and its JSON with `serde_json`.

mod records;

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
    /// Moves all counts to the other ledger.
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

/// Each call separately: the minute in which it was noted, its status, its duration.
#[derive(Default)]
struct Calls(Vec<(u64, u16, u64)>);

impl Calls {
    fn note(&mut self, call: (u64, u16, u64)) {
        if !self.0.iter().any(|(minute, ..)| *minute == call.0) {
            self.0.retain(|(minute, ..)| minute + 360 > call.0);
        }
        self.0.push(call);
    }

    /// All calls grouped by minute, in the order of each minute's first call.
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
        let mut first: Option<Timestamp> = None;
        let mut now = Timestamp::from_unix_millis(1_700_000_000_000);
        for step in steps {
            match step {
                Step::Note { status, took, pass } => {
                    now = now.saturating_add(Duration::from_millis(pass));
                    isolate.note(status, Duration::from_millis(took), now);
                    own.note((now.as_unix_millis() / 60_000, status, took));
                    first = Some(first.map_or(now, |first| first.min(now)));
                }
                Step::Back(millis) => now = Timestamp::from_unix_millis(now.as_unix_millis() - millis),
                Step::Report => {
                    let text = to_json(&isolate.take());
                    shared.add(&from_json(&text).unwrap());
                    own.in_turn().into_iter().for_each(|call| all.note(call));
                    (own, first) = (Calls::default(), None);
                }
            }
            let due = first.is_some_and(|first| now.saturating_since(first).as_millis() >= 10_000);
            prop_assert_eq!(isolate.is_due(now), due);
        }
        prop_assert_eq!(json_of(&isolate), own.json());
        prop_assert_eq!(json_of(&shared), all.json());
    }

    #[test]
    fn the_text_is_json_and_is_read_back(minutes in prop::collection::vec(minute(), 0..20)) {
        let mut ledger = Ledger::default();
        ledger.add(&minutes);
        let minutes = ledger.take();
        let text = to_json(&minutes);
        prop_assert_eq!(from_json(&text), Ok(minutes));
        let value: Value = serde_json::from_str(&text).unwrap();
        // serde_json sorts members, so only the lengths are compared here.
        prop_assert_eq!(value.to_string().len(), text.len());
    }

    #[test]
    fn only_written_texts_are_accepted(
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
            // An additional digit may have made a count too large; it is then capped.
            let cut = to_json(&read).contains("9007199254740991");
            prop_assert!(cut || to_json(&read) == text, "{}", text);
        }
    }

    #[test]
    fn reading_never_panics(text in "\\PC*|[]\\[{}\",:0-9a-z]{0,64}") {
        let _ = from_json(&text);
    }
}

mod texts {
    use attention_core::credential::Fingerprint;
    use attention_core::{ApiKey, Timestamp};
    use attention_gateway::log::{CallRecord, Record, SwitchRecord};

    use super::*;

    fn key(text: &str) -> Fingerprint {
        ApiKey::parse(text).unwrap().fingerprint()
    }

    fn record<'a>(caller: &'a str, code: Option<&'a str>, status: u16, at: Timestamp) -> Record<'a> {
        let call = CallRecord { tries: 1, key: Some(key("an-obviously-fake-key")), took: Duration::ZERO };
        Record {
            call: Some(call),
            upstream_status: Some(status),
            ..records::of_caller(caller, "/v2/**", status, code, at)
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        /// Any calls in any order, reported in parts: the stored text is read back, stays small, and contains the
        /// number of calls of each caller in the last hours.
        #[test]
        fn the_stored_text_is_read_back_and_bounded(
            calls in prop::collection::vec(
                (0..90_u32, prop::sample::select(vec![200_u16, 401, 404, 429, 500, 502]), 0..900_u64, prop::bool::weighted(0.1), any::<bool>()),
                0..200,
            ),
        ) {
            let (mut all, mut isolate, mut now) = (Ledger::default(), Ledger::default(), 1_700_000_000);
            let mut noted: Vec<(u64, u32)> = Vec::new();
            for (caller, status, later, switches, reports) in calls {
                now += later;
                let at = Timestamp::from_unix_seconds(now);
                let name = if caller < 60 { format!("app-{caller}") } else { "x\u{1f511}\"<".repeat(usize::try_from(caller).unwrap()) };
                let switch = SwitchRecord { from: Some(key("an-obviously-fake-key")), to: Some(key("another-obviously-fake-key")) };
                let code = (status >= 400).then_some("a_code");
                isolate.note_call(&Record { switch: switches.then_some(switch), ..record(&name, code, status, at) });
                noted.push((now / 3_600, caller));
                if reports {
                    let told = Ledger::from_text(&isolate.to_text()).expect("what is told is read");
                    all.add_all(&told);
                    isolate = Ledger::default();
                    // The object restarts.
                    let text = all.to_text();
                    prop_assert!(text.len() < 128 * 1024, "{}", text.len());
                    all = Ledger::from_text(&text).expect("what is stored is read");
                    prop_assert_eq!(all.to_text(), text);
                }
            }
            all.add_all(&isolate);
            let at = Timestamp::from_unix_seconds(now);
            let callers = all.journal().callers(at);
            let total: u64 = callers.iter().map(|named| named.calls).sum();
            let expected = noted.iter().filter(|(hour, _)| hour + 7 > now / 3_600).count();
            prop_assert_eq!(total, expected as u64);
            prop_assert!(all.journal().failures().count() <= 10 && all.journal().keys().count() <= 10);
            let times: Vec<Timestamp> = all.journal().failures().map(|failure| failure.at).collect();
            prop_assert!(times.is_sorted_by(|one, other| one >= other));
            let order: Vec<_> = callers.iter().map(|named| (named.name.is_empty(), std::cmp::Reverse(named.calls))).collect();
            prop_assert!(order.is_sorted(), "{:?}", order);
        }

        /// Isolates whose clocks are wrong by hours to centuries report counts too. The counts of the others are kept
        /// and continue: before and after, the page shows the same as without them, except for the next hour.
        #[test]
        fn a_wrong_clock_loses_no_counts_of_other_isolates(
            calls in prop::collection::vec((0..12_u32, 0..900_u64, prop::option::weighted(0.2, 7_300..4_000_000_000_u64), any::<bool>()), 1..120),
        ) {
            let (mut all, mut right, mut wrong, mut now) = (Ledger::default(), Ledger::default(), Ledger::default(), 1_700_000_000);
            let mut noted: Vec<(u64, u64)> = Vec::new();
            for (caller, later, ahead, reports) in calls {
                now += later;
                let at = Timestamp::from_unix_seconds(now);
                let name = format!("app-{caller}");
                if let Some(ahead) = ahead {
                    wrong.note_call(&record(&name, None, 502, Timestamp::from_unix_seconds(now + ahead)));
                } else {
                    right.note_call(&record(&name, None, 502, at));
                    noted.push((now / 3_600, now / 60));
                }
                if reports || ahead.is_some() {
                    // Like the object.
                    for told in [&mut wrong, &mut right] {
                        let mut told = Ledger::from_text(&std::mem::take(told).to_text()).expect("what is told is read");
                        told.forget_after(at);
                        all.forget_after(at);
                        all.add_all(&told);
                    }
                }
            }
            all.add_all(&right);
            let at = Timestamp::from_unix_seconds(now);
            let total: u64 = all.journal().callers(at).iter().map(|named| named.calls).sum();
            let in_hours = noted.iter().filter(|(hour, _)| hour + 7 > now / 3_600).count();
            prop_assert_eq!(total, in_hours as u64);
            let latest = noted.iter().map(|(_, minute)| *minute).max().unwrap_or_default();
            let counted: u64 = all.snapshot().iter().filter(|minute| minute.number + 360 > latest).map(|minute| minute.counts.calls).sum();
            prop_assert_eq!(counted, noted.iter().filter(|(_, minute)| minute + 360 > latest).count() as u64);
            prop_assert!(all.journal().failures().all(|failure| failure.at <= at));
        }

        /// The isolate itself continues to count once its clock is right again.
        #[test]
        fn after_a_wrong_clock_is_corrected_counting_continues(ahead in 7_300..4_000_000_000_u64, calls in 1..20_u64) {
            let mut ledger = Ledger::default();
            let start = 1_700_000_000;
            ledger.note_call(&record("app", Some("a_code"), 502, Timestamp::from_unix_seconds(start + ahead)));
            for call in 0..calls {
                ledger.note_call(&record("app", Some("a_code"), 502, Timestamp::from_unix_seconds(start + call)));
            }
            let at = Timestamp::from_unix_seconds(start + calls);
            let minutes: u64 = ledger.snapshot().iter().map(|minute| minute.counts.calls).sum();
            let of = |all: Vec<attention_gateway::ledger::journal::Named>| all.iter().map(|named| named.calls).sum::<u64>();
            prop_assert_eq!([minutes, of(ledger.journal().callers(at)), of(ledger.journal().codes(at))], [calls; 3]);
        }

        #[test]
        fn other_texts_are_rejected_as_ledgers(text in "\\PC{0,60}|\\{\"version\":[0-9]{1,3},\"[a-z]{3,9}\":[\\[\\]0-9,\"]{0,20}\\}") {
            let read = Ledger::from_text(&text);
            prop_assert!(read.is_none() || text.contains("\"version\":1,"), "{}", text);
        }
    }

    #[test]
    fn later_versions_and_excess_entries_are_rejected() {
        let good = Ledger::default().to_text();
        assert!(Ledger::from_text(&good).is_some());
        assert!(Ledger::from_text(&good.replace("\"version\":1", "\"version\":2")).is_none());
        let line = r#"[1,500,"","","",""]"#;
        let with = |list: &str| good.replace("\"failures\":[]", &format!("\"failures\":[{list}]"));
        assert!(Ledger::from_text(&with(&[line; 10].join(","))).is_some());
        assert!(Ledger::from_text(&with(&[line; 11].join(","))).is_none());
        let long = format!(r#"[1,500,"{}","","",""]"#, "x".repeat(66));
        assert!(Ledger::from_text(&with(&long)).is_none());
    }
}
