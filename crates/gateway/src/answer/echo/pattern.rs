//! A key as a search pattern, and its occurrences in the decoded text.

use alloc::vec::Vec;
use core::fmt;

use zeroize::Zeroizing;

use super::view::{Span, View};

/// How many letters are compared first. A longer part of a key contains such a group at one of every few positions, and
/// only those are examined.
const GROUP: usize = 4;

/// The maximum number of letters and digits that do not yet count as the key.
const MOST_HARMLESS: usize = 16;

/// The minimum: of a short key, half counts.
const LEAST_HARMLESS: usize = 8;

/// A key's letters and digits in lower case. All other characters are ignored, because serializers escape them and
/// lines break at them.
pub(super) struct Pattern {
    letters: Zeroizing<Vec<u8>>,
    /// The characters after the last letter, such as padding.
    tail: Zeroizing<Vec<u8>>,
    /// The minimum number of consecutive letters that count as part of the key.
    pub(super) least: usize,
}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pattern").field("least", &self.least).finish_non_exhaustive()
    }
}

impl Pattern {
    /// `None` if the key has no letters or digits.
    pub(super) fn of(key: &str) -> Option<Self> {
        // Allocated once with the exact size: growing would leave copies of the key in freed memory.
        let mut letters = Zeroizing::new(Vec::with_capacity(key.len()));
        letters.extend(key.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase()));
        let end = 1 + key.bytes().rposition(|byte| byte.is_ascii_alphanumeric())?;
        let tail = Zeroizing::new(key.bytes().skip(end).collect());
        let least = (letters.len() / 2).clamp(LEAST_HARMLESS, MOST_HARMLESS).min(letters.len());
        Some(Self { letters, tail, least })
    }

    /// Its letters and digits in lower case.
    pub(super) fn letters(&self) -> &[u8] {
        &self.letters
    }

    /// Adds the spans in which parts of the key are written.
    pub(super) fn find(&self, view: &View, letters: &Letters, found: &mut Vec<Span>) {
        let group = GROUP.min(self.least);
        let step = self.least - group + 1;
        let mut from = 0;
        let mut at = 0;
        while let Some(here) = letters.text.get(at..at + group) {
            let starts = self.letters.windows(group).enumerate().filter(|(_, window)| *window == here);
            let run = starts.map(|(start, _)| self.run(&letters.text, at, start)).max_by_key(|run| run.1 - run.0);
            if let Some((first, end)) = run
                && end - first >= self.least
                && end > from
            {
                from = end;
                found.extend(self.span(view, letters, (first, end)));
            }
            at += step;
        }
    }

    /// The range of letters in the text that match the key, given that `at` in the text corresponds to `start` in the
    /// key.
    fn run(&self, text: &[u8], at: usize, start: usize) -> (usize, usize) {
        let own = self.letters.as_slice();
        let behind = text.iter().skip(at).zip(own.iter().skip(start)).take_while(|(a, b)| a == b).count();
        let before = text.get(..at).unwrap_or_default().iter().rev();
        let before = before.zip(own.get(..start).unwrap_or_default().iter().rev()).take_while(|(a, b)| a == b).count();
        (at - before, at + behind)
    }

    fn span(&self, view: &View, letters: &Letters, (first, end): (usize, usize)) -> Option<Span> {
        let start = view.span(*letters.places.get(first)?)?.start;
        let mut last = *letters.places.get(end.checked_sub(1)?)?;
        // The key's padding is included.
        for byte in self.tail.iter() {
            if view.bytes().get(last + 1) != Some(byte) {
                break;
            }
            last += 1;
        }
        Some(Span { start, end: view.span(last)?.end })
    }
}

/// The letters and digits of a view in lower case, each with its position.
pub(super) struct Letters {
    text: Vec<u8>,
    places: Vec<usize>,
}

impl Letters {
    pub(super) fn of(view: &View) -> Self {
        let (mut text, mut places) = (Vec::with_capacity(view.bytes().len()), Vec::with_capacity(view.bytes().len()));
        for (at, byte) in view.bytes().iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                text.push(byte.to_ascii_lowercase());
                places.push(at);
            }
        }
        Self { text, places }
    }
}
