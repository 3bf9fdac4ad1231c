//! Names as lenient parsers compare them.
//!
//! JSON has no rule for names that differ only in case, and parsers differ: Go's takes `Method` and `paramſ` for
//! `method` and `params`, C#'s and Java's can be configured to, Protocol Buffers read `request_state` as
//! `requestState`, and a C string ends at its first U+0000. So two names count as equal if some parser may treat them
//! as equal.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::{json, text};

use crate::authorize::policy::push_folded;

/// How many accented letters and similar forms the names of a message may have in total, because each needs a look-up.
const MOST_FORMS: usize = 8_192;

/// A name in lower case and compatibility forms, without accents, blanks, `_`, `-` and invisible characters.
fn folded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for c in name.chars() {
        push_folded(c, &mut text);
    }
    text.retain(|c| !c.is_ascii_control() && !matches!(c, ' ' | '_' | '-'));
    text
}

/// A name without ASCII punctuation, so that `_meta` equals `meta` and `request_state` equals `requestState`.
pub(super) fn letters(name: &str) -> String {
    let mut text = folded(name);
    text.retain(|c| !c.is_ascii_punctuation());
    text
}

/// Whether some parser takes a name for one of these although it is written differently.
pub(crate) fn resembles(name: &str, known: &[&str]) -> bool {
    if known.contains(&name) {
        return false;
    }
    let own = letters(name);
    known.iter().any(|known| {
        let known = known.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase());
        known.eq(own.bytes())
    })
}

/// Whether in every object of a JSON text, at any depth, each name is unique for every parser. The text must be valid
/// JSON. It is scanned once, and deep nesting costs nothing.
pub(super) fn are_names_unique(text: &str) -> bool {
    let mut names: Vec<String> = Vec::new();
    // The index at which the names of each open object begin; arrays have none.
    let mut open: Vec<Option<usize>> = Vec::new();
    let mut is_name = false;
    let mut forms = 0;
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'{' => open.push(Some(names.len())),
            b'[' => open.push(None),
            b'}' | b']' => {
                if let Some(Some(first)) = open.pop() {
                    let own = names.split_off(first);
                    if text::has_repeated(own.iter().map(String::as_str).collect()) {
                        return false;
                    }
                }
            }
            b'"' => {
                let length = string_length(text.get(at..).unwrap_or_default());
                let written = text.get(at..at + length).unwrap_or_default();
                if is_name && matches!(open.last(), Some(Some(_))) {
                    // Some parsers end the name at a U+0000.
                    let name = unescaped(written).filter(|name| !name.contains(char::is_control));
                    let Some(name) = name else { return false };
                    forms += name.chars().filter(|c| is_form(*c)).count();
                    if forms > MOST_FORMS {
                        return false;
                    }
                    names.push(folded(&name));
                }
                at += length;
                is_name = false;
                continue;
            }
            _ => {}
        }
        match byte {
            b'{' | b',' => is_name = true,
            b':' | b'[' => is_name = false,
            _ => {}
        }
        at += 1;
    }
    true
}

/// Whether a character is in a block in which many characters have an ASCII form. Other scripts cost nothing.
const fn is_form(c: char) -> bool {
    matches!(c, '\u{a0}'..='\u{24f}' | '\u{1d00}'..='\u{24ff}' | '\u{3200}'..='\u{33ff}' | '\u{1f100}'..='\u{1f1ff}')
}

/// The length of the string at the beginning of a valid JSON text, including its quotation marks.
fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

fn unescaped(written: &str) -> Option<Cow<'_, str>> {
    json::read(written).ok()?.into_text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_recognized_in_every_spelling() {
        let known = ["method", "params", "_meta", "requestState"];
        for name in [
            "Method",
            "METHOD",
            "param\u{17f}",
            "params\u{0}",
            " params",
            "ｐarams",
            "meta",
            "_Meta",
            "request_state",
            "RequestState",
            "meth\u{200b}od",
            "m\u{e9}thod",
        ] {
            assert!(resembles(name, &known), "{name:?}");
        }
        for name in ["method", "params", "methods", "param", "m\u{435}thod", "", "metal"] {
            assert!(!resembles(name, &known), "{name:?}");
        }
    }

    #[test]
    fn names_are_unique_in_each_object() {
        for text in [
            r#"{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}],"d":["a","a","b"],"e":"{\"a\":1,\"a\":2}"}"#,
            "[]",
            "{}",
            r#""a""#,
            r#"{"a\"b":1,"a\\":2,"a":",","c":"\\"}"#,
            r#"{"start_date":1,"startdates":2,"start.date":3}"#,
        ] {
            assert!(json::read(text).is_ok() && are_names_unique(text), "{text}");
        }
        for text in [
            r#"{"a":1,"a":2}"#,
            r#"{"a":1,"\u0061":2}"#,
            r#"{"a":1,"A":2}"#,
            r#"{"k":1,"\u212a":2}"#,
            r#"{"a":1,"a\u0000":2}"#,
            r#"{"start_date":1,"startDate":2}"#,
            r#"[[{"x":{"y":[{"a":1,"b":[{}],"a":2}]}}]]"#,
            r#"{"":1,"\u200b":2}"#,
            r#"{"\ud800":1,"\udbff":2}"#,
        ] {
            assert!(json::read(text).is_ok() && !are_names_unique(text), "{text}");
        }
    }

    #[test]
    fn names_of_a_hostile_message_are_cheap_to_compare() {
        let named = |letter: &str, count: usize| ["{\"", &letter.repeat(count), "\":1}"].concat();
        assert!(are_names_unique(&named("\u{1eff}", MOST_FORMS)));
        assert!(!are_names_unique(&named("\u{1eff}", MOST_FORMS + 1)));
        for letter in ["x", "\u{4e2d}", "\u{436}"] {
            assert!(are_names_unique(&named(letter, 80_000)), "{letter}");
        }
        // Depth costs neither time nor stack.
        assert!(are_names_unique(&["[".repeat(100_000), "]".repeat(100_000)].concat()));
        assert!(are_names_unique(&["{\"a\":".repeat(30_000), "1".to_owned(), "}".repeat(30_000)].concat()));
    }
}
