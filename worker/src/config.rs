//! The Worker's configuration, from the texts of its bindings.
//!
//! Everything is checked at once and before anything is served: a Worker that
//! is not fully configured serves no upstream call. What is wrong is told in the
//! log, never to a caller.

use std::fmt;
use std::time::Duration;

use attention_core::authorization::{DigestError, TokenDigest};
use attention_core::call::Upstream;
use attention_core::request::{BaseUrl, BaseUrlError, DEFAULT_BASE_URL};
use attention_core::route::{DEFAULT_POLICY, Policy, PolicyError};
use attention_core::{ApiKey, KeyError, KeyRing};
use serde::Deserialize;

/// The names of the bindings, as the documentation has them.
pub(crate) mod binding {
    pub(crate) const KEY: &str = "ATTENTION_API_KEY";
    pub(crate) const NEXT_KEY: &str = "ATTENTION_API_KEY_NEXT";
    pub(crate) const BASE_URL: &str = "ATTENTION_BASE_URL";
    pub(crate) const CALLERS: &str = "ATTENTION_CALLERS";
    pub(crate) const POLICY: &str = "ATTENTION_POLICY";
    pub(crate) const ORIGINS: &str = "ATTENTION_ALLOWED_ORIGINS";
    pub(crate) const TIMEOUT: &str = "ATTENTION_TIMEOUT_MS";
    pub(crate) const RETRIES: &str = "ATTENTION_MAX_RETRIES";
    pub(crate) const LOG: &str = "ATTENTION_LOG";
}

/// The texts of the bindings; a binding that is not there is `None`.
#[derive(Default)]
pub(crate) struct Texts {
    pub(crate) key: Option<String>,
    pub(crate) next_key: Option<String>,
    pub(crate) base_url: Option<String>,
    pub(crate) callers: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) origins: Option<String>,
    pub(crate) timeout: Option<String>,
    pub(crate) retries: Option<String>,
    pub(crate) log: Option<String>,
}

/// A Worker's configuration, all of it valid.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) callers: Vec<Caller>,
    pub(crate) policy: Policy,
    pub(crate) origins: Vec<String>,
    pub(crate) timeout: Duration,
    pub(crate) max_retries: u32,
    pub(crate) log: LogLevel,
}

/// Somebody who may use the Worker.
#[derive(Debug)]
pub(crate) struct Caller {
    pub(crate) name: String,
    pub(crate) token: TokenDigest,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CallerEntry {
    name: String,
    sha256: String,
}

impl Config {
    /// No call to the API is known to take longer; one that does sets the variable.
    const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);
    const LONGEST_TIMEOUT_MS: u64 = 15 * 60 * 1000;
    const MOST_RETRIES: u32 = 10;

    pub(crate) fn parse(texts: &Texts) -> Result<(Self, Upstream), Misconfigured> {
        let key = texts.key.as_deref().filter(|text| !text.is_empty()).ok_or(Misconfigured::NoKey)?;
        let key = ApiKey::parse(key).map_err(|error| Misconfigured::Key(binding::KEY, error))?;
        let next = match texts.next_key.as_deref() {
            None | Some("") => None,
            Some(text) => Some(ApiKey::parse(text).map_err(|error| Misconfigured::Key(binding::NEXT_KEY, error))?),
        };
        let base =
            BaseUrl::parse(texts.base_url.as_deref().unwrap_or(DEFAULT_BASE_URL)).map_err(Misconfigured::BaseUrl)?;
        let config = Self {
            callers: callers(texts.callers.as_deref().unwrap_or_default())?,
            policy: Policy::parse(texts.policy.as_deref().unwrap_or(DEFAULT_POLICY)).map_err(Misconfigured::Policy)?,
            origins: origins(texts.origins.as_deref().unwrap_or_default())?,
            timeout: match texts.timeout.as_deref() {
                None => Self::DEFAULT_TIMEOUT,
                Some(text) => text
                    .trim()
                    .parse()
                    .ok()
                    .filter(|millis| (1..=Self::LONGEST_TIMEOUT_MS).contains(millis))
                    .map(Duration::from_millis)
                    .ok_or(Misconfigured::Number(binding::TIMEOUT, Self::LONGEST_TIMEOUT_MS))?,
            },
            max_retries: match texts.retries.as_deref() {
                None => attention_core::retry::RetryPolicy::default().max_retries,
                Some(text) => text
                    .trim()
                    .parse()
                    .ok()
                    .filter(|retries| *retries <= Self::MOST_RETRIES)
                    .ok_or(Misconfigured::Number(binding::RETRIES, u64::from(Self::MOST_RETRIES)))?,
            },
            log: match texts.log.as_deref() {
                None | Some("all") => LogLevel::All,
                Some("errors") => LogLevel::Errors,
                Some("silent") => LogLevel::Silent,
                Some(_) => return Err(Misconfigured::LogLevel),
            },
        };
        Ok((config, Upstream::new(base, KeyRing::new(key, next))))
    }

    /// Who holds this token.
    pub(crate) fn caller(&self, token: &str) -> Option<&Caller> {
        let index = TokenDigest::of(token).find_in(self.callers.iter().map(|caller| caller.token))?;
        self.callers.get(index)
    }
}

fn callers(text: &str) -> Result<Vec<Caller>, Misconfigured> {
    if text.trim().is_empty() {
        return Err(Misconfigured::NoCallers);
    }
    // Of serde's error only the place is kept: its text may quote the configuration.
    let entries: Vec<CallerEntry> = serde_json::from_str(text)
        .map_err(|error| Misconfigured::Callers { line: error.line(), column: error.column() })?;
    let mut callers: Vec<Caller> = Vec::with_capacity(entries.len());
    for (index, entry) in entries.into_iter().enumerate() {
        let fail = |fault| Misconfigured::Caller { index, fault };
        let named = !entry.name.is_empty()
            && entry.name.len() <= 64
            && entry.name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'@'));
        if !named {
            return Err(fail(CallerFault::Name));
        }
        let token = TokenDigest::from_hex(entry.sha256.trim()).map_err(|error| fail(CallerFault::Digest(error)))?;
        if callers.iter().any(|caller| caller.name == entry.name) {
            return Err(fail(CallerFault::SameName));
        }
        if callers.iter().any(|caller| caller.token.matches(token)) {
            return Err(fail(CallerFault::SameToken));
        }
        callers.push(Caller { name: entry.name, token });
    }
    if callers.is_empty() { Err(Misconfigured::NoCallers) } else { Ok(callers) }
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
    Callers { line: usize, column: usize },
    Caller { index: usize, fault: CallerFault },
    Policy(PolicyError),
    Origin { index: usize },
    Number(&'static str, u64),
    LogLevel,
    Unreadable(&'static str),
}

/// What can be wrong with one caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum CallerFault {
    Name,
    Digest(DigestError),
    SameName,
    SameToken,
}

impl fmt::Display for Misconfigured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKey => write!(f, "{} is not set; run `wrangler secret put {0}`", binding::KEY),
            Self::Key(name, error) => write!(f, "{name}: {error}"),
            Self::BaseUrl(error) => write!(f, "{}: {error}", binding::BASE_URL),
            Self::NoCallers => write!(
                f,
                "{} names nobody, so nobody may call; set it to [{{\"name\":\"my-app\",\"sha256\":\"<sha-256 of its token, hex>\"}}]",
                binding::CALLERS
            ),
            Self::Callers { line, column } => {
                write!(f, "{}: not a JSON array of {{name, sha256}} at line {line}, column {column}", binding::CALLERS)
            }
            Self::Caller { index, fault } => {
                write!(f, "{}[{index}]: ", binding::CALLERS)?;
                match fault {
                    CallerFault::Name => f.write_str(
                        "`name` is 1 to 64 letters, digits, `-`, `_`, `.` or `@`: it stands in every log line",
                    ),
                    CallerFault::Digest(error) => write!(f, "`sha256`: {error}"),
                    CallerFault::SameName => f.write_str("another caller has this name"),
                    CallerFault::SameToken => {
                        f.write_str("another caller has this token; one of them could not be told apart")
                    }
                }
            }
            Self::Policy(error) => write!(f, "{}: {error}", binding::POLICY),
            Self::Origin { index } => write!(
                f,
                "{}: entry {index} is not an exact origin such as https://app.example (https, lower case, no path, no `*`)",
                binding::ORIGINS
            ),
            Self::Number(name, most) => write!(f, "{name}: not a whole number up to {most}"),
            Self::LogLevel => write!(f, "{}: one of all, errors, silent", binding::LOG),
            Self::Unreadable(name) => write!(f, "{name}: the binding could not be read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "an-obviously-fake-key";

    fn texts() -> Texts {
        Texts {
            key: Some(KEY.into()),
            callers: Some(format!(r#"[{{"name":"app","sha256":"{}"}}]"#, TokenDigest::of("fake-token").to_hex())),
            ..Texts::default()
        }
    }

    #[test]
    fn the_least_configuration_is_enough() {
        let (config, upstream) = Config::parse(&texts()).unwrap();
        assert_eq!(config.caller("fake-token").map(|caller| caller.name.as_str()), Some("app"));
        assert!(config.caller("fake-tokem").is_none());
        assert_eq!(upstream.base().as_str(), DEFAULT_BASE_URL);
    }

    #[test]
    fn every_fault_is_named_and_quotes_nothing() {
        let digest = TokenDigest::of("fake-token").to_hex();
        let cases: Vec<(&str, Texts)> = vec![
            ("ATTENTION_API_KEY is not set", Texts { key: None, ..texts() }),
            ("ATTENTION_API_KEY is not set", Texts { key: Some(String::new()), ..texts() }),
            (
                "ATTENTION_API_KEY: the key holds a line break at position 4",
                Texts { key: Some("fake\nsentinel".into()), ..texts() },
            ),
            ("ATTENTION_API_KEY_NEXT: the key begins", Texts { next_key: Some("Bearer sentinel".into()), ..texts() }),
            (
                "ATTENTION_BASE_URL: the base URL is plain http",
                Texts { base_url: Some("http://sentinel.example".into()), ..texts() },
            ),
            ("ATTENTION_CALLERS names nobody", Texts { callers: None, ..texts() }),
            ("ATTENTION_CALLERS names nobody", Texts { callers: Some("[]".into()), ..texts() }),
            ("at line 2, column", Texts { callers: Some("[\n{\"sentinel\":1}]".into()), ..texts() }),
            (
                "ATTENTION_CALLERS[0]: `name`",
                Texts { callers: Some(format!(r#"[{{"name":"a\nb","sha256":"{digest}"}}]"#)), ..texts() },
            ),
            (
                "ATTENTION_CALLERS[0]: `sha256`",
                Texts { callers: Some(r#"[{"name":"a","sha256":"sentinel"}]"#.into()), ..texts() },
            ),
            (
                "ATTENTION_CALLERS[1]: another caller has this token",
                Texts {
                    callers: Some(format!(
                        r#"[{{"name":"a","sha256":"{digest}"}},{{"name":"b","sha256":"{digest}"}}]"#
                    )),
                    ..texts()
                },
            ),
            ("ATTENTION_POLICY: policy, line 2", Texts { policy: Some("allow GET /v2/x\nsentinel".into()), ..texts() }),
            (
                "ATTENTION_ALLOWED_ORIGINS: entry 1",
                Texts { origins: Some("https://a.example, https://sentinel.example/".into()), ..texts() },
            ),
            ("ATTENTION_ALLOWED_ORIGINS: entry 0", Texts { origins: Some("*".into()), ..texts() }),
            ("ATTENTION_TIMEOUT_MS", Texts { timeout: Some("sentinel".into()), ..texts() }),
            ("ATTENTION_MAX_RETRIES", Texts { retries: Some("11".into()), ..texts() }),
            ("ATTENTION_LOG", Texts { log: Some("sentinel".into()), ..texts() }),
        ];
        for (expected, given) in cases {
            let message = Config::parse(&given).map(|_| ()).expect_err(expected).to_string();
            assert!(message.contains(expected), "{message} should say {expected}");
            assert!(!message.contains("sentinel"), "{message} quotes the configuration");
        }
    }

    #[test]
    fn debug_shows_no_key() {
        let (config, upstream) = Config::parse(&texts()).unwrap();
        assert!(!format!("{config:?} {upstream:?}").contains(KEY));
    }
}
