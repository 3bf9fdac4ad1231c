//! The npm parts, as package-lock.json says.

use std::fs;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use crate::commands;
use crate::repo::Repo;
use crate::say;
use crate::stamp;
use crate::step::Step;

/// No scripts of packages: none of them is needed here, and each is a stranger's code.
pub(crate) const COMMAND_LINE: &str = "npm ci --ignore-scripts";

pub(crate) fn ensure(repo: &Repo) -> Result<()> {
    let lock = read_lock(repo)?;
    // Inside node_modules, so that it goes with it.
    let stamp = repo.at("node_modules/.xtask-stamp");
    let wanted = stamp::sha256(&lock);
    if stamp::read(&stamp).as_deref() == Some(&wanted) {
        return Ok(());
    }
    // Somebody may have run npm; then its own record agrees, and there is nothing to reinstall under their feet.
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
            "npm needs its registry, and package-lock.json in step with package.json (npm install --ignore-scripts)",
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
        "npm ci wants optional packages that this registry does not have: npm install --no-save does without them",
    );
    let mut npm = commands::native(repo, "npm")?;
    // Still at the versions and hashes of the lock file, which it leaves as it is.
    npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"]);
    Step::new(repo, "npm-install", "npm install --no-save", npm).on_failure("npm needs its registry").run()?;
    Ok(())
}

/// `npm ci` refuses a lock file that was written where the registry lacks an optional package (another platform's
/// workerd, say), and names that package without a version. Anything else that it misses or finds different is a lock
/// file that is out of step.
fn misses_only_what_nobody_has(said: &str) -> bool {
    let complaints = |kind: &str| said.lines().filter(|line| line.starts_with(&format!("npm error {kind}: "))).count();
    let unresolved =
        said.lines().filter(|line| line.starts_with("npm error Missing: ") && line.ends_with("@ from lock file"));
    let unresolved = unresolved.count();
    unresolved > 0 && unresolved == complaints("Missing") && complaints("Invalid") == 0
}

/// Whether what is installed is what the lock file asks for.
pub(crate) fn in_step(repo: &Repo) -> Result<bool> {
    Ok(agree(&read_lock(repo)?, &installed(repo)))
}

fn read_lock(repo: &Repo) -> Result<Vec<u8>> {
    fs::read(repo.at("package-lock.json")).context("cannot read package-lock.json")
}

/// npm's own record; empty when there is none.
fn installed(repo: &Repo) -> Vec<u8> {
    fs::read(repo.at("node_modules/.package-lock.json")).unwrap_or_default()
}

/// The version of an installed package.
pub(crate) fn version_of(repo: &Repo, package: &str) -> Option<String> {
    let manifest = fs::read(repo.at("node_modules").join(package).join("package.json")).ok()?;
    let manifest: Value = serde_json::from_slice(&manifest).ok()?;
    manifest.get("version")?.as_str().map(str::to_owned)
}

/// Whether npm's record of what it installed is what the lock file asks for. Optional packages (other platforms') may
/// be absent.
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
    fn only_unknown_packages_are_done_without() {
        let unknown = "npm error code EUSAGE\nnpm error Missing: @x/y-darwin@ from lock file\n";
        assert!(misses_only_what_nobody_has(unknown));
        assert!(!misses_only_what_nobody_has(&format!("{unknown}npm error Missing: z@1.0.0 from lock file\n")));
        assert!(!misses_only_what_nobody_has(&format!(
            "{unknown}npm error Invalid: lock file's z@1.0.0 does not satisfy z@2\n"
        )));
        assert!(!misses_only_what_nobody_has("npm error code E404\n"));
    }

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
