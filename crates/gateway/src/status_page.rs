//! The operator's page: the ledger as figures and a chart, and the keys. The page
//! holds no script and loads nothing.
//!
//! Its figures are those that JavaScript computes and prints: `tests/status/` has
//! pages that the Worker's first driver, in JavaScript, made of the same counts.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use attention_core::Timestamp;
use attention_core::codec::text::{decimal, whole_number};

use crate::answer::health::KeyReport;
use crate::ledger::{BOUNDS, Counts, MINUTES_KEPT, Minute, minute_of};

/// The page's answer, whose status is 200.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Page {
    /// HTML.
    pub body: String,
    /// Names and values, beside those that every answer carries.
    pub headers: Vec<(&'static str, String)>,
}

/// Draws the page. `nonce` lets its one style sheet in and nothing else: it is to be
/// a random text for this page alone, without a character that means anything in
/// HTML or in a header, such as a UUID.
pub fn page(ledger: &[Minute], keys: &[KeyReport], nonce: &str, now: Timestamp) -> Page {
    let policy = [
        "default-src 'none'; style-src 'nonce-",
        nonce,
        "'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    ];
    Page {
        body: html(ledger, keys, nonce, now),
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
max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem;margin:0 0 1rem}h2{font-size:1rem;margin:2rem 0 .5rem}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(7rem,1fr));gap:1rem;margin:0}
dt{color:var(--soft);font-size:.85rem}dd{margin:0;font-size:1.5rem;font-variant-numeric:tabular-nums}
svg{width:100%;height:auto;border-bottom:1px solid var(--line)}
.calls{fill:var(--calls)}.errors{fill:var(--errors)}.limited{fill:var(--limited)}
table{border-collapse:collapse;width:100%}\
th,td{text-align:left;padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line)}\
th{color:var(--soft);font-weight:normal}
.good{color:var(--good)}.bad{color:var(--errors)}p{color:var(--soft);font-size:.85rem}
.swatch{display:inline-block;width:.7em;height:.7em;margin:0 .3em 0 1em}\
.swatch svg{border:0;display:block;width:.7em;height:.7em}";

fn html(ledger: &[Minute], keys: &[KeyReport], nonce: &str, now: Timestamp) -> String {
    [
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">",
        "<meta name=\"viewport\" content=\"width=device-width\">\n",
        "<title>Attention proxy: status</title><style nonce=\"",
        nonce,
        "\">",
        STYLE,
        "</style></head><body>\n<h1>Attention proxy</h1>\n<dl>",
        &figures(ledger),
        "</dl>\n<h2>Calls a minute, the last ",
        &decimal(MINUTES_KEPT / 60),
        " hours</h2>\n",
        &chart(ledger, minute_of(now)),
        "\n<p>",
        &legend(),
        "</p>\n<h2>Keys</h2>\n",
        &table(keys),
        "\n<p>Counted since the isolates started; ",
        &date(now),
        ".</p>\n</body></html>",
    ]
    .concat()
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
        ("refused (other 4xx)", share(total.refused, total.calls)),
        ("median", percentile(&total, 50)),
        ("95 of 100 within", percentile(&total, 95)),
        ("99 of 100 within", percentile(&total, 99)),
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

/// The bound of the class in which the slowest of so many percent of all calls lies.
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

/// The size of the chart: a minute is two units wide, and some room stays above the
/// highest bar.
const WIDTH: u64 = 2 * MINUTES_KEPT;
const HEIGHT: u64 = 160;
const ROOM_ABOVE: u64 = 10;

fn chart(ledger: &[Minute], last: u64) -> String {
    let most = ledger.iter().map(|minute| minute.counts.calls).max().unwrap_or_default().max(1);
    let shown = ledger.iter().filter(|minute| minute.number.saturating_add(MINUTES_KEPT) > last);
    let bars: String = shown
        .map(|Minute { number, counts }| {
            // One whose clock is ahead draws beyond the right edge.
            let x = number.saturating_add(MINUTES_KEPT - 1).saturating_sub(last).saturating_mul(2);
            bars(counts, most, &decimal(x))
        })
        .collect();
    let (width, height, most) = (decimal(WIDTH), decimal(HEIGHT), decimal(most));
    let size = ["<svg viewBox=\"0 0 ", &width, " ", &height, "\" role=\"img\""].concat();
    let label = [" aria-label=\"calls a minute, at most ", &most, "\">"].concat();
    [&size, &label, &bars, "</svg><p>at most ", &most, " a minute</p>"].concat()
}

/// The bars of one minute, one on top of the other.
fn bars(counts: &Counts, most: u64, x: &str) -> String {
    let [calls, errors, limited] = [counts.calls, counts.errors, counts.limited].map(float);
    let mut bars = String::new();
    let mut y = float(HEIGHT);
    for (class, count) in [("errors", errors), ("limited", limited), ("calls", calls - errors - limited)] {
        // Divided first, as JavaScript does it: 11 of 240 is 6.87 high, not 6.88.
        let height = count / float(most) * float(HEIGHT - ROOM_ABOVE);
        y -= height;
        if height > 0.0 {
            let place = ["<rect class=\"", class, "\" x=\"", x, "\" y=\"", &fixed(y, 2)].concat();
            bars.extend([&*place, "\" width=\"1.6\" height=\"", &fixed(height, 2), "\"/>"]);
        }
    }
    bars
}

fn legend() -> String {
    let entry = |(class, name): (&str, &str)| {
        let swatch = ["<rect class=\"", class, "\" width=\"1\" height=\"1\"/></svg></span>"].concat();
        ["<span class=\"swatch\"><svg viewBox=\"0 0 1 1\" aria-hidden=\"true\">", &swatch, name].concat()
    };
    [("calls", "answered"), ("errors", "failed (5xx)"), ("limited", "too many (429)")].map(entry).concat()
}

fn table(keys: &[KeyReport]) -> String {
    let rows: String = keys.iter().map(row).collect();
    [
        "<table><tr><th>place</th><th>fingerprint</th><th></th><th>last verdict</th><th>expires</th></tr>",
        &rows,
        "</table>",
    ]
    .concat()
}

fn row(key: &KeyReport) -> String {
    let verdict = if key.expired { "expired" } else { key.verdict() };
    let class = if key.is_usable() { "<td class=\"good\">" } else { "<td class=\"bad\">" };
    let cells = [
        ("<td>", key.slot.as_str().to_owned()),
        ("<td>", key.fingerprint.to_hex()),
        ("<td>", if key.in_use { "in use" } else { "" }.to_owned()),
        (class, verdict.to_owned()),
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

/// A whole number as English groups it: `1,234,567`.
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

/// A count as JavaScript holds it.
#[expect(clippy::cast_precision_loss)] // A ledger's counts are below 2^53.
const fn float(count: u64) -> f64 {
    count as f64
}

/// A number with one or two decimals as JavaScript's `toFixed` writes it (ECMA-262
/// §21.1.3.3): of all such numbers the nearest to what the float is exactly, and of
/// two the larger. `core::fmt` takes the even one of two, and is large.
fn fixed(number: f64, decimals: u32) -> String {
    let power = 10_u64.pow(decimals);
    // The float is `mantissa * 2^exponent`.
    let bits = number.abs().to_bits();
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let exponent = (bits >> 52).cast_signed() - 1075;
    let scaled = match u32::try_from(-exponent) {
        // Less than 0.002. Zero has such an exponent, too.
        Ok(62..) => 0,
        Ok(shift @ 1..) => (mantissa * power + (1 << (shift - 1))) >> shift,
        // A whole number: cut down to 64 bits, which no ledger's counts reach.
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

/// As JavaScript's `toISOString` writes it: a year after 9999 has a sign and six
/// digits.
fn date(at: Timestamp) -> String {
    const YEAR_10000: u64 = 253_402_300_800_000;
    // The calendar repeats itself after 400 years.
    const CYCLE: u64 = 146_097 * 86_400_000;
    let millis = at.as_unix_millis();
    let Some(after) = millis.checked_sub(YEAR_10000) else { return at.to_rfc3339() };
    let cycles = after / CYCLE + 1;
    let text = Timestamp::from_unix_millis(millis - cycles * CYCLE).to_rfc3339();
    let (year, rest) = text.split_once('-').unwrap_or_default();
    let year = whole_number(year).unwrap_or_default() + 400 * cycles;
    ["+", &padded(year, 6), "-", rest].concat()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn counts(latency: [u64; 13]) -> Counts {
        Counts { latency, ..Counts::default() }
    }

    #[test]
    fn numbers_are_written_as_javascript_writes_them() {
        // What node prints for `(number).toFixed(2)`.
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
            (0, "1970-01-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (253_402_300_800_000, "+010000-01-01T00:00:00.000Z"),
            (999_999_999_999_000, "+033658-09-27T01:46:39.000Z"),
            (8_640_000_000_000_000, "+275760-09-13T00:00:00.000Z"),
        ] {
            assert_eq!(date(Timestamp::from_unix_millis(millis)), expected);
        }
    }

    #[test]
    fn a_percentile_is_the_bound_of_a_class() {
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

    /// Rounds the exact decimal digits, as one does on paper.
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
        fn rounding_agrees_with_paper(
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
        fn the_calendar_goes_on_after_the_year_9999(millis in 0..253_402_300_800_000_u64, cycles in 0..700_u64) {
            let at = Timestamp::from_unix_millis(millis);
            let far = date(Timestamp::from_unix_millis(millis + cycles * 12_622_780_800_000));
            let (year, rest) = far.rsplit_once(&at.to_rfc3339()[4..]).unwrap();
            prop_assert_eq!(rest, "");
            let expected = at.to_rfc3339()[..4].parse::<u64>().unwrap() + 400 * cycles;
            let expected = if expected > 9999 { format!("+{expected:06}") } else { format!("{expected:04}") };
            prop_assert_eq!(year, expected);
        }
    }
}
