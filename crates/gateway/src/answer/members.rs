//! Removes members from JSON by name: bytes in, bytes out.
//!
//! The output is the API's own text without the hidden members and without white space between tokens. Numbers, escapes
//! and repeated names are copied and never re-encoded, so they cannot change. The text is read once, from left to
//! right, strictly by RFC 8259: if two parsers could read it differently, one might find a member that the other
//! missed.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use attention_core::codec::text;

/// How deeply arrays and objects may be nested. No real response comes close, and each level costs one byte.
pub const MAX_DEPTH: usize = 10_000;

/// RFC 8259 §8.1: a byte order mark may be ignored.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The reason nothing could be removed. Offsets count bytes from the beginning of the input. No input is repeated here,
/// because it may be what has to be hidden.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unredactable {
    /// The bytes are not valid UTF-8.
    NotUtf8 {
        /// The position of the first invalid byte.
        at: usize,
    },
    /// The text is not valid JSON, or ends too early.
    NotJson {
        /// The position of the first byte that is not allowed.
        at: usize,
    },
    /// More than [`MAX_DEPTH`] nested arrays and objects.
    TooDeep,
}

impl Unredactable {
    /// The reason in words.
    pub fn message(self) -> String {
        match self {
            Self::NotUtf8 { at } => ["not UTF-8 at byte ", &text::count(at)].concat(),
            Self::NotJson { at } => ["not JSON at byte ", &text::count(at)].concat(),
            Self::TooDeep => ["nested deeper than ", &text::count(MAX_DEPTH), " levels"].concat(),
        }
    }
}

impl fmt::Display for Unredactable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for Unredactable {}

/// The JSON text without white space and without members that have one of these names, at any depth. Elements of arrays
/// have no name and are kept.
///
/// The output is never longer than the input. An empty text is not valid JSON.
///
/// ```
/// use attention_gateway::answer::members::redact;
///
/// let answer = br#"{"id": 1.0, "\u0065mail": "a@b.example", "team": [{"email": null}]}"#;
/// assert_eq!(redact(answer, &["email".to_owned()]).unwrap(), br#"{"id":1.0,"team":[{}]}"#);
/// ```
pub fn redact(json: &[u8], names: &[String]) -> Result<Vec<u8>, Unredactable> {
    let text = str::from_utf8(json).map_err(|fault| Unredactable::NotUtf8 { at: fault.valid_up_to() })?;
    let at = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let out = Vec::with_capacity(json.len());
    Redaction { scanner: Scanner { text, at }, names, open: Vec::new(), hidden: None, out }.document()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Array,
    Object,
}

impl Container {
    const fn brackets(self) -> (&'static str, &'static str) {
        match self {
            Self::Array => ("[", "]"),
            Self::Object => ("{", "}"),
        }
    }
}

/// The grammar of values, with the open containers in a list instead of on the stack, so that deep nesting in a hostile
/// response costs nothing.
struct Redaction<'a> {
    scanner: Scanner<'a>,
    names: &'a [String],
    open: Vec<Container>,
    /// While the value of a hidden member is read: the number of open containers around it.
    hidden: Option<usize>,
    out: Vec<u8>,
}

impl Redaction<'_> {
    fn document(mut self) -> Result<Vec<u8>, Unredactable> {
        // Descends into the first value of each container, then moves on to the next one.
        while self.value()? || self.after_value()? {}
        match self.scanner.peek() {
            None => Ok(self.out),
            Some(_) => self.scanner.fault(),
        }
    }

    /// Reads a value up to the first value inside it; returns whether there is one.
    fn value(&mut self) -> Result<bool, Unredactable> {
        let container = match self.scanner.peek() {
            Some(b'[') => Container::Array,
            Some(b'{') => Container::Object,
            _ => {
                let scalar = self.scanner.scalar()?;
                self.keep(scalar);
                return Ok(false);
            }
        };
        if self.open.len() == MAX_DEPTH {
            return Err(Unredactable::TooDeep);
        }
        let (opening, closing) = container.brackets();
        self.scanner.word(opening)?;
        self.keep(opening);
        self.open.push(container);
        if self.scanner.next_is(closing) {
            return Ok(false);
        }
        self.item(container)?;
        Ok(true)
    }

    /// Closes the containers that end here and reads up to the next value; returns whether there is one.
    fn after_value(&mut self) -> Result<bool, Unredactable> {
        loop {
            if self.hidden == Some(self.open.len()) {
                self.hidden = None;
            }
            let Some(&container) = self.open.last() else { return Ok(false) };
            if self.scanner.next_is(",") {
                self.scanner.word(",")?;
                self.item(container)?;
                return Ok(true);
            }
            let (_, closing) = container.brackets();
            self.scanner.word(closing)?;
            self.keep(closing);
            self.open.pop();
        }
    }

    /// Reads the text before a value in a container: the name of a member.
    fn item(&mut self, container: Container) -> Result<(), Unredactable> {
        if container == Container::Array {
            self.separate();
            return Ok(());
        }
        self.scanner.peek();
        let name = self.scanner.string()?;
        self.scanner.peek();
        self.scanner.word(":")?;
        if self.hidden.is_none() && self.names.iter().any(|hidden| means(name, hidden)) {
            self.hidden = Some(self.open.len());
        }
        self.separate();
        self.keep(name);
        self.keep(":");
        Ok(())
    }

    /// Writes a comma, unless the item before it was hidden, in which case the last byte is the bracket.
    fn separate(&mut self) {
        if !matches!(self.out.last(), Some(b'[' | b'{')) {
            self.keep(",");
        }
    }

    fn keep(&mut self, written: &str) {
        if self.hidden.is_none() {
            self.out.extend_from_slice(written.as_bytes());
        }
    }
}

/// Whether a quoted string, as written, means this text.
fn means(written: &str, text: &str) -> bool {
    let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| Units(inner.encode_utf16()).eq(text.encode_utf16()))
}

/// The UTF-16 units that the inside of a valid string means. Units and not characters, because an escape may be an
/// unpaired surrogate, which equals no unit of any text.
struct Units<'a>(core::str::EncodeUtf16<'a>);

impl Iterator for Units<'_> {
    type Item = u16;

    fn next(&mut self) -> Option<u16> {
        let unit = self.0.next()?;
        if unit != u16::from(b'\\') {
            return Some(unit);
        }
        let escaped = self.0.next()?;
        Some(match u8::try_from(escaped).ok()? {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => 0x0a,
            b'r' => 0x0d,
            b't' => 0x09,
            b'u' => self.0.by_ref().take(4).try_fold(0, |unit, digit| Some(unit << 4 | hex_digit(digit)?))?,
            _ => escaped,
        })
    }
}

fn hex_digit(unit: u16) -> Option<u16> {
    let digit = char::from_u32(u32::from(unit))?.to_digit(16)?;
    u16::try_from(digit).ok()
}

/// The grammar of tokens. Unexpected bytes are not skipped, so `at` is the position of the error.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn fault<T>(&self) -> Result<T, Unredactable> {
        Err(Unredactable::NotJson { at: self.at })
    }

    fn here(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The first byte after white space.
    fn peek(&mut self) -> Option<u8> {
        while matches!(self.here(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        self.here()
    }

    fn next_is(&mut self, sign: &str) -> bool {
        self.peek() == sign.bytes().next()
    }

    /// Skips one byte of a kind.
    fn step(&mut self, kind: impl Fn(u8) -> bool) -> Result<u8, Unredactable> {
        match self.here() {
            Some(byte) if kind(byte) => {
                self.at += 1;
                Ok(byte)
            }
            _ => self.fault(),
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Unredactable> {
        word.bytes().try_for_each(|expected| self.step(|byte| byte == expected).map(drop))
    }

    /// A value that is neither an array nor an object, as written.
    fn scalar(&mut self) -> Result<&'a str, Unredactable> {
        let start = self.at;
        match self.here() {
            Some(b'"') => return self.string(),
            Some(b't') => self.word("true")?,
            Some(b'f') => self.word("false")?,
            Some(b'n') => self.word("null")?,
            _ => self.number()?,
        }
        self.since(start)
    }

    /// A string as written, including its quotes.
    fn string(&mut self) -> Result<&'a str, Unredactable> {
        let start = self.at;
        self.word("\"")?;
        loop {
            match self.step(|byte| byte >= b' ')? {
                b'"' => return self.since(start),
                b'\\' => self.escape()?,
                _ => {}
            }
        }
    }

    fn escape(&mut self) -> Result<(), Unredactable> {
        if self.step(|byte| br#""\/bfnrtu"#.contains(&byte))? == b'u' {
            for _ in 0..4 {
                self.step(|byte| byte.is_ascii_hexdigit())?;
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<(), Unredactable> {
        // Sign, fraction and exponent are optional.
        let _ = self.step(|byte| byte == b'-');
        if self.step(|byte| byte == b'0').is_err() {
            self.digits()?;
        }
        if self.step(|byte| byte == b'.').is_ok() {
            self.digits()?;
        }
        if self.step(|byte| matches!(byte, b'e' | b'E')).is_ok() {
            let _ = self.step(|byte| matches!(byte, b'+' | b'-'));
            self.digits()?;
        }
        Ok(())
    }

    /// One or more digits.
    fn digits(&mut self) -> Result<(), Unredactable> {
        self.step(|byte| byte.is_ascii_digit())?;
        while self.step(|byte| byte.is_ascii_digit()).is_ok() {}
        Ok(())
    }

    /// The text that was skipped since `start`.
    fn since(&self, start: usize) -> Result<&'a str, Unredactable> {
        self.text.get(start..self.at).ok_or(Unredactable::NotJson { at: start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(names: &[&str], json: impl AsRef<[u8]>) -> Result<String, Unredactable> {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        redact(json.as_ref(), &names).map(|out| String::from_utf8(out).unwrap())
    }

    #[test]
    fn hidden_members_are_removed_anywhere_with_their_whole_value() {
        for (json, left) in [
            (r#"{"email":1}"#, "{}"),
            (r#"{"email":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"a":2,"email":1}"#, r#"{"a":2}"#),
            (r#"{"a":2,"email":1,"b":3}"#, r#"{"a":2,"b":3}"#),
            (r#"{"email":1,"a":2,"email":3,"0":4}"#, r#"{"a":2}"#),
            (r#"{"email":{"email":{"a":1},"b":[2]},"c":{"email":[],"d":[{"email":{}},3]}}"#, r#"{"c":{"d":[{},3]}}"#),
            (r#"[[{"email":"x"},{"a":["email"]}],"email"]"#, r#"[[{},{"a":["email"]}],"email"]"#),
            // Elements have no names, although JavaScript's revivers call them 0, 1, 2.
            (r#"{"0":{"a":1},"b":["x","y"]}"#, r#"{"b":["x","y"]}"#),
            (
                r#"{"Email":1,"email ":2,"emai":3,"emails":4,"00":5}"#,
                r#"{"Email":1,"email ":2,"emai":3,"emails":4,"00":5}"#,
            ),
        ] {
            assert_eq!(without(&["email", "0"], json).as_deref(), Ok(left), "{json}");
        }
    }

    #[test]
    fn names_are_compared_after_unescaping() {
        let hidden = ["email", "a/\"\\\n", "caf\u{e9} \u{1f600}", "\u{fffd}", "\u{8}\u{c}\n\r\t", ""];
        for name in [
            r"\u0065mail",
            r"\u0065\u006D\u0061\u0069\u006c",
            r#"a\/\"\\\n"#,
            r"a/\u0022\u005C\u000a",
            "caf\u{e9} \u{1f600}",
            r"caf\u00e9\u0020\ud83d\uDE00",
            r"\ufffd",
            r"\b\f\n\r\t",
            r"\u0008\u000c\n\r\u0009",
            "",
        ] {
            assert_eq!(without(&hidden, format!(r#"{{"{name}":1}}"#)).as_deref(), Ok("{}"), "{name}");
        }
        for name in [
            r"\\u0065mail",
            r"email\u0000",
            // Unpaired surrogates equal no text, not even the replacement character.
            r"\ud800",
            r"\udfff",
            r"caf\u00e9 \ud83d",
            r"caf\u00e9 \ude00\ud83d",
            r"caf\u00e9 \ud83d\ud83d\ude00",
            r"\ud83demail",
        ] {
            let json = format!(r#"{{"{name}":1}}"#);
            assert_eq!(without(&hidden, &json).as_deref(), Ok(&*json), "{name}");
        }
    }

    #[test]
    fn remaining_bytes_are_unchanged() {
        let json = concat!(
            r#"{"n":[1.0,1e400,-0,0.10E+05,9223372036854775808,123456789012345678901234567890],"n":"twice","#,
            r#""\u0061":"\/\u00E9\ud800\b","":"","b":[true,false,null,{},[]],"c":" ~"#,
            "\u{7f}\u{2028}\u{feff}\u{10ffff}\"}",
        );
        assert_eq!(without(&["email"], json).as_deref(), Ok(json));
        assert_eq!(without(&[], json).as_deref(), Ok(json));
        for json in ["0", "-1.5e-3", "\"\"", "null", "[]", "{}"] {
            assert_eq!(without(&["email"], format!("\u{feff} \t\r\n{json} \t\r\n")).as_deref(), Ok(json));
        }
    }

    fn is_refused_at(json: &str, at: usize) {
        assert_eq!(without(&["email"], json), Err(Unredactable::NotJson { at }), "{json:?}");
        // Hidden values are validated as strictly.
        let inside = format!("{{\"email\":{json}}}");
        let fault = without(&["email"], &inside);
        assert!(matches!(fault, Err(Unredactable::NotJson { .. })), "{inside:?}: {fault:?}");
    }

    #[test]
    fn an_invalid_structure_is_refused_at_its_position() {
        for (json, at) in [
            ("", 0),
            (" ", 1),
            ("\u{feff}", 3),
            ("\u{feff}\u{feff}1", 3),
            (" \u{feff}1", 1),
            ("\u{a0}1", 0),
            ("1\u{c}", 1),
            ("1 1", 2),
            ("{}x", 2),
            ("[1]]", 3),
            ("[", 1),
            ("[1", 2),
            ("[1,]", 3),
            ("[,1]", 1),
            ("[1}", 2),
            ("[1 2]", 3),
            ("{", 1),
            ("{1:1}", 1),
            ("{\"a\"}", 4),
            ("{\"a\":}", 5),
            ("{\"a\":1,}", 7),
            ("{\"a\":1]", 6),
            ("{\"a\":1 \"b\":2}", 7),
            ("]", 0),
        ] {
            is_refused_at(json, at);
        }
    }

    #[test]
    fn an_invalid_token_is_refused_at_its_position() {
        for (json, at) in [
            ("nul", 3),
            ("True", 0),
            ("nulll", 4),
            ("NaN", 0),
            ("'a'", 0),
            ("/**/1", 0),
            ("+1", 0),
            ("-", 1),
            ("01", 1),
            ("-01", 2),
            (".5", 0),
            ("1.", 2),
            ("1.e1", 2),
            ("1e", 2),
            ("1e+", 3),
            ("0x1", 1),
            ("1_0", 1),
            ("\"", 1),
            ("\"\\", 2),
            ("\"\\x41\"", 2),
            ("\"\\u12", 5),
            ("\"\\u12g4\"", 5),
            ("\"\\u+123\"", 3),
            ("\"\\ud83d\\u\"", 9),
            ("\"a\nb\"", 2),
            ("\"\0\"", 1),
            ("\"\u{1f}\"", 1),
            ("\u{1f600}", 0),
        ] {
            is_refused_at(json, at);
        }
    }

    #[test]
    fn invalid_utf_8_is_refused_at_its_position() {
        for (bytes, at) in [
            (&b"\xff"[..], 0),
            (b"\"\xc0\x80\"", 1),
            (b"\"\xed\xa0\x80\"", 1),
            (b"\"\xf4\x90\x80\x80\"", 1),
            (b"{\"email\":\"\xe9\"}", 10),
            (b"\"\xf0\x9f\x98", 1),
            // UTF-16, as its byte order mark indicates.
            (b"\xfe\xff\0\x31", 0),
        ] {
            assert_eq!(without(&["email"], bytes), Err(Unredactable::NotUtf8 { at }), "{bytes:?}");
        }
    }

    #[test]
    fn depth_is_bounded_and_tracked_on_the_heap() {
        for (opening, closing) in [("[", "]"), ("{\"a\":", "}"), ("{\"b\":1,\"email\":", "}")] {
            let nested = |depth| [&opening.repeat(depth), "0", &closing.repeat(depth)].concat();
            let left = without(&["email"], nested(MAX_DEPTH));
            let kept = if opening.contains("email") { "{\"b\":1}".to_owned() } else { nested(MAX_DEPTH) };
            assert_eq!(left, Ok(kept));
            assert_eq!(without(&["email"], nested(MAX_DEPTH + 1)), Err(Unredactable::TooDeep));
        }
    }

    #[test]
    fn a_reason_does_not_quote_the_input() {
        let reason = |json: &[u8]| without(&[], json).unwrap_err().to_string();
        assert_eq!(reason(b"\"fake-secret"), "not JSON at byte 12");
        assert_eq!(reason(b"\"fake-secret\xff"), "not UTF-8 at byte 12");
        assert_eq!(reason("[".repeat(MAX_DEPTH + 1).as_bytes()), "nested deeper than 10000 levels");
    }
}
