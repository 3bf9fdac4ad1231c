//! Readers of messages, each of which is some parser: a way to compare names, a way to read texts, and which of
//! several members counts.

use std::collections::BTreeMap;

use icu_normalizer::ComposingNormalizer;

use crate::tree::Tree;

/// What a parser makes of a name before it compares it.
pub(crate) type Folding = fn(&str) -> String;

/// How parsers compare names.
pub(crate) const FOLDINGS: [(&str, Folding); 9] = [
    ("to the letter", str::to_owned),
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

/// How a server reads a method: to the letter, or as loosely as a router.
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

/// What somebody takes a message for.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Reading {
    pub(crate) method: Option<String>,
    pub(crate) has_id: bool,
    pub(crate) is_response: bool,
    pub(crate) name: Option<String>,
    pub(crate) uri: Option<String>,
    pub(crate) revision: Option<String>,
    /// With each member once, by the names that the reader has for them.
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

    /// A text, or what a lenient language makes one of.
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

    /// A value with the members that count, in order of the names that they were first written with.
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
