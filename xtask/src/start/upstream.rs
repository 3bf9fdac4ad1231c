//! The upstream of the local Worker: the real API if a key is set, otherwise the mock.

use std::env;

use anyhow::{Context as _, Result, bail};
use attention_core::ApiKey;

use crate::bootstrap::Builders;
use crate::commands::{self, SECRETS};
use crate::ports;
use crate::repo::Repo;
use crate::say;
use crate::start::config::{Module, Service, Value};
use crate::step::Step;

const REAL: &str = "https://api.attention.tech/v2";
const BASE_URL: &str = "ATTENTION_BASE_URL";

#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) base_url: String,
    /// The bindings of the key.
    pub(crate) keys: Vec<(&'static str, Value)>,
    /// The secrets that workerd reads from the environment.
    pub(crate) secrets: Vec<&'static str>,
    pub(crate) mock: Option<Service>,
    /// The mock's own key, which is not secret.
    pub(crate) mock_key: Option<String>,
    pub(crate) described: String,
}

impl Upstream {
    pub(crate) fn choose(repo: &Repo, builders: &Builders) -> Result<Self> {
        let base = set(BASE_URL);
        let secrets: Vec<&'static str> = SECRETS.into_iter().filter(|name| set(name).is_some()).collect();
        if secrets.contains(&SECRETS[0]) {
            return Ok(Self::real(base.unwrap_or_else(|| REAL.to_owned()), secrets));
        }
        for (name, present) in [(BASE_URL, base.is_some()), (SECRETS[1], !secrets.is_empty())] {
            if present {
                say::line(&format!("{name} is set but {} is not: the mock is used", SECRETS[0]));
            }
        }
        Self::mock(repo, builders)
    }

    fn real(base_url: String, secrets: Vec<&'static str>) -> Self {
        Self {
            described: format!("{base_url}, with the key in {}", secrets.join(" and ")),
            base_url,
            keys: secrets.iter().map(|name| (*name, Value::Environment(name))).collect(),
            secrets,
            mock: None,
            mock_key: None,
        }
    }

    fn mock(repo: &Repo, builders: &Builders) -> Result<Self> {
        let bundle = repo.at("target/start/testing.js");
        // Built from source and not from pkg/dist: the mock needs no wasm, so `start` does not have to wait for the
        // package.
        let mut esbuild = builders.command(repo, &builders.esbuild)?;
        esbuild
            .args(["pkg/testing/index.ts", "--bundle", "--format=esm", "--target=es2022", "--log-level=warning"])
            .arg(format!("--outfile={}", bundle.display()));
        Step::new(repo, "start-mock", "bundling the mock API", esbuild).run()?;
        let key = mock_key(repo)?;
        let port = ports::any_free()?;
        let module = |name: &str, file: &str| Module { name: name.to_owned(), file: file.to_owned() };
        let service = Service {
            name: "mock",
            port,
            modules: vec![module("worker.mjs", "../../tests/mock/worker.mjs"), module("testing.js", "testing.js")],
            bindings: Vec::new(),
        };
        let base_url = format!("http://127.0.0.1:{port}/v2");
        Ok(Self {
            described: format!("the built-in mock Attention API, {base_url} (set {} for the real one)", SECRETS[0]),
            base_url,
            keys: vec![(SECRETS[0], Value::Text(key.clone()))],
            secrets: Vec::new(),
            mock: Some(service),
            mock_key: Some(key),
        })
    }
}

/// Validates the keys in the environment by the Worker's own rule, so that a malformed key is reported at once and not
/// by a 503.
pub(crate) fn check_keys() -> Result<()> {
    for name in SECRETS {
        if let Some(key) = set(name) {
            check_key(name, &key)?;
        }
    }
    Ok(())
}

fn check_key(name: &str, key: &str) -> Result<()> {
    match ApiKey::parse(key) {
        Ok(_) => Ok(()),
        Err(error) => bail!("{name}: {}\n  next: set it to a key as Attention shows it", error.message()),
    }
}

/// The fake key that every mock accepts, read from the mock itself.
fn mock_key(repo: &Repo) -> Result<String> {
    let mut node = commands::native(repo, "node")?;
    node.args(["--input-type=module", "--eval"])
        .arg("import { MOCK_API_KEY } from './target/start/testing.js'; console.log(MOCK_API_KEY);");
    let output = Step::new(repo, "start-mock-key", "asking the mock for its key", node).run()?;
    let key = output.lines().last().context("the mock has no MOCK_API_KEY")?;
    Ok(key.to_owned())
}

/// The value of a variable that is set and not empty.
fn set(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_malformed_key_is_rejected_with_cores_message_and_not_shown() {
        let error = check_key("ATTENTION_API_KEY", "Bearer an-obviously-fake-key").unwrap_err().to_string();
        assert!(error.starts_with("ATTENTION_API_KEY: ") && error.contains("Bearer"), "{error}");
        assert!(!error.contains("obviously"), "{error}");
        check_key("ATTENTION_API_KEY", "an-obviously-fake-key").unwrap();
    }

    #[test]
    fn the_real_api_is_described_without_its_key() {
        let upstream = Upstream::real(REAL.to_owned(), vec![SECRETS[0]]);
        assert!(upstream.mock.is_none());
        assert!(matches!(upstream.keys[..], [("ATTENTION_API_KEY", Value::Environment("ATTENTION_API_KEY"))]));
        assert_eq!(upstream.described, "https://api.attention.tech/v2, with the key in ATTENTION_API_KEY");
    }
}
