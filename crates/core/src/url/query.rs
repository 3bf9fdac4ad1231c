//! Query strings: encoded from pairs, or validated if already encoded.

use alloc::string::String;

use super::path::MAX_TARGET_BYTES;
use crate::codec::text;

/// Encodes pairs as a query string without the `?`: `application/x-www-form-urlencoded` as the WHATWG URL standard
/// (§5.2) and `URLSearchParams` write it.
///
/// ```
/// use attention_core::url::encode_query;
///
/// let text = encode_query([("filter[title]", "Q4 & more"), ("page", "1")]);
/// assert_eq!(text, "filter%5Btitle%5D=Q4+%26+more&page=1");
/// ```
pub fn encode_query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        push_encoded(&mut out, name);
        out.push('=');
        push_encoded(&mut out, value);
    }
    out
}

fn push_encoded(out: &mut String, text: &str) {
    const HEX: [u8; 16] = *b"0123456789ABCDEF";
    for byte in text.bytes() {
        match byte {
            b' ' => out.push('+'),
            b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => out.push(char::from(byte)),
            _ => {
                out.push('%');
                out.push(char::from(HEX[usize::from(byte >> 4)]));
                out.push(char::from(HEX[usize::from(byte & 15)]));
            }
        }
    }
}

/// Validates a query string that is already encoded.
pub(crate) fn check_query(query: &str) -> Result<(), QueryError> {
    if query.len() > MAX_TARGET_BYTES {
        return Err(QueryError::TooLong { bytes: query.len() });
    }
    match text::position(query, |b| !matches!(b, 0x21..=0x7e) || matches!(b, b'#' | b'"' | b'<' | b'>' | b'\\')) {
        Some(position) => Err(QueryError::InvalidCharacter { position }),
        None => Ok(()),
    }
}

/// The reason a query string is rejected.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryError {
    /// It is longer than [`MAX_TARGET_BYTES`].
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// It contains a character that must be percent-encoded, or a `#`.
    InvalidCharacter {
        /// The number of bytes before it.
        position: usize,
    },
}

impl QueryError {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooLong { .. } => "query_too_long",
            Self::InvalidCharacter { .. } => "query_invalid_character",
        }
    }
}

impl QueryError {
    /// The problem, on one line.
    pub fn message(self) -> String {
        match self {
            Self::TooLong { bytes } => text::concat(&[
                "the query has ",
                &text::count(bytes),
                " bytes, more than ",
                &text::count(MAX_TARGET_BYTES),
            ]),
            Self::InvalidCharacter { position } => text::concat(&[
                "the query has a character that must be percent-encoded at byte ",
                &text::count(position),
                " (counting from 0)",
            ]),
        }
    }
}

impl_error!(QueryError);
