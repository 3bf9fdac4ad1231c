//! The details beside the ledger's counts: callers, problem codes, recent failures and events of keys.
//!
//! Everything is bounded. Callers and codes are counted per hour, each up to a number of names, and the rest together;
//! of failures and of events of keys, the most recent ones are kept. For each call there are its caller's name, the
//! pattern of its rule, its code and its request id, all of which are in the log as well.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::json::{Array, Element};
use attention_core::codec::text::decimal;
use attention_core::credential::Fingerprint;
use attention_core::{Timestamp, millis};

use super::{LARGEST, MINUTES_KEPT};
use crate::log::{Record, Severity};

/// The maximum number of callers, and of codes, per hour; the rest is counted together.
const MOST_NAMES: usize = 40;
/// The maximum number of failures, and of events of keys.
const MOST_LINES: usize = 10;
/// Longer names are truncated; those of an issuer may have 255 bytes.
const MOST_CHARS: usize = 64;
const HOUR_MILLIS: u64 = 3_600_000;
/// The number of hours kept: the current one and those that contain a minute on the page.
const HOURS_KEPT: u64 = MINUTES_KEPT / 60 + 1;

/// The counts for a name within an hour.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    hour: u64,
    /// Empty for the rest that has no entry of its own.
    pub name: String,
    /// The number of its calls.
    pub calls: u64,
    /// Those answered with a 5xx or 429.
    pub failed: u64,
}

/// A call that failed with a 5xx.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failure {
    /// When it was answered.
    pub at: Timestamp,
    /// The status of the response.
    pub status: u64,
    /// Code, caller, route and request id; empty if unknown.
    pub texts: [String; 4],
}

/// An event of a key, identified by fingerprint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyEvent {
    /// When it was noticed.
    pub at: Timestamp,
    /// The key that the API refused.
    pub refused: String,
    /// The key that calls switched to; empty if there was none.
    pub switched_to: String,
}

/// The details of the last hours.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Journal {
    callers: Vec<Named>,
    codes: Vec<Named>,
    failures: Vec<Failure>,
    keys: Vec<KeyEvent>,
}

impl Journal {
    /// Records a call of a known caller.
    pub(super) fn note(&mut self, record: &Record<'_>) {
        let hour = record.at.as_unix_millis() / HOUR_MILLIS;
        let failed = u64::from(record.status >= 500 || record.status == 429);
        let named = |name: &str| Named { hour, name: truncated(name), calls: 1, failed };
        add(&mut self.callers, named(record.caller.unwrap_or_default()));
        if let Some(code) = record.code {
            add(&mut self.codes, named(code));
        }
        if record.severity() == Severity::Error {
            let text = |text: Option<&str>| text.map(truncated).unwrap_or_default();
            let texts = [text(record.code), text(record.caller), text(record.route), record.request_id.to_owned()];
            push(&mut self.failures, Failure { at: record.at, status: record.status.into(), texts }, |line| line.at);
        }
        let hex = |key: Option<Fingerprint>| key.map(Fingerprint::to_hex).unwrap_or_default();
        let event = match (record.switch, record.call) {
            (Some(switch), _) => Some((hex(switch.from), hex(switch.to))),
            (None, Some(call)) if record.upstream_status == Some(401) => Some((hex(call.key), String::new())),
            _ => None,
        };
        if let Some((refused, switched_to)) = event {
            self.add_key_event(KeyEvent { at: record.at, refused, switched_to });
        }
    }

    /// Consecutive reports of the same event, from many calls, count as one.
    fn add_key_event(&mut self, event: KeyEvent) {
        let is_known = |known: &KeyEvent| known.refused == event.refused && known.switched_to == event.switched_to;
        if !self.keys.iter().max_by_key(|known| known.at).is_some_and(is_known) {
            push(&mut self.keys, event, |event| event.at);
        }
    }

    /// Removes later hours.
    pub(super) fn forget_after(&mut self, latest: Timestamp) {
        let hour = latest.as_unix_millis() / HOUR_MILLIS;
        self.callers.retain(|named| named.hour <= hour);
        self.codes.retain(|named| named.hour <= hour);
        self.failures.retain(|failure| failure.at <= latest);
        self.keys.retain(|event| event.at <= latest);
    }

    /// Adds another journal.
    pub(super) fn add(&mut self, other: &Self) {
        for named in &other.callers {
            add(&mut self.callers, named.clone());
        }
        for named in &other.codes {
            add(&mut self.codes, named.clone());
        }
        for failure in &other.failures {
            push(&mut self.failures, failure.clone(), |line| line.at);
        }
        for event in &other.keys {
            self.add_key_event(event.clone());
        }
    }

    /// The callers of the last hours, those with the most calls first, followed by the rest.
    pub fn callers(&self, now: Timestamp) -> Vec<Named> {
        summed(&self.callers, now)
    }

    /// The problem codes of the last hours, in the same order.
    pub fn codes(&self, now: Timestamp) -> Vec<Named> {
        summed(&self.codes, now)
    }

    /// The last failures, the most recent first.
    pub fn failures(&self) -> impl Iterator<Item = &Failure> {
        self.failures.iter().rev()
    }

    /// The last events of keys, the most recent first.
    pub fn keys(&self) -> impl Iterator<Item = &KeyEvent> {
        self.keys.iter().rev()
    }

    /// The lists as JSON.
    pub(super) fn lists(&self) -> [(&'static str, String); 4] {
        let list = |items: &mut dyn Iterator<Item = String>| {
            let mut array = Array::new();
            for item in items {
                array.raw(&item);
            }
            array.finish()
        };
        [
            (CALLERS, list(&mut self.callers.iter().map(Named::to_json))),
            (CODES, list(&mut self.codes.iter().map(Named::to_json))),
            (FAILURES, list(&mut self.failures.iter().map(Failure::to_json))),
            (KEYS, list(&mut self.keys.iter().map(KeyEvent::to_json))),
        ]
    }

    /// Reads one of [`lists`](Self::lists); `None` if it is malformed or too long.
    pub(super) fn read(&mut self, name: &str, list: &Element<'_>) -> Option<()> {
        let items = list.elements().ok()?;
        let most = if matches!(name, CALLERS | CODES) { (MOST_NAMES + 1) * MOST_HOURS } else { MOST_LINES };
        if items.len() > most {
            return None;
        }
        for item in &items {
            let parts = item.elements().ok()?;
            match name {
                CALLERS => self.callers.push(Named::read(&parts)?),
                CODES => self.codes.push(Named::read(&parts)?),
                FAILURES => self.failures.push(Failure::read(&parts)?),
                KEYS => self.keys.push(KeyEvent::read(&parts)?),
                _ => return None,
            }
        }
        Some(())
    }
}

const CALLERS: &str = "callers";
const CODES: &str = "codes";
const FAILURES: &str = "failures";
const KEYS: &str = "keys";
/// Clocks differ: a reported hour in the past or the future is kept until the next hour begins.
const MOST_HOURS: usize = 16;

impl Named {
    fn to_json(&self) -> String {
        let mut item = Array::new();
        item.raw(&decimal(self.hour)).string(&self.name).raw(&decimal(self.calls)).raw(&decimal(self.failed));
        item.finish()
    }

    fn read(parts: &[Element<'_>]) -> Option<Self> {
        let [hour, name, calls, failed] = parts else { return None };
        let (calls, failed) = (count(calls)?, count(failed)?);
        Some(Self { hour: count(hour)?, name: text(name)?, calls, failed })
    }
}

impl Failure {
    fn to_json(&self) -> String {
        let mut item = Array::new();
        item.raw(&decimal(millis_of(self.at))).raw(&decimal(self.status));
        for text in &self.texts {
            item.string(text);
        }
        item.finish()
    }

    fn read(parts: &[Element<'_>]) -> Option<Self> {
        let [at, status, code, caller, route, id] = parts else { return None };
        let texts = [text(code)?, text(caller)?, text(route)?, text(id)?];
        Some(Self { at: Timestamp::from_unix_millis(count(at)?), status: count(status)?, texts })
    }
}

impl KeyEvent {
    fn to_json(&self) -> String {
        let mut item = Array::new();
        item.raw(&decimal(millis_of(self.at))).string(&self.refused).string(&self.switched_to);
        item.finish()
    }

    fn read(parts: &[Element<'_>]) -> Option<Self> {
        let [at, refused, switched_to] = parts else { return None };
        let at = Timestamp::from_unix_millis(count(at)?);
        Some(Self { at, refused: text(refused)?, switched_to: text(switched_to)? })
    }
}

const fn millis_of(at: Timestamp) -> u64 {
    at.as_unix_millis()
}

fn count(element: &Element<'_>) -> Option<u64> {
    element.as_whole_number().filter(|count| *count <= LARGEST)
}

fn text(element: &Element<'_>) -> Option<String> {
    let text = element.clone().into_text()?;
    (text.chars().count() <= MOST_CHARS + 1).then(|| text.into_owned())
}

/// A text truncated to the length that is kept.
fn truncated(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => [text.get(..end).unwrap_or_default(), "\u{2026}"].concat(),
        None => text.to_owned(),
    }
}

fn add(all: &mut Vec<Named>, named: Named) {
    let newest = all.iter().map(|known| known.hour).max().unwrap_or_default().max(named.hour);
    all.retain(|known| known.hour.saturating_add(HOURS_KEPT) > newest);
    if named.hour.saturating_add(HOURS_KEPT) <= newest {
        return;
    }
    let of_hour = all.iter().filter(|known| known.hour == named.hour && !known.name.is_empty()).count();
    let is_known = |known: &&mut Named| known.hour == named.hour && known.name == named.name;
    if let Some(known) = all.iter_mut().find(is_known) {
        known.calls = known.calls.saturating_add(named.calls).min(LARGEST);
        known.failed = known.failed.saturating_add(named.failed).min(LARGEST);
    } else if of_hour < MOST_NAMES || named.name.is_empty() {
        all.push(named);
    } else {
        add(all, Named { name: String::new(), ..named });
    }
}

fn push<T>(lines: &mut Vec<T>, line: T, at: impl Fn(&T) -> Timestamp) {
    let place = lines.partition_point(|known| at(known) <= at(&line));
    lines.insert(place, line);
    if lines.len() > MOST_LINES {
        lines.remove(0);
    }
}

fn summed(all: &[Named], now: Timestamp) -> Vec<Named> {
    let mut sums: Vec<Named> = Vec::new();
    let hour = millis(now.saturating_since(Timestamp::default())) / HOUR_MILLIS;
    for named in all.iter().filter(|named| named.hour.saturating_add(HOURS_KEPT) > hour) {
        match sums.iter_mut().find(|sum| sum.name == named.name) {
            Some(sum) => {
                sum.calls = sum.calls.saturating_add(named.calls);
                sum.failed = sum.failed.saturating_add(named.failed);
            }
            None => sums.push(named.clone()),
        }
    }
    // By hand, because the standard library's sort is larger than all the lists of this page.
    let mut sorted: Vec<Named> = Vec::with_capacity(sums.len());
    for sum in sums {
        let comes_later = |known: &&Named| sum.name.is_empty() || !known.name.is_empty() && known.calls >= sum.calls;
        let place = sorted.iter().take_while(comes_later).count();
        sorted.insert(place, sum);
    }
    sorted
}
