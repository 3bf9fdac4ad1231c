//! An API, or something before it, that repeats the key in an answer: the key must not come down.
//!
//! Whoever gets the answer may decode it, so a text is looked through as it is and as it reads when it is decoded
//! up to [`DEPTH`] times, by any of the ways in which serializers write text:
//!
//! | written with | such as |
//! | --- | --- |
//! | escapes of JSON, JavaScript, Python, C | `\u0041` `\u{41}` `\x41` `\101` `\/` |
//! | percent-encoding, `escape` | `%41` `%u0041` |
//! | characters of HTML | `&#65;` `&#x41;` `&plus;` |
//! | quoted-printable | `=41`, soft line breaks |
//! | base64, base64url | at each alignment, with line breaks |
//! | hexadecimal, lists of numbers | `6661`, `66:61`, `0x66, 0x61`, `[102,97]` |
//! | UTF-16 | of any of these |
//!
//! Letters and digits alone are compared, in any case: line breaks, soft hyphens, separators and characters of no
//! width hide nothing. A piece of the key counts as the key: half of its letters, and 16 at most.
//!
//! What is not found: a key that was compressed, encrypted, hashed, reversed, spelt out in words, or split into
//! pieces that are shorter. `docs/security.md` says so.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::{KeyRing, Slot};

use self::pattern::{Letters, Pattern};
use self::view::{SIGNS, Span, View};

mod glance;
mod pattern;
mod view;

pub use self::glance::Glance;

/// How often a text is decoded.
pub const DEPTH: usize = 3;

/// How many bytes are looked through for each byte of a text. One that has more readings than this was made to
/// have them.
const WORK: usize = 256;

/// But no more than this: as many as take some tens of milliseconds.
const MOST_WORK: usize = 4 * 1024 * 1024;

/// So many bytes are looked through in any case.
const LEAST_WORK: usize = 16 * 1024;

/// How often a text is looked through again after a key was taken out of it.
const PASSES: usize = 4;

/// Whether a header's value holds a key, or a piece of one, however it is written.
pub fn echoes(keys: &KeyRing, value: &str) -> bool {
    keys.is_in(value)
        || !matches!(Search::of(keys, value), Search { exhausted: false, ref found, .. } if found.is_empty())
}

fn patterns(keys: &KeyRing) -> Vec<Pattern> {
    let mut patterns = Vec::with_capacity(2);
    for slot in [Slot::Current, Slot::Next] {
        let header = keys.authorization(slot);
        patterns.extend(header.and_then(|header| Pattern::of(header.expose().strip_prefix("Bearer ")?)));
    }
    patterns
}

/// What stands in place of a key.
const REDACTED: &str = "[redacted]";

/// A text of the API's as it may be told: without the keys that it repeats, and without what looks like somebody
/// else's. `None` when it has so many readings that nobody can say what is in it.
pub fn scrubbed<'t>(keys: &KeyRing, text: &'t str) -> Option<Cow<'t, str>> {
    let mut text = keys.scrub(text);
    for _ in 0..PASSES {
        let Search { found, exhausted, .. } = Search::of(keys, &text);
        if exhausted {
            return None;
        }
        if found.is_empty() {
            return Some(text);
        }
        text = Cow::Owned(without(&text, &found));
    }
    None
}

/// The text with [`REDACTED`] where something was found.
fn without(text: &str, found: &[Span]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    // The next one from here on: there are few, and sorting them is more code.
    while let Some(next) = found.iter().filter(|span| span.start >= from).min() {
        // Those that begin before its end are part of it.
        let mut end = next.end;
        while let Some(longer) = found.iter().find(|span| (next.start..end).contains(&span.start) && span.end > end) {
            end = longer.end;
        }
        kept.push_str(text.get(from..next.start).unwrap_or_default());
        kept.push_str(REDACTED);
        from = end.max(from + 1);
    }
    kept.push_str(text.get(from..).unwrap_or_default());
    kept
}

struct Search {
    patterns: Vec<Pattern>,
    /// The fewest letters that are a piece of a key.
    least: usize,
    found: Vec<Span>,
    work: usize,
    exhausted: bool,
}

impl Search {
    fn of(keys: &KeyRing, text: &str) -> Self {
        let patterns = patterns(keys);
        let least = patterns.iter().map(|pattern| pattern.least).min().unwrap_or(usize::MAX);
        let work = text.len().saturating_mul(WORK).clamp(LEAST_WORK, MOST_WORK);
        let mut search = Self { patterns, least, found: Vec::new(), work, exhausted: false };
        if least != usize::MAX {
            search.read(&View::of(text), DEPTH);
        }
        search
    }

    /// Looks through a reading, and through what it decodes to.
    fn read(&mut self, view: &View, depth: usize) {
        let length = view.bytes().len();
        // Nothing that is decoded is longer than what it was written as.
        if length < self.least || self.exhausted {
            return;
        }
        let Some(left) = self.work.checked_sub(length) else {
            self.exhausted = true;
            return;
        };
        self.work = left;
        let letters = Letters::of(view);
        for pattern in &self.patterns {
            pattern.find(view, &letters, &mut self.found);
        }
        let Some(depth) = depth.checked_sub(1) else { return };
        let digits = self.least.saturating_mul(4) / 3;
        let least = self.least;
        // One after the other: each is as large as the text.
        let alignments = if view.has_base64(digits) { 0..4 } else { 0..0 };
        let base64 = alignments.map(|skipped| view.decoded_base64(digits, skipped));
        let alignments = if view.has_hex(2 * least) { 0..2 } else { 0..0 };
        let hex = alignments.map(|skipped| view.decoded_hex(2 * least, skipped));
        let others = (0..3).map(|which| match which {
            0 => view.unescaped(&SIGNS),
            1 => view.decoded_decimal(least),
            _ => view.unwrapped(),
        });
        for view in base64.chain(hex).chain(others).flatten() {
            self.read(&view, depth);
        }
        self.peel(view, depth);
    }

    /// Looks through what one language's escapes make of the others': an escape that is written with escapes.
    fn peel(&mut self, view: &View, depth: usize) {
        for sign in SIGNS {
            let others = SIGNS.map(|other| if other == sign { 0 } else { other });
            // Without others it is what reading all of them at once came to.
            if view.has_escape(&others)
                && let Some(peeled) = view.unescaped(&[sign])
            {
                self.read(&peeled, depth);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use attention_core::ApiKey;

    use super::*;

    const KEY: &str = "an-obviously-fake-key+0123456789/==";
    const NEXT: &str = "another-obviously-fake-one";

    fn ring() -> KeyRing {
        KeyRing::new(ApiKey::parse(KEY).unwrap(), Some(ApiKey::parse(NEXT).unwrap()))
    }

    fn said(text: &str) -> String {
        scrubbed(&ring(), text).expect("few readings").into_owned()
    }

    #[test]
    fn a_key_is_taken_out_and_what_stands_around_it_stays() {
        for (written, left) in [
            (r"bad key an-obviously-fake-key+0123456789\/== here", "bad key [redacted] here"),
            ("an-obviously-fake-key%2B0123456789%2f%3d%3D.", "[redacted]."),
            ("<b>an-obviously-fake-key&#43;0123456789&sol;&#x3d;=</b>", "<b>[redacted]</b>"),
            ("%256%31n-obviously-fake-key+0123456789/==", "[redacted]"),
            ("k=AN-OBVIOUSLY-FAKE-KEY+0123456789/==", "k=[redacted]"),
            ("an-obvi=\r\nously-fake-key+01234567=\r\n89/=3D=3D", "[redacted]"),
            ("an-obviously\u{ad}-fake\u{200b}-key\n+0123456789/==", "[redacted]"),
            ("another-obviously-fake-one", "[redacted]"),
            ("616e6f746865722d6f6276696f75736c792d66616b652d6f6e65", "[redacted]"),
            ("[97,110,111,116,104,101,114,45,111,98,118,105,111,117,115,108,121,45,102,97,107,101]", "[[redacted]]"),
        ] {
            assert_eq!(said(written), left, "{written}");
        }
    }

    #[test]
    fn a_piece_of_a_key_counts_when_it_is_half_of_it_or_16_letters() {
        for piece in ["an-obviously-fak", "e-key+0123456789", "iously-fake-key+0123", "anotherobvi", "ER-OBVIOUSLY"] {
            assert_eq!(said(&format!("<{piece}>")).replace("->", ">"), "<[redacted]>", "{piece}");
        }
        for piece in ["", "%u", "%u00", "%uD800", "an-obviously-", "0123456789/==", "another-obv"] {
            assert!(!echoes(&ring(), piece), "{piece}");
        }
    }

    #[test]
    fn a_text_that_was_made_to_have_many_readings_is_not_told() {
        let ring = ring();
        // Each reading is base64 again, at each alignment.
        let many = |text: &str| Search { work: text.len(), ..Search::of(&ring, "") };
        let mut search = many("QUFB");
        search.read(&View::of(&"QUFBQUFBQUFBQUFBQUFBQUFB".repeat(40)), DEPTH);
        assert!(search.exhausted);
    }

    #[test]
    fn a_pattern_does_not_show_its_key() {
        let shown = format!("{:?}", Pattern::of(KEY));
        assert_eq!(shown, "Some(Pattern { least: 14, .. })");
    }
}
