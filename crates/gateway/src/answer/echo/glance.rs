//! A quick check whether a header's value needs to be searched for keys. Most need not, and a search costs more than
//! everything else that is done for a request.

use alloc::vec::Vec;
use core::fmt;

use attention_core::KeyRing;

use super::pattern::Pattern;
use super::patterns;

/// The number of letters and digits, ignoring case.
const ALPHABET: usize = 36;

/// This many short numbers in succession may be a list of a key's characters.
const NUMBERS: usize = 8;

/// Values that occur in nearly every response and are long enough to contain part of a short key in base64.
const COMMON: [&str; 3] = ["application/json", "application/json; charset=utf-8", "text/event-stream"];

/// A coarse summary of a deployment's keys: the pairs of letters that they contain. Many texts have the same summary,
/// so it does not reveal the keys; it is hidden from `Debug` nevertheless.
pub struct Glance {
    /// The minimum number of letters that count as part of a key; `None` if no key has any.
    least: Option<usize>,
    pairs: [bool; ALPHABET * ALPHABET],
}

impl fmt::Debug for Glance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Glance").field("least", &self.least).finish_non_exhaustive()
    }
}

/// Coarse features of a text.
#[derive(Default)]
struct Seen {
    letters: usize,
    /// The longest run of letters whose adjacent pairs all occur in a key.
    run: usize,
    /// The number of characters that may begin an escape.
    signs: usize,
    /// The longest run of base64 digits.
    digits: usize,
    /// The longest run of short numbers.
    numbers: usize,
}

impl Glance {
    /// The summary of these keys.
    pub fn of(keys: &KeyRing) -> Self {
        let patterns: Vec<Pattern> = patterns(keys);
        let mut pairs = [false; ALPHABET * ALPHABET];
        for pattern in &patterns {
            for pair in pattern.letters().windows(2) {
                if let &[first, second] = pair
                    && let Some(place) = pairs.get_mut(place(first, second))
                {
                    *place = true;
                }
            }
        }
        Self { least: patterns.iter().map(|pattern| pattern.least).min(), pairs }
    }

    /// [`echoes`](super::echoes) for the keys of this summary.
    pub(crate) fn echoes(&self, keys: &KeyRing, value: &str) -> bool {
        keys.is_in(value) || (self.may_hold(value) && super::echoes(keys, value))
    }

    /// Whether a text may contain part of a key, in any notation. Without escapes, a part is a run of letters whose
    /// adjacent pairs all occur in the key. A single escape leaves half of it intact. With more escapes, with a run of
    /// digits long enough for base64 (hexadecimal needs more of them), or with a list of numbers, the text may mean
    /// anything.
    pub fn may_hold(&self, text: &str) -> bool {
        let Some(least) = self.least else { return false };
        if text.len() < least || COMMON.contains(&text) {
            return false;
        }
        let seen = self.look(text.as_bytes());
        let enough = match seen.signs {
            0 => least,
            _ => least / 2,
        };
        seen.letters >= least
            && (seen.signs > 1 || seen.run >= enough || seen.digits >= least * 4 / 3 || seen.numbers >= NUMBERS)
    }

    fn look(&self, text: &[u8]) -> Seen {
        let mut seen = Seen::default();
        let (mut run, mut digits, mut numbers, mut token) = (0, 0, 0, 0);
        let mut last = None;
        for (at, &byte) in text.iter().enumerate() {
            if byte.is_ascii_alphanumeric() {
                seen.letters += 1;
                run = if last.is_some_and(|last| self.has(last, byte)) { run + 1 } else { 1 };
                last = Some(byte);
                token += 1;
                numbers = if byte.is_ascii_hexdigit() || byte | 32 == b'x' { numbers } else { 0 };
            } else {
                numbers = if (1..=4).contains(&token) { numbers + 1 } else { usize::from(token == 0) * numbers };
                token = 0;
            }
            digits = if byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte) { digits + 1 } else { 0 };
            // Headers are ASCII; other characters may be invisible and interrupt anything.
            seen.signs += if byte.is_ascii() { usize::from(begins_escape(byte, text.get(at + 1..at + 3))) } else { 2 };
            seen.run = seen.run.max(run);
            seen.digits = seen.digits.max(digits);
            seen.numbers = seen.numbers.max(numbers);
        }
        seen
    }

    fn has(&self, first: u8, second: u8) -> bool {
        self.pairs.get(place(first, second)).copied().unwrap_or_default()
    }
}

/// Whether an escape may begin here. `=` counts only if two hexadecimal digits follow it, as in mail; otherwise it is
/// too common in headers.
fn begins_escape(byte: u8, behind: Option<&[u8]>) -> bool {
    match byte {
        b'\\' | b'%' | b'&' => true,
        b'=' => behind.is_some_and(|behind| behind.iter().all(u8::is_ascii_hexdigit)),
        _ => false,
    }
}

const fn place(first: u8, second: u8) -> usize {
    number(first) * ALPHABET + number(second)
}

/// The letter's index in the alphabet.
const fn number(letter: u8) -> usize {
    match letter {
        b'0'..=b'9' => (letter - b'0') as usize,
        _ => ((letter | 32) as usize).saturating_sub(b'a' as usize) + 10,
    }
}
