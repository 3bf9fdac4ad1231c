//! The npm parts, as package-lock.json says.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::commands;
use crate::repo::Repo;
use crate::stamp;
use crate::step::Step;

/// No scripts of packages: none of them is needed here, and each is a stranger's code.
pub(crate) const COMMAND_LINE: &str = "npm ci --ignore-scripts";

pub(crate) fn ensure(repo: &Repo) -> Result<()> {
    let lock = fs::read(repo.at("package-lock.json")).context("cannot read package-lock.json")?;
    // Inside node_modules, so that it goes with it.
    let stamp = repo.at("node_modules/.xtask-stamp");
    let wanted = stamp::sha256(&lock);
    if stamp::read(&stamp).as_deref() == Some(&wanted) {
        return Ok(());
    }
    // Somebody may have run npm; then its own record agrees, and there is nothing to reinstall under their feet.
    let installed = fs::read(repo.at("node_modules/.package-lock.json")).unwrap_or_default();
    if !agree(&lock, &installed) {
        let mut npm = commands::native(repo, "npm")?;
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
        Step::new(repo, "npm-ci", COMMAND_LINE, npm)
            .on_failure("npm needs its registry, and package-lock.json in step with package.json (npm install --ignore-scripts)")
            .run()?;
    }
    stamp::write(&stamp, &wanted)
}

/// The version of an installed package.
pub(crate) fn version_of(repo: &Repo, package: &str) -> Option<String> {
    let manifest = fs::read(repo.at("node_modules").join(package).join("package.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    manifest.get("version")?.as_str().map(str::to_owned)
}

/// Whether npm's record of what it installed is what the lock file asks for. Optional packages (other platforms') may be absent.
fn agree(lock: &[u8], installed: &[u8]) -> bool {
    let (Some(lock), Some(installed)) = (packages(lock), packages(installed)) else {
        return false;
    };
    let as_asked = |(path, asked): (&String, &Value)| match installed.get(path) {
        Some(found) => found.get("version") == asked.get("version"),
        None => asked.get("optional") == Some(&Value::Bool(true)) || !path.contains("node_modules/"),
    };
    lock.iter().all(as_asked) && installed.keys().all(|path| lock.contains_key(path))
}

fn packages(lock: &[u8]) -> Option<Map<String, Value>> {
    let mut lock: Value = serde_json::from_slice(lock).ok()?;
    match lock.get_mut("packages")?.take() {
        Value::Object(packages) => Some(packages),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &[u8] = br#"{"packages":{
        "":{"name":"root"},
        "pkg":{"version":"0.1.0"},
        "node_modules/a":{"version":"1.0.0"},
        "node_modules/a-win32":{"version":"1.0.0","optional":true}}}"#;

    #[test]
    fn what_was_asked_for_agrees() {
        assert!(agree(LOCK, br#"{"packages":{"node_modules/a":{"version":"1.0.0"}}}"#));
    }

    #[test]
    fn another_version_a_gap_and_a_surplus_do_not() {
        assert!(!agree(LOCK, br#"{"packages":{"node_modules/a":{"version":"1.0.1"}}}"#));
        assert!(!agree(LOCK, br#"{"packages":{}}"#));
        assert!(!agree(
            LOCK,
            br#"{"packages":{"node_modules/a":{"version":"1.0.0"},"node_modules/b":{"version":"1.0.0"}}}"#
        ));
        assert!(!agree(LOCK, b""));
    }
}
