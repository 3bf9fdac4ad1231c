//! Where a text holds a key of the Attention API.
//!
//! A key is a JWT, and what it claims is not documented: by itself, it looks like any other
//! JWT. So a JWT is reported only together with what says whose it is:
//!
//! | evidence | confidence |
//! | --- | --- |
//! | its hash is that of a key which the caller knows | [`Certain`](Confidence::Certain) |
//! | a name such as `ATTENTION_API_KEY` within the 96 characters before it | [`Likely`](Confidence::Likely) |
//! | `api.attention.tech` within 512 characters before or after it, and `Bearer` directly before it | likely |
//! | `api.attention.tech`, without `Bearer` | [`Possible`](Confidence::Possible) |
//! | a word with `attention` in it within the 128 characters before it | possible |
//!
//! A JWT that cannot be a key is a [`Placeholder`](Confidence::Placeholder), whatever is near
//! it: it is not signed, its signature cannot be of its algorithm (RFC 7518 §3.1), it is the
//! sample of jwt.io, or it says that it is fake. Only a known hash outweighs that.
//!
//! Known keys are found whatever they look like, if they have 16 bytes or more and are not
//! part of a longer word. Text in UTF-16 is read as well: NUL bytes do not count. Keys that
//! are broken over lines, or encoded once more, are not found.

mod jwt;
mod scanner;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use scanner::Scanner;

use crate::codec::json::Object;
use crate::codec::text::{concat, count};
use crate::credential::{Fingerprint, TokenDigest};

/// A key that the caller knows, by a hash of it.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// The first 32 bits of its SHA-256. A word that is not a JWT has them by chance once in
    /// four billion words: such a finding is likely, not certain.
    Fingerprint(Fingerprint),
    /// All of its SHA-256 ([`TokenDigest::of`] the key).
    Digest(TokenDigest),
}

/// How sure it is that a finding is a key of the Attention API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Confidence {
    /// It is where a key would be, and is none.
    Placeholder,
    /// It may be another service's.
    Possible,
    /// It is where only a key belongs.
    Likely,
    /// It is a key that the caller knows.
    Certain,
}

/// What says that a finding is a key of the Attention API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Evidence {
    /// A word with `attention` in it.
    Word,
    /// The API's host.
    Host,
    /// The API's host, and `Bearer`.
    Request,
    /// The name of a variable.
    Name,
    /// The caller knows it.
    Known,
}

/// One finding. It holds no part of the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leak {
    /// The line in which the key begins, from 1. A line ends with LF.
    pub line: usize,
    /// Where in the line, in characters from 1 (of UTF-8; NUL bytes do not count).
    pub column: usize,
    /// How many characters the key has.
    pub length: usize,
    /// Its name in logs.
    pub fingerprint: Fingerprint,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why.
    pub evidence: Evidence,
}

/// All findings of a text, in its order.
///
/// ```
/// use attention_core::ApiKey;
/// use attention_core::credential::lifecycle::leak::{Confidence, Known, scan};
///
/// let key = ApiKey::parse("an-obviously-fake-key")?;
/// let found = scan(b"one line\nkey: an-obviously-fake-key", &[Known::Fingerprint(key.fingerprint())]);
/// assert_eq!((found[0].line, found[0].column), (2, 6));
/// assert_eq!(found[0].confidence, Confidence::Likely);
/// assert!(!format!("{found:?}").contains("obviously"));
/// # Ok::<(), attention_core::KeyError>(())
/// ```
pub fn scan(text: &[u8], known: &[Known]) -> Vec<Leak> {
    let mut scanner = Scanner::new(known);
    let mut found = scanner.feed(text);
    found.extend(scanner.finish());
    found
}

impl Confidence {
    /// Its name in a table and in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Placeholder => "placeholder",
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }
}

impl Evidence {
    /// A stable, machine-readable name.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Host => "host",
            Self::Request => "request",
            Self::Name => "name",
            Self::Known => "known",
        }
    }

    /// What it is, in a sentence.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Word => "a JWT behind a word with \"attention\" in it",
            Self::Host => "a JWT near api.attention.tech",
            Self::Request => "the bearer token of a request to api.attention.tech",
            Self::Name => "a JWT behind the name of a variable for Attention's key",
            Self::Known => "a key that is known",
        }
    }
}

impl Leak {
    /// What was found where, and what to do, in one line.
    pub fn message(&self) -> String {
        let next = match self.confidence {
            Confidence::Placeholder => "a placeholder: nothing to do",
            Confidence::Possible => "look whether it is a key; if so, rotate it",
            Confidence::Likely | Confidence::Certain => "rotate it: who has read this text has the key",
        };
        let (line, column) = (count(self.line), count(self.column));
        let fingerprint = self.fingerprint.to_hex();
        concat(&["line ", &line, ", column ", &column, ": ", self.evidence.message(), " (", &fingerprint, "); ", next])
    }

    /// As JSON, for machines.
    pub fn to_json(&self) -> String {
        let mut object = Object::new();
        object.number("line", self.line as u64).number("column", self.column as u64);
        object.number("length", self.length as u64).string("fingerprint", &self.fingerprint.to_hex());
        object.string("confidence", self.confidence.as_str()).string("evidence", self.evidence.code());
        object.finish()
    }
}

impl fmt::Display for Leak {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}
