//! A rule: one line of a policy.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use attention_core::Method;
use attention_core::url::RequestPath;

use super::conditions::{BodyLength, ConditionError, Conditions};
use super::error::PolicyFault;
use super::pattern::Pattern;
use super::spelling::Reading;

/// A rule: one line of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    line: usize,
    text: String,
    effect: Effect,
    method: Option<Method>,
    pattern: Pattern,
    conditions: Conditions,
}

/// The effect of a rule on the calls that it matches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Effect {
    /// They are allowed, unless a rule denies them.
    Allow,
    /// They are refused.
    Deny,
}

impl Rule {
    /// Reads a line without its comment; `None` for a blank one.
    pub(super) fn parse(line: &str, line_number: usize) -> Result<Option<Self>, PolicyFault> {
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        let mut rest = words.iter().copied();
        let Some(effect) = rest.next() else { return Ok(None) };
        let effect = match effect {
            "allow" => Effect::Allow,
            "deny" => Effect::Deny,
            _ => return Err(PolicyFault::Effect),
        };
        let method = match rest.next().ok_or(PolicyFault::Incomplete)? {
            "*" => None,
            name => Some(Method::parse(name).ok_or(PolicyFault::Method)?),
        };
        let pattern = Pattern::parse(rest.next().ok_or(PolicyFault::Incomplete)?)?;
        let mut conditions = Conditions::default();
        for word in rest {
            let (name, value) = word.split_once('=').ok_or(PolicyFault::TooMuch)?;
            if effect == Effect::Deny {
                return Err(PolicyFault::ConditionOnDeny);
            }
            conditions.read(name, value, method, &pattern)?;
        }
        Ok(Some(Self { line: line_number, text: words.join(" "), effect, method, pattern, conditions }))
    }

    /// The rule's line in the policy's text, from 1.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The rule as written, with single spaces and without its comment.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The conditions as written: the part of [`Self::text`] after the pattern.
    pub fn conditions_text(&self) -> &str {
        // Effect, method and pattern are one word each.
        self.text.splitn(4, ' ').nth(3).unwrap_or_default()
    }

    /// Whether it allows or denies.
    pub const fn effect(&self) -> Effect {
        self.effect
    }

    /// The method that it matches; `None` for `*`.
    pub const fn method(&self) -> Option<Method> {
        self.method
    }

    /// The paths that it matches.
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// The conditions; empty for a `deny`.
    pub const fn conditions(&self) -> &Conditions {
        &self.conditions
    }

    /// The rule's pattern, used as the route's name in logs and metrics.
    pub fn route(&self) -> &str {
        self.pattern.as_str()
    }

    /// The members to remove from JSON responses, wherever they occur.
    pub fn redacted(&self) -> &[String] {
        &self.conditions.redact
    }

    /// How long a response to GET may be cached for its caller, if the server allows caching; `None` if it may not.
    /// From one second to one day.
    pub const fn cache(&self) -> Option<Duration> {
        self.conditions.cache
    }

    /// Checks the conditions beyond the path. `query` is an encoded query string.
    pub fn admits(&self, query: &str, body: BodyLength) -> Result<(), ConditionError> {
        self.conditions.admit(query, body)
    }

    /// Whether it applies to this call, regardless of other rules. No rule applies to keys, which are refused before
    /// rules are considered. An `allow` applies only to calls whose path is spelt like its own.
    pub fn speaks_of(&self, method: Method, path: RequestPath<'_>) -> bool {
        let path = Reading::of(path);
        let is_about = !path.names_keys() && !path.is_encoded_again() && self.may_match(method, &path);
        is_about && (self.effect == Effect::Deny || self.pattern.is_written_in(&path))
    }

    /// Whether some server reads the call as one that the rule matches. A denial of GET also denies HEAD, which reveals
    /// what GET would.
    pub(super) fn may_match(&self, method: Method, path: &Reading) -> bool {
        let methods = self.method.is_none_or(|own| {
            own == method || self.effect == Effect::Deny && own == Method::Get && method == Method::Head
        });
        methods && self.pattern.may_match(path)
    }
}
