//! Which calls a policy allows.
//!
//! A policy is a list of rules, one a line: `allow` or `deny`, a method or `*`,
//! and a path pattern. Deny wins over allow wherever it stands, and what no rule
//! names is denied.
//!
//! ```text
//! allow GET /v2/conversations
//! allow GET /v2/conversations/*      one segment, any
//! allow *   /v2/labels/**            any segments, none included
//! deny  *   /v2/api_keys/**
//! ```
//!
//! Allow rules match to the letter. Deny rules ignore ASCII case and a slash at
//! the end, as some servers do: a deny must hold for every spelling.

use std::fmt;

use crate::Method;
use crate::path::{PathError, RequestPath};

/// The policy of a Worker that says nothing else: reading, but never keys. The
/// list of keys returns their values, so handing it out hands out the keys.
/// Source: <https://docs.attention.com/api-reference/api-key/list-api-keys>.
pub const DEFAULT_POLICY: &str = "allow GET /v2/**\nallow HEAD /v2/**\n";

/// What is denied whatever a policy says.
const KEYS_PATTERN: &str = "/v2/api_keys/**";

/// A parsed policy.
///
/// ```
/// use attention_core::{Method, path::RequestPath, route::Policy};
///
/// let policy = Policy::parse("allow GET /v2/conversations/*")?;
/// let path = RequestPath::parse("/v2/conversations/42").unwrap();
/// assert!(policy.decide(Method::Get, path).is_allowed());
/// assert!(!policy.decide(Method::Delete, path).is_allowed());
/// # Ok::<(), attention_core::route::PolicyError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Policy {
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Rule {
    line: usize,
    effect: Effect,
    method: Option<Method>,
    pattern: Pattern,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Allow,
    Deny,
}

/// Literal and wildcard segments, kept as the text they came as.
#[derive(Clone, Debug)]
struct Pattern {
    text: String,
    open_ended: bool,
}

/// Why a call is allowed or refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision<'p> {
    /// A rule allows it, and none denies it.
    Allowed {
        /// The allowing rule's pattern: the route's name in logs and metrics.
        route: &'p str,
    },
    /// A rule denies it.
    Denied {
        /// The line of that rule, from 1; 0 for the built-in denial of keys.
        line: usize,
    },
    /// No rule names it.
    Unknown,
}

impl Decision<'_> {
    /// Whether the call may go on.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed { .. })
    }
}

impl Policy {
    /// Reads rules, one a line; blank lines and what follows a `#` do not count.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut rules = vec![Rule {
            line: 0,
            effect: Effect::Deny,
            method: None,
            pattern: Pattern::parse(KEYS_PATTERN).map_err(|fault| PolicyError { line: 0, fault })?,
        }];
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let line = line.split('#').next().unwrap_or_default();
            let fail = |fault| PolicyError { line: line_number, fault };
            let mut words = line.split_ascii_whitespace();
            let Some(effect) = words.next() else { continue };
            let effect = match effect {
                "allow" => Effect::Allow,
                "deny" => Effect::Deny,
                _ => return Err(fail(PolicyFault::Effect)),
            };
            let method = match words.next() {
                Some("*") => None,
                Some(name) => Some(Method::parse(name).ok_or_else(|| fail(PolicyFault::Method))?),
                None => return Err(fail(PolicyFault::Incomplete)),
            };
            let pattern = words.next().ok_or_else(|| fail(PolicyFault::Incomplete))?;
            if words.next().is_some() {
                return Err(fail(PolicyFault::TooMuch));
            }
            let pattern = Pattern::parse(pattern).map_err(fail)?;
            rules.push(Rule { line: line_number, effect, method, pattern });
        }
        Ok(Self { rules })
    }

    /// Judges one call. Denials are looked for first, over all rules.
    pub fn decide(&self, method: Method, path: RequestPath<'_>) -> Decision<'_> {
        let path = path.decoded();
        let speaks = |rule: &&Rule| rule.method.is_none_or(|m| m == method) && rule.matches(&path);
        if let Some(rule) = self.rules.iter().filter(|rule| rule.effect == Effect::Deny).find(speaks) {
            return Decision::Denied { line: rule.line };
        }
        match self.rules.iter().filter(|rule| rule.effect == Effect::Allow).find(speaks) {
            Some(rule) => Decision::Allowed { route: &rule.pattern.text },
            None => Decision::Unknown,
        }
    }
}

impl Rule {
    fn matches(&self, path: &str) -> bool {
        match self.effect {
            Effect::Allow => self.pattern.matches(path, |a, b| a == b),
            Effect::Deny => {
                let path = path.strip_suffix('/').filter(|path| !path.is_empty()).unwrap_or(path);
                self.pattern.matches(path, str::eq_ignore_ascii_case)
            }
        }
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, PolicyFault> {
        let (head, open_ended) = match text.strip_suffix("/**") {
            Some(head) => (head, true),
            None => (text, false),
        };
        if head.contains("**") || head.split('/').any(|segment| segment.contains('*') && segment != "*") {
            return Err(PolicyFault::Wildcard);
        }
        if !(head.is_empty() && open_ended) {
            RequestPath::parse(head).map_err(PolicyFault::Path)?;
        }
        if head.contains('%') {
            return Err(PolicyFault::Encoded);
        }
        Ok(Self { text: text.to_owned(), open_ended })
    }

    fn matches(&self, path: &str, same: impl Fn(&str, &str) -> bool) -> bool {
        let head = if self.open_ended { self.text.trim_end_matches("/**") } else { &self.text };
        let mut segments = path.split('/');
        for wanted in head.split('/') {
            match segments.next() {
                Some(segment) if wanted == "*" && !segment.is_empty() => {}
                Some(segment) if wanted != "*" && same(segment, wanted) => {}
                _ => return false,
            }
        }
        self.open_ended || segments.next().is_none()
    }
}

/// A policy that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PolicyError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: PolicyFault,
}

/// What can be wrong with a line of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum PolicyFault {
    /// It begins with neither `allow` nor `deny`.
    Effect,
    /// Its method is neither `*` nor a known one.
    Method,
    /// Something is missing.
    Incomplete,
    /// Something stands behind the pattern.
    TooMuch,
    /// A wildcard that is not a whole segment, or a `**` that is not at the end.
    Wildcard,
    /// A percent-encoded pattern; patterns match decoded paths.
    Encoded,
    /// The pattern is not a path.
    Path(PathError),
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "policy, line {}: ", self.line)?;
        f.write_str(match self.fault {
            PolicyFault::Effect => "a rule begins with `allow` or `deny`",
            PolicyFault::Method => {
                "the method is `*` or one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, in capitals"
            }
            PolicyFault::Incomplete => "a rule has three words: `allow GET /v2/conversations`",
            PolicyFault::TooMuch => "something stands behind the path; a rule has three words",
            PolicyFault::Wildcard => "`*` stands for one whole segment, and `/**` only at the end",
            PolicyFault::Encoded => "write the path decoded, without `%`",
            PolicyFault::Path(error) => return error.fmt(f),
        })
    }
}

impl std::error::Error for PolicyError {}
