//! What an `allow` asks of a call beyond its path, and does to the answer.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Method;
use attention_core::codec::text::whole_number;

use crate::authorize::mcp;

use super::error::PolicyFault;
use super::parameters;
use super::pattern::Pattern;
use super::tools::ToolPatterns;

/// The longest time that `cache=` may ask for: a day.
const LONGEST_CACHE_SECONDS: u64 = 24 * 60 * 60;

/// The conditions of a rule, each of which may be missing.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Conditions {
    /// `query=`: the parameters that the query may have. `query=` alone allows none
    /// at all, no `query=` allows any.
    pub query: Option<Vec<String>>,
    /// `body=`: how many bytes the body may have.
    pub max_body: Option<u64>,
    /// `redact=`: the members to take out of JSON answers, wherever they are.
    pub redact: Vec<String>,
    /// `cache=`: how long an answer to GET may be kept for its caller, if the server
    /// lets it be kept at all. From one second to one day.
    pub cache: Option<Duration>,
    /// `tool=`: the MCP tools that may be called, and that lists of tools show.
    pub tools: Option<ToolPatterns>,
}

/// What a request says of its body before it comes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyLength {
    /// There is none.
    NoBody,
    /// There is one, of any length.
    Unknown,
    /// There is one of so many bytes.
    Announced(u64),
}

/// What a rule's conditions have against a call that its path allows.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Unmet {
    /// The query has a parameter that the rule does not name.
    Query,
    /// The body is larger than the rule allows.
    BodyTooLarge {
        /// How large it may be.
        most: u64,
    },
    /// The rule limits the body, and the request does not say how large it is.
    BodyLengthUnknown,
    /// The rule limits the body, and what it unpacks to is not said: it has a `Content-Encoding`.
    BodyCoded,
}

impl Conditions {
    /// Reads one more condition of a rule for `method`.
    pub(super) fn read(
        &mut self,
        name: &str,
        value: &str,
        method: Option<Method>,
        pattern: &Pattern,
    ) -> Result<(), PolicyFault> {
        match name {
            "query" if self.query.is_none() => self.query = Some(list(value)),
            "body" if self.max_body.is_none() => self.max_body = Some(bytes(value).ok_or(PolicyFault::Size)?),
            "redact" if self.redact.is_empty() => match list(value) {
                names if names.is_empty() => return Err(PolicyFault::RedactsNothing),
                names => self.redact = names,
            },
            // Answers to GET are what is kept; a rule that never sees one was meant otherwise.
            "cache" if !matches!(method, None | Some(Method::Get)) => return Err(PolicyFault::GetAlone),
            "cache" if self.cache.is_none() => self.cache = Some(time(value).ok_or(PolicyFault::Time)?),
            // Messages come by POST, to one path; a rule that never sees one was meant otherwise.
            "tool" if !matches!(method, None | Some(Method::Post)) || pattern.as_str() != mcp::PATH => {
                return Err(PolicyFault::McpAlone);
            }
            "tool" if self.tools.is_none() => {
                self.tools = Some(ToolPatterns::parse(value).ok_or(PolicyFault::Tools)?);
            }
            "coalesce" | "upgrade" => return Err(PolicyFault::Withdrawn),
            _ => return Err(PolicyFault::Condition),
        }
        Ok(())
    }

    /// Checks a call's encoded query string and its body.
    pub(super) fn admit(&self, query: &str, body: BodyLength) -> Result<(), Unmet> {
        if self.unnamed_parameter(query).is_some() {
            return Err(Unmet::Query);
        }
        match (self.max_body, body) {
            (Some(_), BodyLength::Unknown) => Err(Unmet::BodyLengthUnknown),
            (Some(most), BodyLength::Announced(length)) if length > most => Err(Unmet::BodyTooLarge { most }),
            _ => Ok(()),
        }
    }

    /// The first parameter of an encoded query string that `query=` does not name, to any parser that some server has.
    pub fn unnamed_parameter<'q>(&self, query: &'q str) -> Option<&'q str> {
        parameters::unnamed(query, self.query.as_ref()?)
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A size: digits, and `kb` or `mb` for multiples of 1024.
fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = match text {
        _ if text.ends_with("kb") => (text.strip_suffix("kb")?, 1024),
        _ if text.ends_with("mb") => (text.strip_suffix("mb")?, 1024 * 1024),
        _ => (text, 1),
    };
    whole_number(digits)?.checked_mul(unit)
}

/// A time: digits and `s`, `min` or `h`, up to a day.
fn time(text: &str) -> Option<Duration> {
    let (digits, unit) = match text {
        _ if text.ends_with("min") => (text.strip_suffix("min")?, 60),
        _ if text.ends_with('h') => (text.strip_suffix('h')?, 60 * 60),
        _ => (text.strip_suffix('s')?, 1),
    };
    let seconds = whole_number(digits)?.checked_mul(unit)?;
    (1..=LONGEST_CACHE_SECONDS).contains(&seconds).then(|| Duration::from_secs(seconds))
}
