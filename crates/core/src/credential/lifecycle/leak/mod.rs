//! Finds keys of the Attention API in text.
//!
//! Keys are JWTs, but their claims are not documented, so a key looks like any other JWT. A JWT is therefore reported
//! only together with evidence that it belongs to Attention:
//! | evidence | confidence |
//! | --- | --- |
//! | its hash is that of a key known to the caller | [`Certain`](Confidence::Certain) |
//! | a name such as `ATTENTION_API_KEY` within the 96 characters before it | [`Likely`](Confidence::Likely) |
//! | `api.attention.tech` within 512 characters before or after it, and `Bearer` directly before it | likely |
//! | `api.attention.tech`, without `Bearer` | [`Possible`](Confidence::Possible) |
//! | a word with `attention` in it within the 128 characters before it | possible |
//!
//! A JWT that cannot be a key is a [`Placeholder`](Confidence::Placeholder) regardless of its surroundings: it is
//! unsigned, its signature cannot come from its algorithm (RFC 7518 §3.1), it is the sample of jwt.io, or it says that
//! it is fake. Only a known hash overrides this.
//!
//! Known keys are found whatever their format, provided they have at least 16 bytes and are not part of a longer word.
//! UTF-16 text is read as well, because NUL bytes are skipped. Keys that are split over lines, or encoded again, are
//! not found.

mod jwt;
mod scanner;

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

pub use scanner::Scanner;

use crate::codec::json::Object;
use crate::codec::text::{concat, count};
use crate::credential::{Fingerprint, TokenDigest};

/// A key known to the caller, identified by a hash.
#[derive(Clone, Copy, Debug)]
pub enum Known {
    /// The first 32 bits of its SHA-256. A word that is not a JWT matches by chance once in four billion words, so such
    /// a finding is likely, not certain.
    Fingerprint(Fingerprint),
    /// The full SHA-256 ([`TokenDigest::of`] the key).
    Digest(TokenDigest),
}

/// How certain it is that a finding is a key of the Attention API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Confidence {
    /// It is in the place of a key but is not one.
    Placeholder,
    /// It may belong to another service.
    Possible,
    /// It is where only a key would be.
    Likely,
    /// It is a key known to the caller.
    Certain,
}

/// The evidence that a finding is a key of the Attention API.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Evidence {
    /// A word that contains `attention`.
    Word,
    /// The API's host.
    Host,
    /// The API's host and `Bearer`.
    Request,
    /// The name of a variable.
    Name,
    /// The caller knows the key.
    Known,
}

/// A finding. It contains no part of the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leak {
    /// The line in which the key begins, from 1. Lines end with LF.
    pub line: usize,
    /// The position in the line, in characters from 1 (UTF-8; NUL bytes are skipped).
    pub column: usize,
    /// The length of the key in characters.
    pub length: usize,
    /// The fingerprint, for logs.
    pub fingerprint: Fingerprint,
    /// How certain the finding is.
    pub confidence: Confidence,
    /// The evidence for it.
    pub evidence: Evidence,
}

/// All findings in a text, in order.
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
    /// The name in tables and JSON.
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

    /// A description of the finding.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Word => "a JWT after a word that contains \"attention\"",
            Self::Host => "a JWT near api.attention.tech",
            Self::Request => "the bearer token of a request to api.attention.tech",
            Self::Name => "a JWT after the name of a variable for an Attention key",
            Self::Known => "a known key",
        }
    }
}

impl Leak {
    /// The finding, its position and the next step, on one line.
    pub fn message(&self) -> String {
        let next = match self.confidence {
            Confidence::Placeholder => "a placeholder: nothing to do",
            Confidence::Possible => "check whether it is a key; if so, rotate it",
            Confidence::Likely | Confidence::Certain => "rotate it: anyone who has read this text has the key",
        };
        let (line, column) = (count(self.line), count(self.column));
        let fingerprint = self.fingerprint.to_hex();
        concat(&["line ", &line, ", column ", &column, ": ", self.evidence.message(), " (", &fingerprint, "); ", next])
    }

    /// The finding as JSON.
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
