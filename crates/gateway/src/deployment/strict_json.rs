//! JSON objects of the configuration, parsed strictly: no unknown and no repeated members, and each with its type. A
//! fault names the place, never a value.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use attention_core::codec::json::{self, Element, Malformed};
use attention_core::codec::text;

use crate::deployment::pasted::is_typographic;

/// The problem with a JSON text of the configuration, and its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is not JSON, or the value there should be a list or an object.
    Syntax {
        /// From 1.
        line: usize,
        /// From 1, in characters.
        column: usize,
        /// The probable cause.
        hint: Option<&'static str>,
    },
    /// The problem with the member at this path.
    Member { path: String, what: String },
}

impl Fault {
    pub(crate) fn at(path: &str, what: impl Into<String>) -> Self {
        Self::Member { path: path.to_owned(), what: what.into() }
    }
}

impl Fault {
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Syntax { line, column, hint } => {
                let (line, column) = (text::count(*line), text::count(*column));
                let (colon, hint) = hint.map_or(("", ""), |hint| (": ", hint));
                ["not JSON of the expected shape at line ", &line, ", column ", &column, colon, hint].concat()
            }
            Self::Member { path, what } => [path, ": ", what].concat(),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

/// A value that is neither a list nor an object.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Scalar {
    Text(String),
    Flag(bool),
    /// A non-negative whole number.
    Number(u64),
}

impl Scalar {
    fn of(element: &Element<'_>) -> Option<Self> {
        match (element.as_bool(), element.as_whole_number()) {
            (Some(flag), _) => Some(Self::Flag(flag)),
            (_, Some(number)) => Some(Self::Number(number)),
            _ => element.clone().into_text().map(|text| Self::Text(text.into_owned())),
        }
    }

    /// The value as a scope, if it is one: visible ASCII without quotation marks and backslashes.
    pub(crate) fn as_scope(&self) -> Option<&str> {
        let Self::Text(text) = self else { return None };
        let is_part = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        (!text.is_empty() && text.bytes().all(is_part)).then_some(text)
    }

    /// Whether a value in a token equals this one. The strings `true` and `false` equal flags as well, because some
    /// configurations can only contain strings; a flag does not equal a string.
    pub(crate) fn is(&self, element: &Element<'_>) -> bool {
        match (self, Self::of(element)) {
            (Self::Text(text), Some(Self::Flag(flag))) => text == if flag { "true" } else { "false" },
            (own, other) => other.as_ref() == Some(own),
        }
    }
}

/// A JSON text of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a>(&'a str);

impl<'a> Document<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    fn fault(self, at: Malformed) -> Fault {
        let (line, column) = at.line_and_column(self.0);
        let around = self.0.lines().nth(line - 1).unwrap_or_default();
        let hint = match around.chars().nth(column - 1) {
            Some(c) if is_typographic(c) => Some("a typographic quotation mark; write \""),
            Some('\'') => Some("JSON requires double quotation marks"),
            Some('\\') => Some("a backslash before a quotation mark: the text was escaped once too often"),
            Some(']' | '}') if self.before(line, column).ends_with(',') => Some("there is an extra comma before it"),
            Some('/' | '#') => Some("JSON has no comments"),
            Some('<' | '$') => Some("a placeholder from a template; put the real value in its place"),
            Some('{') if line == 1 && column == 1 => Some("a list of objects must be enclosed in [ and ]"),
            Some('[') if line == 1 && column == 1 => Some("a single object must be enclosed in { and }, not in a list"),
            // One line further, if the text ends with a line break.
            None if line >= self.0.lines().count() => Some("it ends too early"),
            _ => None,
        };
        Fault::Syntax { line, column, hint }
    }

    /// The text before a position, without trailing white space.
    fn before(self, line: usize, column: usize) -> &'a str {
        let start: usize = self.0.split_inclusive('\n').take(line - 1).map(str::len).sum();
        let row = self.0.get(start..).unwrap_or_default();
        let width: usize = row.chars().take(column - 1).map(char::len_utf8).sum();
        self.0.get(..start + width).unwrap_or_default().trim_end()
    }

    /// The objects of the document, if it is a list of objects.
    pub(crate) fn records(self, known: &[&str]) -> Result<Vec<Record<'a>>, Fault> {
        let list = json::read(self.0).and_then(|root| root.elements()).map_err(|at| self.fault(at))?;
        list.iter()
            .enumerate()
            .map(|(index, element)| self.record(element, ["[", &text::count(index), "]"].concat(), known))
            .collect()
    }

    /// The document as a single object.
    pub(crate) fn root(self, known: &[&str]) -> Result<Record<'a>, Fault> {
        let root = json::read(self.0).map_err(|at| self.fault(at))?;
        self.record(&root, String::new(), known)
    }

    fn record(self, element: &Element<'a>, path: String, known: &[&str]) -> Result<Record<'a>, Fault> {
        let members = element.members().map_err(|at| self.fault(at))?;
        for (index, (name, _)) in members.iter().enumerate() {
            if !known.contains(&&**name) {
                return Err(Fault::at(&path, ["a member that is not one of ", &known.join(", ")].concat()));
            }
            // It would be unclear which of two members with the same name was meant.
            if members.iter().take(index).any(|(earlier, _)| earlier == name) {
                return Err(Fault::at(&[&path, ".", name].concat(), "is duplicated"));
            }
        }
        Ok(Record { document: self, path, members })
    }
}

/// An object of the configuration.
#[derive(Debug)]
pub(crate) struct Record<'a> {
    document: Document<'a>,
    path: String,
    members: Vec<(Cow<'a, str>, Element<'a>)>,
}

impl<'a> Record<'a> {
    /// The path of a member, for faults.
    pub(crate) fn path(&self, name: &str) -> String {
        [&self.path, ".", name].concat()
    }

    pub(crate) fn fault(&self, name: &str, what: impl Into<String>) -> Fault {
        Fault::at(&self.path(name), what)
    }

    fn get(&self, name: &str) -> Option<&Element<'a>> {
        self.members.iter().find(|(known, _)| known == name).map(|(_, element)| element)
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Fault> {
        let text =
            |element: &Element<'a>| element.clone().into_text().ok_or_else(|| self.fault(name, "must be a string"));
        self.get(name).map(text).transpose()
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<Cow<'a, str>, Fault> {
        self.text(name)?.ok_or_else(|| self.fault(name, "is missing"))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Fault> {
        let flag = |element: &Element<'a>| {
            element.as_bool().ok_or_else(|| self.fault(name, "must be true or false, without quotes"))
        };
        self.get(name).map(flag).transpose().map(Option::unwrap_or_default)
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Fault> {
        let number = |element: &Element<'a>| {
            element.as_whole_number().ok_or_else(|| self.fault(name, "must be a non-negative whole number"))
        };
        self.get(name).map(number).transpose()
    }

    /// A string or a list of strings.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(element) = self.get(name) else { return Ok(None) };
        if let Some(text) = element.clone().into_text() {
            return Ok(Some(vec![text.into_owned()]));
        }
        let not_texts = || self.fault(name, "must be a string or a list of strings");
        let list = element.elements().map_err(|_| not_texts())?;
        let texts: Option<Vec<_>> = list.into_iter().map(|item| item.into_text().map(Cow::into_owned)).collect();
        texts.ok_or_else(not_texts).map(Some)
    }

    /// Whether there is a member with this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// A string, a flag or a whole number, or a list of them.
    pub(crate) fn scalars(&self, name: &str) -> Result<Option<Vec<Scalar>>, Fault> {
        let Some(element) = self.get(name) else { return Ok(None) };
        if let Some(scalar) = Scalar::of(element) {
            return Ok(Some(vec![scalar]));
        }
        let not_scalars = || self.fault(name, "must be a string, true, false or a whole number, or a list of them");
        let list = element.elements().map_err(|_| not_scalars())?;
        list.iter().map(Scalar::of).collect::<Option<_>>().map(Some).ok_or_else(not_scalars)
    }

    /// A list of objects; empty if absent.
    pub(crate) fn records(&self, name: &str, known: &[&str]) -> Result<Vec<Self>, Fault> {
        let Some(element) = self.get(name) else { return Ok(Vec::new()) };
        let list = element.elements().map_err(|at| self.document.fault(at))?;
        list.iter()
            .enumerate()
            .map(|(index, item)| {
                self.document.record(item, [&self.path(name), "[", &text::count(index), "]"].concat(), known)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What people write instead of JSON, and what they are told; other faults have a place alone.
    #[test]
    fn a_fault_names_its_probable_cause() {
        let hint = |text: &str| match (Document::new(text).root(&["a"]), Document::new(text).records(&["a"])) {
            (Err(Fault::Syntax { hint: root, .. }), Err(Fault::Syntax { hint: list, .. })) if root == list => root,
            (root, list) => panic!("{text}: {root:?} {list:?}"),
        };
        for (text, words) in [
            ("{\u{201c}a\u{201d}: 1}", Some("a typographic quotation mark")),
            ("{'a': 1}", Some("double quotation marks")),
            ("{\\\"a\\\": 1}", Some("escaped once too often")),
            ("{\"a\": 1,}", Some("an extra comma")),
            ("{\"a\": 1,\n\n }", Some("an extra comma")),
            ("[{\"a\": 1}, ]", Some("an extra comma")),
            ("{\"a\": ]}", None),
            ("{\"a\" 1}", None),
            ("{\"a\": 1 // one\n}", Some("no comments")),
            ("{\n# one\n}", Some("no comments")),
            ("{\"a\": <value>}", Some("a placeholder")),
            ("{\"a\": $VALUE}", Some("a placeholder")),
            ("{\"a\": 1", Some("it ends too early")),
            ("{\"a\":\n", Some("it ends too early")),
            ("{\"a\": 1]", None),
            ("{\"a\"\n:1{", None),
            ("{\"a\": {[", None),
        ] {
            let told = hint(text);
            assert_eq!(told.is_some(), words.is_some(), "{text}: {told:?}");
            assert!(words.is_none_or(|words| told.is_some_and(|told| told.contains(words))), "{text}: {told:?}");
        }
        let of_shape = |fault: Option<Fault>| match fault {
            Some(Fault::Syntax { line: 1, column: 1, hint }) => hint,
            other => panic!("{other:?}"),
        };
        let records = |text| Document::new(text).records(&["a"]).err();
        assert_eq!(of_shape(records("{\"a\":1}")), Some("a list of objects must be enclosed in [ and ]"));
        let root = |text| Document::new(text).root(&["a"]).err();
        let single = "a single object must be enclosed in { and }, not in a list";
        assert_eq!(of_shape(root("[{\"a\":1}]")), Some(single));
        // Elsewhere a bracket says nothing of the whole.
        for text in ["[[1]]", "[\n{},\n[1]]"] {
            assert!(matches!(records(text), Some(Fault::Syntax { hint: None, .. })), "{text}: {:?}", records(text));
        }
    }

    /// RFC 6749 §3.3.
    #[test]
    fn a_scope_is_visible_ascii_without_quotation_marks_and_backslashes() {
        for (text, is_scope) in [
            ("read", true),
            ("a:b/c!~#[]", true),
            ("", false),
            ("a b", false),
            ("a\"b", false),
            ("a\\b", false),
            ("\u{e9}", false),
            ("a\n", false),
        ] {
            assert_eq!(Scalar::Text(text.to_owned()).as_scope(), is_scope.then_some(text), "{text:?}");
        }
        assert_eq!((Scalar::Flag(true).as_scope(), Scalar::Number(1).as_scope()), (None, None));
    }
}
