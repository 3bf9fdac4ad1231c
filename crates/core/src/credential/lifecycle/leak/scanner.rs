//! Finds keys in text that arrives in chunks.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;
use core::ops::Range;

use zeroize::{Zeroize as _, Zeroizing};

use super::jwt::{self, Jwt};
use super::{Confidence, Evidence, Known, Leak};
use crate::credential::secret::is_token68;
use crate::credential::{Fingerprint, MAX_KEY_BYTES, TokenDigest};

/// How much of an unbroken run is kept: twice the longest key.
const WINDOW: usize = 2 * MAX_KEY_BYTES;

/// The shortest known key that is searched for.
const MIN_KNOWN: usize = 16;

/// The maximum distance between a key and its evidence, in characters.
const NAME_REACH: usize = 96;
const WORD_REACH: usize = 128;
const HOST_REACH: usize = 512;
/// `Bearer`, and the quotes, colons and blanks that may follow it.
const BEARER_REACH: usize = 8;

/// The longest word that is considered as evidence.
const MAX_WORD: usize = 128;

/// Finds keys in text that arrives in chunks of any size, in linear time and bounded memory. Use a new scanner for each
/// file.
///
/// ```
/// use attention_core::ApiKey;
/// use attention_core::credential::lifecycle::leak::{Known, Scanner};
///
/// let key = ApiKey::parse("an-obviously-fake-key")?;
/// let mut scanner = Scanner::new(&[Known::Fingerprint(key.fingerprint())]);
/// let mut found = scanner.feed(b"key: an-obviou");
/// found.extend(scanner.feed(b"sly-fake-key\n"));
/// found.extend(scanner.finish());
/// assert_eq!((found[0].line, found[0].column), (1, 6));
/// # Ok::<(), attention_core::KeyError>(())
/// ```
pub struct Scanner {
    known: Vec<Known>,
    /// The position of the next character.
    at: Position,
    /// The most recent `token68` characters, up to the window size.
    run: Zeroizing<String>,
    /// The position of the first character in `run`.
    run_at: Position,
    /// How much of the run has been decided.
    decided: usize,
    /// Whether the beginning of the run has been dropped.
    is_cut: bool,
    marks: Marks,
    /// JWTs that still wait for a host after them, in order.
    pending: Vec<Pending>,
}

#[derive(Clone, Copy)]
struct Position {
    /// The number of characters before it.
    index: usize,
    line: usize,
    column: usize,
}

/// The index just after each sort of evidence that was last seen.
#[derive(Clone, Copy, Default)]
struct Marks {
    name: Option<usize>,
    word: Option<usize>,
    host: Option<usize>,
    bearer: Option<usize>,
}

struct Pending {
    leak: Leak,
    evidence: Option<Evidence>,
    has_bearer: bool,
    /// The index just after it.
    end: usize,
}

impl Scanner {
    /// A scanner at the beginning of a text.
    pub fn new(known: &[Known]) -> Self {
        let start = Position { index: 0, line: 1, column: 1 };
        Self {
            known: known.to_vec(),
            at: start,
            run: Zeroizing::new(String::with_capacity(WINDOW)),
            run_at: start,
            decided: 0,
            is_cut: false,
            marks: Marks::default(),
            pending: Vec::new(),
        }
    }

    /// Reads a chunk. Returns the findings that are decided; others wait for the text that follows.
    pub fn feed(&mut self, chunk: &[u8]) -> Vec<Leak> {
        let mut found = Vec::new();
        for byte in chunk {
            if *byte != 0 {
                self.take(*byte, &mut found);
            }
        }
        found
    }

    /// Ends the text and returns the remaining findings.
    pub fn finish(mut self) -> Vec<Leak> {
        let mut found = Vec::new();
        self.end_run();
        self.release(usize::MAX, &mut found);
        found
    }

    fn take(&mut self, byte: u8, found: &mut Vec<Leak>) {
        if is_token68(byte) {
            if self.run.is_empty() {
                self.run_at = self.at;
            }
            self.run.push(char::from(byte));
            if self.run.len() == WINDOW {
                self.cut_run(found);
            }
        } else {
            self.end_run();
        }
        match byte {
            b'\n' => self.at = Position { index: self.at.index + 1, line: self.at.line + 1, column: 1 },
            // The continuation bytes of a UTF-8 character.
            0x80..=0xbf => {}
            _ => {
                self.at.index += 1;
                self.at.column += 1;
            }
        }
        if !self.pending.is_empty() && self.run.is_empty() {
            self.release(self.at.index, found);
        }
    }

    /// Decides a run that has ended.
    fn end_run(&mut self) {
        if self.run.is_empty() {
            return;
        }
        let run = mem::take(&mut self.run);
        let holds_key = self.look(&run, true);
        self.reuse(run, holds_key, WINDOW);
        self.decided = 0;
        self.is_cut = false;
    }

    /// Drops the beginning of a run that exceeds the window. A key that is not decided yet begins in the second half.
    fn cut_run(&mut self, found: &mut Vec<Leak>) {
        let run = mem::take(&mut self.run);
        self.look(&run, false);
        self.is_cut = true;
        self.reuse(run, true, MAX_KEY_BYTES);
        self.decided = self.decided.saturating_sub(MAX_KEY_BYTES);
        self.run_at.index += MAX_KEY_BYTES;
        self.run_at.column += MAX_KEY_BYTES;
        self.release(self.run_at.index, found);
    }

    /// Keeps the allocation of a run without its first `without` characters.
    fn reuse(&mut self, mut run: Zeroizing<String>, holds_key: bool, without: usize) {
        let rest = Zeroizing::new(String::from(run.get(without..).unwrap_or_default()));
        if holds_key {
            run.zeroize();
        }
        run.clear();
        run.push_str(&rest);
        self.run = run;
    }

    /// Examines a run from its beginning. Returns whether it contained anything that looked like a key.
    fn look(&mut self, run: &str, is_over: bool) -> bool {
        let mut known = if is_over && !self.is_cut { self.known_in(run) } else { Vec::new() };
        let mut holds_key = !known.is_empty();
        for piece in pieces(run) {
            let is_whole = is_over || piece.end < run.len();
            while known.first().is_some_and(|hit| hit.range.start <= piece.start) {
                let hit = known.remove(0);
                self.decided = self.decided.max(hit.range.end);
                self.wait(run, &hit.range, hit.confidence, None);
            }
            let text = run.get(..piece.end).unwrap_or_default();
            let mut holds_jwt = false;
            while let Some(jwt) = jwt::find(text, self.decided.max(piece.start)) {
                if !is_whole && jwt.range.end == run.len() {
                    break;
                }
                holds_jwt = true;
                self.decided = jwt.range.end;
                let value = run.get(jwt.range.clone()).unwrap_or_default();
                let known = known_as(&self.known, value).map(|_| Confidence::Certain);
                self.wait(run, &jwt.range, known, Some(&jwt));
            }
            holds_key |= holds_jwt;
            if is_whole && !holds_jwt {
                self.mark(run.get(piece.clone()).unwrap_or_default(), piece.start);
            }
        }
        holds_key
    }

    /// The known keys in a run that is held completely: in its pieces, and after a name and `=`.
    fn known_in(&self, run: &str) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        if self.known.is_empty() {
            return hits;
        }
        let behind_name = run.bytes().position(|b| b == b'=').map_or(0, |at| at + 1);
        let wholes = [0..run.len(), behind_name..run.len()];
        for range in wholes.into_iter().chain(pieces(run)) {
            let text = run.get(range.clone()).unwrap_or_default();
            // The key may be followed by the full stop of a sentence.
            for text in [text, text.trim_end_matches('.')] {
                let range = range.start..range.start + text.len();
                let is_new = hits.iter().all(|hit| hit.range.end <= range.start || range.end <= hit.range.start);
                if is_new
                    && text.len() >= MIN_KNOWN
                    && let Some(confidence) = known_as(&self.known, text)
                {
                    let is_jwt = jwt::find(text, 0).is_some_and(|jwt| jwt.range.len() == text.len());
                    hits.push(Hit { range, confidence: Some(if is_jwt { Confidence::Certain } else { confidence }) });
                }
            }
        }
        hits.sort_by_key(|hit| hit.range.start);
        hits
    }

    /// Records a word as evidence.
    fn mark(&mut self, word: &str, start: usize) {
        if word.len() > MAX_WORD {
            return;
        }
        let (start, end) = (self.run_at.index + start, self.run_at.index + start + word.len());
        if word.eq_ignore_ascii_case("bearer") {
            self.marks.bearer = Some(end);
        }
        // Letters and digits only, so that `ATTENTION_API_KEY` and `attentionApiKey` compare equal.
        let plain: String =
            word.bytes().filter(u8::is_ascii_alphanumeric).map(|b| char::from(b.to_ascii_lowercase())).collect();
        if ["attentionapikey", "attentionkey", "attentionapitoken", "attentiontoken"]
            .iter()
            .any(|name| plain.contains(name))
        {
            self.marks.name = Some(end);
        }
        if plain.contains("attention") {
            self.marks.word = Some(end);
        }
        if word.trim_end_matches('.').eq_ignore_ascii_case("api.attention.tech") {
            self.marks.host = Some(end);
            for pending in &mut self.pending {
                if start <= pending.end + HOST_REACH {
                    let evidence = if pending.has_bearer { Evidence::Request } else { Evidence::Host };
                    pending.evidence = pending.evidence.max(Some(evidence));
                }
            }
        }
    }

    /// Keeps a finding until the text after it is known.
    fn wait(&mut self, run: &str, range: &Range<usize>, known: Option<Confidence>, jwt: Option<&Jwt>) {
        let value = run.get(range.clone()).unwrap_or_default();
        let start = self.run_at.index + range.start;
        let is_near = |mark: Option<usize>, reach| mark.is_some_and(|mark| start.saturating_sub(mark) <= reach);
        let has_bearer = is_near(self.marks.bearer, BEARER_REACH);
        let evidence = if known.is_some() {
            Some(Evidence::Known)
        } else if is_near(self.marks.name, NAME_REACH) {
            Some(Evidence::Name)
        } else if is_near(self.marks.host, HOST_REACH) {
            Some(if has_bearer { Evidence::Request } else { Evidence::Host })
        } else {
            is_near(self.marks.word, WORD_REACH).then_some(Evidence::Word)
        };
        let is_placeholder = known.is_none() && jwt.is_some_and(|jwt| jwt.is_placeholder);
        let leak = Leak {
            line: self.run_at.line,
            column: self.run_at.column + range.start,
            length: range.len(),
            fingerprint: Fingerprint::of(value.as_bytes()),
            confidence: if is_placeholder { Confidence::Placeholder } else { known.unwrap_or(Confidence::Possible) },
            evidence: Evidence::Word,
        };
        self.pending.push(Pending { leak, evidence, has_bearer, end: start + range.len() });
    }

    /// Releases the findings that are followed by enough text, up to an index.
    fn release(&mut self, index: usize, found: &mut Vec<Leak>) {
        let is_decided = |pending: &Pending| index == usize::MAX || index > pending.end + HOST_REACH;
        let count = self.pending.iter().take_while(|pending| is_decided(pending)).count();
        for Pending { mut leak, evidence, .. } in self.pending.drain(..count) {
            let Some(evidence) = evidence else { continue };
            leak.evidence = evidence;
            if leak.confidence == Confidence::Possible && evidence >= Evidence::Request {
                leak.confidence = Confidence::Likely;
            }
            found.push(leak);
        }
    }
}

impl fmt::Debug for Scanner {
    // Omits the text that it holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scanner(line {}, column {})", self.at.line, self.at.column)
    }
}

struct Hit {
    range: Range<usize>,
    confidence: Option<Confidence>,
}

/// The pieces of a run that may be a JWT or a name, separated by the `token68` characters that neither contains.
fn pieces(run: &str) -> impl Iterator<Item = Range<usize>> {
    let mut from = 0;
    core::iter::from_fn(move || {
        let rest = run.get(from..).filter(|rest| !rest.is_empty())?;
        let start = from + rest.bytes().position(|b| !is_separator(b))?;
        let rest = run.get(start..)?;
        let end = start + rest.bytes().position(is_separator).unwrap_or(rest.len());
        from = end;
        Some(start..end)
    })
}

const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'=' | b'/' | b'+' | b'~')
}

/// The confidence with which a text is a known key; `None` if it is not known.
fn known_as(known: &[Known], text: &str) -> Option<Confidence> {
    if known.is_empty() {
        return None;
    }
    let fingerprint = Fingerprint::of(text.as_bytes());
    let sure = known.iter().filter_map(|known| match known {
        Known::Fingerprint(known) => (*known == fingerprint).then_some(Confidence::Likely),
        Known::Digest(digest) => digest.matches(TokenDigest::of(text)).then_some(Confidence::Certain),
    });
    sure.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Memory that held a key is overwritten, for which the scanner has to notice each.
    #[test]
    fn a_run_that_held_a_key_is_known_to_have() {
        let jwt = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.fake";
        let key = "an-obviously-fake-key";
        let known = [Known::Fingerprint(Fingerprint::of(key.as_bytes()))];
        for (run, holds_key) in [
            (jwt.to_owned(), true),
            ([jwt, "/", jwt].concat(), true),
            ([jwt, "/word"].concat(), true),
            (["word/", jwt].concat(), true),
            (key.to_owned(), true),
            ([key, "/", jwt].concat(), true),
            ([key, "/word"].concat(), true),
            ("word/word".to_owned(), false),
        ] {
            assert_eq!(Scanner::new(&known).look(&run, true), holds_key, "{run}");
        }
    }

    /// Memory does not grow with the text, neither for an unbroken run nor for waiting findings.
    #[test]
    fn memory_is_bounded() {
        let jwt = "eyJhbGciOiJub25lIn0.eyJhIjoxfQ.fake";
        let with = |before: &str, behind: &str| [before, jwt, behind].concat();
        let patterns = [with("", "+"), with("", "\n"), with("ATTENTION_API_KEY=", "/")];
        for pattern in ["A", "a=", "eyJ."].into_iter().chain(patterns.iter().map(String::as_str)) {
            let mut scanner = Scanner::new(&[]);
            let mut waiting = 0;
            for _ in 0..200_000 / pattern.len() {
                scanner.feed(pattern.as_bytes());
                waiting = waiting.max(scanner.pending.len());
            }
            assert_eq!(scanner.run.capacity(), WINDOW, "{pattern}");
            assert!(waiting <= (WINDOW + HOST_REACH) / jwt.len() + 1, "{pattern}: {waiting} findings wait");
        }
    }
}
