//! The members of a JSON object, with repeated names detected.
//!
//! Every part of a token is parsed as strictly as by `JSON.parse`: two parsers that disagree on what is JSON disagree
//! on what was signed.

use alloc::borrow::Cow;
use alloc::vec::Vec;

use attention_core::codec::json::{self, Element};
use attention_core::codec::text;

/// The names and raw values of an object's members.
#[derive(Debug)]
pub(in crate::authorize) struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

/// The value of a name in an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::authorize) enum Member<'a> {
    Absent,
    /// The raw text of the only value.
    One(&'a str),
    /// More than one value, none of which is used: RFC 7519 §4 leaves the choice to the parser, so the issuer cannot
    /// rely on any.
    Repeated,
}

impl<'a> Members<'a> {
    /// Reads the object in these UTF-8 bytes. A byte order mark is skipped, as browsers' decoders do.
    pub(in crate::authorize) fn decode(bytes: &'a [u8]) -> Option<Self> {
        let text = str::from_utf8(bytes).ok()?;
        Self::read(text.strip_prefix('\u{feff}').unwrap_or(text))
    }

    /// Reads the object in `text`; `None` for any other text.
    pub(in crate::authorize) fn read(text: &'a str) -> Option<Self> {
        let members = json::read(text).and_then(|root| root.members()).ok()?;
        Some(Self(members.into_iter().map(|(name, value)| (name, value.written())).collect()))
    }

    /// The value of a name.
    pub(in crate::authorize) fn get(&self, name: &str) -> Member<'a> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        match (found.next(), found.next()) {
            (None, _) => Member::Absent,
            (Some((_, value)), None) => Member::One(value),
            _ => Member::Repeated,
        }
    }

    /// Whether all names are among these, without repetition.
    pub(in crate::authorize) fn are_all_of(&self, known: &[&str]) -> bool {
        !self.repeat() && self.0.iter().all(|(name, _)| known.contains(&&**name))
    }

    /// Whether a name is repeated.
    pub(in crate::authorize) fn repeat(&self) -> bool {
        text::has_repeated(self.0.iter().map(|(name, _)| &**name).collect())
    }
}

impl<'a> Member<'a> {
    /// The value for core's reader; `None` unless there is exactly one.
    fn element(self) -> Option<Element<'a>> {
        match self {
            Self::One(value) => json::read(value).ok(),
            _ => None,
        }
    }

    /// The value, if it is a string.
    pub(in crate::authorize) fn text(self) -> Option<Cow<'a, str>> {
        self.element().and_then(Element::into_text)
    }

    /// Whether `holds` is true for the value or for an element of the list that it is.
    pub(in crate::authorize) fn any(self, holds: impl Fn(&Element<'_>) -> bool) -> bool {
        let Some(value) = self.element() else { return false };
        match value.elements() {
            Ok(elements) => elements.iter().any(holds),
            Err(_) => holds(&value),
        }
    }

    /// Whether `holds` is true for the string that the value is, or for one in its list.
    pub(in crate::authorize) fn any_text(self, holds: impl Fn(&str) -> bool) -> bool {
        self.any(|element| element.clone().into_text().is_some_and(|text| holds(&text)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::*;

    #[test]
    fn a_repeated_name_has_no_value() {
        let members = Members::read(r#" { "a" : 1 , "b":[ {"a":2} ] ,"\u0061":3,"c":"\u00e9" } "#).unwrap();
        assert_eq!(members.get("a"), Member::Repeated);
        assert_eq!(members.get("b"), Member::One(r#"[ {"a":2} ]"#));
        assert_eq!(members.get("d"), Member::Absent);
        assert_eq!(members.get("c").text().as_deref(), Some("é"));
        assert!(members.repeat());
        assert!(!Members::read(r#"{"a":{"a":1},"A":1,"":1}"#).unwrap().repeat());
    }

    #[test]
    fn any_text_matches_the_value_or_an_element_of_its_list() {
        for (value, found) in [
            (r#""x""#, true),
            (r#"["y","x"]"#, true),
            (r#"[1,{},["y"],null,"x"]"#, true),
            (r#""\u0078""#, true),
            (r#""xx""#, false),
            (r#"["y"]"#, false),
            ("[]", false),
            (r#"[["x"]]"#, false),
            (r#"{"x":"x"}"#, false),
            ("1", false),
        ] {
            assert_eq!(Member::One(value).any_text(|text| text == "x"), found, "{value}");
        }
        assert!(!Member::Absent.any_text(|_| true) && !Member::Repeated.any_text(|_| true));
    }

    #[test]
    fn anything_but_a_valid_object_is_rejected() {
        for text in [
            "",
            " ",
            "null",
            "1",
            "[]",
            r#""{}""#,
            "{",
            "}",
            "{}{}",
            "{},",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            "{a:1}",
            "{'a':1}",
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":.5}"#,
            r#"{"a":1.}"#,
            r#"{"a":1e}"#,
            r#"{"a":-}"#,
            r#"{"a":0x1}"#,
            r#"{"a":1x2}"#,
            r#"{"a":NaN}"#,
            r#"{"a":Infinity}"#,
            r#"{"a":undefined}"#,
            r#"{"a":True}"#,
            r#"{"a":truefalse}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":[}]"#,
            r#"{"a":[1}]}"#,
            r#"{"a":{]}}"#,
            r#"{"a":[1 2]}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":{"b":1,}}"#,
            r#"{"a":[{"b":1},{1:2}]}"#,
            r#"{"a":"\q"}"#,
            r#"{"a":"\u00g0"}"#,
            r#"{"a":"\u12"}"#,
            "{\"a\":\"\t\"}",
            "{\"a\":\"\u{0}\"}",
            "{\"a\":\"\u{1f}\"}",
            "{\"a\":\u{a0}1}",
            "{\u{c}}",
            r#"{"a":/**/1}"#,
            "\u{feff}{}",
        ] {
            assert!(Members::read(text).is_none(), "{text}");
        }
        assert!(Members::decode(b"{\"a\":\"\xff\"}").is_none());
        assert!(Members::decode("\u{feff}{}".as_bytes()).is_some());
        assert!(Members::decode("\u{feff}\u{feff}{}".as_bytes()).is_none());
    }

    #[test]
    fn deep_nesting_costs_no_stack() {
        let deep = 1_000_000;
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
            let text = format!(r#"{{"a":{}1{}}}"#, open.repeat(deep), close.repeat(deep));
            let members = Members::read(&text).unwrap();
            assert!(!members.get("a").any_text(|_| true));
            assert!(Members::read(text.get(..text.len() - 1).unwrap()).is_none());
        }
    }

    /// A raw value, with white space in all possible places.
    fn values() -> impl Strategy<Value = String> {
        let scalar = prop_oneof![
            "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9])?",
            "true|false|null",
            "\"([a-z\u{e9}\u{1f600} ]|\\\\[\"\\\\/bfnrt]|\\\\u[0-7][0-9a-fA-F]{3}){0,5}\"",
        ];
        scalar.prop_recursive(4, 24, 4, |inner| {
            let list = proptest::collection::vec(inner.clone(), 0..4);
            let object = proptest::collection::vec(("[a-c]{0,2}", inner), 0..4);
            let member = |(name, value)| format!("\"{name}\"\t: {value}");
            prop_oneof![
                list.prop_map(|list| format!("[ {} ]", list.join(" , "))),
                object.prop_map(move |list| format!(
                    "{{{}\n}}",
                    list.into_iter().map(member).collect::<Vec<_>>().join(",")
                )),
            ]
        })
    }

    fn objects() -> impl Strategy<Value = (Vec<(String, String)>, String)> {
        proptest::collection::vec(("[a-c]{0,2}", values()), 0..6).prop_map(|members| {
            let list: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\": {value}")).collect();
            let text = format!(" {{{}}}\r\n", list.join(" ,"));
            (members, text)
        })
    }

    /// The replacements for a character.
    const EDITS: &[&str] = &[
        "", "{", "}", "[", "]", ":", ",", "\"", "\\", "0", "1", "-", "+", ".", "e", "E", "u", "t", "null", " ", "\n",
        "\t", "\u{1}", "\u{7f}", "\u{a0}", "\u{e9}", "\"a\":1,", "[[]]", "{}",
    ];

    proptest! {
        #[test]
        fn reads_what_was_written((written, text) in objects(), name in "[a-d]{0,2}") {
            let members = Members::read(&text).unwrap();
            let values: Vec<_> = written.iter().filter(|(known, _)| *known == name).map(|(_, value)| value).collect();
            prop_assert_eq!(members.get(&name), match values[..] {
                [] => Member::Absent,
                [value] => Member::One(value),
                _ => Member::Repeated,
            });
            // serde_json uses the last value of a repeated name.
            let read: Map<String, Value> = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(members.repeat(), read.len() < written.len());
            if let Member::One(value) = members.get(&name) {
                prop_assert_eq!(&serde_json::from_str::<Value>(value).unwrap(), &read[&name]);
            }
        }

        #[test]
        fn accepts_the_same_objects_as_serde_json(
            (_, text) in objects(),
            edits in proptest::collection::vec((any::<prop::sample::Index>(), prop::sample::select(EDITS)), 1..3),
        ) {
            let mut text: Vec<char> = text.chars().collect();
            for (index, new) in edits {
                let index = index.index(text.len());
                text.splice(index..=index, new.chars());
                prop_assume!(!text.is_empty());
            }
            let text: String = text.into_iter().collect();
            let read = serde_json::from_str::<Map<String, Value>>(&text);
            // Values that are valid JSON but that serde_json cannot represent.
            let is_kept_out = read.as_ref().is_err_and(|error| {
                let fault = error.to_string();
                ["out of range", "surrogate", "hex escape"].iter().any(|known| fault.contains(known))
            });
            prop_assume!(!is_kept_out);
            prop_assert_eq!(Members::read(&text).is_some(), read.is_ok(), "{}: {:?}", text, read);
        }
    }
}
