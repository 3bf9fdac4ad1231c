//! Reads and compares versions.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// Dotted numbers, compared numerically.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(Vec<u64>);

impl Version {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // A pre-release compares equal to its release; no requirement here depends on the difference.
        let numbers = text.split(['-', '+']).next()?;
        let parts: Result<Vec<u64>, _> = numbers.split('.').map(str::parse).collect();
        parts.ok().map(Self)
    }
}

/// The first word that is a dotted number, as in `wasm-bindgen 0.2.130` or `v20.20.2`.
pub(crate) fn in_text(text: &str) -> Option<&str> {
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v').trim_matches(['(', ')', ',']))
        .find(|word| word.contains('.') && Version::parse(word).is_some())
}

/// The version that a program prints for `--version`.
pub(crate) fn told_by(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    if !output.status.success() {
        return None;
    }
    in_text(&String::from_utf8_lossy(&output.stdout)).map(str::to_owned)
}

/// The version of a crate in a `Cargo.lock`.
pub(crate) fn locked(lock: &str, krate: &str) -> Option<String> {
    let name = format!("name = \"{krate}\"");
    let mut lines = lock.lines().skip_while(|line| *line != name);
    lines.next()?;
    let version = lines.next()?.strip_prefix("version = \"")?.strip_suffix('"')?;
    Some(version.to_owned())
}

/// The version of the crate that installed `program`, as `cargo install` recorded it in `.crates2.json`.
pub(crate) fn installed_by_cargo(crates2: &str, program: &str) -> Option<String> {
    let noted: Value = serde_json::from_str(crates2).ok()?;
    noted.get("installs")?.as_object()?.iter().find_map(|(package, install)| {
        let brought = install.get("bins")?.as_array()?.iter().any(|bin| bin == program);
        // `wasm-pack 0.15.1 (registry+…)`
        brought.then(|| package.split(' ').nth(1).map(str::to_owned)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_numerically() {
        assert!(Version::parse("20.9.0") < Version::parse("20.10.0"));
        assert!(Version::parse("20") <= Version::parse("20.0.1"));
        assert!(Version::parse("0.2.130") > Version::parse("0.2.99"));
        assert_eq!(Version::parse("1.2.3-beta"), Version::parse("1.2.3"));
        assert_eq!(Version::parse("x"), None);
    }

    #[test]
    fn versions_are_found_in_what_programs_print() {
        assert_eq!(in_text("wasm-bindgen 0.2.130"), Some("0.2.130"));
        assert_eq!(in_text("v20.20.2\n"), Some("20.20.2"));
        assert_eq!(in_text("Chromium 156.0.8078.79 built on Debian 12"), Some("156.0.8078.79"));
        assert_eq!(in_text("rustc 1.95.0 (59807616e 2026-04-14)"), Some("1.95.0"));
        assert_eq!(in_text("workerd 2026-11-17"), None);
    }

    #[test]
    fn a_locked_crate_is_named_exactly() {
        let lock = "[[package]]\nname = \"wasm-bindgen-macro\"\nversion = \"9.9.9\"\n\n[[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.130\"\n";
        assert_eq!(locked(lock, "wasm-bindgen").as_deref(), Some("0.2.130"));
        assert_eq!(locked(lock, "wasm"), None);
    }

    #[test]
    fn versions_are_read_from_cargos_record() {
        let noted = r#"{"installs":{"worker-build 0.8.7 (registry+x)":{"bins":["worker-build","worker-codegen"]}}}"#;
        assert_eq!(installed_by_cargo(noted, "worker-codegen").as_deref(), Some("0.8.7"));
        assert_eq!(installed_by_cargo(noted, "wasm-pack"), None);
    }
}
