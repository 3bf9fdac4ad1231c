//! Detects keys that the API, or an intermediary, echoes in a response, so that they are not passed on.
//!
//! The recipient of a response may decode it. So a text is searched as it is and in decoded form, up to [`DEPTH`]
//! times, for all notations that serializers use:
//! | written with | such as |
//! | notation | examples |
//! | escapes of JSON, JavaScript, Python, C | `\u0041` `\u{41}` `\x41` `\101` `\/` |
//! | percent-encoding, `escape` | `%41` `%u0041` |
//! | characters of HTML | `&#65;` `&#x41;` `&plus;` |
//! | quoted-printable | `=41`, soft line breaks |
//! | base64, base64url | at each alignment, with line breaks |
//! | hexadecimal, lists of numbers | `6661`, `66:61`, `0x66, 0x61`, `[102,97]` |
//! | UTF-16 | of any of these |
//!
//! Only letters and digits are compared, ignoring case, so that line breaks, soft hyphens, separators and invisible
//! characters hide nothing. Part of a key counts as the key: half of its letters, or 16 of them.
//!
//! Not detected: a key that is compressed, encrypted, hashed, reversed, spelt out in words, or split into shorter
//! parts. `docs/security.md` lists these limits.

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

/// How many bytes are searched for each byte of a text. A text with more readings was constructed to have them.
const WORK: usize = 256;

/// The upper limit, which takes some tens of milliseconds.
const MOST_WORK: usize = 4 * 1024 * 1024;

/// The lower limit.
const LEAST_WORK: usize = 16 * 1024;

/// How often a text is searched again after a key was removed from it.
const PASSES: usize = 4;

/// Whether a header's value contains a key, or part of one, in any notation.
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

/// The replacement for a key.
const REDACTED: &str = "[redacted]";

/// A text from the API that is safe to show: keys that it echoes, and anything that looks like another key, are
/// removed. `None` if the text has so many readings that it cannot be searched completely.
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

/// The text with [`REDACTED`] in place of the given spans.
fn without(text: &str, found: &[Span]) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    // Finds the next span from here on: there are few, and sorting them would be more code.
    while let Some(next) = found.iter().filter(|span| span.start >= from).min() {
        // Spans that begin before its end are merged with it.
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
    /// The minimum number of letters that count as part of a key.
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

    /// Searches a reading, and everything that it decodes to.
    fn read(&mut self, view: &View, depth: usize) {
        let length = view.bytes().len();
        // Decoded text is never longer than its encoded form.
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
        // One after the other, because each is as large as the text.
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

    /// Searches the text after decoding one language's escapes, for escapes that are themselves written with escapes.
    fn peel(&mut self, view: &View, depth: usize) {
        for sign in SIGNS {
            let others = SIGNS.map(|other| if other == sign { 0 } else { other });
            // Without other escapes, the result equals that of decoding all of them at once.
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
    fn a_key_is_removed_and_its_surroundings_are_kept() {
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
    fn half_of_a_key_or_16_letters_of_it_count_as_the_key() {
        for piece in ["an-obviously-fak", "e-key+0123456789", "iously-fake-key+0123", "anotherobvi", "ER-OBVIOUSLY"] {
            assert_eq!(said(&format!("<{piece}>")).replace("->", ">"), "<[redacted]>", "{piece}");
        }
        for piece in ["", "%u", "%u00", "%uD800", "an-obviously-", "0123456789/==", "another-obv"] {
            assert!(!echoes(&ring(), piece), "{piece}");
        }
    }

    #[test]
    fn a_text_with_too_many_readings_is_withheld() {
        let ring = ring();
        // Each reading is again base64, at each alignment.
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
