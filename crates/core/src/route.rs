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
//! deny  *    /v2/labels/**
//!
//! [reports]
//! allow GET  /v2/scorecards/**
//! ```
//!
//! `*` stands for one segment, `/**` at the end for any number of them, none
//! included. Allow rules match to the letter. Deny rules ignore ASCII case and a
//! slash at the end, as some servers do: a deny must hold for every spelling.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use crate::Method;
use crate::codec::text::{self, whole_number};
use crate::url::{PathError, RequestPath};

/// The policy of a Worker that says nothing else: reading, but never keys. The
/// list of keys returns their values, so handing it out hands out the keys.
/// Source: <https://docs.attention.com/api-reference/api-key/list-api-keys>.
pub const DEFAULT_POLICY: &str = "allow GET /v2/**\nallow HEAD /v2/**\n";

/// What is denied whatever a policy says.
const KEYS_PATTERN: &str = "/v2/api_keys/**";

/// The letters of the segment that names keys. A server may read `/v2/api-keys` or
/// `/v2/api_keys.` as the same thing, so segments are compared by letters alone.
const KEYS_LETTERS: &str = "apikeys";

/// Who waits longer for somebody else's answer is better off with a call of its own.
const LONGEST_COALESCING: Duration = Duration::from_mins(1);

/// A parsed policy.
///
/// ```
/// use attention_core::{Method, url::RequestPath, route::Policy};
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

/// One line of a policy.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    line: usize,
    effect: Effect,
    method: Option<Method>,
    pattern: Pattern,
    query: Option<Vec<String>>,
    max_body: Option<u64>,
    redact: Vec<String>,
    cache: Option<Duration>,
    coalesce: Option<Duration>,
    websocket: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Effect {
    Allow,
    Deny,
}

/// Literal and wildcard segments, kept as the text they came as.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Pattern {
    text: String,
    open_ended: bool,
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
            let line = second.rules.get(1).map_or(0, |rule| rule.line);
            return Err(PolicyError { line, fault: PolicyFault::SecondPolicy });
        }
        Ok(policies.swap_remove(0).1)
    }

    fn new() -> Result<Self, PolicyError> {
        let pattern = Pattern::parse(KEYS_PATTERN).map_err(|fault| PolicyError { line: 0, fault })?;
        Ok(Self { rules: vec![Rule::unconditional(0, Effect::Deny, None, pattern)] })
    }

    /// Judges one call. Denials are looked for first, over all rules.
    pub fn decide(&self, method: Method, path: RequestPath<'_>) -> Decision<'_> {
        let path = path.decoded();
        if path.split('/').any(names_keys) {
            return Decision::Denied { line: 0 };
        }
        let speaks = |rule: &&Rule| rule.method.is_none_or(|m| m == method) && rule.matches(&path);
        if let Some(rule) = self.rules.iter().filter(|rule| rule.effect == Effect::Deny).find(speaks) {
            return Decision::Denied { line: rule.line };
        }
        match self.rules.iter().filter(|rule| rule.effect == Effect::Allow).find(speaks) {
            Some(rule) => Decision::Allowed(rule),
            None => Decision::Unknown,
        }
    }
}

/// Policies by name.
#[derive(Clone, Debug)]
pub struct Policies {
    named: Vec<(String, Policy)>,
}

impl Policies {
    /// The name of the rules before the first `[name]`.
    pub const DEFAULT: &'static str = "default";

    /// Reads a whole text of policies.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut named = vec![(Self::DEFAULT.to_owned(), Policy::new()?)];
        for (index, line) in text.lines().enumerate() {
            let line_number = index + 1;
            let fail = |fault| PolicyError { line: line_number, fault };
            let line = line.split('#').next().unwrap_or_default().trim();
            if let Some(name) = line.strip_prefix('[') {
                let name = name.strip_suffix(']').map(str::trim).filter(|name| is_name(name));
                let name = name.ok_or_else(|| fail(PolicyFault::Name))?;
                if named.iter().any(|(known, _)| known == name) {
                    return Err(fail(PolicyFault::SameName));
                }
                named.push((name.to_owned(), Policy::new()?));
            } else if let (Some(rule), Some((_, policy))) = (Rule::parse(line, line_number)?, named.last_mut()) {
                policy.rules.push(rule);
            }
        }
        Ok(Self { named })
    }

    /// The policy of a name.
    pub fn get(&self, name: &str) -> Option<&Policy> {
        self.named.iter().find(|(known, _)| known == name).map(|(_, policy)| policy)
    }

    /// Whether any rule lets answers be given more than once.
    pub fn share_anything(&self) -> bool {
        let shares = |rule: &Rule| rule.cache.is_some() || rule.coalesce.is_some();
        self.named.iter().any(|(_, policy)| policy.rules.iter().any(shares))
    }

    /// The names, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.named.iter().map(|(name, _)| name.as_str())
    }
}

fn names_keys(segment: &str) -> bool {
    let letters = segment.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase());
    letters.eq(KEYS_LETTERS.chars())
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
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
}

impl Rule {
    const fn unconditional(line: usize, effect: Effect, method: Option<Method>, pattern: Pattern) -> Self {
        Self {
            line,
            effect,
            method,
            pattern,
            query: None,
            max_body: None,
            redact: Vec::new(),
            cache: None,
            coalesce: None,
            websocket: false,
        }
    }

    fn parse(line: &str, line_number: usize) -> Result<Option<Self>, PolicyError> {
        let fail = |fault| PolicyError { line: line_number, fault };
        let mut words = line.split_ascii_whitespace();
        let Some(effect) = words.next() else { return Ok(None) };
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
        let pattern = Pattern::parse(words.next().ok_or_else(|| fail(PolicyFault::Incomplete))?).map_err(fail)?;
        let mut rule = Self::unconditional(line_number, effect, method, pattern);
        for word in words {
            let (name, value) = word.split_once('=').ok_or_else(|| fail(PolicyFault::TooMuch))?;
            if effect == Effect::Deny {
                return Err(fail(PolicyFault::ConditionOnDeny));
            }
            let list = || value.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect();
            match name {
                // `query=` alone allows no parameter at all.
                "query" if rule.query.is_none() => rule.query = Some(list()),
                "body" if rule.max_body.is_none() => {
                    rule.max_body = Some(bytes(value).ok_or_else(|| fail(PolicyFault::Size))?);
                }
                "redact" if rule.redact.is_empty() && !value.is_empty() => rule.redact = list(),
                // Answers to GET are what is kept; a rule that never sees one was meant otherwise.
                "cache" | "coalesce" | "upgrade" if !matches!(method, None | Some(Method::Get)) => {
                    return Err(fail(PolicyFault::GetAlone));
                }
                "cache" if rule.cache.is_none() => {
                    rule.cache = Some(time(value).ok_or_else(|| fail(PolicyFault::Time))?);
                }
                "coalesce" if rule.coalesce.is_none() => {
                    let wait = time(value).filter(|wait| *wait <= LONGEST_COALESCING);
                    rule.coalesce = Some(wait.ok_or_else(|| fail(PolicyFault::Time))?);
                }
                "upgrade" if value == "websocket" && !rule.websocket => rule.websocket = true,
                _ => return Err(fail(PolicyFault::Condition)),
            }
        }
        // Nothing can be taken out of what is never seen.
        if rule.websocket && !rule.redact.is_empty() {
            return Err(fail(PolicyFault::Condition));
        }
        Ok(Some(rule))
    }

    /// The rule's pattern: the route's name in logs and metrics.
    pub fn route(&self) -> &str {
        &self.pattern.text
    }

    /// The line of the policy's text that it stands in, from 1.
    pub const fn line(&self) -> usize {
        self.line
    }

    /// The members to take out of JSON answers, wherever they stand.
    pub fn redacted(&self) -> &[String] {
        &self.redact
    }

    /// How long an answer to GET may be kept for its caller, if the server lets it be
    /// kept at all; `None` when it may not. From one second to one day.
    pub const fn cache(&self) -> Option<Duration> {
        self.cache
    }

    /// How long a GET may wait for the answer to an identical one of its caller that
    /// is under way; `None` when it goes by itself. From one second to one minute.
    pub const fn coalesce(&self) -> Option<Duration> {
        self.coalesce
    }

    /// Whether a GET may ask for a WebSocket (RFC 6455).
    pub const fn allows_websocket(&self) -> bool {
        self.websocket
    }

    /// Checks the conditions that go beyond the path. `query` is an encoded query
    /// string.
    pub fn admits(&self, query: &str, body: BodyLength) -> Result<(), Unmet> {
        if let Some(allowed) = &self.query {
            let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
            let named = |pair: &str| {
                // What cannot be decoded cannot be one of the names either.
                let name = form_decoded(pair.split('=').next().unwrap_or_default());
                name.is_some_and(|name| allowed.contains(&name))
            };
            if !pairs.all(named) {
                return Err(Unmet::Query);
            }
        }
        match (self.max_body, body) {
            (Some(_), BodyLength::Unknown) => Err(Unmet::BodyLengthUnknown),
            (Some(most), BodyLength::Announced(length)) if length > most => Err(Unmet::BodyTooLarge { most }),
            _ => Ok(()),
        }
    }

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
        if text::find(head, "**").is_some() || head.split('/').any(|segment| segment.contains('*') && segment != "*") {
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
        let head = if self.open_ended { self.text.strip_suffix("/**").unwrap_or(&self.text) } else { &self.text };
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

/// A name of a query string, decoded as servers do (WHATWG URL §5.1).
fn form_decoded(name: &str) -> Option<String> {
    let bytes = name.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = name.get(at..at + 2).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
                at += 2;
                u8::from_str_radix(digits, 16).ok()?
            }
            _ => byte,
        });
    }
    String::from_utf8(decoded).ok()
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
    (1..=24 * 60 * 60).contains(&seconds).then(|| Duration::from_secs(seconds))
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
    /// Something stands behind the pattern that is not a condition.
    TooMuch,
    /// A condition that there is not, or that stands there twice.
    Condition,
    /// A condition on a `deny`: a denial holds always.
    ConditionOnDeny,
    /// The size of `body=` is not one.
    Size,
    /// The time of `cache=` or `coalesce=` is not one.
    Time,
    /// A `cache=`, `coalesce=` or `upgrade=` on a rule that is for no GET.
    GetAlone,
    /// The name in brackets is not one.
    Name,
    /// A policy of this name stands there already.
    SameName,
    /// A second policy where there can be one only.
    SecondPolicy,
    /// A wildcard that is not a whole segment, or a `**` that is not at the end.
    Wildcard,
    /// A percent-encoded pattern; patterns match decoded paths.
    Encoded,
    /// The pattern is not a path.
    Path(PathError),
}

impl PolicyError {
    /// What is wrong and where, in one line.
    pub fn message(self) -> String {
        text::concat(&["policy, line ", &text::count(self.line), ": ", &self.fault.message()])
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl PolicyFault {
    /// What is wrong, in one line.
    pub fn message(self) -> String {
        String::from(match self {
            Self::Effect => "a rule begins with `allow` or `deny`",
            Self::Method => "the method is `*` or one of GET, HEAD, OPTIONS, POST, PUT, PATCH, DELETE, in capitals",
            Self::Incomplete => "a rule has three words: `allow GET /v2/conversations`",
            Self::TooMuch => {
                "what follows the path is a condition such as `query=page,size`, `body=64kb`, `redact=transcript` or `cache=5min`"
            }
            Self::Condition => {
                "the conditions are `query=`, `body=`, `redact=`, `cache=`, `coalesce=` and `upgrade=websocket` (not beside `redact=`), each once"
            }
            Self::ConditionOnDeny => "a `deny` has no conditions: it holds always",
            Self::Size => "a size is digits, or digits and `kb` or `mb`",
            Self::Time => "a time is digits and `s`, `min` or `h`; of `cache=` a day at most, of `coalesce=` a minute",
            Self::GetAlone => "`cache=`, `coalesce=` and `upgrade=` go with GET or `*`: they are for no other method",
            Self::Name => "a policy's name is 1 to 64 letters, digits, `-` or `_`, in brackets",
            Self::SameName => "another policy has this name",
            Self::SecondPolicy => "there can be one policy only here",
            Self::Wildcard => "`*` stands for one whole segment, and `/**` only at the end",
            Self::Encoded => "write the path decoded, without `%`",
            Self::Path(error) => return error.message(),
        })
    }
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

impl core::error::Error for PolicyError {}
