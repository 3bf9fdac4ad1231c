//! Prints the status page of a fictitious Worker: six hours of generated calls, with a rotation and a bad quarter of an
//! hour. The picture in the README shows it: `npm run picture`.

#[path = "../tests/records/mod.rs"]
mod records;

use std::time::Duration;

use attention_core::call::KeyVerdict;
use attention_core::{ApiKey, Slot, Timestamp};
use attention_gateway::answer::health::KeyReport;
use attention_gateway::ledger::Ledger;
use attention_gateway::log::{Record, SwitchRecord};
use attention_gateway::status_page::{Seen, page};

const MINUTE: u64 = 60_000;
/// 2026-07-01 15:40 UTC.
const NOW: u64 = 1_782_920_400_000;
const MINUTES: u64 = 350;

/// Callers, each with the rule that allows its calls.
const WHO: [(&str, &str); 3] =
    [("dashboard", "/v2/conversations/list"), ("reports", "/v2/scorecards/**"), ("backend", "/v2/conversations/*")];

fn main() {
    let keys = ["an-obviously-fake-key", "another-obviously-fake-key"].map(|key| ApiKey::parse(key).unwrap());
    let [old, new] = [&keys[0], &keys[1]].map(ApiKey::fingerprint);
    let mut ledger = Ledger::default();
    let mut dice = Dice(7);
    for minute in 0..MINUTES {
        let at = |second: u64| Timestamp::from_unix_millis(NOW - (MINUTES - minute) * MINUTE + second * 1_000);
        // More calls towards noon.
        let calls = 20 + 40 * minute.min(MINUTES - minute) / MINUTES + dice.below(12);
        for call in 0..calls {
            let (caller, route) = WHO[usize::try_from(dice.below(3)).unwrap()];
            let (status, code) = ended(minute, &mut dice);
            let id = format!("{:08x}-0000-4000-8000-{call:012x}", dice.next());
            let took = Duration::from_millis(40 + dice.below(120) + dice.below(40) * dice.below(40));
            let record = records::of_caller(caller, route, status, code, at(call % 60));
            ledger.note_call(&Record { took, request_id: &id, ..record });
        }
        if minute == 290 {
            let switch = Some(SwitchRecord { from: Some(old), to: Some(new) });
            ledger.note_call(&Record { switch, ..records::of_caller(WHO[1].0, WHO[1].1, 200, None, at(59)) });
        }
    }
    let keys = [KeyReport {
        slot: Slot::Current,
        fingerprint: new,
        in_use: true,
        last_verdict: KeyVerdict::Accepted { at: Timestamp::from_unix_millis(NOW - 4_000) },
        expired: false,
        expires_at: Some(Timestamp::from_unix_seconds(1_814_400_000)),
    }];
    println!(
        "{}",
        page(Seen { ledger: &ledger, keys: &keys, version: None }, "0", Timestamp::from_unix_millis(NOW)).body
    );
}

/// How a call in that minute ended.
fn ended(minute: u64, dice: &mut Dice) -> (u16, Option<&'static str>) {
    let bad_times = (180..195).contains(&minute);
    match dice.below(100) {
        0..25 if bad_times => (429, Some("rate_limited")),
        25..32 if bad_times => (502, Some("upstream_error")),
        0 => (403, Some("route_denied")),
        1 if dice.below(4) == 0 => (504, Some("upstream_timeout")),
        _ => (200, None),
    }
}

/// Generates the same numbers each time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    fn below(&mut self, sides: u64) -> u64 {
        self.next() % sides
    }
}
