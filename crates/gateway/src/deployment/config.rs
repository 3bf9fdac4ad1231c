//! The settings of a deployment, parsed strictly.

use alloc::borrow::ToOwned as _;
use alloc::string::String;
use alloc::vec::Vec;
use core::ops::RangeInclusive;
use core::time::Duration;

use attention_core::call::RetryPolicy;
use attention_core::call::Upstream;
use attention_core::codec::json::Object;
use attention_core::codec::text::whole_number;
use attention_core::credential::TokenDigest;
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{ApiKey, KeyRing};

use crate::authorize::callers::Caller;
use crate::authorize::jwt::Jwt;
use crate::authorize::policy::{DEFAULT_POLICY, Policies};
use crate::authorize::sessions::{self, SessionSecret};
use crate::deployment::bindings::{self, Text, Texts};
use crate::deployment::names::{self, Misspelt};
use crate::deployment::strict_json::Fault;
use crate::deployment::{Misconfigured, Slip, Version, digest, origin, pasted, placeholder};
use crate::limits::rate::Rate;
use crate::log::{LogFormat, LogLevel, LogSettings};

/// The settings of a deployment. All of them are valid, and they never change.
#[derive(Debug)]
pub struct Config {
    pub(crate) callers: Vec<Caller>,
    pub(crate) jwt: Option<Jwt>,
    pub(crate) session_secret: Option<SessionSecret>,
    /// Ids of revoked sessions.
    pub(crate) revoked_sessions: Vec<String>,
    /// Digests of the API keys: the log says so if a caller's token is an API key.
    pub(crate) api_keys: Vec<TokenDigest>,
    /// The digest of the operator's own token; without it there are no admin routes.
    pub(crate) admin: Option<TokenDigest>,
    pub(crate) policies: Policies,
    /// The origins whose pages may call.
    pub(crate) origins: Vec<String>,
    /// The limit for one call, waits included.
    pub(crate) timeout: Duration,
    pub(crate) retry: RetryPolicy,
    pub(crate) log: LogSettings,
    /// Bindings that are set but empty, where that matters.
    pub(crate) empty: Vec<&'static str>,
    /// The rate limit for all calls of all isolates; requires the gate.
    pub(crate) budget: Option<Rate>,
    /// The version of the proxy.
    pub(crate) version: Option<Version>,
    /// Whether the gate that all isolates share is bound.
    pub(crate) has_gate: bool,
    /// Whether the platform counts callers' calls.
    pub(crate) has_limiter: bool,
}

impl Config {
    /// No call to the API is known to take longer; the variable can be set if one does.
    const DEFAULT_TIMEOUT_MS: u64 = 60 * 1000;
    const LONGEST_TIMEOUT_MS: u64 = 15 * 60 * 1000;
    const MOST_RETRIES: u32 = 10;

    /// Everything is validated at once, before any request is served.
    pub(crate) fn parse(texts: &Texts) -> Result<(Self, Upstream), Misconfigured> {
        for name in texts.names() {
            if let Some(Misspelt { meant }) = names::misspelt(name) {
                return Err(Misconfigured::unknown(name, meant));
            }
        }
        if let Some((name, otherwise)) = NARROWING.into_iter().find(|(name, _)| is_empty(texts, name)) {
            return Err(Misconfigured::SaysNothing { name, otherwise });
        }
        let upstream = upstream(texts)?;
        let policies = policies(texts)?;
        let (callers, jwt) = callers(texts, &policies)?;
        let session_secret = texts.secret(bindings::SESSION_SECRET)?.map(session_secret).transpose()?;
        if session_secret.is_none() && callers.iter().any(|caller| caller.mints_sessions) {
            return Err(Misconfigured::NoSessionSecret);
        }
        let config = Self {
            callers,
            jwt,
            session_secret,
            revoked_sessions: revoked_sessions(texts)?,
            api_keys: api_keys(texts)?,
            admin: admin(texts)?,
            policies,
            empty: empty(texts),
            budget: budget(texts)?,
            version: match texts.find(bindings::VERSION) {
                Text::Given(text) => Version::parse(text),
                Text::Absent | Text::Unreadable => None,
            },
            has_gate: has_gate(texts)?,
            has_limiter: has_limiter(texts)?,
            origins: origins(&texts.read(bindings::ORIGINS)?.unwrap_or_default())?,
            timeout: timeout(texts)?,
            retry: retry(texts)?,
            log: log_settings(texts)?,
        };
        config.keep_apart(texts)?;
        Ok((config, upstream))
    }

    /// The same text for two purposes would give the holder of one the rights of the other.
    fn keep_apart(&self, texts: &Texts) -> Result<(), Misconfigured> {
        let session_secret = texts.secret(bindings::SESSION_SECRET)?.map(TokenDigest::of);
        let mut secrets: Vec<(&'static str, TokenDigest)> = Vec::new();
        for key in &self.api_keys {
            secrets.push((bindings::KEY, *key));
        }
        for (name, digest) in [(bindings::SESSION_SECRET, session_secret), (bindings::ADMIN, self.admin)]
            .into_iter()
            .chain(self.callers.iter().map(|caller| (bindings::CALLERS, Some(caller.token))))
        {
            let Some(digest) = digest else { continue };
            // The two keys may be equal, and callers have already been compared with each other.
            if let Some((other, _)) = secrets.iter().find(|(_, known)| known.matches(digest)) {
                return Err(Misconfigured::OneForTwo(name, other));
            }
            if name != bindings::CALLERS {
                secrets.push((name, digest));
            }
        }
        Ok(())
    }
}

/// The effect of a binding that is set but empty. An empty text counts as absent, because shells unset variables that
/// way; a note in the log tells operators who meant something else.
const EMPTY: [(&str, &str); 4] = [
    (bindings::NEXT_KEY, "there is no next key"),
    (bindings::REVOKED_SESSIONS, "it revokes no session"),
    (bindings::SESSION_SECRET, "there are no sessions"),
    (bindings::ADMIN, "there is no operator, no /status and no /admin"),
];

/// The bindings whose absence leaves more open than any value. Setting one of them to an empty text is a fault: an
/// operator who empties a policy may mean that nothing is allowed, and a variable that a build failed to set is empty
/// as well.
const NARROWING: [(&str, &str); 3] = [
    (bindings::POLICY, "the default policy, by which callers may read everything but keys"),
    (bindings::BASE_URL, "https://api.attention.tech/v2, which gets the key then"),
    (bindings::BUDGET, "no budget"),
];

fn is_empty(texts: &Texts, name: &'static str) -> bool {
    matches!(texts.find(name), Text::Given(_)) && matches!(texts.read(name), Ok(None))
}

fn empty(texts: &Texts) -> Vec<&'static str> {
    EMPTY.iter().map(|(name, _)| *name).filter(|name| is_empty(texts, name)).collect()
}

impl Config {
    /// Log lines about settings that are valid but may be unintended.
    pub(crate) fn notes(&self) -> Vec<String> {
        let of_empty = EMPTY.iter().filter(|(name, _)| self.empty.contains(name));
        let line = |(name, holds): &(&str, &str)| {
            let mut line = Object::new();
            line.string("event", "configuration").string("level", "warn");
            line.string("fault", &[name, " is set but empty: ", holds].concat());
            line.finish()
        };
        of_empty.map(line).collect()
    }
}

fn upstream(texts: &Texts) -> Result<Upstream, Misconfigured> {
    let key = |name| {
        let Some(text) = texts.secret(name)? else { return Ok(None) };
        // Unchanged, because core decides exactly which characters around a key are accepted.
        let key =
            ApiKey::parse(texts.get(name)?.unwrap_or_default()).map_err(|error| Misconfigured::Key(name, error))?;
        if placeholder::is_word(text) { Err(Misconfigured::Slip(name, Slip::Placeholder)) } else { Ok(Some(key)) }
    };
    let current = key(bindings::KEY)?.ok_or(Misconfigured::NoKey)?;
    let next = key(bindings::NEXT_KEY)?;
    let base = texts.read(bindings::BASE_URL)?;
    let base = BaseUrl::parse(base.as_deref().unwrap_or(DEFAULT_BASE_URL)).map_err(Misconfigured::BaseUrl)?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'_' | b'.' | b'~');
    if !base.path().bytes().all(is_plain) {
        return Err(Misconfigured::Slip(bindings::BASE_URL, Slip::OddPath));
    }
    Ok(Upstream::new(base, KeyRing::new(current, next)))
}

fn api_keys(texts: &Texts) -> Result<Vec<TokenDigest>, Misconfigured> {
    let keys = [texts.secret(bindings::KEY)?, texts.secret(bindings::NEXT_KEY)?];
    Ok(keys.into_iter().flatten().map(TokenDigest::of).collect())
}

/// Rules, one per line, or a JSON list of them.
fn policies(texts: &Texts) -> Result<Policies, Misconfigured> {
    let Some(text) = texts.read(bindings::POLICY)? else {
        return Policies::parse(DEFAULT_POLICY).map_err(Misconfigured::Policy);
    };
    let rules = match pasted::list(&text) {
        // Without a binding, the default policy applies. An empty list may mean that nothing is allowed, or that the
        // rules were forgotten.
        Some(rules) if rules.is_empty() => return Err(Misconfigured::Slip(bindings::POLICY, Slip::EmptyList)),
        Some(rules) => rules.join("\n"),
        None => text.into_owned(),
    };
    Policies::parse(&rules).map_err(Misconfigured::Policy)
}

fn callers(texts: &Texts, policies: &Policies) -> Result<(Vec<Caller>, Option<Jwt>), Misconfigured> {
    let callers = texts.read(bindings::CALLERS)?.map(|text| Caller::parse_list(&text, policies)).transpose();
    let callers = callers.map_err(|fault| Misconfigured::Record(bindings::CALLERS, fault))?.unwrap_or_default();
    let jwt = texts.read(bindings::JWT)?.map(|text| Jwt::parse(&text, policies)).transpose();
    let jwt = jwt.map_err(|fault| Misconfigured::Record(bindings::JWT, fault))?;
    if callers.is_empty() && jwt.is_none() {
        return Err(Misconfigured::NoCallers);
    }
    Ok((callers, jwt))
}

fn session_secret(text: &str) -> Result<SessionSecret, Misconfigured> {
    let slip = |slip| Err(Misconfigured::Slip(bindings::SESSION_SECRET, slip));
    if placeholder::is_one(text) {
        return slip(Slip::Placeholder);
    }
    if pasted::is_quoted(text) {
        return slip(Slip::Quotes);
    }
    SessionSecret::parse(text).map_err(Misconfigured::Session)
}

fn revoked_sessions(texts: &Texts) -> Result<Vec<String>, Misconfigured> {
    let ids = words(&texts.read(bindings::REVOKED_SESSIONS)?.unwrap_or_default());
    // An invalid id would revoke nothing.
    let is_none = |id: &String| {
        !sessions::is_id(id) || placeholder::is_word(id) || !id.bytes().any(|b| b.is_ascii_alphanumeric())
    };
    match ids.iter().position(is_none) {
        Some(index) => Err(Misconfigured::SessionId { index }),
        None => Ok(ids),
    }
}

/// Words separated by commas, blanks or line ends, or a JSON list of them.
fn words(text: &str) -> Vec<String> {
    let split = |text: &str| -> Vec<String> {
        text.split(|c: char| c == ',' || c.is_whitespace()).map(str::to_owned).collect()
    };
    let words = pasted::list(text).unwrap_or_else(|| split(text)).into_iter();
    words.map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
}

fn admin(texts: &Texts) -> Result<Option<TokenDigest>, Misconfigured> {
    let Some(text) = texts.read(bindings::ADMIN)? else { return Ok(None) };
    let fault = |what: String| Misconfigured::Record(bindings::ADMIN, Fault::at("", what));
    let admin = digest::read(&text).map_err(fault)?;
    if digest::known().iter().any(|known| known.matches(admin)) {
        return Err(fault(digest::IS_KNOWN.to_owned()));
    }
    Ok(Some(admin))
}

/// The budget, such as `50/s`, for all isolates together. The gate's Durable Object, which enforces it, calls this.
pub fn budget(texts: &Texts) -> Result<Option<Rate>, Misconfigured> {
    let Some(text) = texts.read(bindings::BUDGET)? else { return Ok(None) };
    let fault = || Misconfigured::Record(bindings::BUDGET, Fault::at("", Rate::FORM));
    Rate::parse(text.trim()).map(Some).ok_or_else(fault)
}

/// The gate is a Durable Object, which has no text.
fn has_gate(texts: &Texts) -> Result<bool, Misconfigured> {
    match texts.find(bindings::GATE) {
        Text::Given(_) => Err(Misconfigured::NotAGate),
        Text::Absent if texts.get(bindings::BUDGET)?.is_some() => Err(Misconfigured::NoGate),
        Text::Absent => Ok(false),
        Text::Unreadable => Ok(true),
    }
}

/// A Rate Limiting binding has no text either.
fn has_limiter(texts: &Texts) -> Result<bool, Misconfigured> {
    match texts.find(bindings::RATE_LIMIT) {
        Text::Given(_) => Err(Misconfigured::NotALimiter),
        Text::Absent => Ok(false),
        Text::Unreadable => Ok(true),
    }
}

fn number(texts: &Texts, name: &'static str, range: RangeInclusive<u64>, otherwise: u64) -> Result<u64, Misconfigured> {
    let Some(text) = texts.read(name)? else { return Ok(otherwise) };
    let number = whole_number(&text).filter(|number| range.contains(number));
    number.ok_or(Misconfigured::Number(name, *range.start(), *range.end()))
}

fn timeout(texts: &Texts) -> Result<Duration, Misconfigured> {
    let range = 1..=Config::LONGEST_TIMEOUT_MS;
    number(texts, bindings::TIMEOUT, range, Config::DEFAULT_TIMEOUT_MS).map(Duration::from_millis)
}

fn retry(texts: &Texts) -> Result<RetryPolicy, Misconfigured> {
    let usual = RetryPolicy::default();
    let range = 0..=u64::from(Config::MOST_RETRIES);
    let max_retries = number(texts, bindings::RETRIES, range, usual.max_retries.into())?;
    Ok(RetryPolicy { max_retries: u32::try_from(max_retries).unwrap_or(Config::MOST_RETRIES), ..usual })
}

fn log_settings(texts: &Texts) -> Result<LogSettings, Misconfigured> {
    Ok(LogSettings {
        sample_percent: number(texts, bindings::LOG_SAMPLE, 0..=100, 100)?,
        format: match word(texts, bindings::LOG_FORM)?.as_deref() {
            None | Some("short") => LogFormat::Short,
            Some("columns") => LogFormat::Columns,
            Some(_) => return Err(Misconfigured::LogForm),
        },
        level: match word(texts, bindings::LOG)?.as_deref() {
            None | Some("all") => LogLevel::All,
            Some("errors") => LogLevel::Errors,
            Some("silent") => LogLevel::Silent,
            Some(_) => return Err(Misconfigured::LogLevel),
        },
    })
}

/// A word from a list, in any case.
fn word(texts: &Texts, name: &'static str) -> Result<Option<String>, Misconfigured> {
    Ok(texts.read(name)?.map(|word| word.to_ascii_lowercase()))
}

/// Exact origins.
fn origins(text: &str) -> Result<Vec<String>, Misconfigured> {
    words(text)
        .iter()
        .enumerate()
        .map(|(index, text)| origin::read(text).map_err(|why| Misconfigured::Origin { index, why }))
        .collect()
}

#[cfg(test)]
mod tests {
    use attention_core::credential::TokenDigest;
    use attention_core::url::DEFAULT_BASE_URL;

    use super::*;
    use crate::deployment::bindings::{self as binding, Text};

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
    fn the_minimal_configuration_is_valid() {
        let (config, upstream) = Config::parse(&texts(&[])).unwrap();
        assert_eq!(config.callers[0].name, "app");
        assert_eq!(upstream.base().as_str(), DEFAULT_BASE_URL);
        assert_eq!((config.timeout, config.retry.max_retries), (Duration::from_mins(1), 2));
    }

    #[test]
    #[expect(clippy::too_many_lines)] // A table of faults.
    fn every_fault_is_named_without_quoting_a_value() {
        let digest = TokenDigest::of("fake-token").to_hex();
        let caller = |name: &str| format!(r#"{{"name":"{name}","sha256":"{digest}"}}"#);
        let cases: &[(&str, &'static str, String)] = &[
            ("ATTENTION_API_KEY is not set", binding::KEY, " \n".into()),
            ("ATTENTION_API_KEY: the key holds a line break at position 4", binding::KEY, "fake\nsentinel".into()),
            ("ATTENTION_API_KEY_NEXT: the key begins", binding::NEXT_KEY, "Bearer sentinel".into()),
            ("ATTENTION_BASE_URL: the base URL is plain http", binding::BASE_URL, "http://sentinel.example".into()),
            ("ATTENTION_CALLERS has no caller", binding::CALLERS, String::new()),
            ("ATTENTION_CALLERS has no caller", binding::CALLERS, "[]".into()),
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
                "ATTENTION_CALLERS[0].name: is duplicated",
                binding::CALLERS,
                r#"[{"name":"sentinel","name":"b"}]"#.into(),
            ),
            ("ATTENTION_CALLERS[0].sha256: is missing", binding::CALLERS, r#"[{"name":"sentinel"}]"#.into()),
            ("ATTENTION_CALLERS[0].name: must be a string", binding::CALLERS, r#"[{"name":["sentinel"]}]"#.into()),
            ("ATTENTION_CALLERS[0].name: must be 1 to 64", binding::CALLERS, format!("[{}]", caller("sentinel\\n"))),
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
            ("ATTENTION_TIMEOUT_MS: not a whole number from 1 to 900000; write digits", binding::TIMEOUT, "30s".into()),
            ("ATTENTION_TIMEOUT_MS", binding::TIMEOUT, "30_000".into()),
            ("ATTENTION_TIMEOUT_MS", binding::TIMEOUT, "+30000".into()),
            ("ATTENTION_LOG", binding::LOG, "sentinel".into()),
            ("ATTENTION_LOG: begins with the name", binding::LOG, "export ATTENTION_LOG=sentinel".into()),
            ("ATTENTION_API_KEY: begins with the name", binding::KEY, "ATTENTION_API_KEY=sentinel".into()),
            ("ATTENTION_API_KEY: has typographic quotation marks", binding::KEY, "\u{201c}sentinel\u{201d}".into()),
            ("ATTENTION_POLICY: is an empty list", binding::POLICY, "[]".into()),
            ("ATTENTION_POLICY: is set but empty", binding::POLICY, " \n".into()),
            ("ATTENTION_POLICY: is set but empty", binding::POLICY, "\"\"".into()),
            ("ATTENTION_BASE_URL: is set but empty", binding::BASE_URL, "\u{feff}".into()),
            ("ATTENTION_BUDGET: is set but empty", binding::BUDGET, String::new()),
            ("ATTENTION_SESSION_SECRET: is a placeholder", binding::SESSION_SECRET, "<sentinel>".into()),
            (
                "ATTENTION_SESSION_SECRET: is in quotation marks",
                binding::SESSION_SECRET,
                "\"sentinel-of-a-secret-of-some-length-0\"".into(),
            ),
            ("ATTENTION_ADMIN_SHA256: is the same secret as", binding::ADMIN, TokenDigest::of(KEY).to_hex()),
            ("ATTENTION_CALLERS: is the same secret as that of ATTENTION_ADMIN_SHA256", binding::ADMIN, digest.clone()),
            ("ATTENTION_ADMIN_SHA256: is the digest", binding::ADMIN, TokenDigest::of("").to_hex()),
            ("a typographic quotation mark", binding::CALLERS, "[{\u{201c}sentinel\u{201d}:\"a\"}]".into()),
            ("JSON requires double quotation marks", binding::CALLERS, "[{'name':'sentinel'}]".into()),
            ("an extra comma", binding::CALLERS, format!("[{},\n]", caller("sentinel"))),
            ("a list of objects must be enclosed", binding::CALLERS, caller("sentinel")),
            ("ATTENTION_LOG_SAMPLE_PERCENT", binding::LOG_SAMPLE, "101".into()),
            ("ATTENTION_BUDGET: must be calls per time", binding::BUDGET, "sentinel/s".into()),
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
    fn a_vault_that_does_not_respond_is_a_fault() {
        let mut texts = texts(&[]);
        texts.set(binding::NEXT_KEY, Text::Unreadable);
        assert_eq!(fault(&texts), "ATTENTION_API_KEY_NEXT: the binding could not be read");
    }

    #[test]
    fn a_budget_with_a_gate_is_valid() {
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
