//! JSON objects of the configuration, read strictly: every member is known, none
//! stands there twice, each has its type. A fault names the place, never a value.

use alloc::borrow::Cow;
use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use attention_core::codec::json::{self, Element, Malformed};
use attention_core::codec::text;

/// What is wrong with a JSON text of the configuration, and where.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// It is no JSON, or the value there is not a list or an object as it should be.
    Syntax { line: usize, column: usize },
    /// The member at this path.
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
            Self::Syntax { line, column } => {
                let (line, column) = (text::count(*line), text::count(*column));
                ["not JSON of the expected shape at line ", &line, ", column ", &column].concat()
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

/// A JSON text of the configuration.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Document<'a>(&'a str);

impl<'a> Document<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self(text)
    }

    fn fault(self, at: Malformed) -> Fault {
        let (line, column) = at.line_and_column(self.0);
        Fault::Syntax { line, column }
    }

    /// The document's objects, when it is a list of them.
    pub(crate) fn records(self, known: &[&str]) -> Result<Vec<Record<'a>>, Fault> {
        let list = json::read(self.0).and_then(|root| root.elements()).map_err(|at| self.fault(at))?;
        list.iter()
            .enumerate()
            .map(|(index, element)| self.record(element, ["[", &text::count(index), "]"].concat(), known))
            .collect()
    }

    /// The document's one object.
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
            // Of two members with one name nobody can tell which was meant.
            if members.iter().take(index).any(|(earlier, _)| earlier == name) {
                return Err(Fault::at(&[&path, ".", name].concat(), "stands there twice"));
            }
        }
        Ok(Record { document: self, path, members })
    }
}

/// One object of the configuration.
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
            |element: &Element<'a>| element.clone().into_text().ok_or_else(|| self.fault(name, "is to be a text"));
        self.get(name).map(text).transpose()
    }

    pub(crate) fn required_text(&self, name: &str) -> Result<Cow<'a, str>, Fault> {
        self.text(name)?.ok_or_else(|| self.fault(name, "is missing"))
    }

    pub(crate) fn flag(&self, name: &str) -> Result<bool, Fault> {
        let flag = |element: &Element<'a>| element.as_bool().ok_or_else(|| self.fault(name, "is to be true or false"));
        self.get(name).map(flag).transpose().map(Option::unwrap_or_default)
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Fault> {
        let number = |element: &Element<'a>| {
            element.as_whole_number().ok_or_else(|| self.fault(name, "is to be a whole number that is not negative"))
        };
        self.get(name).map(number).transpose()
    }

    /// A text, or a list of texts.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Fault> {
        let Some(element) = self.get(name) else { return Ok(None) };
        if let Some(text) = element.clone().into_text() {
            return Ok(Some(vec![text.into_owned()]));
        }
        let not_texts = || self.fault(name, "is to be a text or a list of texts");
        let list = element.elements().map_err(|_| not_texts())?;
        let texts: Option<Vec<_>> = list.into_iter().map(|item| item.into_text().map(Cow::into_owned)).collect();
        texts.ok_or_else(not_texts).map(Some)
    }

    /// A list of objects; absent is empty.
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
