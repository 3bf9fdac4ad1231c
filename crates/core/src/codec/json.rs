//! A small replacement for `serde_json`: reads single members of a document, reads a configuration strictly, and writes
//! escaped JSON.
//!
//! The documents read here are error bodies and JWT payloads: small, and only one or two members are needed. A full
//! deserializer would be the largest part of the npm package's wasm, so [`member`] skips over the rest (sizes in
//! `docs/design.md`). Malformed input reads as absent; it causes neither an error nor a panic. Tested against
//! `serde_json`.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::codec::text::{hex_pair, push_decimal, push_hex};

/// A JSON value. Scalars are decoded; containers stay raw text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// A string, unescaped.
    String(Cow<'a, str>),
    /// A number, as written.
    Number(&'a str),
    /// The raw text of an object or an array, including its brackets.
    Container(&'a str),
    /// `true` or `false`.
    Bool(bool),
    /// `null`.
    Null,
}

impl<'a> Value<'a> {
    /// The string, or `None` if this is another kind of value.
    pub fn into_string(self) -> Option<Cow<'a, str>> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }
}

/// The first member called `name` of the object in `text`. The rest of the text is not read, so use this only where
/// correctness does not depend on it, such as for an error's message; otherwise use [`only_member`].
///
/// ```
/// use attention_core::codec::json::{Value, member};
///
/// assert_eq!(member(r#"{"sub":"app","exp":1700000000}"#, "exp"), Some(Value::Number("1700000000")));
/// assert_eq!(member("no JSON", "exp"), None);
/// ```
pub fn member<'a>(text: &'a str, name: &str) -> Option<Value<'a>> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'{')?;
    loop {
        let (key, value) = cursor.member()?;
        if key == name {
            return Some(value);
        }
        cursor.expect(b',')?;
    }
}

/// The member called `name` of the object in `text`, which is read to its end. `None` if the member is repeated:
/// parsers differ in which one they use, so neither is trusted.
///
/// ```
/// use attention_core::codec::json::{Value, only_member};
///
/// assert_eq!(only_member(r#"{"exp":1,"sub":"app"}"#, "exp"), Some(Value::Number("1")));
/// assert_eq!(only_member(r#"{"exp":1,"exp":2}"#, "exp"), None);
/// assert_eq!(only_member(r#"{"exp":1"#, "exp"), None);
/// ```
pub fn only_member<'a>(text: &'a str, name: &str) -> Option<Value<'a>> {
    let mut cursor = Cursor { text, at: 0 };
    let mut found = None;
    cursor.expect(b'{')?;
    if cursor.peek()? != b'}' {
        loop {
            let (key, value) = cursor.member()?;
            if key == name && found.replace(value).is_some() {
                return None;
            }
            if cursor.expect(b',').is_none() {
                break;
            }
        }
    }
    cursor.expect(b'}')?;
    found.filter(|_| cursor.peek().is_none())
}

/// The first element of the array in `text`.
pub fn first_element(text: &str) -> Option<Value<'_>> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.expect(b'[')?;
    cursor.value()
}

/// The text is not JSON, or not of the expected shape.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed {
    at: usize,
}

impl Malformed {
    /// The line and column in `text` of the error, both from 1, columns in characters.
    pub fn line_and_column(self, text: &str) -> (usize, usize) {
        let before = text.get(..self.at).unwrap_or(text);
        before.chars().fold((1, 1), |(line, column), c| if c == '\n' { (line + 1, 1) } else { (line, column + 1) })
    }
}

/// A value of a text that is read strictly, such as a configuration.
#[derive(Clone, Debug)]
pub struct Element<'a> {
    text: &'a str,
    at: usize,
    end: usize,
    value: Value<'a>,
}

impl<'a> Element<'a> {
    /// The value, with containers as raw text.
    pub const fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// The value as written.
    pub fn written(&self) -> &'a str {
        self.text.get(self.at..self.end).unwrap_or_default()
    }

    /// An error at the beginning of this value: it is valid JSON, but not of the expected shape.
    pub const fn misplaced(&self) -> Malformed {
        Malformed { at: self.at }
    }

    /// The string, or `None` if this is another kind of value.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        self.value.into_string()
    }

    /// The boolean, or `None` if this is another kind of value.
    pub fn as_bool(&self) -> Option<bool> {
        match self.value {
            Value::Bool(value) => Some(value),
            _ => None,
        }
    }

    /// The number, if this is a non-negative whole number.
    pub fn as_whole_number(&self) -> Option<u64> {
        match self.value {
            Value::Number(text) => text.parse().ok(),
            _ => None,
        }
    }

    /// The elements, if this is an array.
    pub fn elements(&self) -> Result<Vec<Self>, Malformed> {
        let mut cursor = Cursor { text: self.text, at: self.at };
        cursor.list(b'[', b']', Cursor::element)
    }

    /// The members in their order, including repeated names, if this is an object.
    pub fn members(&self) -> Result<Vec<(Cow<'a, str>, Self)>, Malformed> {
        let mut cursor = Cursor { text: self.text, at: self.at };
        cursor.list(b'{', b'}', |cursor| {
            let name = cursor.string()?;
            cursor.expect(b':')?;
            Some((name, cursor.element()?))
        })
    }
}

/// Reads `text`, which must be exactly one valid JSON value.
///
/// ```
/// use attention_core::codec::json;
///
/// let text = r#"[{"name":"app"}]"#;
/// let elements = json::read(text).unwrap().elements().unwrap();
/// let members = elements[0].members().unwrap();
/// assert_eq!(members[0].0, "name");
///
/// let text = "[1,\n 2,]";
/// assert_eq!(json::read(text).unwrap_err().line_and_column(text), (2, 4));
/// ```
pub fn read(text: &str) -> Result<Element<'_>, Malformed> {
    let mut cursor = Cursor { text, at: 0 };
    let element = cursor.element();
    match (element, cursor.peek()) {
        (Some(element), None) => Ok(element),
        _ => Err(Malformed { at: cursor.at }),
    }
}

struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Reads a member; a container as its value stays raw text.
    fn member(&mut self) -> Option<(Cow<'a, str>, Value<'a>)> {
        let name = self.string()?;
        self.expect(b':')?;
        Some((name, self.value()?))
    }

    fn element(&mut self) -> Option<Element<'a>> {
        self.peek()?;
        let at = self.at;
        let value = self.value()?;
        Some(Element { text: self.text, at, end: self.at, value })
    }

    /// Reads the comma-separated items between two brackets.
    fn list<T>(
        &mut self,
        open: u8,
        close: u8,
        mut item: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<Vec<T>, Malformed> {
        let mut items = Vec::new();
        let mut read = || {
            self.expect(open)?;
            if self.peek()? != close {
                loop {
                    items.push(item(self)?);
                    if self.expect(b',').is_none() {
                        break;
                    }
                }
            }
            self.expect(close)
        };
        match read() {
            Some(()) => Ok(items),
            None => Err(Malformed { at: self.at }),
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        match self.peek()? {
            b'"' => self.string().map(Value::String),
            b'{' | b'[' => self.container(),
            b'-' | b'0'..=b'9' => self.number().map(Value::Number),
            _ => {
                let start = self.at;
                let value = match self.token() {
                    "true" => Some(Value::Bool(true)),
                    "false" => Some(Value::Bool(false)),
                    "null" => Some(Value::Null),
                    _ => None,
                };
                if value.is_none() {
                    // The error is reported at the beginning of the word.
                    self.at = start;
                }
                value
            }
        }
    }

    /// Reads a number (RFC 8259 §6).
    fn number(&mut self) -> Option<&'a str> {
        let start = self.at;
        let text = self.token();
        if is_number(text.as_bytes()) {
            return Some(text);
        }
        self.at = start;
        None
    }

    /// Reads a run of the characters that numbers and keywords consist of.
    fn token(&mut self) -> &'a str {
        let start = self.at;
        let is_part = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
        while self.text.as_bytes().get(self.at).is_some_and(is_part) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    /// Skips over an object or an array and validates it. Uses a stack of brackets instead of recursion, so that a
    /// deeply nested body cannot overflow the stack.
    fn container(&mut self) -> Option<Value<'a>> {
        let start = self.at;
        let mut open = Vec::new();
        loop {
            // A value follows, or the container is empty.
            let bracket = self.peek()?;
            if matches!(bracket, b'{' | b'[') {
                self.at += 1;
                open.push(bracket);
                if self.peek()? != closing(bracket) {
                    self.name_in(bracket)?;
                    continue;
                }
            } else {
                self.value()?;
            }
            // A value has ended, and perhaps the containers around it.
            while self.peek()? == closing(*open.last()?) {
                self.at += 1;
                open.pop();
                if open.is_empty() {
                    return self.text.get(start..self.at).map(Value::Container);
                }
            }
            self.expect(b',')?;
            self.name_in(*open.last()?)?;
        }
    }

    /// Reads the name of an object's member; an array's element has none.
    fn name_in(&mut self, bracket: u8) -> Option<()> {
        if bracket == b'{' {
            self.string()?;
            self.expect(b':')?;
        }
        Some(())
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        self.expect(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut unescaped: Option<String> = None;
        let mut run = start;
        loop {
            match *bytes.get(self.at)? {
                b'"' => {
                    let tail = self.text.get(run..self.at)?;
                    self.at += 1;
                    return Some(match unescaped {
                        None => Cow::Borrowed(tail),
                        Some(mut text) => {
                            text.push_str(tail);
                            Cow::Owned(text)
                        }
                    });
                }
                b'\\' => {
                    let text = unescaped.get_or_insert_default();
                    text.push_str(self.text.get(run..self.at)?);
                    self.at += 1;
                    let escaped = self.escape()?;
                    unescaped.get_or_insert_default().push(escaped);
                    run = self.at;
                }
                0..=0x1f => return None,
                _ => self.at += 1,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.at)?;
        self.at += 1;
        Some(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.hex4()?;
                if !(0xd800..0xdc00).contains(&first) {
                    return Some(char::from_u32(first).unwrap_or('\u{fffd}'));
                }
                let before = self.at;
                let second = self
                    .text
                    .get(self.at..)?
                    .starts_with("\\u")
                    .then(|| {
                        self.at += 2;
                        self.hex4()
                    })
                    .flatten();
                match second {
                    Some(low) if (0xdc00..0xe000).contains(&low) => {
                        char::from_u32(0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00))?
                    }
                    // A lone surrogate; the next escape is read on its own.
                    _ => {
                        self.at = before;
                        '\u{fffd}'
                    }
                }
            }
            _ => return None,
        })
    }

    fn hex4(&mut self) -> Option<u32> {
        let bytes = self.text.as_bytes();
        let (high, low) = (hex_pair(bytes, self.at)?, hex_pair(bytes, self.at + 2)?);
        self.at += 4;
        Some(u32::from(u16::from_be_bytes([high, low])))
    }
}

const fn closing(bracket: u8) -> u8 {
    if bracket == b'{' { b'}' } else { b']' }
}

/// Whether the whole text is a JSON number: `-0`, `1.5e-3`, but not `01`, `1.`, `+1`.
fn is_number(text: &[u8]) -> bool {
    let rest = text.strip_prefix(b"-").unwrap_or(text);
    let rest = match rest {
        [b'0', rest @ ..] => Some(rest),
        _ => after_digits(rest),
    };
    let rest = match rest {
        Some([b'.', rest @ ..]) => after_digits(rest),
        rest => rest,
    };
    let rest = match rest {
        Some([b'e' | b'E', b'+' | b'-', rest @ ..] | [b'e' | b'E', rest @ ..]) => after_digits(rest),
        rest => rest,
    };
    rest.is_some_and(<[u8]>::is_empty)
}

/// The bytes after a run of one or more digits.
fn after_digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 { None } else { text.get(count..) }
}

/// Writes one JSON object, member by member, in the given order.
///
/// Strings are escaped so that the result is one line of ASCII, safe in a log line and in a `<script>` element.
///
/// ```
/// use attention_core::codec::json::Object;
///
/// let mut object = Object::new();
/// object.string("title", "two\nlines").number("status", 401_u16);
/// assert_eq!(object.finish(), r#"{"title":"two\nlines","status":401}"#);
/// ```
#[derive(Debug)]
pub struct Object(String);

impl Default for Object {
    fn default() -> Self {
        Self::new()
    }
}

impl Object {
    /// An object without members.
    pub fn new() -> Self {
        Self(String::from("{"))
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        write_string(&mut self.0, name);
        self.0.push(':');
    }

    /// Adds a string member.
    pub fn string(&mut self, name: &str, value: &str) -> &mut Self {
        self.name(name);
        write_string(&mut self.0, value);
        self
    }

    /// Adds a whole number. Code that prints other numbers would be a tenth of the npm package's wasm.
    pub fn number(&mut self, name: &str, value: impl Into<u64>) -> &mut Self {
        self.name(name);
        push_decimal(&mut self.0, value.into());
        self
    }

    /// Adds a boolean member.
    pub fn bool(&mut self, name: &str, value: bool) -> &mut Self {
        self.name(name);
        self.0.push_str(if value { "true" } else { "false" });
        self
    }

    /// Adds a member whose value is already JSON.
    pub fn raw(&mut self, name: &str, json: &str) -> &mut Self {
        self.name(name);
        self.0.push_str(json);
        self
    }

    /// The object's text.
    pub fn finish(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// Writes one JSON array, element by element.
///
/// ```
/// use attention_core::codec::json::Array;
///
/// let mut array = Array::new();
/// array.string("a").raw("{}");
/// assert_eq!(array.finish(), r#"["a",{}]"#);
/// ```
#[derive(Debug)]
pub struct Array(String);

impl Default for Array {
    fn default() -> Self {
        Self::new()
    }
}

impl Array {
    /// An array without elements.
    pub fn new() -> Self {
        Self(String::from("["))
    }

    fn separate(&mut self) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
    }

    /// Adds a string.
    pub fn string(&mut self, value: &str) -> &mut Self {
        self.separate();
        write_string(&mut self.0, value);
        self
    }

    /// Adds an element that is already JSON.
    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.separate();
        self.0.push_str(json);
        self
    }

    /// The array's text.
    pub fn finish(mut self) -> String {
        self.0.push(']');
        self.0
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' => out.push_str("\\u003c"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.push_str("\\u");
                    push_hex(out, &unit.to_be_bytes());
                }
            }
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    #[test]
    fn reads_members_of_error_bodies() {
        let body = r#" { "a" : [1,{"b":"}]"}], "error":{"message":"caf\u00e9 \ud83d\ude00"}, "n":-1.5e3 } "#;
        let Some(Value::Container(inner)) = member(body, "error") else { panic!("no error member") };
        assert_eq!(member(inner, "message"), Some(Value::String("café 😀".into())));
        assert_eq!(member(body, "n"), Some(Value::Number("-1.5e3")));
        assert_eq!(member(body, "missing"), None);
        assert_eq!(first_element("[ true ]"), Some(Value::Bool(true)));
    }

    #[test]
    fn strings_are_written_with_the_shortest_escapes() {
        let mut array = Array::new();
        array.string("\"\\ \n\r\t").string("</script> \u{8}\u{7f}").raw("1");
        assert_eq!(array.finish(), r#"["\"\\ \n\r\t","\u003c/script> \u0008\u007f",1]"#);
    }

    #[test]
    fn malformed_text_reads_as_absent() {
        for text in
            ["", "{", "{\"a\"", "{\"a\":}", "{\"a\":tru}", "[", "{\"a\":\"\\q\"}", "{\"a\":\"\\ud8", "{\"a\":[}"]
        {
            let _ = first_element(text);
            assert_eq!(member(text, "b"), None, "{text}");
        }
        // A megabyte of brackets is skipped without recursion.
        assert_eq!(member(&format!("{{\"a\":{}", "[".repeat(1 << 20)), "b"), None);
    }

    /// JSON documents, some with a character removed, inserted or repeated.
    fn almost_json() -> impl Strategy<Value = String> {
        let scalar =
            "null|true|false|-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,2})?(e[+-]?[0-9])?|\"[a-c\\\\n]{0,3}\"|tru|01|1\\.|-";
        let document = scalar.prop_map(String::from).prop_recursive(4, 24, 4, |inner| {
            let members = vec(("[ab]", inner.clone()), 0..4);
            prop_oneof![
                vec(inner, 0..4).prop_map(|list| format!("[{}]", list.join(","))),
                members.prop_map(|members| {
                    let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\" : {value}")).collect();
                    format!("{{{}}}", members.join(","))
                }),
            ]
        });
        let change = (any::<proptest::sample::Index>(), "[\\[\\]{}\",:1a .e-]?", 0..3_usize);
        let changed = (document, proptest::option::of(change)).prop_map(|(mut text, change)| {
            if let Some((index, put, taken)) = change {
                let at = index.index(text.len() + 1);
                text.replace_range(at..(at + taken).min(text.len()), &put);
            }
            text
        });
        prop_oneof![4 => changed, 1 => "[\\[\\]{}\",:1a ]{0,12}".prop_map(String::from)]
    }

    /// A part of a string as JSON writes it, and the UTF-16 code unit that it stands for.
    fn escaped_unit() -> impl Strategy<Value = (String, u16)> {
        let short =
            [("\\b", 8), ("\\f", 12), ("\\n", 10), ("\\r", 13), ("\\t", 9), ("\\/", 47), ("\\\\", 92), ("\\\"", 34)];
        let short = short.map(|(text, unit)| (text.to_owned(), unit));
        let long = prop_oneof![0xd800..0xdc00_u16, 0xdc00..0xe000_u16, any::<u16>()];
        prop_oneof![
            proptest::sample::select(short.to_vec()),
            long.prop_map(|unit| (format!("\\u{unit:04x}"), unit)),
            "[a-z/ \u{e9}\u{ffff}]".prop_map(|text| {
                let unit = text.encode_utf16().next().unwrap();
                (text, unit)
            }),
        ]
    }

    proptest! {
        #[test]
        fn agrees_with_serde_json(name in "[a-z\"\\\\é]{1,6}", text in "\\PC*", number in -1.0e6..1.0e6_f64, pretty: bool) {
            let document = serde_json::json!({ "first": {"nested": [text, null, {}]}, &name: text, "last": number });
            let written = if pretty { serde_json::to_string_pretty(&document) } else { serde_json::to_string(&document) }.unwrap();
            if name != "first" && name != "last" {
                prop_assert_eq!(member(&written, &name).and_then(Value::into_string), Some(Cow::Borrowed(text.as_str())));
            }
            let Some(Value::Number(read)) = member(&written, "last") else { panic!("no number") };
            prop_assert_eq!(read.parse(), Ok(number));
        }

        #[test]
        fn strict_reading_rejects_the_same_documents_as_serde_json(text in almost_json()) {
            let is_json = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            let read = read(&text);
            prop_assert_eq!(read.is_ok(), is_json, "{}", text);
            // The elements inside were validated too.
            if let Ok(element) = read {
                prop_assert_eq!(element.written(), text.trim_matches([' ', '\t', '\r', '\n']));
                for element in element.elements().unwrap_or_default() {
                    let is_container = matches!(element.value, Value::Container(_));
                    prop_assert_eq!(element.elements().is_ok() || element.members().is_ok(), is_container, "{}", text);
                }
            }
        }

        #[test]
        fn accepts_the_same_numbers_as_serde_json(text in "[-+]{0,2}[0-9]{0,3}(\\.[0-9]{0,2})?([eE][-+]?[0-9]{0,2})?[a1]?|[-+0-9.eE]{1,6}") {
            let is_number = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            prop_assert_eq!(read(&text).is_ok(), is_number, "{}", text);
            prop_assert_eq!(member(&format!("{{\"a\":{text}}}"), "a").is_some(), is_number, "{}", text);
            let whole = serde_json::from_str::<u64>(&text).ok();
            prop_assert_eq!(read(&text).ok().and_then(|element| element.as_whole_number()), whole, "{}", text);
        }

        /// A repeated member is rejected, wherever it is and however its name is escaped.
        #[test]
        fn repeated_members_are_rejected(names in vec("[ab]|\\\\u006[12]", 0..5)) {
            let members: Vec<String> = (0..).zip(&names).map(|(index, name)| format!("\"{name}\":{index}")).collect();
            let text = format!("{{{}}}", members.join(","));
            let is_a = |name: &&String| matches!(name.as_str(), "a" | "\\u0061");
            let expected = if names.iter().filter(is_a).count() == 1 { names.iter().position(|name| is_a(&name)) } else { None };
            let Some(index) = expected.map(|index| index.to_string()) else {
                prop_assert_eq!(only_member(&text, "a"), None);
                return Ok(());
            };
            prop_assert_eq!(only_member(&text, "a"), Some(Value::Number(&index)));
            prop_assert_eq!(only_member(text.get(..text.len() - 1).unwrap(), "a"), None, "the object is not closed");
        }

        #[test]
        fn never_panics(text in "[\\[\\]{}\",:\\\\a-f0-9uU \n.é-]{0,64}") {
            let _ = member(&text, "a");
            let _ = first_element(&text);
        }

        /// Strings with every kind of escape, surrogates alone and in pairs. The reference joins UTF-16 code units.
        #[test]
        fn escapes_are_read_as_utf16(units in vec(escaped_unit(), 0..8)) {
            let text: String = units.iter().map(|(text, _)| text.as_str()).collect();
            let expected = String::from_utf16_lossy(&units.iter().map(|(_, unit)| *unit).collect::<Vec<u16>>());
            let document = format!("{{\"a\":\"{text}\"}}");
            prop_assert_eq!(member(&document, "a"), Some(Value::String(expected.as_str().into())), "{}", text);
            if !expected.contains(char::REPLACEMENT_CHARACTER) {
                let read: serde_json::Value = serde_json::from_str(&document).unwrap();
                prop_assert_eq!(read["a"].as_str(), Some(expected.as_str()));
            }
        }

        #[test]
        fn serde_json_reads_the_written_json(texts in vec("[\\x00-\\x7f]{0,6}|\\PC{0,4}|[\"\\\\\\r\\n\\t<\u{7f}]{0,4}", 0..4)) {
            let (mut object, mut array) = (Object::new(), Array::new());
            for (index, text) in texts.iter().enumerate() {
                object.string(&format!("{index}{text}"), text);
                array.string(text);
            }
            for written in [object.finish(), array.finish()] {
                // One line, which opens no element in HTML.
                prop_assert!(!written.contains(|c: char| !matches!(c, ' '..='~') || c == '<'), "{}", written);
                let read: serde_json::Value = serde_json::from_str(&written).unwrap();
                for (index, text) in texts.iter().enumerate() {
                    let found = if read.is_array() { &read[index] } else { &read[format!("{index}{text}")] };
                    prop_assert_eq!(found.as_str(), Some(text.as_str()));
                }
            }
        }
    }
}
