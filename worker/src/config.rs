//! The Worker's configuration, from the texts of its bindings.
//!
//! Everything is checked at once and before anything is served: a Worker that
//! is not fully configured serves no upstream call. What is wrong is told in the
//! log, never to a caller.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use attention_core::call::{RetryPolicy, Upstream};
use attention_core::codec::text;
use attention_core::credential::TokenDigest;
use attention_core::route::{DEFAULT_POLICY, Policies, PolicyError};
use attention_core::session::{SessionError, SessionSecret};
use attention_core::url::{BaseUrl, BaseUrlError, DEFAULT_BASE_URL};
use attention_core::{ApiKey, KeyError, KeyRing};

use crate::allowance::Rate;
use crate::caller::Caller;
use crate::exchange::Form;
use crate::jwt::Jwt;
use crate::record::Fault;

/// The names of the bindings, as the documentation has them.
pub(crate) mod binding {
    pub(crate) const KEY: &str = "ATTENTION_API_KEY";
    pub(crate) const NEXT_KEY: &str = "ATTENTION_API_KEY_NEXT";
    pub(crate) const BASE_URL: &str = "ATTENTION_BASE_URL";
    pub(crate) const CALLERS: &str = "ATTENTION_CALLERS";
    pub(crate) const JWT: &str = "ATTENTION_JWT";
    pub(crate) const SESSION_SECRET: &str = "ATTENTION_SESSION_SECRET";
    pub(crate) const ADMIN: &str = "ATTENTION_ADMIN_SHA256";
    pub(crate) const POLICY: &str = "ATTENTION_POLICY";
    pub(crate) const ORIGINS: &str = "ATTENTION_ALLOWED_ORIGINS";
    pub(crate) const TIMEOUT: &str = "ATTENTION_TIMEOUT_MS";
    pub(crate) const RETRIES: &str = "ATTENTION_MAX_RETRIES";
    pub(crate) const LOG: &str = "ATTENTION_LOG";
    pub(crate) const LOG_SAMPLE: &str = "ATTENTION_LOG_SAMPLE_PERCENT";
    pub(crate) const LOG_FORM: &str = "ATTENTION_LOG_FORM";
    /// The shared gate's own; here it is only made sure that it can be read and kept.
    pub(crate) const BUDGET: &str = "ATTENTION_BUDGET";
    /// A Durable Object, which has no text.
    pub(crate) const GATE: &str = "ATTENTION_GATE";
    /// A Rate Limiting binding, which has none either.
    pub(crate) const RATE_LIMIT: &str = "ATTENTION_RATE_LIMIT";

    pub(crate) const ALL: [&str; 17] = [
        KEY,
        NEXT_KEY,
        BASE_URL,
        CALLERS,
        JWT,
        SESSION_SECRET,
        ADMIN,
        POLICY,
        ORIGINS,
        TIMEOUT,
        RETRIES,
        LOG,
        LOG_SAMPLE,
        LOG_FORM,
        BUDGET,
        GATE,
        RATE_LIMIT,
    ];
}

/// A binding's text.
#[derive(Clone, Debug, Default)]
pub(crate) enum Text {
    /// There is no such binding.
    #[default]
    Absent,
    /// There is one, but it gave no text: a vault that did not answer, or something
    /// that is no text.
    Unreadable,
    Given(String),
}

/// The texts of the bindings, by their names.
#[derive(Default)]
pub(crate) struct Texts(Vec<(&'static str, Text)>);

impl Texts {
    pub(crate) fn set(&mut self, name: &'static str, text: Text) {
        self.0.retain(|(known, _)| *known != name);
        self.0.push((name, text));
    }

    fn find(&self, name: &'static str) -> &Text {
        self.0.iter().find(|(known, _)| *known == name).map_or(&Text::Absent, |(_, text)| text)
    }

    /// An empty text counts as none: that is how a shell unsets a variable.
    fn get(&self, name: &'static str) -> Result<Option<&str>, Misconfigured> {
        match self.find(name) {
            Text::Given(text) if !text.trim().is_empty() => Ok(Some(text)),
            Text::Unreadable => Err(Misconfigured::Unreadable(name)),
            _ => Ok(None),
        }
    }
}

/// A Worker's configuration, all of it valid.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) callers: Vec<Caller>,
    pub(crate) jwt: Option<Jwt>,
    pub(crate) session_secret: Option<SessionSecret>,
    /// The digest of the operator's own token; without one there are no admin routes.
    pub(crate) admin: Option<TokenDigest>,
    pub(crate) policies: Policies,
    pub(crate) origins: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) log: LogLevel,
    /// How many of a hundred lines about successes are written.
    pub(crate) log_sample: u64,
    pub(crate) log_form: Form,
}

/// Which requests leave a line in the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum LogLevel {
    /// Every one.
    All,
    /// Those that were not answered with a success.
    Errors,
    /// None.
    Silent,
}

impl Config {
    /// No call to the API is known to take longer; one that does sets the variable.
    const DEFAULT_TIMEOUT_MS: u64 = 60 * 1000;
    const LONGEST_TIMEOUT_MS: u64 = 15 * 60 * 1000;
    const MOST_RETRIES: u64 = 10;

    pub(crate) fn parse(texts: &Texts) -> Result<(Self, Upstream), Misconfigured> {
        let key = |name| {
            let parse = |text| ApiKey::parse(text).map_err(|error| Misconfigured::Key(name, error));
            texts.get(name)?.map(parse).transpose()
        };
        let current = key(binding::KEY)?.ok_or(Misconfigured::NoKey)?;
        let next = key(binding::NEXT_KEY)?;
        let base = BaseUrl::parse(texts.get(binding::BASE_URL)?.unwrap_or(DEFAULT_BASE_URL))
            .map_err(Misconfigured::BaseUrl)?;
        let number = |name, range: core::ops::RangeInclusive<u64>, default| match texts.get(name)? {
            None => Ok(default),
            Some(text) => text
                .trim()
                .parse()
                .ok()
                .filter(|number| range.contains(number))
                .ok_or(Misconfigured::Number(name, *range.end())),
        };
        let policies =
            Policies::parse(texts.get(binding::POLICY)?.unwrap_or(DEFAULT_POLICY)).map_err(Misconfigured::Policy)?;
        let callers = texts.get(binding::CALLERS)?.map(|text| Caller::parse_list(text, &policies)).transpose();
        let callers = callers.map_err(|fault| Misconfigured::Record(binding::CALLERS, fault))?.unwrap_or_default();
        let jwt = texts.get(binding::JWT)?.map(|text| Jwt::parse(text, &policies)).transpose();
        let jwt = jwt.map_err(|fault| Misconfigured::Record(binding::JWT, fault))?;
        if callers.is_empty() && jwt.is_none() {
            return Err(Misconfigured::NoCallers);
        }
        let session_secret = texts
            .get(binding::SESSION_SECRET)?
            .map(SessionSecret::parse)
            .transpose()
            .map_err(Misconfigured::Session)?;
        if session_secret.is_none() && callers.iter().any(|caller| caller.mints_sessions) {
            return Err(Misconfigured::NoSessionSecret);
        }
        let admin = texts.get(binding::ADMIN)?.map(TokenDigest::from_hex).transpose();
        let admin = admin.map_err(|error| Misconfigured::Record(binding::ADMIN, Fault::at("", error.message())))?;
        let budget = texts.get(binding::BUDGET)?;
        if budget.is_some_and(|text| Rate::parse(text.trim()).is_none()) {
            return Err(Misconfigured::Record(binding::BUDGET, Fault::at("", Rate::FORM)));
        }
        match texts.find(binding::GATE) {
            Text::Given(_) => return Err(Misconfigured::NotAGate),
            Text::Absent if budget.is_some() => return Err(Misconfigured::NoGate),
            Text::Absent | Text::Unreadable => {}
        }
        if matches!(texts.find(binding::RATE_LIMIT), Text::Given(_)) {
            return Err(Misconfigured::NotALimiter);
        }
        let config = Self {
            callers,
            jwt,
            session_secret,
            admin,
            policies,
            origins: origins(texts.get(binding::ORIGINS)?.unwrap_or_default())?,
            timeout: Duration::from_millis(number(
                binding::TIMEOUT,
                1..=Self::LONGEST_TIMEOUT_MS,
                Self::DEFAULT_TIMEOUT_MS,
            )?),
            retry: RetryPolicy {
                #[expect(clippy::cast_possible_truncation)] // At most MOST_RETRIES.
                max_retries: number(binding::RETRIES, 0..=Self::MOST_RETRIES, u64::from(RetryPolicy::default().max_retries))?
                    as u32,
                ..RetryPolicy::default()
            },
            log_sample: number(binding::LOG_SAMPLE, 0..=100, 100)?,
            log_form: match texts.get(binding::LOG_FORM)? {
                None | Some("short") => Form::Short,
                Some("columns") => Form::Columns,
                Some(_) => return Err(Misconfigured::LogForm),
            },
            log: match texts.get(binding::LOG)? {
                None | Some("all") => LogLevel::All,
                Some("errors") => LogLevel::Errors,
                Some("silent") => LogLevel::Silent,
                Some(_) => return Err(Misconfigured::LogLevel),
            },
        };
        Ok((config, Upstream::new(base, KeyRing::new(current, next))))
    }
}

/// Exact origins, separated by commas, as a browser writes them (RFC 6454 §6.2).
fn origins(text: &str) -> Result<Vec<String>, Misconfigured> {
    text.split(',')
        .map(str::trim)
        .filter(|origin| !origin.is_empty())
        .enumerate()
        .map(|(index, origin)| match BaseUrl::parse(origin) {
            // A base URL that is all origin, and already in its canonical spelling.
            Ok(base) if base.path().is_empty() && base.as_str() == origin => Ok(origin.to_owned()),
            _ => Err(Misconfigured::Origin { index }),
        })
        .collect()
}

/// Why the Worker serves nothing. It holds no value of the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Misconfigured {
    NoKey,
    Key(&'static str, KeyError),
    BaseUrl(BaseUrlError),
    NoCallers,
    Record(&'static str, Fault),
    Session(SessionError),
    NoSessionSecret,
    Policy(PolicyError),
    Origin {
        index: usize,
    },
    Number(&'static str, u64),
    LogLevel,
    LogForm,
    NotALimiter,
    /// There is a budget and nothing that could keep it.
    NoGate,
    NotAGate,
    Unreadable(&'static str),
}

impl Misconfigured {
    /// Which binding it is and what is wrong with it, in one line.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::NoKey => {
                let name = binding::KEY;
                [name, " is not set; run `wrangler secret put ", name, "`"].concat()
            }
            Self::Key(name, error) => [name, ": ", &error.message()].concat(),
            Self::BaseUrl(error) => [binding::BASE_URL, ": ", &error.message()].concat(),
            Self::NoCallers => [
                binding::CALLERS,
                " names nobody, so nobody may call; set it to [{\"name\":\"my-app\",\"sha256\":\"<sha-256 of its token, hex>\"}]",
            ]
            .concat(),
            Self::Record(name, fault) => {
                let separator = if matches!(fault, Fault::Syntax { .. }) { ": " } else { "" };
                [name, separator, &fault.message()].concat()
            }
            Self::Session(error) => [binding::SESSION_SECRET, ": ", &error.message()].concat(),
            Self::NoSessionSecret => {
                let name = binding::SESSION_SECRET;
                [name, " is not set, but a caller may mint sessions; run `wrangler secret put ", name, "`"].concat()
            }
            Self::Policy(error) => [binding::POLICY, ": ", &error.message()].concat(),
            Self::Origin { index } => [
                binding::ORIGINS,
                ": entry ",
                &text::count(*index),
                " is not an exact origin such as https://app.example (https, lower case, no path, no `*`)",
            ]
            .concat(),
            Self::Number(name, most) => [name, ": not a whole number up to ", &text::decimal(*most)].concat(),
            Self::LogLevel => [binding::LOG, ": one of all, errors, silent"].concat(),
            Self::LogForm => [binding::LOG_FORM, ": one of short, columns"].concat(),
            Self::NotALimiter => [binding::RATE_LIMIT, ": not a Rate Limiting binding"].concat(),
            Self::NoGate => {
                [binding::BUDGET, " is set, but ", binding::GATE, ", the Durable Object that keeps it, is not bound"].concat()
            }
            Self::NotAGate => [binding::GATE, ": not a Durable Object"].concat(),
            Self::Unreadable(name) => [name, ": the binding could not be read"].concat(),
        }
    }
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "an-obviously-fake-key";

    fn texts(changes: &[(&'static str, &str)]) -> Texts {
        let callers = format!(r#"[{{"name":"app","sha256":"{}"}}]"#, TokenDigest::of("fake-token").to_hex());
        let mut texts = Texts::default();
        for (name, text) in [(binding::KEY, KEY), (binding::CALLERS, &callers)].iter().chain(changes) {
            texts.set(name, Text::Given((*text).to_owned()));
        }
        texts
    }

    fn fault(texts: &Texts) -> String {
        Config::parse(texts).map(|_| ()).expect_err("a fault").to_string()
    }

    #[test]
    fn the_least_configuration_is_enough() {
        let (config, upstream) = Config::parse(&texts(&[])).unwrap();
        assert_eq!(config.callers[0].name, "app");
        assert_eq!(upstream.base().as_str(), DEFAULT_BASE_URL);
        assert_eq!((config.timeout, config.retry.max_retries), (Duration::from_mins(1), 2));
    }

    #[test]
    fn every_fault_is_named_and_quotes_nothing() {
        let digest = TokenDigest::of("fake-token").to_hex();
        let caller = |name: &str| format!(r#"{{"name":"{name}","sha256":"{digest}"}}"#);
        let cases: &[(&str, &'static str, String)] = &[
            ("ATTENTION_API_KEY is not set", binding::KEY, " \n".into()),
            ("ATTENTION_API_KEY: the key holds a line break at position 4", binding::KEY, "fake\nsentinel".into()),
            ("ATTENTION_API_KEY_NEXT: the key begins", binding::NEXT_KEY, "Bearer sentinel".into()),
            ("ATTENTION_BASE_URL: the base URL is plain http", binding::BASE_URL, "http://sentinel.example".into()),
            ("ATTENTION_CALLERS names nobody", binding::CALLERS, String::new()),
            ("ATTENTION_CALLERS names nobody", binding::CALLERS, "[]".into()),
            (
                "ATTENTION_CALLERS: not JSON of the expected shape at line 1, column 1",
                binding::CALLERS,
                "sentinel".into(),
            ),
            ("at line 2, column 13", binding::CALLERS, "[\n{\"name\":\"a\" \"sentinel\"}]".into()),
            ("at line 1, column 2", binding::CALLERS, "[1 ,\"sentinel\"]".into()),
            ("at line 1, column 4", binding::CALLERS, "[] sentinel".into()),
            (
                "ATTENTION_CALLERS[0]: a member that is not one of",
                binding::CALLERS,
                r#"[{"__proto__":{"sentinel":1}}]"#.into(),
            ),
            (
                "ATTENTION_CALLERS[0].name: stands there twice",
                binding::CALLERS,
                r#"[{"name":"sentinel","name":"b"}]"#.into(),
            ),
            ("ATTENTION_CALLERS[0].sha256: is missing", binding::CALLERS, r#"[{"name":"sentinel"}]"#.into()),
            ("ATTENTION_CALLERS[0].name: is to be a text", binding::CALLERS, r#"[{"name":["sentinel"]}]"#.into()),
            ("ATTENTION_CALLERS[0].name: is to be 1 to 64", binding::CALLERS, format!("[{}]", caller("sentinel\\n"))),
            (
                "ATTENTION_CALLERS[0].sha256: a SHA-256",
                binding::CALLERS,
                r#"[{"name":"a","sha256":"sentinel"}]"#.into(),
            ),
            (
                "ATTENTION_CALLERS[1].name: another caller",
                binding::CALLERS,
                format!("[{},{}]", caller("a"), caller("a")),
            ),
            (
                "ATTENTION_CALLERS[1].sha256: another caller",
                binding::CALLERS,
                format!("[{},{}]", caller("a"), caller("b")),
            ),
            ("ATTENTION_POLICY: policy, line 2", binding::POLICY, "allow GET /v2/x\nsentinel".into()),
            (
                "ATTENTION_ALLOWED_ORIGINS: entry 1",
                binding::ORIGINS,
                "https://a.example, https://sentinel.example/".into(),
            ),
            ("ATTENTION_ALLOWED_ORIGINS: entry 0", binding::ORIGINS, "*".into()),
            ("ATTENTION_TIMEOUT_MS", binding::TIMEOUT, "sentinel".into()),
            ("ATTENTION_TIMEOUT_MS", binding::TIMEOUT, "0".into()),
            ("ATTENTION_MAX_RETRIES", binding::RETRIES, "11".into()),
            ("ATTENTION_LOG", binding::LOG, "sentinel".into()),
            ("ATTENTION_LOG_SAMPLE_PERCENT", binding::LOG_SAMPLE, "101".into()),
            ("ATTENTION_BUDGET: is to be calls per time", binding::BUDGET, "sentinel/s".into()),
            ("ATTENTION_BUDGET is set, but ATTENTION_GATE", binding::BUDGET, "50/s".into()),
            ("ATTENTION_GATE: not a Durable Object", binding::GATE, "sentinel".into()),
            ("ATTENTION_RATE_LIMIT: not a Rate Limiting binding", binding::RATE_LIMIT, "sentinel".into()),
            ("ATTENTION_LOG_FORM: one of short, columns", binding::LOG_FORM, "sentinel".into()),
            ("ATTENTION_POLICY: policy, line 1: a time is", binding::POLICY, "allow GET /v2/x cache=sentinel".into()),
        ];
        for (expected, name, text) in cases {
            let message = fault(&texts(&[(name, text)]));
            assert!(message.contains(expected), "{message} should say {expected}");
            assert!(!message.contains("sentinel"), "{message} quotes the configuration");
        }
    }

    #[test]
    fn a_vault_that_does_not_answer_is_a_fault() {
        let mut texts = texts(&[]);
        texts.set(binding::NEXT_KEY, Text::Unreadable);
        assert_eq!(fault(&texts), "ATTENTION_API_KEY_NEXT: the binding could not be read");
    }

    #[test]
    fn a_budget_with_a_gate_is_fine() {
        let mut texts = texts(&[(binding::BUDGET, "50/s")]);
        texts.set(binding::GATE, Text::Unreadable);
        assert!(Config::parse(&texts).is_ok());
    }

    #[test]
    fn debug_shows_no_key() {
        let (config, upstream) = Config::parse(&texts(&[])).unwrap();
        assert!(!format!("{config:?} {upstream:?}").contains(KEY));
    }
}
