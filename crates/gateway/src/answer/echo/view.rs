//! A decoded reading of a text, with the position in the text of each decoded byte.

use alloc::vec::Vec;

use attention_core::codec::text::hex_pair;

/// Named HTML character references that a serializer may write for characters of a key, or for the escapes around it.
/// Letters and digits have no names.
const ENTITIES: [(&str, char); 21] = [
    ("amp", '&'),
    ("apos", '\''),
    ("bsol", '\\'),
    ("colon", ':'),
    ("comma", ','),
    ("dash", '-'),
    ("equals", '='),
    ("gt", '>'),
    ("hyphen", '-'),
    ("lowbar", '_'),
    ("lt", '<'),
    ("nbsp", '\u{a0}'),
    ("num", '#'),
    ("percnt", '%'),
    ("period", '.'),
    ("plus", '+'),
    ("quot", '"'),
    ("semi", ';'),
    ("shy", '\u{ad}'),
    ("sol", '/'),
    ("tilde", '~'),
];

/// A span of the original text, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
}

/// The characters that begin an escape, one for each language.
pub(super) const SIGNS: [u8; 4] = *b"\\%&=";

/// One reading of a text: its ASCII characters, without control characters except line breaks. So UTF-16 text is read
/// as the ASCII in it, and invisible characters interrupt nothing.
pub(super) struct View {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

impl View {
    pub(super) fn of(text: &str) -> Self {
        let mut view = Self::with_capacity(text.len());
        for (at, byte) in text.bytes().enumerate() {
            view.push(byte, Span { start: at, end: at + 1 });
        }
        view
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Vec::with_capacity(capacity), spans: Vec::with_capacity(capacity) }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn span(&self, at: usize) -> Option<Span> {
        self.spans.get(at).copied()
    }

    /// The span in which the bytes from `first` to `last` are written.
    fn between(&self, first: usize, last: usize) -> Span {
        let start = self.span(first).map_or(0, |span| span.start);
        Span { start, end: self.span(last).map_or(start, |span| span.end) }
    }

    fn push(&mut self, byte: u8, span: Span) {
        if byte.is_ascii_graphic() || matches!(byte, b' ' | b'\r' | b'\n') {
            self.bytes.push(byte);
            self.spans.push(span);
        }
    }

    fn push_char(&mut self, character: char, span: Span) {
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            self.push(byte, span);
        }
    }

    /// The reading with all escapes that begin with these characters decoded once; `None` if there are none.
    pub(super) fn unescaped(&self, signs: &[u8]) -> Option<Self> {
        let mut view = Self::with_capacity(self.bytes.len());
        let (mut at, mut found) = (0, false);
        while let Some(&byte) = self.bytes.get(at) {
            let escape = self.escape(at, signs);
            let (meaning, length) = escape.unwrap_or((Meaning::Byte(byte), 1));
            found |= escape.is_some();
            let span = self.between(at, at + length - 1);
            match meaning {
                Meaning::Byte(byte) => view.push(byte, span),
                Meaning::Char(character) => view.push_char(character, span),
                Meaning::Nothing => {}
            }
            at += length;
        }
        found.then_some(view)
    }

    /// Whether it contains an escape that begins with one of these characters.
    pub(super) fn has_escape(&self, signs: &[u8]) -> bool {
        (0..self.bytes.len()).any(|at| self.escape(at, signs).is_some())
    }

    fn escape(&self, at: usize, signs: &[u8]) -> Escape {
        let rest = self.bytes.get(at..)?;
        match rest.first().filter(|sign| signs.contains(sign))? {
            b'\\' => backslash(rest),
            b'%' => percent(rest),
            b'&' => entity(rest),
            _ => quoted_printable(rest),
        }
    }

    /// The reading on a single line, without the white space at the beginning of continuation lines; `None` if it has
    /// one line.
    pub(super) fn unwrapped(&self) -> Option<Self> {
        if !self.bytes.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
            return None;
        }
        let mut view = Self::with_capacity(self.bytes.len());
        let mut begins = false;
        for (byte, span) in self.bytes.iter().zip(&self.spans) {
            begins = matches!(byte, b'\r' | b'\n') || begins && *byte == b' ';
            if !begins {
                view.push(*byte, *span);
            }
        }
        Some(view)
    }

    /// Whether it contains a run of at least this many base64 digits. Most texts do not, and need no further search.
    pub(super) fn has_base64(&self, least: usize) -> bool {
        self.has_run(least, |byte| base64_digit(byte).is_some(), |byte| !byte.is_ascii_graphic())
    }

    /// The same for hexadecimal digits.
    pub(super) fn has_hex(&self, least: usize) -> bool {
        // The `x` of a hexadecimal number does not end a run.
        self.has_run(least, |byte| byte.is_ascii_hexdigit(), |byte| !byte.is_ascii_alphanumeric() || byte | 32 == b'x')
    }

    fn has_run(&self, least: usize, is_digit: impl Fn(u8) -> bool, is_let_pass: impl Fn(u8) -> bool) -> bool {
        let mut length = 0_usize;
        self.bytes.iter().any(|byte| {
            if is_digit(*byte) {
                length += 1;
            } else if !is_let_pass(*byte) {
                length = 0;
            }
            length >= least
        })
    }

    /// The reading with runs of at least `least` base64 or base64url digits decoded from digit `skipped` on; `None` if
    /// there are no such runs. Line breaks and non-ASCII characters do not interrupt a run.
    pub(super) fn decoded_base64(&self, least: usize, skipped: usize) -> Option<Self> {
        let mut view = Self::with_capacity(0);
        let is_let_pass = |byte: u8| !byte.is_ascii_graphic();
        for run in self.runs(least, base64_digit, is_let_pass) {
            for digits in run.get(skipped..).unwrap_or_default().chunks(4) {
                let value = digits.iter().fold(0_u32, |value, (digit, _)| value << 6 | u32::from(*digit));
                let value = value << (6 * (4 - digits.len()));
                for number in 0..digits.len().saturating_sub(1) {
                    let [_, bytes @ ..] = value.to_be_bytes();
                    let byte = bytes.get(number).copied().unwrap_or_default();
                    // A byte spans two digits.
                    let end = digits.get(number + 1).map_or(0, |(_, at)| *at);
                    view.push(byte, self.between(digits.get(number).map_or(end, |(_, at)| *at), end));
                }
            }
        }
        (!view.bytes.is_empty()).then_some(view)
    }

    /// The reading with runs of at least `least` hexadecimal digits decoded from digit `skipped` on. Other characters
    /// than letters and digits may separate them, and `0x` may precede each pair.
    pub(super) fn decoded_hex(&self, least: usize, skipped: usize) -> Option<Self> {
        let mut view = Self::with_capacity(0);
        for run in self.runs(least, hex_digit, |byte| !byte.is_ascii_alphanumeric()) {
            for pair in run.get(skipped..).unwrap_or_default().chunks_exact(2) {
                if let [(high, first), (low, last)] = pair {
                    view.push(high << 4 | low, self.between(*first, *last));
                }
            }
        }
        (!view.bytes.is_empty()).then_some(view)
    }

    /// The reading with lists of at least `least` numbers below 256 read as bytes, as buffers are written in JSON.
    pub(super) fn decoded_decimal(&self, least: usize) -> Option<Self> {
        let mut view = Self::with_capacity(0);
        let mut list: Vec<(u8, Span)> = Vec::new();
        let mut at = 0;
        while let Some(&byte) = self.bytes.get(at) {
            let start = at;
            while self.bytes.get(at).is_some_and(u8::is_ascii_digit) {
                at += 1;
            }
            let number = self.bytes.get(start..at).filter(|digits| (1..=3).contains(&digits.len()));
            let number =
                number.map(|digits| digits.iter().fold(0_u32, |sum, digit| sum * 10 + u32::from(digit - b'0')));
            match number.and_then(|number| u8::try_from(number).ok()) {
                Some(number) => list.push((number, self.between(start, at - 1))),
                None if at == start && !byte.is_ascii_alphanumeric() => at += 1,
                None => {
                    at = at.max(start + 1);
                    view.take(&mut list, least);
                }
            }
        }
        view.take(&mut list, least);
        (!view.bytes.is_empty()).then_some(view)
    }

    fn take(&mut self, list: &mut Vec<(u8, Span)>, least: usize) {
        if list.len() >= least {
            for (byte, span) in list.iter() {
                self.push(*byte, *span);
            }
        }
        list.clear();
    }

    /// The runs of at least this many digits of a kind, each digit with its value and position.
    fn runs(
        &self,
        least: usize,
        digit: impl Fn(u8) -> Option<u8>,
        is_let_pass: impl Fn(u8) -> bool,
    ) -> Vec<Vec<(u8, usize)>> {
        let (mut runs, mut run) = (Vec::new(), Vec::new());
        let mut end = |run: &mut Vec<(u8, usize)>| {
            if run.len() >= least {
                runs.push(core::mem::take(run));
            }
            run.clear();
        };
        for (at, byte) in self.bytes.iter().enumerate() {
            match digit(*byte) {
                Some(value) => run.push((value, at)),
                None if is_let_pass(*byte) => {}
                // The `x` of a hexadecimal number does not end them.
                None if byte.eq_ignore_ascii_case(&b'x') && run.last().is_some_and(|last| *last == (0, at - 1)) => {
                    run.pop();
                }
                None => end(&mut run),
            }
        }
        end(&mut run);
        runs
    }
}

#[derive(Clone, Copy)]
enum Meaning {
    Byte(u8),
    Char(char),
    Nothing,
}

type Escape = Option<(Meaning, usize)>;

/// `\n`, `\/`, `\x41`, `\101`, `\u0041`, `\u{41}`, `\U00000041`: escapes of JSON, JavaScript, Python, C and similar
/// languages. After a backslash, a character without a special meaning stands for itself.
fn backslash(rest: &[u8]) -> Escape {
    let &letter = rest.get(1)?;
    let digits = rest.get(2..).unwrap_or_default();
    let hex = |count: usize| number(digits.get(..count)?, 16).map(|value| (value, 2 + count));
    let braced = || {
        let end = digits.iter().take(8).position(|byte| *byte == b'}')?;
        (digits.first() == Some(&b'{')).then_some(())?;
        number(digits.get(1..end)?, 16).map(|value| (value, 3 + end))
    };
    let escape = match letter {
        b'u' => hex(4).or_else(braced),
        b'U' => hex(8),
        b'x' => hex(2).or_else(braced),
        b'0'..=b'7' => {
            let count = rest.iter().skip(1).take(3).take_while(|byte| matches!(byte, b'0'..=b'7')).count();
            number(rest.get(1..=count)?, 8).map(|value| (value, 1 + count))
        }
        b'b' | b'f' | b'n' | b'r' | b't' | b'v' => Some((u32::from(b'\n'), 2)),
        _ => None,
    };
    let character = escape.and_then(|(value, length)| Some((Meaning::Char(char::from_u32(value)?), length)));
    Some(character.unwrap_or((Meaning::Byte(letter), 2)))
}

/// `%41` of URLs, and `%u0041` of the ECMAScript function `escape`.
fn percent(rest: &[u8]) -> Escape {
    if rest.get(1).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'u')) {
        let value = char::from_u32(number(rest.get(2..6)?, 16)?)?;
        return Some((Meaning::Char(value), 6));
    }
    Some((Meaning::Byte(hex_pair(rest, 1)?), 3))
}

/// `&#65;`, `&#x41;` and the names of HTML, with or without a semicolon.
fn entity(rest: &[u8]) -> Escape {
    let length = if rest.get(1) == Some(&b'#') {
        let is_hex = rest.get(2).is_some_and(|byte| byte.eq_ignore_ascii_case(&b'x'));
        let (begin, base) = if is_hex { (3, 16) } else { (2, 10) };
        let is_digit = |byte: &&u8| char::from(**byte).is_digit(base);
        let count = rest.iter().skip(begin).take(12).take_while(is_digit).count();
        let value = number(rest.get(begin..begin + count)?, base)?;
        Some((char::from_u32(value)?, begin + count))
    } else {
        let fits = |(name, _): &&(&str, char)| rest.get(1..=name.len()) == Some(name.as_bytes());
        ENTITIES.iter().find(fits).map(|(name, character)| (*character, 1 + name.len()))
    };
    let (character, length) = length?;
    Some((Meaning::Char(character), length + usize::from(rest.get(length) == Some(&b';'))))
}

/// `=41`, and a soft line break, which may have blanks before the line end (RFC 2045 §6.7).
fn quoted_printable(rest: &[u8]) -> Escape {
    let blanks = rest.iter().skip(1).take_while(|byte| **byte == b' ').count();
    match rest.get(1 + blanks..)? {
        [b'\r', b'\n', ..] => Some((Meaning::Nothing, 3 + blanks)),
        [b'\n', ..] => Some((Meaning::Nothing, 2 + blanks)),
        _ => Some((Meaning::Byte(hex_pair(rest, 1)?), 3)),
    }
}

/// The value of one or more digits of a base.
fn number(digits: &[u8], base: u32) -> Option<u32> {
    let value = |sum: u32, byte: &u8| sum.checked_mul(base)?.checked_add(char::from(*byte).to_digit(base)?);
    if digits.is_empty() { None } else { digits.iter().try_fold(0, value) }
}

fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}
