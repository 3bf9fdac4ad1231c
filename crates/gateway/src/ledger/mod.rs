//! The ledger: calls, their results and durations, counted per minute, with details in [`journal`].
//!
//! Each isolate counts its own calls and sends the counts to the Durable Object that all isolates share. The object
//! adds them up, stores and returns the sum, and the status page shows it. All three use one JSON text, see
//! [`Ledger::to_text`].

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use attention_core::Timestamp;
use attention_core::codec::json::{self, Array, Object, Value};
use attention_core::codec::text::{count, decimal};

use crate::log::Record;
use journal::Journal;

pub mod journal;

/// A ledger that takes longer to respond counts as unresponsive.
pub const TIMEOUT: Duration = Duration::from_secs(3);

/// How many minutes the ledger keeps: six hours.
pub const MINUTES_KEPT: u64 = 6 * 60;

/// Upper bounds of the latency classes, in milliseconds. One more class follows, for calls that took longer.
pub const BOUNDS: [u64; 12] = [5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000];

/// The number of latency classes.
const CLASSES: usize = BOUNDS.len() + 1;

const MILLIS_PER_MINUTE: u64 = 60_000;

/// The maximum number of minutes in a ledger and in a text. An isolate that was idle may report minutes older than
/// those kept here; both need room until the next minute begins.
const MOST_MINUTES: usize = 2 * 6 * 60;

/// The largest count: the largest number up to which JavaScript, which passes counts on, represents all whole numbers
/// (`Number.MAX_SAFE_INTEGER`).
const LARGEST: u64 = (1 << 53) - 1;

/// An isolate reports its counts after this time, however many calls it counted. A report is a message to another
/// process and work there, so its cost must not grow with the calls.
const REPORT_AFTER: Duration = Duration::from_secs(10);

/// Clocks differ by at most this many minutes; a later minute comes from a clock that was wrong.
const MINUTES_AHEAD: u64 = 60;

/// The minute that contains `now`, counted from the Unix epoch.
pub(crate) const fn minute_of(now: Timestamp) -> u64 {
    now.as_unix_millis() / MILLIS_PER_MINUTE
}

/// The counts of a set of calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counts {
    /// All calls.
    pub calls: u64,
    /// Calls answered with a 5xx.
    pub errors: u64,
    /// Calls answered with 429.
    pub limited: u64,
    /// Calls answered with another 4xx.
    pub refused: u64,
    /// The number of calls in each latency class of [`BOUNDS`].
    pub latency: [u64; CLASSES],
}

impl Counts {
    /// The counts of a single call.
    fn of(status: u16, took: Duration) -> Self {
        let mut counts = Self { calls: 1, ..Self::default() };
        match status {
            500.. => counts.errors = 1,
            429 => counts.limited = 1,
            400.. => counts.refused = 1,
            _ => {}
        }
        let class = BOUNDS.iter().take_while(|bound| took > Duration::from_millis(**bound)).count();
        if let Some(count) = counts.latency.get_mut(class) {
            *count = 1;
        }
        counts
    }

    /// Adds other counts. Sums are capped at the largest count.
    pub fn add(&mut self, other: &Self) {
        let add = |sum: &mut u64, count: u64| *sum = sum.saturating_add(count).min(LARGEST);
        add(&mut self.calls, other.calls);
        add(&mut self.errors, other.errors);
        add(&mut self.limited, other.limited);
        add(&mut self.refused, other.refused);
        for (sum, count) in self.latency.iter_mut().zip(other.latency) {
            add(sum, count);
        }
    }
}

/// The counts of one minute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Minute {
    /// The minute, counted from the Unix epoch.
    pub number: u64,
    /// Its counts.
    pub counts: Counts,
}

/// The version of the text format.
const VERSION: u64 = 1;

/// The counts of the last six hours per minute, and the journal.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// In the order of arrival of their first calls.
    minutes: Vec<Minute>,
    /// When the first call since the counts were last taken was recorded.
    since: Option<Timestamp>,
    journal: Journal,
}

impl Ledger {
    /// Counts the answered call of a known caller.
    pub fn note_call(&mut self, record: &Record<'_>) {
        let latest = minute_of(record.at).saturating_add(MINUTES_AHEAD);
        // The previous call.
        if self.minutes.last().is_some_and(|minute| minute.number > latest) {
            self.forget_after(record.at);
        }
        self.note(record.status, record.took, record.at);
        self.journal.note(record);
    }

    /// The details beside the counts.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Removes counts for times that are far ahead, which come from a clock that was wrong. Otherwise they would
    /// displace the counts of the hours until then.
    pub fn forget_after(&mut self, now: Timestamp) {
        let latest = minute_of(now).saturating_add(MINUTES_AHEAD);
        self.minutes.retain(|minute| minute.number <= latest);
        self.journal.forget_after(Timestamp::from_unix_millis(latest.saturating_mul(MILLIS_PER_MINUTE)));
    }

    /// Adds another ledger.
    pub fn add_all(&mut self, other: &Self) {
        self.add(&other.minutes);
        self.journal.add(&other.journal);
    }

    /// The text that is sent and stored: `{"version","minutes","callers","codes","failures","keys"}`.
    pub fn to_text(&self) -> String {
        let mut object = Object::new();
        object.number("version", VERSION).raw("minutes", &to_json(&self.snapshot()));
        for (name, list) in self.journal.lists() {
            object.raw(name, &list);
        }
        object.finish()
    }

    /// Reads the output of [`to_text`](Self::to_text); `None` for anything else, including later versions.
    pub fn from_text(text: &str) -> Option<Self> {
        let mut ledger = Self::default();
        let mut version = None;
        for (name, element) in json::read(text).ok()?.members().ok()? {
            match &*name {
                "version" => version = element.as_whole_number(),
                "minutes" => {
                    let Value::Container(minutes) = element.value() else { return None };
                    ledger.minutes = from_json(minutes).ok()?;
                }
                name => ledger.journal.read(name, &element)?,
            }
        }
        (version == Some(VERSION)).then_some(ledger)
    }

    /// Counts a call that was answered with `status` after `took`.
    pub fn note(&mut self, status: u16, took: Duration, now: Timestamp) {
        self.count(minute_of(now), &Counts::of(status, took));
        // If the clock went back, the time until the report begins again.
        self.since = Some(self.since.map_or(now, |since| since.min(now)));
    }

    /// Whether the counts are due to be reported.
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.since.is_some_and(|since| now.saturating_since(since) >= REPORT_AFTER)
    }

    /// Whether nothing was counted.
    pub const fn is_empty(&self) -> bool {
        self.minutes.is_empty()
    }

    /// Removes and returns the counts per minute.
    pub fn take(&mut self) -> Vec<Minute> {
        core::mem::take(self).minutes
    }

    /// Adds the counts of another ledger, or counts that were taken and could not be reported.
    pub fn add(&mut self, taken: &[Minute]) {
        for Minute { number, counts } in taken {
            self.count(*number, counts);
        }
    }

    /// All counts, the oldest minute first.
    pub fn snapshot(&self) -> Vec<Minute> {
        let mut minutes: Vec<Minute> = Vec::with_capacity(self.minutes.len());
        for minute in &self.minutes {
            let later = minutes.iter().rev().take_while(|known| known.number > minute.number).count();
            minutes.insert(minutes.len() - later, *minute);
        }
        minutes
    }

    fn count(&mut self, number: u64, counts: &Counts) {
        // Almost always the last one.
        if let Some(minute) = self.minutes.iter_mut().rev().find(|minute| minute.number == number) {
            return minute.counts.add(counts);
        }
        self.make_place_for(number);
        let mut minute = Minute { number, counts: Counts::default() };
        minute.counts.add(counts);
        self.minutes.push(minute);
    }

    fn make_place_for(&mut self, number: u64) {
        self.minutes.retain(|old| old.number.saturating_add(MINUTES_KEPT) > number);
        if self.minutes.len() >= MOST_MINUTES {
            let oldest = self.minutes.iter().map(|minute| minute.number).min();
            self.minutes.retain(|minute| Some(minute.number) != oldest);
        }
    }
}

/// The text in which isolates and the Durable Object exchange counts:
/// `[[minute,{"calls":…,"errors":…,"limited":…,"refused":…,"latency":[…]}]]`.
pub fn to_json(minutes: &[Minute]) -> String {
    let mut list = Array::new();
    for Minute { number, counts } in minutes {
        let mut latency = Array::new();
        for count in counts.latency {
            latency.raw(&decimal(count));
        }
        let mut object = Object::new();
        object
            .number("calls", counts.calls)
            .number("errors", counts.errors)
            .number("limited", counts.limited)
            .number("refused", counts.refused)
            .raw("latency", &latency.finish());
        let mut pair = Array::new();
        pair.raw(&decimal(*number)).raw(&object.finish());
        list.raw(&pair.finish());
    }
    list.finish()
}

/// Reads only the output of [`to_json`]: no white space, no other members or order, no repeated minutes, and no more
/// minutes than a ledger holds. A count that is too large is capped at the largest count.
pub fn from_json(text: &str) -> Result<Vec<Minute>, MalformedLedger> {
    let mut cursor = Cursor { text: text.as_bytes(), at: 0 };
    cursor.ledger().ok_or(MalformedLedger { at: cursor.at })
}

/// A text that no ledger writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MalformedLedger {
    at: usize,
}

impl MalformedLedger {
    /// The problem and its position.
    pub fn message(self) -> String {
        ["invalid counts per minute from byte ", &count(self.at), " on"].concat()
    }
}

impl fmt::Display for MalformedLedger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for MalformedLedger {}

struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl Cursor<'_> {
    fn ledger(&mut self) -> Option<Vec<Minute>> {
        let mut minutes: Vec<Minute> = Vec::new();
        self.expect("[")?;
        if self.expect("]").is_none() {
            loop {
                let start = self.at;
                let minute = self.minute()?;
                if minutes.len() >= MOST_MINUTES || minutes.iter().any(|earlier| earlier.number == minute.number) {
                    self.at = start;
                    return None;
                }
                minutes.push(minute);
                if self.expect(",").is_none() {
                    break;
                }
            }
            self.expect("]")?;
        }
        (self.at == self.text.len()).then_some(minutes)
    }

    fn minute(&mut self) -> Option<Minute> {
        self.expect("[")?;
        let start = self.at;
        let number = self.count()?;
        // A minute capped at the largest number would be another minute.
        if number == LARGEST {
            self.at = start;
            return None;
        }
        let mut counts = Counts::default();
        self.expect(",{\"calls\":")?;
        counts.calls = self.count()?;
        self.expect(",\"errors\":")?;
        counts.errors = self.count()?;
        self.expect(",\"limited\":")?;
        counts.limited = self.count()?;
        self.expect(",\"refused\":")?;
        counts.refused = self.count()?;
        self.expect(",\"latency\":")?;
        let mut separator = "[";
        for count in &mut counts.latency {
            self.expect(separator)?;
            *count = self.count()?;
            separator = ",";
        }
        self.expect("]}]")?;
        Some(Minute { number, counts })
    }

    fn expect(&mut self, literal: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(literal.as_bytes()).then(|| self.at += literal.len())
    }

    /// A whole number as JSON writes it: no sign and no leading zeros.
    fn count(&mut self) -> Option<u64> {
        let start = self.at;
        let mut number = 0_u64;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            let digit = u64::from(digit - b'0');
            // A comparison, because checked multiplication needs 128 bits.
            number = if number > LARGEST / 10 { LARGEST } else { (number * 10 + digit).min(LARGEST) };
            self.at += 1;
        }
        let digits = self.text.get(start..self.at)?;
        if digits.is_empty() {
            return None;
        }
        if digits.len() > 1 && digits.starts_with(b"0") {
            self.at = start;
            return None;
        }
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a minute.
    const NOW: Timestamp = Timestamp::from_unix_millis(28_333_333 * MILLIS_PER_MINUTE);

    const ONE: &str = concat!(
        r#"[[28333333,{"calls":2,"errors":1,"limited":0,"refused":0,"#,
        r#""latency":[1,0,0,0,0,0,0,0,0,0,0,0,1]}]]"#
    );

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn later(millis: u64) -> Timestamp {
        NOW.saturating_add(Duration::from_millis(millis))
    }

    fn minutes_later(minutes: u64) -> Timestamp {
        later(minutes * MILLIS_PER_MINUTE)
    }

    fn numbers(minutes: &[Minute]) -> Vec<u64> {
        minutes.iter().map(|minute| minute.number - minute_of(NOW)).collect()
    }

    fn bare(number: u64) -> Minute {
        Minute { number, counts: Counts { calls: 1, ..Counts::default() } }
    }

    #[test]
    fn statuses_are_counted_by_class() {
        for (status, expected) in [
            (200, [1, 0, 0, 0]),
            (304, [1, 0, 0, 0]),
            (399, [1, 0, 0, 0]),
            (400, [1, 0, 0, 1]),
            (401, [1, 0, 0, 1]),
            (428, [1, 0, 0, 1]),
            (429, [1, 0, 1, 0]),
            (430, [1, 0, 0, 1]),
            (499, [1, 0, 0, 1]),
            (500, [1, 1, 0, 0]),
            (502, [1, 1, 0, 0]),
            (599, [1, 1, 0, 0]),
            (999, [1, 1, 0, 0]),
        ] {
            let mut ledger = Ledger::default();
            ledger.note(status, Duration::ZERO, NOW);
            let [Minute { counts, .. }] = ledger.snapshot()[..] else { panic!("{status}: not one minute") };
            assert_eq!([counts.calls, counts.errors, counts.limited, counts.refused], expected, "{status}");
        }
    }

    #[test]
    fn a_duration_equal_to_a_bound_is_in_its_class() {
        for (index, bound) in BOUNDS.into_iter().enumerate() {
            for (took, class) in [
                (millis(bound), index),
                (millis(bound) + Duration::from_micros(1), index + 1),
                (millis(bound - 1), index),
            ] {
                let mut expected = [0; CLASSES];
                expected[class] = 1;
                assert_eq!(Counts::of(200, took).latency, expected, "{took:?}");
            }
        }
        assert_eq!(Counts::of(200, Duration::ZERO).latency[0], 1);
        assert_eq!(Counts::of(200, Duration::MAX).latency[CLASSES - 1], 1);
    }

    #[test]
    fn counts_are_due_after_ten_seconds_for_any_number_of_calls() {
        let mut ledger = Ledger::default();
        assert!(!ledger.is_due(minutes_later(60)), "nothing to report");
        ledger.note(200, Duration::ZERO, NOW);
        ledger.note(200, Duration::ZERO, later(9_000));
        assert!(!ledger.is_due(later(9_999)));
        assert!(ledger.is_due(later(10_000)));
        // A clock that went back does not make a report due.
        assert!(!ledger.is_due(Timestamp::default()));
        ledger.take();
        assert!(!ledger.is_due(later(10_000)));

        for _ in 0..20_000 {
            ledger.note(200, Duration::ZERO, NOW);
        }
        assert!(!ledger.is_due(later(9_999)));
        assert!(ledger.is_due(later(10_000)));

        // Counts that could not be reported wait for the next call.
        let taken = ledger.take();
        ledger.add(&taken);
        assert!(!ledger.is_due(minutes_later(60)));
        assert_eq!(ledger.snapshot(), taken);

        // If the clock went back, a report is due before it has caught up.
        ledger.note(200, Duration::ZERO, NOW);
        ledger.note(200, Duration::ZERO, Timestamp::default());
        assert!(ledger.is_due(Timestamp::from_unix_seconds(10)));
    }

    #[test]
    fn six_hours_are_kept() {
        let mut ledger = Ledger::default();
        for minute in 0..=360 {
            ledger.note(200, Duration::ZERO, minutes_later(minute));
        }
        assert_eq!(numbers(&ledger.snapshot()), (1..=360).collect::<Vec<_>>());
        // Older minutes that are reported late are kept until the next minute begins.
        ledger.add(&[bare(minute_of(NOW))]);
        assert_eq!(numbers(&ledger.snapshot()), (0..=360).collect::<Vec<_>>());
        ledger.note(200, Duration::ZERO, minutes_later(361));
        assert_eq!(numbers(&ledger.snapshot()), (2..=361).collect::<Vec<_>>());
        ledger.note(200, Duration::ZERO, minutes_later(100_000));
        assert_eq!(numbers(&ledger.snapshot()), [100_000]);
    }

    #[test]
    fn old_minutes_do_not_accumulate() {
        let mut ledger = Ledger::default();
        for age in 0..10_000 {
            ledger.add(&[bare(minute_of(NOW) - age)]);
        }
        let kept = ledger.snapshot();
        assert_eq!(kept.len(), MOST_MINUTES);
        assert_eq!(kept.last(), Some(&bare(minute_of(NOW))), "the newest is kept");
        assert_eq!(from_json(&to_json(&kept)), Ok(kept));
    }

    #[test]
    fn a_ledger_sorts_minutes() {
        let mut ledger = Ledger::default();
        for minute in [7, 5, 6, 7] {
            ledger.note(200, Duration::ZERO, minutes_later(minute));
        }
        assert_eq!(numbers(&ledger.snapshot()), [5, 6, 7]);
        assert_eq!(numbers(&ledger.take()), [7, 5, 6]);
        assert_eq!(ledger.take(), []);
    }

    #[test]
    fn counts_are_capped() {
        let most = Counts { calls: LARGEST, latency: [LARGEST; CLASSES], ..Counts::default() };
        let mut ledger = Ledger::default();
        let minute = Minute { number: minute_of(NOW), counts: most };
        ledger.add(&[minute]);
        ledger.note(500, Duration::ZERO, NOW);
        ledger.add(&[minute, Minute { counts: Counts { calls: u64::MAX, ..most }, ..minute }]);
        assert_eq!(ledger.take(), [Minute { counts: Counts { errors: 1, ..most }, ..minute }]);

        ledger.add(&[Minute { counts: Counts { calls: u64::MAX, ..most }, ..minute }]);
        assert_eq!(ledger.take(), [minute]);
    }

    #[test]
    fn the_text_has_the_documented_format() {
        let mut ledger = Ledger::default();
        assert_eq!(to_json(&ledger.take()), "[]");
        ledger.note(200, Duration::ZERO, NOW);
        ledger.note(503, Duration::from_secs(31), later(59_999));
        let taken = ledger.take();
        assert_eq!(to_json(&taken), ONE);
        assert_eq!(from_json(ONE), Ok(taken));
        assert_eq!(from_json("[]"), Ok(Vec::new()));
    }

    #[test]
    fn every_other_text_is_malformed() {
        let change = |from: &str, to: &str| {
            assert!(ONE.contains(from), "{from}");
            ONE.replacen(from, to, 1)
        };
        let deep = "[".repeat(1 << 20);
        for text in [
            "",
            " []",
            "[] ",
            "[",
            "]",
            "{}",
            "null",
            "[null]",
            "[[]]",
            "[,]",
            &deep,
            &change("[[", "[ ["),
            &change("1]}]]", "1]]]"),
            &change("1]}]]", "1]}],]"),
            &change("1]}]]", "1]}]"),
            &change("28333333", "-28333333"),
            &change("28333333", "+28333333"),
            &change("28333333", "028333333"),
            &change("28333333", "28333333.0"),
            &change("28333333", "2e7"),
            &change("28333333", "\"28333333\""),
            &change("28333333", "9007199254740991"),
            &change("28333333", "99999999999999999999999999"),
            &change("\"calls\":2", "\"calls\":02"),
            &change("\"calls\":2", "\"calls\":-2"),
            &change("\"calls\":2", "\"calls\":2.5"),
            &change("\"calls\":2", "\"calls\":null"),
            &change("\"calls\":2", "\"calls\": 2"),
            &change("\"calls\":2", "\"calls\":"),
            &change("\"calls\":2", "\"calls\":2,\"calls\":2"),
            &change("\"calls\":2,\"errors\":1", "\"errors\":1,\"calls\":2"),
            &change("\"calls\":2,", ""),
            &change("\"refused\":0,", ""),
            &change("\"refused\"", "\"refusee\""),
            &change("[1,", "["),
            &change("[1,", "[1,0,"),
            &change("[1,", "[,"),
            &change("[1,0,0,0,0,0,0,0,0,0,0,0,1]", "[]"),
            &change("}]]", ",\"more\":1}]]"),
        ] {
            assert!(from_json(text).is_err(), "{}", &text[..text.len().min(200)]);
        }
        // A repeated minute is not added up.
        let twice = [&ONE[..ONE.len() - 1], ",", &ONE[1..]].concat();
        assert!(from_json(&twice).is_err());
        assert!(from_json(&twice.replacen("28333333", "28333332", 1)).is_ok());
    }

    #[test]
    fn a_text_with_more_minutes_than_a_ledger_holds_is_malformed() {
        let mut minutes: Vec<Minute> = (0..MOST_MINUTES as u64).map(bare).collect();
        assert_eq!(from_json(&to_json(&minutes)).as_ref(), Ok(&minutes));
        minutes.push(bare(MOST_MINUTES as u64));
        assert!(from_json(&to_json(&minutes)).is_err());
    }

    #[test]
    fn a_count_that_is_too_large_is_capped() {
        for digits in ["9007199254740991", "9007199254740992", "18446744073709551616", &"9".repeat(100_000)] {
            let minutes = from_json(&ONE.replacen("\"calls\":2", &["\"calls\":", digits].concat(), 1)).unwrap();
            assert_eq!(minutes[0].counts.calls, LARGEST);
        }
        let minutes = from_json(&ONE.replacen("\"calls\":2", "\"calls\":9007199254740990", 1)).unwrap();
        assert_eq!(minutes[0].counts.calls, LARGEST - 1);
    }

    #[test]
    fn a_fault_states_its_position() {
        let message = from_json("[[1,{\"calls\":x").unwrap_err().to_string();
        assert_eq!(message, "invalid counts per minute from byte 13 on");
    }
}
