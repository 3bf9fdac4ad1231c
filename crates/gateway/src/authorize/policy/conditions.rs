//! The conditions of an `allow` rule beyond method and path, and its effects on the response.

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

/// The longest time for `cache=`: one day.
const LONGEST_CACHE_SECONDS: u64 = 24 * 60 * 60;

/// The conditions of a rule; each may be absent.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
#[non_exhaustive]
pub struct Conditions {
    /// `query=`: the allowed query parameters. An empty `query=` allows none; without `query=` any are allowed.
    pub query: Option<Vec<String>>,
    /// `body=`: the maximum size of the body in bytes.
    pub max_body: Option<u64>,
    /// `redact=`: the members to remove from JSON responses, wherever they occur.
    pub redact: Vec<String>,
    /// `cache=`: how long a response to GET may be cached for its caller, if the server allows caching. From one second
    /// to one day.
    pub cache: Option<Duration>,
    /// `tool=`: the MCP tools that may be called and that lists of tools show.
    pub tools: Option<ToolPatterns>,
}

/// The length of a request's body, as far as its headers state it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BodyLength {
    /// There is no body.
    NoBody,
    /// There is a body of unknown length.
    Unknown,
    /// There is a body of this many bytes.
    Announced(u64),
}

/// The condition that a call does not satisfy although its path is allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum ConditionError {
    /// The query has a parameter that the rule does not list.
    Query,
    /// The body is larger than the rule allows.
    BodyTooLarge {
        /// The maximum size.
        most: u64,
    },
    /// The rule limits the body, and the request does not state its length.
    BodyLengthUnknown,
    /// The rule limits the body, and its decoded length is unknown because it has a `Content-Encoding`.
    BodyCoded,
}

impl Conditions {
    /// Reads another condition of a rule for `method`.
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
            // Only responses to GET are cached, so `cache=` on a rule that never matches a GET is a mistake.
            "cache" if !matches!(method, None | Some(Method::Get)) => return Err(PolicyFault::GetAlone),
            "cache" if self.cache.is_none() => self.cache = Some(time(value).ok_or(PolicyFault::Time)?),
            // MCP messages are POSTs to a single path, so `tool=` on a rule that never matches one is a mistake.
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
    pub(super) fn admit(&self, query: &str, body: BodyLength) -> Result<(), ConditionError> {
        if self.unnamed_parameter(query).is_some() {
            return Err(ConditionError::Query);
        }
        match (self.max_body, body) {
            (Some(_), BodyLength::Unknown) => Err(ConditionError::BodyLengthUnknown),
            (Some(most), BodyLength::Announced(length)) if length > most => Err(ConditionError::BodyTooLarge { most }),
            _ => Ok(()),
        }
    }

    /// The first parameter of an encoded query string, as found by any known parser, that `query=` does not list.
    pub fn unnamed_parameter<'q>(&self, query: &'q str) -> Option<&'q str> {
        parameters::unnamed(query, self.query.as_ref()?)
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// A size: digits, optionally followed by `kb` or `mb` for multiples of 1024.
fn bytes(text: &str) -> Option<u64> {
    let (digits, unit) = match text {
        _ if text.ends_with("kb") => (text.strip_suffix("kb")?, 1024),
        _ if text.ends_with("mb") => (text.strip_suffix("mb")?, 1024 * 1024),
        _ => (text, 1),
    };
    whole_number(digits)?.checked_mul(unit)
}

/// A time: digits followed by `s`, `min` or `h`, up to one day.
fn time(text: &str) -> Option<Duration> {
    let (digits, unit) = match text {
        _ if text.ends_with("min") => (text.strip_suffix("min")?, 60),
        _ if text.ends_with('h') => (text.strip_suffix('h')?, 60 * 60),
        _ => (text.strip_suffix('s')?, 1),
    };
    let seconds = whole_number(digits)?.checked_mul(unit)?;
    (1..=LONGEST_CACHE_SECONDS).contains(&seconds).then(|| Duration::from_secs(seconds))
}
