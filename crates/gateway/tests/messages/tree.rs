//! JSON as written: members in order, including repeated ones, and ways to write them.

use std::fmt::Write as _;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::dice::Dice;

/// A value of a JSON text.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Tree {
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    Text(String),
    Other(serde_json::Value),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Tree;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("JSON")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Tree::Object(members))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Tree, A::Error> {
                let mut elements = Vec::new();
                while let Some(element) = list.next_element()? {
                    elements.push(element);
                }
                Ok(Tree::Array(elements))
            }

            fn visit_str<E>(self, text: &str) -> Result<Tree, E> {
                Ok(Tree::Text(text.to_owned()))
            }

            fn visit_bool<E>(self, flag: bool) -> Result<Tree, E> {
                Ok(Tree::Other(flag.into()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Tree, E> {
                Ok(Tree::Other(number.into()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Tree, E> {
                Ok(Tree::Other(number.into()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Tree, E> {
                Ok(Tree::Other(number.into()))
            }

            fn visit_unit<E>(self) -> Result<Tree, E> {
                Ok(Tree::Other(serde_json::Value::Null))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

pub(crate) fn text(text: &str) -> Tree {
    Tree::Text(text.to_owned())
}

pub(crate) fn object<const N: usize>(members: [(&str, Tree); N]) -> Tree {
    Tree::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

impl Tree {
    pub(crate) fn members(&mut self) -> Option<&mut Vec<(String, Self)>> {
        match self {
            Self::Object(members) => Some(members),
            Self::Array(_) | Self::Text(_) | Self::Other(_) => None,
        }
    }

    pub(crate) fn at(&mut self, name: &str) -> Option<&mut Self> {
        self.members()?.iter_mut().find(|(own, _)| own == name).map(|(_, value)| value)
    }

    /// Writes it in one of its possible forms.
    pub(crate) fn write(&self, dice: &mut Dice, out: &mut String) {
        let blank = |dice: &mut Dice| dice.of(&["", "", "", "", " ", "\n", "\t\r "]);
        *out += blank(dice);
        match self {
            Self::Object(members) => {
                out.push('{');
                for (index, (name, value)) in members.iter().enumerate() {
                    *out += if index == 0 { "" } else { "," };
                    *out += blank(dice);
                    write_text(name, dice, out);
                    *out += blank(dice);
                    out.push(':');
                    value.write(dice, out);
                }
                *out += blank(dice);
                out.push('}');
            }
            Self::Array(elements) => {
                out.push('[');
                for (index, element) in elements.iter().enumerate() {
                    *out += if index == 0 { "" } else { "," };
                    element.write(dice, out);
                }
                out.push(']');
            }
            Self::Text(text) => write_text(text, dice, out),
            Self::Other(value) => *out += &value.to_string(),
        }
        *out += blank(dice);
    }
}

fn write_text(text: &str, dice: &mut Dice, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        let must = c < ' ' || matches!(c, '"' | '\\');
        if c == '/' && dice.one_in(4) {
            *out += "\\/";
        } else if must || dice.one_in(14) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                if dice.one_in(2) { write!(out, "\\u{unit:04x}") } else { write!(out, "\\u{unit:04X}") }.unwrap();
            }
        } else {
            out.push(c);
        }
    }
    out.push('"');
}
