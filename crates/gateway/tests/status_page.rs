//! The status page, byte for byte as the Worker's first driver, in JavaScript, made
//! it of the same counts, keys, nonce and time. A file ends with a line break more.

use attention_core::call::KeyVerdict;
use attention_core::{ApiKey, Slot, Timestamp};
use attention_gateway::answer::health::KeyReport;
use attention_gateway::ledger::{Counts, Minute};
use attention_gateway::status_page::page;
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_unix_millis(1_700_000_000_123);
/// The minute of [`NOW`].
const LAST: u64 = 28_333_333;
const NONCE: &str = "9f6c1b8e-0000-4000-8000-00000badf00d";

fn key(slot: Slot, text: &str) -> KeyReport {
    KeyReport {
        slot,
        fingerprint: ApiKey::parse(text).unwrap().fingerprint(),
        in_use: false,
        last_verdict: KeyVerdict::Untested,
        expired: false,
        expires_at: None,
    }
}

fn current() -> KeyReport {
    key(Slot::Current, "an-obviously-fake-key")
}

fn next() -> KeyReport {
    key(Slot::Next, "another-obviously-fake-key")
}

/// Calls, errors, limited and refused within a minute, and how many took how long.
fn minute(number: u64, [calls, errors, limited, refused]: [u64; 4], latency: [u64; 13]) -> Minute {
    Minute { number, counts: Counts { calls, errors, limited, refused, latency } }
}

#[track_caller]
fn assert_is(golden: &str, ledger: &[Minute], keys: &[KeyReport]) {
    let body = page(ledger, keys, NONCE, NOW).body + "\n";
    // Line by line, so that a difference is found in what is printed.
    for (line, expected) in body.lines().zip(golden.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(body, golden);
}

#[test]
fn before_the_first_call() {
    assert_is(include_str!("status/before-the-first-call.html"), &[], &[]);
}

#[test]
fn hours_with_calls_of_every_sort() {
    let ledger = [
        minute(LAST - 359, [16, 0, 0, 1], [3, 0, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        // In thousandths, 11 / 240 * 150 and 73 / 240 * 150 end in a five.
        minute(LAST - 200, [240, 11, 73, 5], [0, 0, 0, 200, 20, 9, 0, 0, 0, 11, 0, 0, 0]),
        minute(LAST - 199, [131, 131, 0, 0], [0, 0, 0, 0, 0, 0, 0, 0, 131, 0, 0, 0, 0]),
        minute(LAST - 2, [1, 0, 1, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        minute(LAST, [12, 0, 0, 12], [12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    let keys = [
        KeyReport {
            in_use: true,
            last_verdict: KeyVerdict::Accepted { at: NOW },
            expires_at: Some(Timestamp::from_unix_millis(1_709_208_000_007)),
            ..current()
        },
        KeyReport { last_verdict: KeyVerdict::Refused { at: NOW }, ..next() },
    ];
    assert_is(include_str!("status/hours-with-calls-of-every-sort.html"), &ledger, &keys);
}

#[test]
fn many_slow_calls_and_dates_far_away() {
    let ledger = [
        // Counted, and too old to be drawn.
        minute(LAST - 360, [1_000, 0, 0, 0], [1_000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
        minute(LAST - 1, [1_234_567, 1, 617, 0], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4_567, 1_230_000]),
        // An isolate's clock is ahead.
        minute(LAST + 1, [9, 3, 3, 3], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9]),
    ];
    let keys = [
        KeyReport {
            last_verdict: KeyVerdict::Accepted { at: NOW },
            expired: true,
            expires_at: Some(Timestamp::from_unix_seconds(1_000_000_000)),
            ..current()
        },
        KeyReport { in_use: true, expires_at: Some(Timestamp::from_unix_seconds(999_999_999_999)), ..next() },
    ];
    assert_is(include_str!("status/many-slow-calls-and-dates-far-away.html"), &ledger, &keys);
}

#[test]
fn the_headers_let_its_own_style_in_and_nothing_else() {
    let policy = concat!(
        "default-src 'none'; style-src 'nonce-9f6c1b8e-0000-4000-8000-00000badf00d'; ",
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let page = page(&[], &[], NONCE, NOW);
    let expected = [
        ("content-type", "text/html; charset=utf-8"),
        ("cache-control", "no-store"),
        ("content-security-policy", policy),
        ("referrer-policy", "no-referrer"),
    ];
    assert_eq!(page.headers, expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(page.body.matches(&format!("<style nonce=\"{NONCE}\">")).count(), 1);
    assert_eq!(page.body.matches("nonce").count(), 1);
}

proptest! {
    #[test]
    fn what_no_ledger_counts_is_drawn_somehow(
        minutes in prop::collection::vec((any::<u64>(), any::<[u64; 4]>(), any::<[u64; 13]>()), 0..4),
        now in any::<u64>(),
    ) {
        let minutes = minutes.into_iter().map(|(number, all, latency)| minute(number, all, latency));
        let ledger: Vec<Minute> = minutes.collect();
        let body = page(&ledger, &[], NONCE, Timestamp::from_unix_millis(now)).body;
        prop_assert!(body.ends_with("</body></html>"));
    }

    #[test]
    fn bars_are_drawn_within_the_chart(
        minutes in prop::collection::vec((0..400_u64, any::<[u16; 4]>()), 0..4),
        now in any::<u64>(),
    ) {
        let minutes = minutes.into_iter().map(|(age, counts)| {
            let [errors, limited, refused, others] = counts.map(u64::from);
            let all = [errors + limited + refused + others, errors, limited, refused];
            minute((now / 60_000).saturating_sub(age), all, [0; 13])
        });
        let body = page(&minutes.collect::<Vec<_>>(), &[], NONCE, Timestamp::from_unix_millis(now)).body;
        for bar in body.split("<rect ").filter(|bar| bar.contains("width=\"1.6\"")) {
            let number = |name: &str| -> f64 {
                let (_, rest) = bar.split_once(&format!(" {name}=\"")).unwrap();
                rest.split_once('"').unwrap().0.parse().unwrap()
            };
            let (x, y, height) = (number("x"), number("y"), number("height"));
            prop_assert!((0.0..=718.0).contains(&x) && y >= 10.0 && height >= 0.0 && y + height <= 160.01, "{}", bar);
        }
    }
}
