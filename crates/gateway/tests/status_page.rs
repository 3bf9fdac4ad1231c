//! The status page: its content for given counts, keys and times, and that nothing in it is interpreted as markup.

mod records;

use attention_core::call::KeyVerdict;
use attention_core::{ApiKey, Slot, Timestamp};
use attention_gateway::answer::health::KeyReport;
use attention_gateway::ledger::{Counts, Ledger, Minute};
use attention_gateway::log::{Record, SwitchRecord};
use attention_gateway::status_page::{Seen, page};
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

/// A minute's calls, errors, limited and refused ones, and its latency classes.
fn minute(number: u64, [calls, errors, limited, refused]: [u64; 4], latency: [u64; 13]) -> Minute {
    Minute { number, counts: Counts { calls, errors, limited, refused, latency } }
}

fn ledger(minutes: &[Minute]) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.add(minutes);
    ledger
}

fn drawn(minutes: &[Minute], keys: &[KeyReport]) -> String {
    page(Seen { ledger: &ledger(minutes), keys, version: None }, NONCE, NOW).body
}

/// The text between two others.
fn between<'a>(body: &'a str, start: &str, end: &str) -> &'a str {
    body.split_once(start).and_then(|(_, rest)| rest.split_once(end)).map_or("", |(text, _)| text)
}

fn verdict(body: &str) -> &str {
    between(body, "<p class=\"verdict ", "</p>")
}

#[test]
fn the_first_line_states_readiness_and_the_reason() {
    let refused = |key: KeyReport| KeyReport { last_verdict: KeyVerdict::Refused { at: NOW }, ..key };
    let expired = |key: KeyReport| KeyReport { expired: true, ..key };
    let names = [current(), next()].map(|key| key.fingerprint.to_hex());
    let (one, other) = (&names[0], &names[1]);
    let failing = |errors| [minute(LAST - 4, [20, errors, 0, 0], [20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])];
    for (minutes, keys, said) in [
        (&[][..], vec![current()], "good\">ready".to_owned()),
        (&[], vec![refused(current())], format!("bad\">not ready: the API refuses key {one}")),
        (&[], vec![expired(current())], format!("bad\">not ready: key {one} has expired")),
        (
            &[],
            vec![expired(current()), refused(next())],
            format!("bad\">not ready: key {one} has expired, the API refuses key {other}"),
        ),
        (&[], vec![refused(current()), next()], format!("bad\">ready, with one key: the API refuses key {one}")),
        (&failing(9), vec![current()], "good\">ready".to_owned()),
        (&failing(10), vec![current()], "bad\">ready, but 10 of 20 calls failed in the last five minutes".to_owned()),
        (
            &[minute(LAST - 5, [20, 20, 0, 0], [20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
            vec![current()],
            "good\">ready".to_owned(),
        ),
    ] {
        assert_eq!(verdict(&drawn(minutes, &keys)), said);
    }
}

#[test]
fn figures_keys_and_times_are_shown() {
    let minutes = [
        minute(LAST - 100, [240, 12, 60, 24], [0, 0, 0, 200, 20, 9, 0, 0, 0, 11, 0, 0, 0]),
        minute(LAST, [1_000, 0, 0, 0], [1_000, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    ];
    let keys = [KeyReport {
        in_use: true,
        last_verdict: KeyVerdict::Accepted { at: NOW },
        expires_at: Some(Timestamp::from_unix_seconds(4_102_358_400)),
        ..current()
    }];
    let body = drawn(&minutes, &keys);
    for (name, value) in [
        ("calls", "1,240"),
        ("failed (5xx)", "1.0 %"),
        ("too many (429)", "4.8 %"),
        ("refused (4xx)", "1.9 %"),
        ("median", "5 ms"),
        ("99 % within", "200 ms"),
    ] {
        assert!(body.contains(&format!("<dt>{name}</dt><dd>{value}</dd>")), "{name}: {body}");
    }
    assert!(body.contains("<td>2099-12-31</td>"), "a day, not a time");
    assert!(body.contains("accepted, in use</td>"));
    assert!(body.contains("As of 2023-11-14 22:13:20 UTC; calls counted since 2023-11-14 20:33:00."));
    // Two hours with a time every half hour; the highest minute is beside its line.
    assert_eq!(
        body.split("<text ").skip(1).map(|text| between(text, ">", "<")).collect::<Vec<_>>(),
        ["1,000 a minute", "20:30", "21:00", "21:30", "22:00"]
    );
    // From the top, like the bars.
    assert_eq!(
        body.split("</svg>").skip(2).take(3).map(|text| text.split('<').next().unwrap()).collect::<Vec<_>>(),
        ["answered", "too many (429)", "failed (5xx)"]
    );
}

#[test]
fn the_chart_begins_at_the_first_count() {
    for (age, shown) in [(0, 30), (29, 30), (30, 60), (59, 60), (60, 120), (119, 120), (120, 360), (400, 360)] {
        let body = drawn(&[minute(LAST - age, [1, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])], &[]);
        let place = 720 / shown * (shown - 1 - age.min(shown - 1));
        let bar = format!("<rect class=\"calls\" x=\"{place}\"");
        assert_eq!(body.contains(&bar), age < 360, "{age}: {bar} {body}");
    }
}

fn record<'a>(caller: &'a str, status: u16, code: Option<&'a str>, id: &'a str) -> Record<'a> {
    Record { request_id: id, ..records::of_caller(caller, "/v2/<b>", status, code, NOW) }
}

#[test]
fn callers_failures_and_key_events_are_listed_without_markup() {
    let mut ledger = Ledger::default();
    let [from, to] = [current(), next()].map(|key| Some(key.fingerprint));
    ledger.note_call(&record("app", 200, None, "id-1"));
    ledger.note_call(&record("<script>", 502, Some("upstream_error"), "id-2"));
    ledger.note_call(&Record { switch: Some(SwitchRecord { from, to }), ..record("app", 200, None, "id-3") });
    let body = page(Seen { ledger: &ledger, keys: &[], version: None }, NONCE, NOW).body;
    assert!(!body.contains("<script") && !body.contains("<b>"));
    assert!(body.contains("<tr><td>app</td><td>2</td><td>0</td></tr>"));
    assert!(body.contains("<tr><td>upstream_error</td><td>1</td><td>1</td></tr>"));
    assert!(
        body.contains(
            "<li>502 upstream_error at 22:13:20, &#60;script&#62; on /v2/&#60;b&#62;<small>id-2</small></li>"
        )
    );
    let [from, to] = [from, to].map(|key| key.unwrap().to_hex());
    let event = format!("<li>2023-11-14 22:13:20: the API refused key {from}; calls went over to key {to}</li>");
    assert!(body.contains(&event), "{body}");
    assert!(!body.contains("id-1") && !body.contains("id-3"));
}

#[test]
fn the_headers_admit_only_the_pages_own_style() {
    let policy = concat!(
        "default-src 'none'; style-src 'nonce-9f6c1b8e-0000-4000-8000-00000badf00d'; ",
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    );
    let page = page(Seen { ledger: &Ledger::default(), keys: &[], version: None }, NONCE, NOW);
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
    fn implausible_counts_are_drawn(
        minutes in prop::collection::vec((any::<u64>(), any::<[u64; 4]>(), any::<[u64; 13]>()), 0..4),
        now in any::<u64>(),
    ) {
        let minutes = minutes.into_iter().map(|(number, all, latency)| minute(number, all, latency));
        let ledger = ledger(&minutes.collect::<Vec<_>>());
        let body = page(Seen { ledger: &ledger, keys: &[], version: None }, NONCE, Timestamp::from_unix_millis(now)).body;
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
        let ledger = ledger(&minutes.collect::<Vec<_>>());
        let body = page(Seen { ledger: &ledger, keys: &[], version: None }, NONCE, Timestamp::from_unix_millis(now)).body;
        for bar in body.split("<rect ").skip(1).filter(|bar| bar.contains(" x=\"")) {
            let number = |name: &str| -> f64 {
                let (_, rest) = bar.split_once(&format!(" {name}=\"")).unwrap();
                rest.split_once('"').unwrap().0.parse().unwrap()
            };
            let (x, y, width, height) = (number("x"), number("y"), number("width"), number("height"));
            prop_assert!(x >= 0.0 && x + width <= 720.0 && y >= 10.0 && height >= 0.0 && y + height <= 160.01, "{}", bar);
        }
    }
}
