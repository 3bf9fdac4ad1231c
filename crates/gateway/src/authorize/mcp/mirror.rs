//! Headers that repeat parts of a message (MCP 2026-07-28, "Request Metadata").
//!
//! | header | repeats | required |
//! | --- | --- | --- |
//! | `MCP-Protocol-Version` | `_meta["io.modelcontextprotocol/protocolVersion"]` | since 2026-07-28 |
//! | `Mcp-Method` | `method` | for requests, since 2026-07-28 |
//! | `Mcp-Name` | `params.name` or `params.uri` | for `tools/call`, `prompts/get`, `resources/read`, since 2026-07-28 |
//! | `Mcp-Param-…` | a value in `params.arguments` | for `tools/call`, if the tool's schema requires it |
//!
//! Intermediaries route by the headers and the server acts on the body, so the two must agree, whatever the revision.
//! The tool's schema determines which argument an `Mcp-Param-…` repeats; it is not known here, so the header must
//! repeat any one of them. The server detects a header that is missing or repeats the wrong argument.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use attention_core::codec::base64url;
use attention_core::codec::json::{Element, Value};

use super::message::{Kind, Message};
use super::revision::Revision;

/// The delimiters of a value that is base64-encoded UTF-8.
const SENTINEL: (&str, &str) = ("=?base64?", "?=");

/// The prefix of the headers that repeat arguments.
pub const PARAM_PREFIX: &str = "mcp-param-";

/// How many arguments headers may repeat: far more than tools have.
const MOST_PARAMS: usize = 32;

/// How deep in `arguments` a repeated value may be.
const DEEPEST: usize = 16;

/// The headers of a request that repeat parts of its message. A repeated header has its values joined.
#[derive(Clone, Default, Debug)]
pub struct Mirror {
    /// `MCP-Protocol-Version`.
    pub version: Option<String>,
    /// `Mcp-Method`.
    pub method: Option<String>,
    /// `Mcp-Name`.
    pub name: Option<String>,
    /// The headers that begin with [`PARAM_PREFIX`], with their names.
    pub params: Vec<(String, String)>,
}

/// A contradiction between a header and the message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mismatch(&'static str);

impl Mismatch {
    /// The header and the problem.
    pub const fn message(self) -> &'static str {
        self.0
    }
}

impl Mirror {
    /// Whether the headers agree with the single message of the request; `revision` is the one that they or the message
    /// state.
    pub(super) fn agrees(&self, message: &Message<'_>, revision: Option<Revision>) -> Result<(), Mismatch> {
        let is_stateless = revision.is_some_and(Revision::is_stateless);
        let is_required = is_stateless && message.kind == Kind::Request;
        match (&self.version, &message.claim) {
            (None, _) if is_stateless => return Err(Mismatch("MCP-Protocol-Version is missing")),
            (_, None) if is_required => {
                return Err(Mismatch("MCP-Protocol-Version repeats a revision that the message's _meta does not have"));
            }
            _ => {}
        }
        match &self.method {
            Some(method) if message.kind == Kind::Response || *method != message.method => {
                return Err(Mismatch("Mcp-Method is not the message's method"));
            }
            None if is_required => return Err(Mismatch("Mcp-Method is missing")),
            _ => {}
        }
        let has_name = matches!(&*message.method, "tools/call" | "prompts/get" | "resources/read");
        match &self.name {
            Some(name) if decoded(name).as_deref() != message.subject.as_deref() || message.subject.is_none() => {
                return Err(Mismatch("Mcp-Name is not what the message is about"));
            }
            None if is_required && has_name => return Err(Mismatch("Mcp-Name is missing")),
            _ => {}
        }
        self.params_agree(message)
    }

    /// Whether header and message state the same revision, if both state one.
    pub(super) fn names_revision_of(&self, message: &Message<'_>) -> Result<(), Mismatch> {
        match (&self.version, &message.claim) {
            (Some(version), Some(claim)) if version != claim => {
                Err(Mismatch("MCP-Protocol-Version is not the revision in the message's _meta"))
            }
            _ => Ok(()),
        }
    }

    /// Whether no header describes a message, as required for a batch.
    pub(super) const fn is_silent(&self) -> bool {
        self.method.is_none() && self.name.is_none() && self.params.is_empty()
    }

    fn params_agree(&self, message: &Message<'_>) -> Result<(), Mismatch> {
        if self.params.is_empty() {
            return Ok(());
        }
        if self.params.len() > MOST_PARAMS {
            return Err(Mismatch("there are more than 32 headers Mcp-Param-…"));
        }
        let mut values = Vec::new();
        if let Some(arguments) = message.arguments.as_ref().filter(|_| message.method == "tools/call") {
            collect(arguments, DEEPEST, &mut values);
        }
        let repeats = |value: &str| {
            decoded(value).is_some_and(|value| values.iter().any(|(own, is_number)| same(&value, own, *is_number)))
        };
        if self.params.iter().all(|(_, value)| repeats(value)) {
            Ok(())
        } else {
            Err(Mismatch("a header Mcp-Param-… repeats no argument of the message"))
        }
    }
}

/// Collects the strings, numbers and booleans in an object and its nested objects, noting which are numbers.
fn collect<'a>(object: &Element<'a>, depth: usize, values: &mut Vec<(Cow<'a, str>, bool)>) {
    for (_, element) in object.members().unwrap_or_default() {
        match element.value() {
            Value::String(text) => values.push((text.clone(), false)),
            Value::Number(number) => values.push((Cow::Borrowed(number), true)),
            Value::Bool(flag) => values.push((Cow::Borrowed(if *flag { "true" } else { "false" }), false)),
            Value::Container(_) if depth > 0 => collect(&element, depth - 1, values),
            Value::Container(_) | Value::Null => {}
        }
    }
}

/// Whether a header's value equals this one: exactly, or as a number, such as `42.0` and `42`.
fn same(header: &str, own: &str, is_number: bool) -> bool {
    header == own || is_number && decimal(header).is_some_and(|header| decimal(own) == Some(header))
}

/// A number split into sign, integer digits and fraction digits, without insignificant zeros. `None` if it has an
/// exponent or is not a number.
fn decimal(text: &str) -> Option<(bool, &str, &str)> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
    let (whole, fraction) = digits.split_once('.').map_or((digits, "0"), |(whole, fraction)| (whole, fraction));
    let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    Some((is_negative && !(whole.is_empty() && fraction.is_empty()), whole, fraction))
}

/// The decoded value of a header; `None` for invalid base64 or characters that are not allowed in headers.
pub(super) fn decoded(value: &str) -> Option<Cow<'_, str>> {
    if value.bytes().any(|byte| !matches!(byte, b'\t' | b' '..=b'~')) {
        return None;
    }
    let Some(encoded) = value.strip_prefix(SENTINEL.0).and_then(|rest| rest.strip_suffix(SENTINEL.1)) else {
        return Some(Cow::Borrowed(value));
    };
    String::from_utf8(base64url::decode_padded(encoded)?).ok().map(Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_by_the_specification() {
        for (value, meant) in [
            ("us-west1", Some("us-west1")),
            ("=?base64?SGVsbG8sIOS4lueVjA==?=", Some("Hello, 世界")),
            ("=?base64?IHBhZGRlZCA=?=", Some(" padded ")),
            ("=?base64?bGluZTEKbGluZTI=?=", Some("line1\nline2")),
            ("=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=", Some("=?base64?literal?=")),
            ("=?base64??=", Some("")),
            ("=?BASE64?eA==?=", Some("=?BASE64?eA==?=")),
            ("=?base64?", Some("=?base64?")),
            ("", Some("")),
            // No padding, leftover bits, the other alphabet, and invalid UTF-8.
            ("=?base64?eA?=", None),
            ("=?base64?eB==?=", None),
            ("=?base64?_-__?=", None),
            ("=?base64?/w==?=", None),
            ("=?base64?e A==?=", None),
            ("世界", None),
            ("a\u{0}b", None),
        ] {
            assert_eq!(decoded(value).as_deref(), meant, "{value}");
        }
    }

    #[test]
    fn numbers_are_compared_as_numbers() {
        for (header, own) in
            [("42", "42"), ("42.0", "42"), ("-7", "-7.00"), ("0", "-0"), ("0042", "42"), ("1e3", "1e3")]
        {
            assert!(same(header, own, true), "{header} {own}");
        }
        for (header, own) in [
            ("42", "43"),
            ("9007199254740993", "9007199254740992"),
            ("-1", "1"),
            (" 42", "42"),
            ("0x2a", "42"),
            ("1e3", "1000"),
            ("", "0"),
            (".5", "0.5"),
            ("4", "42"),
        ] {
            assert!(!same(header, own, true), "{header} {own}");
        }
        assert!(!same("42.0", "42", false));
    }
}
