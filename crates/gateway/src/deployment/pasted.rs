//! Removes or reports what tools add to a value on its way into a binding.
//!
//! A value is copied from a page, edited, written to a file that a shell or a `.env` parser reads, and uploaded by a
//! command. Additions that cannot be part of the value are removed; additions that could be are reported.

use alloc::borrow::{Cow, ToOwned as _};
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::json::{self, Element};

use crate::deployment::bindings::PREFIX;

/// An unintended addition to a value, or a replacement for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Slip {
    /// `export NAME=`, `NAME=`, `$env:NAME =`: a line of a shell script or a file instead of the value.
    Assignment,
    /// Quotation marks around a value that may contain quotation marks.
    Quotes,
    /// Typographic quotation marks.
    TypographicQuotes,
    /// A placeholder of documentation or a template.
    Placeholder,
    /// A character in a URL's path that was probably next to the URL.
    OddPath,
    /// An empty list, where it would be taken for an absent value.
    EmptyList,
}

impl Slip {
    /// The problem and the next step.
    pub(crate) const fn message(self) -> &'static str {
        match self {
            Self::Assignment => {
                "begins with the name of the variable, like a line of a shell script; set only the part after the `=`"
            }
            Self::Quotes => "is in quotation marks; remove them",
            Self::TypographicQuotes => "has typographic quotation marks; write \" or, around the whole value, none",
            Self::Placeholder => super::placeholder::SAID,
            Self::OddPath => {
                "has a character in its path that the API's paths never have; write it like https://api.attention.tech/v2"
            }
            Self::EmptyList => "is an empty list; remove the binding, or add the entries",
        }
    }
}

/// The text without additions around it. Empty if nothing else is left.
pub(crate) fn bare(text: &str) -> Result<&str, Slip> {
    // Some editors begin a file, and PowerShell a pipe, with a byte order mark.
    let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if is_assignment(text) {
        return Err(Slip::Assignment);
    }
    if text.starts_with(is_typographic) || text.ends_with(is_typographic) {
        return Err(Slip::TypographicQuotes);
    }
    Ok(text)
}

/// The text without quotation marks around the whole: those of a shell, or those of repeated JSON encoding.
pub(crate) fn unquoted(text: &str) -> Result<Cow<'_, str>, Slip> {
    let mut text = Cow::Borrowed(bare(text)?);
    // More repetitions cannot be an accident.
    for _ in 0..3 {
        let inner = match json::read(&text).ok().and_then(Element::into_text) {
            Some(inner) => inner.into_owned(),
            None => match between(&text) {
                Some(inner) => inner.to_owned(),
                None => break,
            },
        };
        text = Cow::Owned(bare(&inner)?.to_owned());
    }
    Ok(text)
}

/// The strings of a JSON list; `None` if the text is not a list of strings.
pub(crate) fn list(text: &str) -> Option<Vec<String>> {
    let elements = json::read(text).ok()?.elements().ok()?;
    elements.into_iter().map(|element| element.into_text().map(Cow::into_owned)).collect()
}

/// Whether the first and the last character are the same quotation mark.
pub(crate) fn is_quoted(text: &str) -> bool {
    between(text).is_some()
}

fn between(text: &str) -> Option<&str> {
    ['"', '\'', '`'].into_iter().find_map(|mark| text.strip_prefix(mark)?.strip_suffix(mark))
}

/// Typographic quotation marks, and primes used as such.
pub(crate) const fn is_typographic(c: char) -> bool {
    matches!(c, '\u{2018}'..='\u{201f}' | '\u{2032}' | '\u{2033}' | '\u{ab}' | '\u{bb}' | '\u{2039}' | '\u{203a}')
}

/// Whether a text is an assignment `NAME=` or `NAME:`, where NAME is a binding or follows a shell's keyword for setting
/// one.
fn is_assignment(text: &str) -> bool {
    let starts = |start: &str| text.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start));
    let word = ["export ", "set ", "setx ", "$env:", "declare -x ", "let ", "const ", "var "]
        .into_iter()
        .find(|word| starts(word));
    let rest = word.and_then(|word| text.get(word.len()..)).unwrap_or(text).trim_start();
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let name = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let (name, rest) = rest.split_at_checked(name).unwrap_or_default();
    let is_ours = name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
    !name.is_empty() && rest.starts_with(['=', ':']) && (is_ours || word.is_some())
        // `setx NAME value` has no sign between the two.
        || is_ours && word.is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Tool = (&'static str, fn(&str) -> String, bool);

    /// Tools that change a value, and whether the result is still accepted.
    const TOOLS: &[Tool] = &[
        ("as it is", ToOwned::to_owned, true),
        ("a line of a file", |value| format!("{value}\n"), true),
        ("a line of Windows", |value| format!("{value}\r\n"), true),
        ("PowerShell's pipe", |value| format!("\u{feff}{value}\r\n"), true),
        ("copied with what is around", |value| format!("\u{a0} {value}\t"), true),
        ("quotes of a shell that was not there", |value| format!("'{value}'"), true),
        ("made JSON of", |value| serde_json::to_string(value).unwrap(), true),
        ("twice", |value| serde_json::to_string(&serde_json::to_string(value).unwrap()).unwrap(), true),
        ("quotes and a line end", |value| format!("{}\n", serde_json::to_string(value).unwrap()), true),
        ("backticks of a chat", |value| format!("`{value}`"), true),
        ("a line of a shell", |value| format!("export ATTENTION_POLICY={value}"), false),
        ("with quotes", |value| format!("export ATTENTION_POLICY='{value}'"), false),
        ("a line of .env", |value| format!("ATTENTION_POLICY={value}"), false),
        ("TOML", |value| format!("ATTENTION_POLICY = \"{value}\""), false),
        ("YAML", |value| format!("ATTENTION_POLICY: {value}"), false),
        ("PowerShell", |value| format!("$env:ATTENTION_POLICY = \"{value}\""), false),
        ("cmd", |value| format!("set ATTENTION_POLICY={value}"), false),
        ("setx", |value| format!("setx ATTENTION_POLICY {value}"), false),
        ("JSON of a file", |value| format!("\"ATTENTION_POLICY\": \"{value}\""), false),
        ("in quotes as a whole", |value| format!("\"export ATTENTION_POLICY={value}\""), false),
        ("a word processor", |value| format!("\u{201c}{value}\u{201d}"), false),
        ("a word processor, single", |value| format!("\u{2018}{value}\u{2019}"), false),
        ("French", |value| format!("\u{ab}{value}\u{bb}"), false),
    ];

    proptest! {
        #[test]
        fn changes_by_tools_are_undone_or_reported(
            value in "[a-z\\[{][a-zA-Z0-9 /*,:\\[\\]{}._-]{0,40}[a-z0-9\\]}]",
            (tool, spoil, reads) in prop::sample::select(TOOLS),
        ) {
            prop_assume!(!is_assignment(&value) && json::read(&value).ok().and_then(Element::into_text).is_none());
            let spoilt = spoil(&value);
            let read = unquoted(&spoilt);
            if reads {
                prop_assert_eq!(read.as_deref(), Ok(value.as_str()), "{}", tool);
            } else {
                prop_assert!(read.is_err(), "{}: {:?}", tool, read);
            }
        }

        #[test]
        fn an_unmodified_value_is_unchanged(value in "[a-zA-Z0-9\\[{/+][ -~]{0,60}[a-zA-Z0-9\\]}=+/]") {
            prop_assume!(!is_assignment(&value));
            let read = unquoted(&value);
            prop_assert_eq!(read.as_deref(), Ok(value.as_str()));
        }
    }

    #[test]
    fn only_lists_of_strings_are_lists() {
        assert_eq!(list(r#"["a","b"]"#), Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(list("[]"), Some(Vec::new()));
        for text in ["", "a,b", r#"["a",1]"#, r#"{"a":1}"#, r#""a""#, r#"["a",]"#] {
            assert_eq!(list(text), None, "{text}");
        }
    }
}
