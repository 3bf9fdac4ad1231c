//! The bindings, read and checked once per isolate.

use std::cell::{OnceCell, RefCell};

use attention_core::call::Upstream;
use attention_core::credential::TokenDigest;
use attention_core::url::{BaseUrl, DEFAULT_BASE_URL};
use attention_core::{ApiKey, KeyRing};
use attention_gateway::authorize::policy::{DEFAULT_POLICY, Policy};
use worker::{Env, Result};

pub struct Config {
    /// SHA-256 of each caller's token; the tokens themselves are nowhere.
    pub callers: Vec<TokenDigest>,
    pub policy: Policy,
    pub origins: Vec<String>,
    /// The keys, the retry budget and the rate gate that all calls share.
    pub upstream: RefCell<Upstream>,
}

thread_local! {
    static CONFIG: OnceCell<&'static Config> = const { OnceCell::new() };
}

impl Config {
    /// It lives as long as the isolate, so it is leaked rather than counted.
    pub fn of(env: &Env) -> Result<&'static Self> {
        CONFIG.with(|config| match config.get() {
            Some(config) => Ok(*config),
            None => {
                let read = Self::read(env)?;
                Ok(*config.get_or_init(|| Box::leak(Box::new(read))))
            }
        })
    }

    fn read(env: &Env) -> Result<Self> {
        let text = |name| env.var(name).map(|text| text.to_string()).ok();
        let key = |name| text(name).map(|key| ApiKey::parse(&key).map_err(|error| fault(name, error))).transpose();
        let list = |name| {
            text(name)
                .unwrap_or_default()
                .split(',')
                .map(|item| item.trim().to_owned())
                .filter(|item| !item.is_empty())
                .collect::<Vec<_>>()
        };
        let current = key("ATTENTION_API_KEY")?.ok_or("ATTENTION_API_KEY is not set")?;
        let base = BaseUrl::parse(text("ATTENTION_BASE_URL").as_deref().unwrap_or(DEFAULT_BASE_URL))
            .map_err(|error| fault("ATTENTION_BASE_URL", error))?;
        Ok(Self {
            callers: list("CALLER_SHA256")
                .iter()
                .map(|hex| TokenDigest::from_hex(hex))
                .collect::<std::result::Result<_, _>>()
                .map_err(|error| fault("CALLER_SHA256", error))?,
            policy: Policy::parse(text("ATTENTION_POLICY").as_deref().unwrap_or(DEFAULT_POLICY))
                .map_err(|error| fault("ATTENTION_POLICY", error))?,
            origins: list("ATTENTION_ALLOWED_ORIGINS"),
            upstream: RefCell::new(Upstream::new(base, KeyRing::new(current, key("ATTENTION_API_KEY_NEXT")?))),
        })
    }
}

/// None of core's errors quotes a value.
fn fault(name: &str, error: impl std::fmt::Display) -> worker::Error {
    format!("{name}: {error}").into()
}
