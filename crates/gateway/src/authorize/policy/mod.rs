//! Policies: which calls are allowed.
//!
//! A policy is a list of rules, one per line: `allow` or `deny`, a method or `*`, a path pattern, and for `allow`
//! optional conditions. A matching deny always overrides an allow, wherever it is. Among the allows, the first that
//! matches decides. A call that matches no rule is denied. A line `[name]` begins another policy, for the callers that
//! are assigned it; the rules before the first such line form the policy `default`.
//!
//! ```text
//! allow GET  /v2/conversations
//! allow GET  /v2/conversations/list  query=page,size,filter[title]
//! allow GET  /v2/conversations/*     redact=transcript,email
//! allow POST /v2/ask_attention/v2    body=64kb
//! allow GET  /v2/users               cache=5min
//! allow POST /mcp                    tool=search_*,get_*
//! deny  *    /v2/labels/**
//!
//! [reports]
//! allow GET  /v2/scorecards/**
//! ```
//!
//! `*` matches one segment; `/**` at the end matches any number of segments, including none.
//!
//! Servers read paths in many ways: some ignore case or a trailing slash, some take `/users.json` for `/users`. So a
//! call is refused if any of its readings is denied, and it is allowed only if all of them are allowed by the same
//! rule:
//!
//! - a `deny` matches every spelling of a path, and a `deny` for GET also denies HEAD;
//! - among the allows, the first that matches in *any* spelling decides, and it allows only calls that are spelt like
//!   its pattern (apart from percent-encoding);
//! - a HEAD must satisfy the conditions of the rule for GET in addition to its own.

mod conditions;
mod error;
mod folding;
pub(crate) mod parameters;
mod pattern;
mod rule;
mod spelling;
mod tools;

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use attention_core::Method;
use attention_core::url::RequestPath;

pub use conditions::{BodyLength, ConditionError, Conditions};
pub use error::{PolicyError, PolicyFault};
pub use pattern::Pattern;
pub use rule::{Effect, Rule};
pub use tools::ToolPatterns;

pub(crate) use folding::push_folded;
pub(crate) use spelling::{Reading, Segment};

/// The policy of a Worker without a configured one: reads, but never keys. The list of keys returns their values, so
/// whoever can read it has the keys. One GET does not just read: it returns an address to write to.
/// Source: <https://docs.attention.com/api-reference/api-key/list-api-keys>.
pub const DEFAULT_POLICY: &str = "allow GET /v2/**\nallow HEAD /v2/**\ndeny GET /v2/conversations/upload-url\n";

/// A parsed policy.
///
/// ```
/// use attention_core::{Method, url::RequestPath};
/// use attention_gateway::authorize::policy::Policy;
///
/// let policy = Policy::parse("allow GET /v2/conversations/*")?;
/// let path = RequestPath::parse("/v2/conversations/42").unwrap();
/// assert!(policy.decide(Method::Get, path).is_allowed());
/// assert!(!policy.decide(Method::Delete, path).is_allowed());
/// # Ok::<(), attention_gateway::authorize::policy::PolicyError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Policy {
    rules: Vec<Rule>,
}

/// The reason a call is allowed or refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision<'p> {
    /// This rule allows it, and no rule denies it.
    Allowed(&'p Rule),
    /// A rule denies it.
    Denied {
        /// The line of that rule, from 1; 0 for the built-in denial of keys.
        line: usize,
    },
    /// No rule matches it.
    Unknown,
}

impl Decision<'_> {
    /// Whether the call is allowed.
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

impl Policy {
    /// Reads one policy: a rule per line. Blank lines, and text after a `#`, are ignored.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policies = Policies::parse(text)?.named;
        if let Some((_, second)) = policies.get(1) {
            let line = second.rules.first().map_or(0, Rule::line);
            return Err(PolicyError { line, fault: PolicyFault::SecondPolicy });
        }
        Ok(policies.swap_remove(0).1)
    }

    /// Judges one call. Denials of all rules are checked first.
    pub fn decide(&self, method: Method, path: RequestPath<'_>) -> Decision<'_> {
        self.judge(method, &Reading::of(path))
    }

    /// [`decide`](Self::decide) for a path that was already read, for callers with several questions about it.
    pub(crate) fn judge(&self, method: Method, path: &Reading) -> Decision<'_> {
        if path.names_keys() {
            return Decision::Denied { line: 0 };
        }
        if let Some(rule) = self.first(Effect::Deny, method, path) {
            return Decision::Denied { line: rule.line() };
        }
        match self.first(Effect::Allow, method, path) {
            Some(rule) if rule.pattern().is_written_in(path) && !path.is_encoded_again() => Decision::Allowed(rule),
            _ => Decision::Unknown,
        }
    }

    /// The rule for GET on a HEAD's path, whose conditions apply to the HEAD as well, because HEAD reveals what GET
    /// would, except the content.
    pub fn of_get(&self, method: Method, path: RequestPath<'_>) -> Option<&Rule> {
        if method != Method::Head {
            return None;
        }
        self.first(Effect::Allow, Method::Get, &Reading::of(path))
    }

    /// For [`Decision::Unknown`]: the rule that would allow the call if its path were spelt like the rule's.
    pub fn of_another_spelling(&self, method: Method, path: RequestPath<'_>) -> Option<&Rule> {
        match self.decide(method, path) {
            Decision::Unknown => self.first(Effect::Allow, method, &Reading::of(path)),
            Decision::Allowed(_) | Decision::Denied { .. } => None,
        }
    }

    fn first(&self, effect: Effect, method: Method, path: &Reading) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.effect() == effect && rule.may_match(method, path))
    }

    /// The rules in order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule on a line of the text, counted from 1; `None` if there is none.
    pub fn rule_at(&self, line: usize) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.line() == line)
    }
}

/// Policies by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Policies {
    named: Vec<(String, Policy)>,
}

impl Policies {
    /// The name of the rules before the first `[name]`.
    pub const DEFAULT: &'static str = "default";

    /// Reads a text with several policies.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policies = Self { named: vec![(Self::DEFAULT.to_owned(), Policy::default())] };
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            policies.read(line, line_number).map_err(|fault| PolicyError { line: line_number, fault })?;
        }
        Ok(policies)
    }

    /// Reads another line.
    fn read(&mut self, line: &str, line_number: usize) -> Result<(), PolicyFault> {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some(name) = line.strip_prefix('[') {
            let name = name.strip_suffix(']').map(str::trim).filter(|name| is_name(name)).ok_or(PolicyFault::Name)?;
            if self.get(name).is_some() {
                return Err(PolicyFault::SameName);
            }
            self.named.push((name.to_owned(), Policy::default()));
        } else if let (Some(rule), Some((_, policy))) = (Rule::parse(line, line_number)?, self.named.last_mut()) {
            policy.rules.push(rule);
        }
        Ok(())
    }

    /// The policy with this name.
    pub fn get(&self, name: &str) -> Option<&Policy> {
        self.iter().find(|(known, _)| *known == name).map(|(_, policy)| policy)
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The policies with their names, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.named.iter().map(|(name, policy)| (name.as_str(), policy))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
