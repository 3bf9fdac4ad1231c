//! Readers of messages, each representing a parser: how it compares names, how it reads strings, and which of several
//! members it uses.

use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizer;

use crate::tree::Tree;

/// A parser's normalization of a name before comparison.
pub(crate) type Folding = fn(&str) -> String;

/// How parsers compare names.
pub(crate) const FOLDINGS: [(&str, Folding); 9] = [
    ("exact", str::to_owned),
    ("ASCII case", str::to_ascii_lowercase),
    // Go's `encoding/json`: U+017F is an s, U+212A a k.
    ("Unicode case", |name| name.to_uppercase().to_lowercase()),
    ("compatibility", |name| ComposingNormalizer::new_nfkc().normalize(&name.to_lowercase()).into_owned()),
    ("U+0000 ends", |name| name.split('\0').next().unwrap_or_default().to_owned()),
    ("U+0000 ends, case", |name| name.split('\0').next().unwrap_or_default().to_lowercase()),
    ("trimmed", |name| name.trim_matches(|c: char| c.is_whitespace() || c.is_control() || c == '\u{200b}').to_owned()),
    // Protocol Buffers.
    ("snake and camel", |name| name.trim_start_matches('_').replace('_', "").to_lowercase()),
    ("kebab", |name| name.replace(['-', ' '], "").to_lowercase()),
];

/// How a server reads a method: exactly, or as loosely as a router.
pub(crate) const ROUTERS: [fn(&str) -> String; 4] = [
    str::to_owned,
    str::to_lowercase,
    |text| text.split('\0').next().unwrap_or_default().trim().to_owned(),
    |text| text.trim_end_matches('/').to_lowercase(),
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Counts {
    First,
    Last,
}

/// A parser.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    pub(crate) fold: Folding,
    pub(crate) counts: Counts,
}

/// A reading of a message.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reading {
    pub(crate) method: Option<String>,
    pub(crate) has_id: bool,
    pub(crate) is_response: bool,
    pub(crate) name: Option<String>,
    pub(crate) uri: Option<String>,
    pub(crate) revision: Option<String>,
    /// With each member once, under the reader's name for it.
    pub(crate) arguments: Option<String>,
}

impl Reader {
    fn get<'t>(&self, tree: &'t Tree, name: &str) -> Option<&'t Tree> {
        let Tree::Object(members) = tree else { return None };
        let wanted = (self.fold)(name);
        let mut named = members.iter().filter(|(own, _)| (self.fold)(own) == wanted).map(|(_, value)| value);
        match self.counts {
            Counts::First => named.next(),
            Counts::Last => named.next_back(),
        }
    }

    /// A string, or the value that a lenient language converts to one.
    fn text(&self, tree: &Tree, name: &str) -> Option<String> {
        match self.get(tree, name)? {
            Tree::Text(text) => Some(text.clone()),
            Tree::Array(elements) => match &elements[..] {
                [Tree::Text(text)] => Some(text.clone()),
                _ => None,
            },
            Tree::Object(_) | Tree::Other(_) => None,
        }
    }

    pub(crate) fn read(&self, message: &Tree) -> Reading {
        let params = self.get(message, "params");
        let of_params = |name: &str| params.and_then(|params| self.text(params, name));
        let meta = params.and_then(|params| self.get(params, "_meta"));
        Reading {
            method: self.text(message, "method"),
            has_id: self.get(message, "id").is_some_and(|id| *id != Tree::Other(serde_json::Value::Null)),
            is_response: self.get(message, "result").or_else(|| self.get(message, "error")).is_some(),
            name: of_params("name"),
            uri: of_params("uri"),
            revision: meta.and_then(|meta| self.text(meta, "io.modelcontextprotocol/protocolVersion")),
            arguments: params.and_then(|params| self.get(params, "arguments")).map(|tree| self.canonical(tree)),
        }
    }

    /// A value with the members that the reader uses, in the order in which their names first occurred.
    fn canonical(&self, tree: &Tree) -> String {
        match tree {
            Tree::Object(members) => {
                let mut counting: BTreeMap<String, (&str, String)> = BTreeMap::new();
                for (name, value) in members {
                    let folded = (self.fold)(name);
                    if self.counts == Counts::Last || !counting.contains_key(&folded) {
                        counting.insert(folded, (name, self.canonical(value)));
                    }
                }
                let mut named: Vec<&(&str, String)> = counting.values().collect();
                named.sort();
                format!("{{{named:?}}}")
            }
            Tree::Array(elements) => {
                format!("{:?}", elements.iter().map(|element| self.canonical(element)).collect::<Vec<_>>())
            }
            Tree::Text(text) => format!("{text:?}"),
            Tree::Other(value) => value.to_string(),
        }
    }
}
