//! Installs the npm packages listed in package-lock.json.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::commands;
use crate::repo::Repo;
use crate::say;
use crate::stamp;
use crate::step::Step;

/// Without the packages' install scripts: none is needed, and each would run third-party code.
pub(crate) const COMMAND_LINE: &str = "npm ci --ignore-scripts";

pub(crate) fn ensure(repo: &Repo) -> Result<()> {
    let lock = read_lock(repo)?;
    // Inside node_modules, so that it is deleted with it.
    let stamp = repo.at("node_modules/.xtask-stamp");
    let wanted = stamp::sha256(&lock);
    if stamp::read(&stamp).as_deref() == Some(&wanted) {
        return Ok(());
    }
    // Somebody may have run npm. If its own record matches the lock file, nothing is reinstalled.
    if !agree(&lock, &installed(repo)) {
        install(repo)?;
    }
    stamp::write(&stamp, &wanted)
}

fn install(repo: &Repo) -> Result<()> {
    let mut npm = commands::native(repo, "npm")?;
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    let Err(refused) = Step::new(repo, "npm-ci", COMMAND_LINE, npm)
        .on_failure(
            "npm needs its registry, and a package-lock.json that matches package.json (npm install --ignore-scripts)",
        )
        .run()
    else {
        return Ok(());
    };
    let said = fs::read_to_string(repo.log("npm-ci")).unwrap_or_default();
    if !misses_only_what_nobody_has(&said) {
        return Err(refused);
    }
    say::line(
        "npm ci requires optional packages that this registry does not have: npm install --no-save works without them",
    );
    let mut npm = commands::native(repo, "npm")?;
    // Installs the same versions and hashes as in the lock file, which is not changed.
    npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]);
    Step::new(repo, "npm-install", "npm install --no-save", npm).on_failure("npm needs its registry").run()?;
    Ok(())
}

/// `npm ci` rejects a lock file that was written where the registry lacks an optional package, such as workerd for
/// another platform; it names that package without a version. Any other missing or different package means that the
/// lock file does not match package.json.
fn misses_only_what_nobody_has(said: &str) -> bool {
    let complaints = |kind: &str| said.lines().filter(|line| line.starts_with(&format!("npm error {kind}: "))).count();
    let unresolved =
        said.lines().filter(|line| line.starts_with("npm error Missing: ") && line.ends_with("@ from lock file"));
    let unresolved = unresolved.count();
    unresolved > 0 && unresolved == complaints("Missing") && complaints("Invalid") == 0
}

/// Whether the installed packages match the lock file.
pub(crate) fn in_step(repo: &Repo) -> Result<bool> {
    Ok(agree(&read_lock(repo)?, &installed(repo)))
}

fn read_lock(repo: &Repo) -> Result<Vec<u8>> {
    fs::read(repo.at("package-lock.json")).context("cannot read package-lock.json")
}

/// npm's own record of installed packages; empty if there is none.
fn installed(repo: &Repo) -> Vec<u8> {
    fs::read(repo.at("node_modules/.package-lock.json")).unwrap_or_default()
}

/// The version of an installed package.
pub(crate) fn version_of(repo: &Repo, package: &str) -> Option<String> {
    let manifest = fs::read(repo.at("node_modules").join(package).join("package.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    manifest.get("version")?.as_str().map(str::to_owned)
}

/// Whether npm's record matches the lock file. Optional packages, such as those of other platforms, may be missing.
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
    fn only_unavailable_packages_may_be_missing() {
        let unknown = "npm error code EUSAGE\nnpm error Missing: @x/y-darwin@ from lock file\n";
        assert!(misses_only_what_nobody_has(unknown));
        assert!(!misses_only_what_nobody_has(&format!("{unknown}npm error Missing: z@1.0.0 from lock file\n")));
        assert!(!misses_only_what_nobody_has(&format!(
            "{unknown}npm error Invalid: lock file's z@1.0.0 does not satisfy z@2\n"
        )));
        assert!(!misses_only_what_nobody_has("npm error code E404\n"));
    }

    #[test]
    fn the_requested_packages_match() {
        assert!(agree(LOCK, br#"{"packages":{"node_modules/a":{"version":"1.0.0"}}}"#));
    }

    #[test]
    fn other_versions_and_missing_or_extra_packages_do_not_match() {
        assert!(!agree(LOCK, br#"{"packages":{"node_modules/a":{"version":"1.0.1"}}}"#));
        assert!(!agree(LOCK, br#"{"packages":{}}"#));
        assert!(!agree(
            LOCK,
            br#"{"packages":{"node_modules/a":{"version":"1.0.0"},"node_modules/b":{"version":"1.0.0"}}}"#
        ));
        assert!(!agree(LOCK, b""));
    }
}
