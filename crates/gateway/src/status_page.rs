//! The operator's status page: readiness, the ledger as figures, a chart and lists, and the keys. The page contains no
//! scripts and loads nothing.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use attention_core::Timestamp;
use attention_core::codec::text::{decimal, whole_number};

use crate::answer::health::KeyReport;
use crate::deployment::Version;
use crate::ledger::journal::{Failure, KeyEvent, Named};
use crate::ledger::{BOUNDS, Counts, Ledger, MINUTES_KEPT, Minute, minute_of};

/// The response with the page; its status is 200.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// HTML.
    pub body: String,
    /// Names and values, in addition to the headers of every response.
    pub headers: Vec<(&'static str, String)>,
}

/// The data that the page shows.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The counted calls.
    pub ledger: &'a Ledger,
    /// The state of the keys.
    pub keys: &'a [KeyReport],
    /// The running version.
    pub version: Option<&'a Version>,
}

/// Renders the page. `nonce` admits its one style sheet and nothing else. It must be a random text for this page only,
/// without characters that have a meaning in HTML or in a header, such as a UUID.
pub fn page(seen: Seen<'_>, nonce: &str, now: Timestamp) -> Page {
    let policy = [
        "default-src 'none'; style-src 'nonce-",
        nonce,
        "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ];
    Page {
        body: html(seen, nonce, now),
        headers: vec![
            ("content-type", "text/html; charset=utf-8".to_owned()),
            ("cache-control", "no-store".to_owned()),
            ("content-security-policy", policy.concat()),
            ("referrer-policy", "no-referrer".to_owned()),
        ],
    }
}

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#6a737d;--line:#d8dee4;--paper:#fff;\
--calls:#4c78a8;--errors:#c0392b;--limited:#d98e04;--good:#2e7d4f}
@media(prefers-color-scheme:dark){\
:root{--ink:#e6edf3;--soft:#9aa4af;--line:#30363d;--paper:#0d1117;\
--calls:#79a8d8;--errors:#ff7b72;--limited:#e3b341;--good:#56d364}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);\
max-width:60rem;margin:2rem auto;padding:0 1rem;overflow-wrap:anywhere}
h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:2rem 0 .5rem}
.verdict{font-size:1.1rem;margin:.25rem 0 1.5rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:1rem;align-items:end;margin:0}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.5rem;font-variant-numeric:tabular-nums}
svg{display:block;width:100%;height:auto}svg text{font-size:11px;fill:var(--soft)}
line{stroke:var(--line)}
.calls{fill:var(--calls)}.errors{fill:var(--errors)}.limited{fill:var(--limited)}
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}\
th{color:var(--soft);font-weight:normal}td+td{font-variant-numeric:tabular-nums}
ul{list-style:none;margin:0;padding:0}li{padding:.35rem 0;border-bottom:1px solid var(--line)}\
li small{display:block;color:var(--soft)}
.good{color:var(--good)}.bad{color:var(--errors)}.note{color:var(--soft);font-size:.85rem}
.swatch{display:inline-block;margin-right:1em}\
.swatch svg{display:inline-block;width:.7em;height:.7em;margin-right:.3em}
@media(max-width:40rem){svg text{font-size:20px}}";

fn html(seen: Seen<'_>, nonce: &str, now: Timestamp) -> String {
    let minutes = seen.ledger.snapshot();
    let journal = seen.ledger.journal();
    let (class, verdict) = verdict(seen.keys, &minutes, now);
    let span = span(&minutes, minute_of(now));
    let failures: String = journal.failures().map(failure).collect();
    let events: String = journal.keys().map(key_event).collect();
    [
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n",
        "<title>Attention proxy: status</title><style nonce=\"",
        nonce,
        "\">",
        STYLE,
        "</style></head><body>\n<h1>Attention proxy</h1>\n<p class=\"verdict ",
        class,
        "\">",
        &escape(&verdict),
        "</p>\n<dl>",
        &figures(&minutes),
        "</dl>\n<h2>Calls a minute</h2>\n",
        &chart(&minutes, span, minute_of(now)),
        "\n<p class=\"note\">",
        &legend(),
        "</p>\n<h2>Keys</h2>\n",
        &table(seen.keys),
        &list("Last events of keys", &events),
        &list("Last failures (5xx)", &failures),
        &counted("Callers", "caller", &journal.callers(now)),
        &counted("Refused and failed, by code", "code", &journal.codes(now)),
        "\n<p class=\"note\">",
        &as_of(&minutes, seen.version, now),
        "</p>\n</body></html>",
    ]
    .concat()
}

/// The most important statement, and whether it is good or bad.
fn verdict(keys: &[KeyReport], minutes: &[Minute], now: Timestamp) -> (&'static str, String) {
    let faults: Vec<String> = keys.iter().filter(|key| !key.is_usable()).map(fault).collect();
    let faults = faults.join(", ");
    if !keys.iter().any(KeyReport::is_usable) {
        return ("bad", ["not ready: ", &faults].concat());
    }
    let (mut calls, mut errors) = (0_u64, 0_u64);
    for minute in minutes.iter().filter(|minute| minute.number.saturating_add(RECENT_MINUTES) > minute_of(now)) {
        calls = calls.saturating_add(minute.counts.calls);
        errors = errors.saturating_add(minute.counts.errors);
    }
    if errors > 0 && calls / 2 <= errors {
        let share = [&*decimal(errors), " of ", &decimal(calls)].concat();
        return ("bad", ["ready, but ", &share, " calls failed in the last five minutes"].concat());
    }
    match faults.as_str() {
        "" => ("good", "ready".to_owned()),
        faults => ("bad", ["ready, with one key: ", faults].concat()),
    }
}

const RECENT_MINUTES: u64 = 5;

fn fault(key: &KeyReport) -> String {
    let name = key.fingerprint.to_hex();
    if key.expired { ["key ", &name, " has expired"].concat() } else { ["the API refuses key ", &name].concat() }
}

fn failure(failure: &Failure) -> String {
    let [code, caller, route, id] = &failure.texts;
    let mut what = [&*decimal(failure.status), " ", code, " at ", &time(failure.at)].concat();
    for (before, text) in [(", ", caller), (" on ", route)] {
        if !text.is_empty() {
            what.extend([before, text]);
        }
    }
    ["<li>", &escape(&what), "<small>", &escape(id), "</small></li>"].concat()
}

fn key_event(event: &KeyEvent) -> String {
    let refused = ["the API refused key ", &event.refused].concat();
    let went = if event.switched_to.is_empty() {
        String::new()
    } else {
        ["; calls went over to key ", &event.switched_to].concat()
    };
    ["<li>", &escape(&[&*date(event.at), " ", &time(event.at), ": ", &refused, &went].concat()), "</li>"].concat()
}

/// A section, unless it is empty.
fn list(title: &str, items: &str) -> String {
    if items.is_empty() {
        return String::new();
    }
    ["\n<h2>", title, "</h2>\n<ul>", items, "</ul>"].concat()
}

/// The maximum number of names in a list.
const MOST_ROWS: usize = 12;

fn counted(title: &str, what: &str, all: &[Named]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let row = |named: &Named| {
        let name = if named.name.is_empty() { "others" } else { &named.name };
        let (calls, failed) = (grouped(named.calls), grouped(named.failed));
        ["<tr><td>", &escape(name), "</td><td>", &calls, "</td><td>", &failed, "</td></tr>"].concat()
    };
    let rows: String = all.iter().take(MOST_ROWS).map(row).collect();
    let more = match all.len().saturating_sub(MOST_ROWS) {
        0 => String::new(),
        more => ["<p class=\"note\">and ", &decimal(more as u64), " more</p>"].concat(),
    };
    let head = ["<tr><th>", what, "</th><th>calls</th><th>5xx, 429</th></tr>"].concat();
    ["\n<h2>", title, "</h2>\n<table>", &head, &rows, "</table>", &more].concat()
}

fn as_of(minutes: &[Minute], version: Option<&Version>, now: Timestamp) -> String {
    let mut said = ["As of ", &date(now), " ", &time(now), " UTC"].concat();
    if let Some(first) = minutes.first() {
        let began = Timestamp::from_unix_millis(first.number.saturating_mul(60_000));
        said.extend(["; calls counted since ", &date(began), " ", &time(began)]);
    }
    if let Some(version) = version {
        said.extend(["; version ", &version.name()]);
    }
    escape(&[&*said, "."].concat())
}

fn figures(ledger: &[Minute]) -> String {
    let mut total = Counts::default();
    for minute in ledger {
        total.add(&minute.counts);
    }
    let figures = [
        ("calls", grouped(total.calls)),
        ("failed (5xx)", share(total.errors, total.calls)),
        ("too many (429)", share(total.limited, total.calls)),
        ("refused (4xx)", share(total.refused, total.calls)),
        ("median", percentile(&total, 50)),
        ("95 % within", percentile(&total, 95)),
        ("99 % within", percentile(&total, 99)),
    ];
    let figure = |(name, value): &(&str, String)| {
        ["<div><dt>", &escape(name), "</dt><dd>", &escape(value), "</dd></div>"].concat()
    };
    figures.iter().map(figure).collect()
}

fn share(count: u64, calls: u64) -> String {
    if calls == 0 {
        return "0 %".to_owned();
    }
    [&fixed(100.0 * float(count) / float(calls), 1), " %"].concat()
}

/// The upper bound of the latency class that contains this percentile.
fn percentile(counts: &Counts, percent: u64) -> String {
    let total: u64 = counts.latency.iter().sum();
    if total == 0 {
        return "-".to_owned();
    }
    let mut sum = 0;
    let class = counts.latency.iter().position(|count| {
        sum += count;
        100 * sum >= percent * total
    });
    match class.and_then(|class| BOUNDS.get(class)) {
        Some(bound) => [&decimal(*bound), " ms"].concat(),
        None => ["> ", &decimal(BOUNDS.last().copied().unwrap_or_default()), " ms"].concat(),
    }
}

/// The size of the chart, with some room above the highest bar and below for the times.
const WIDTH: u64 = 2 * MINUTES_KEPT;
const HEIGHT: u64 = 160;
const ROOM_ABOVE: u64 = 10;
const ROOM_BELOW: u64 = 26;
/// The numbers of minutes that the chart can show, each with its interval between times.
const SPANS: [(u64, u64); 4] = [(30, 10), (60, 15), (120, 30), (MINUTES_KEPT, 60)];

/// The shortest span that shows all minutes; six hours with calls only in the last minutes would look broken.
fn span(minutes: &[Minute], last: u64) -> (u64, u64) {
    let first = minutes.iter().map(|minute| minute.number).min().unwrap_or(last);
    let fits = |(span, _): &&(u64, u64)| first.saturating_add(*span) > last;
    SPANS.iter().find(fits).copied().unwrap_or((MINUTES_KEPT, 60))
}

fn chart(minutes: &[Minute], (span, tick): (u64, u64), last: u64) -> String {
    let unit = WIDTH / span;
    let shown = || minutes.iter().filter(|minute| minute.number.saturating_add(span) > last);
    let most = shown().map(|minute| minute.counts.calls).max().unwrap_or_default().max(1);
    let bars: String = shown()
        .map(|Minute { number, counts }| {
            // A minute from an isolate whose clock is ahead is drawn beyond the right edge.
            let x = number.saturating_add(span - 1).saturating_sub(last).saturating_mul(unit);
            bars(counts, most, &decimal(x), &fixed(0.8 * float(unit), 1))
        })
        .collect();
    let size = [decimal(WIDTH), decimal(HEIGHT + ROOM_BELOW)].join(" ");
    let most = grouped(most);
    let label = [" aria-label=\"calls a minute, at most ", &most, "\">"].concat();
    let open = ["<svg viewBox=\"0 0 ", &size, "\" role=\"img\"", &label].concat();
    [&*open, &axes(span, tick, last, &most), &bars, "</svg>"].concat()
}

/// Lines at the bottom and at the highest bar with its number, and the times below.
fn axes(span: u64, tick: u64, last: u64, most: &str) -> String {
    let line = |y: &str| ["<line x1=\"0\" x2=\"", &*decimal(WIDTH), "\" y1=\"", y, "\" y2=\"", y, "\"/>"].concat();
    let text = |x: &str, y: &str, text: &str| ["<text x=\"", x, "\" y=\"", y, "\">", text, "</text>"].concat();
    let mut axes = [line(&decimal(ROOM_ABOVE)), line(&decimal(HEIGHT))].concat();
    axes.push_str(&text("2", &decimal(ROOM_ABOVE + 16), &[most, " a minute"].concat()));
    let first = last.saturating_sub(span - 1);
    let mut minute = first.div_ceil(tick).saturating_mul(tick);
    while minute <= last {
        let x = minute.saturating_sub(first).saturating_mul(WIDTH / span);
        // The last label would be cut off.
        if x + 50 <= WIDTH {
            let at = Timestamp::from_unix_millis(minute.saturating_mul(60_000));
            let hour = time(at);
            let hour = hour.get(..5).unwrap_or_default();
            axes.push_str(&text(&decimal(x), &decimal(HEIGHT + ROOM_BELOW - 6), hour));
        }
        minute = minute.saturating_add(tick);
    }
    axes
}

/// The stacked bars of one minute.
fn bars(counts: &Counts, most: u64, x: &str, width: &str) -> String {
    let [calls, errors, limited] = [counts.calls, counts.errors, counts.limited].map(float);
    let mut bars = String::new();
    let mut y = float(HEIGHT);
    for (class, count) in [("errors", errors), ("limited", limited), ("calls", calls - errors - limited)] {
        let height = count / float(most) * float(HEIGHT - ROOM_ABOVE);
        y -= height;
        if height > 0.0 {
            let place = ["<rect class=\"", class, "\" x=\"", x, "\" y=\"", &fixed(y, 2)].concat();
            bars.extend([&*place, "\" width=\"", width, "\" height=\"", &fixed(height, 2), "\"/>"]);
        }
    }
    bars
}

/// In the order of the bars, from the top.
fn legend() -> String {
    let entry = |(class, name): (&str, &str)| {
        let swatch = ["<rect class=\"", class, "\" width=\"1\" height=\"1\"/></svg>"].concat();
        let open = "<span class=\"swatch\"><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\">";
        [open, &swatch, name, "</span>"].concat()
    };
    [("calls", "answered"), ("limited", "too many (429)"), ("errors", "failed (5xx)")].map(entry).concat()
}

fn table(keys: &[KeyReport]) -> String {
    let rows: String = keys.iter().map(row).collect();
    ["<table><tr><th>place</th><th>key</th><th>last verdict</th><th>expires</th></tr>", &rows, "</table>"].concat()
}

fn row(key: &KeyReport) -> String {
    let verdict = if key.expired { "expired" } else { key.verdict() };
    let class = if key.is_usable() { "<td class=\"good\">" } else { "<td class=\"bad\">" };
    let verdict = [verdict, if key.in_use { ", in use" } else { "" }].concat();
    let cells = [
        ("<td>", key.slot.as_str().to_owned()),
        ("<td>", key.fingerprint.to_hex()),
        (class, verdict),
        ("<td>", key.expires_at.map_or_else(|| "not told".to_owned(), date)),
    ];
    let cells = cells.map(|(start, text)| [start, &escape(&text), "</td>"].concat()).concat();
    ["<tr>", &cells, "</tr>"].concat()
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' | '<' | '>' | '"' | '\'' => escaped.extend(["&#", &decimal(u32::from(c)), ";"]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A whole number with English digit grouping: `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = decimal(number);
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count as a JavaScript number.
#[expect(clippy::cast_precision_loss)] // A ledger's counts are below 2^53.
const fn float(count: u64) -> f64 {
    count as f64
}

/// A number with one or two decimals, formatted like JavaScript's `toFixed` (ECMA-262 §21.1.3.3): the closest to the
/// float's exact value, and in a tie the larger one. `core::fmt` rounds ties to even, and is large.
fn fixed(number: f64, decimals: u32) -> String {
    let power = 10_u64.pow(decimals);
    // The float is `mantissa * 2^exponent`.
    let bits = number.abs().to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let exponent = (bits >> 52).cast_signed() - 1075;
    let scaled = match u32::try_from(-exponent) {
        // Less than 0.002, including zero.
        Ok(62..) => 0,
        Ok(shift @ 1..) => (mantissa * power + (1 << (shift - 1))) >> shift,
        // A whole number, truncated to 64 bits, which no ledger's count reaches.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        _ => (number.abs() as u64).saturating_mul(power),
    };
    let sign = if number < 0.0 { "-" } else { "" };
    [sign, &decimal(scaled / power), ".", &padded(scaled % power, decimals as usize)].concat()
}

fn padded(number: u64, width: usize) -> String {
    let digits = decimal(number);
    ["0".repeat(width.saturating_sub(digits.len())), digits].concat()
}

/// The date. Years after 9999 have a sign and six digits, as in ISO 8601.
fn date(at: Timestamp) -> String {
    const YEAR_10000: u64 = 253_402_300_800_000;
    // The calendar repeats after 400 years.
    const CYCLE: u64 = 146_097 * 86_400_000;
    let day = |at: Timestamp| at.to_rfc3339().split('T').next().unwrap_or_default().to_owned();
    let millis = at.as_unix_millis();
    let Some(after) = millis.checked_sub(YEAR_10000) else { return day(at) };
    let cycles = after / CYCLE + 1;
    let text = day(Timestamp::from_unix_millis(millis - cycles * CYCLE));
    let (year, rest) = text.split_once('-').unwrap_or_default();
    let year = whole_number(year).unwrap_or_default() + 400 * cycles;
    ["+", &padded(year, 6), "-", rest].concat()
}

/// The time of day, in UTC: `23:15:27`.
fn time(at: Timestamp) -> String {
    let second = at.as_unix_millis() / 1_000 % 86_400;
    [second / 3_600, second / 60 % 60, second % 60].map(|part| padded(part, 2)).join(":")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(latency: [u64; 13]) -> Counts {
        Counts { latency, ..Counts::default() }
    }

    #[test]
    fn numbers_are_formatted_like_javascript() {
        // The output of node for `(number).toFixed(2)`.
        for (number, expected) in [
            (0.0, "0.00"),
            (-0.0, "0.00"),
            (0.004_999, "0.00"),
            (0.005, "0.01"),
            (0.015, "0.01"),
            (0.125, "0.13"),
            (0.375, "0.38"),
            (1.005, "1.00"),
            (9.999_999, "10.00"),
            (150.0, "150.00"),
            (-0.001, "-0.00"),
            (-0.125, "-0.13"),
            (4_503_599_627_370_495.5, "4503599627370495.50"),
            (4_503_599_627_370_497.0, "4503599627370497.00"),
            (f64::MIN_POSITIVE, "0.00"),
        ] {
            assert_eq!(fixed(number, 2), expected, "{number}");
        }
        for (number, expected) in [(0.05, "0.1"), (0.15, "0.1"), (0.25, "0.3"), (6.25, "6.3"), (100.0, "100.0")] {
            assert_eq!(fixed(number, 1), expected, "{number}");
        }
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (12_345, "12,345"), (1_234_567, "1,234,567")]
        {
            assert_eq!(grouped(number), expected);
        }
        for (millis, expected) in [
            (0, "1970-01-01"),
            (253_402_300_799_999, "9999-12-31"),
            (253_402_300_800_000, "+010000-01-01"),
            (999_999_999_999_000, "+033658-09-27"),
            (8_640_000_000_000_000, "+275760-09-13"),
        ] {
            assert_eq!(date(Timestamp::from_unix_millis(millis)), expected);
        }
    }

    #[test]
    fn a_percentile_is_the_bound_of_its_class() {
        let texts = |latency| [50, 95, 99].map(|percent| percentile(&counts(latency), percent));
        assert_eq!(texts([0; 13]), ["-", "-", "-"]);
        assert_eq!(texts([1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), ["5 ms", "5 ms", "5 ms"]);
        assert_eq!(texts([0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), ["10 ms", "100 ms", "100 ms"]);
        assert_eq!(texts([95, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]), ["5 ms", "5 ms", "20 ms"]);
        assert_eq!(texts([94, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]), ["5 ms", "20 ms", "> 30000 ms"]);
        let most = (1 << 53) - 1;
        assert_eq!(texts([most; 13]), ["500 ms", "> 30000 ms", "> 30000 ms"]);
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(escape("<a href=\"x\">&'</a>"), "&#60;a href=&#34;x&#34;&#62;&#38;&#39;&#60;/a&#62;");
        assert_eq!(escape("95 of 100, \u{e9}\u{1f511}"), "95 of 100, \u{e9}\u{1f511}");
    }

    /// Rounds the exact decimal digits by hand.
    fn rounded(number: f64, decimals: usize) -> String {
        let exact = format!("{:.1074}", number.abs());
        let point = exact.find('.').unwrap();
        let mut digits: Vec<u8> = exact.bytes().take(point + 1 + decimals).collect();
        if exact.as_bytes()[point + 1 + decimals] >= b'5' {
            let mut carry = true;
            for digit in digits.iter_mut().rev().filter(|digit| **digit != b'.') {
                if carry {
                    carry = *digit == b'9';
                    *digit = if carry { b'0' } else { *digit + 1 };
                }
            }
            if carry {
                digits.insert(0, b'1');
            }
        }
        let sign = if number < 0.0 { "-" } else { "" };
        sign.to_owned() + &String::from_utf8(digits).unwrap()
    }

    proptest! {
        #[test]
        fn rounding_agrees_with_manual_rounding(
            number in prop_oneof![
                -200.0..200.0_f64,
                (0..200_000_u32, 0..12_u32).prop_map(|(n, power)| f64::from(n) / f64::from(1_u32 << power)),
                (0..20_000_u32, prop_oneof![Just(200.0), Just(2_000.0)]).prop_map(|(n, by)| f64::from(n) / by),
                (-1.0e17..1.0e17_f64),
                (0..=u64::MAX).prop_map(f64::from_bits).prop_filter("small", |number| number.abs() < 1.0e17),
            ],
            decimals in 1..=2_u32,
        ) {
            prop_assert_eq!(fixed(number, decimals), rounded(number, decimals as usize));
        }

        #[test]
        fn groups_have_three_digits(number: u64) {
            let text = grouped(number);
            prop_assert_eq!(text.replace(',', ""), number.to_string());
            let mut groups = text.split(',');
            prop_assert!((1..=3).contains(&groups.next().unwrap().len()));
            prop_assert!(groups.all(|group| group.len() == 3));
        }

        #[test]
        fn the_calendar_continues_after_the_year_9999(millis in 0..253_402_300_800_000_u64, cycles in 0..700_u64) {
            let at = Timestamp::from_unix_millis(millis);
            let far = date(Timestamp::from_unix_millis(millis + cycles * 12_622_780_800_000));
            let (year, rest) = far.rsplit_once(&at.to_rfc3339()[4..10]).unwrap();
            prop_assert_eq!(rest, "");
            let expected = at.to_rfc3339()[..4].parse::<u64>().unwrap() + 400 * cycles;
            let expected = if expected > 9999 { format!("+{expected:06}") } else { format!("{expected:04}") };
            prop_assert_eq!(year, expected);
        }
    }
}
