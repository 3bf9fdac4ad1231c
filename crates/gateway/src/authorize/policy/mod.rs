//! Which calls a policy allows.
//!
//! A policy is a list of rules, one a line: `allow` or `deny`, a method or `*`,
//! a path pattern, and for `allow` any conditions. Deny wins over allow wherever
//! it stands; of several allows the first that matches decides; what no rule
//! names is denied. A line `[name]` begins another policy, for the callers that
//! are given it by that name; the rules before the first one are `default`.
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
//! `*` stands for one segment, `/**` at the end for any number of them, none
//! included.
//!
//! Servers read a path in many ways: some ignore case or a slash at the end, some
//! take `/users.json` for `/users`. So a call is refused when any of its readings is
//! denied, and allowed only when all of them are allowed by the same rule:
//!
//! - a `deny` matches every spelling of a path; a `deny` of GET is one of HEAD;
//! - of the allows, the first that matches in *any* spelling decides, and it allows
//!   only what is written as its pattern is (percent-encoding aside);
//! - a HEAD has to satisfy the conditions of the rule for GET beside those of its own.

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

pub use conditions::{BodyLength, Conditions, Unmet};
pub use error::{PolicyError, PolicyFault};
pub use pattern::Pattern;
pub use rule::{Effect, Rule};
pub use tools::ToolPatterns;

pub(crate) use folding::push_folded;
pub(crate) use spelling::{Reading, Segment};

/// The policy of a Worker that says nothing else: reading, but never keys. The
/// list of keys returns their values, so handing it out hands out the keys. One GET does not read: it hands out an
/// address to write to.
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

/// Why a call is allowed or refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decision<'p> {
    /// This rule allows it, and none denies it.
    Allowed(&'p Rule),
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
        matches!(self, Self::Allowed(_))
    }
}

impl Policy {
    /// Reads one policy: rules, one a line; blank lines and what follows a `#` do
    /// not count.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policies = Policies::parse(text)?.named;
        if let Some((_, second)) = policies.get(1) {
            let line = second.rules.first().map_or(0, Rule::line);
            return Err(PolicyError { line, fault: PolicyFault::SecondPolicy });
        }
        Ok(policies.swap_remove(0).1)
    }

    /// Judges one call. Denials are looked for first, over all rules.
    pub fn decide(&self, method: Method, path: RequestPath<'_>) -> Decision<'_> {
        self.judge(method, &Reading::of(path))
    }

    /// [`decide`](Self::decide), for who asks more than one question about a path: it is read once.
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

    /// The rule for GET of a HEAD's path, whose conditions hold for the HEAD as well: what
    /// HEAD shows is what GET would, but for the content.
    pub fn of_get(&self, method: Method, path: RequestPath<'_>) -> Option<&Rule> {
        if method != Method::Head {
            return None;
        }
        self.first(Effect::Allow, Method::Get, &Reading::of(path))
    }

    /// The rule that would allow a call of [`Decision::Unknown`] if its path were written as
    /// the rule writes it.
    pub fn of_another_spelling(&self, method: Method, path: RequestPath<'_>) -> Option<&Rule> {
        match self.decide(method, path) {
            Decision::Unknown => self.first(Effect::Allow, method, &Reading::of(path)),
            Decision::Allowed(_) | Decision::Denied { .. } => None,
        }
    }

    fn first(&self, effect: Effect, method: Method, path: &Reading) -> Option<&Rule> {
        self.rules.iter().find(|rule| rule.effect() == effect && rule.may_match(method, path))
    }

    /// Its rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule in a line of the text, counted from 1; `None` where there is none.
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

    /// Reads a whole text of policies.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut policies = Self { named: vec![(Self::DEFAULT.to_owned(), Policy::default())] };
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            policies.read(line, line_number).map_err(|fault| PolicyError { line: line_number, fault })?;
        }
        Ok(policies)
    }

    /// Reads one more line.
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

    /// The policy of a name.
    pub fn get(&self, name: &str) -> Option<&Policy> {
        self.iter().find(|(known, _)| *known == name).map(|(_, policy)| policy)
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|(name, _)| name)
    }

    /// The policies with their names, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Policy)> {
        self.named.iter().map(|(name, policy)| (name.as_str(), policy))
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
