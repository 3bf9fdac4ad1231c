//! The environment of child processes.
//!
//! Three kinds of variables are withheld from every child: those that `cargo run` set for xtask itself (they would make
//! cargo rebuild), the compiler libraries that rustup added to the library path (they belong to another compiler than
//! the one for wasm), and the API keys, because no build step, package script or test needs one. Only `start` passes
//! the keys on, and only to workerd.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::platform;
use crate::repo::Repo;

/// Secrets in the environment; see the module's documentation.
pub(crate) const SECRETS: [&str; 2] = ["ATTENTION_API_KEY", "ATTENTION_API_KEY_NEXT"];

/// A command that uses this machine's active Rust toolchain if it calls cargo.
pub(crate) fn native(repo: &Repo, program: impl AsRef<OsStr>) -> Result<Command> {
    let mut command = clean(program);
    command.current_dir(repo.root()).env("PATH", path_with(&[repo.tools_bin()])?);
    Ok(command)
}

/// A command in which `cargo build --target wasm32-unknown-unknown` works. `private` is a toolchain that takes
/// precedence over the active one.
pub(crate) fn wasm(repo: &Repo, private: Option<&Path>, program: impl AsRef<OsStr>) -> Result<Command> {
    let mut command = clean(program);
    let mut first = vec![repo.tools_bin()];
    if let Some(toolchain) = private {
        first.insert(0, toolchain.join("bin"));
        // Each of these would override the compiler on the PATH.
        for name in ["RUSTUP_TOOLCHAIN", "RUSTC", "RUSTDOC"] {
            command.env_remove(name);
        }
    }
    command.current_dir(repo.root()).env("PATH", path_with(&first)?).env("CARGO_TARGET_DIR", repo.wasm_target());
    Ok(command)
}

fn clean(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(platform::program(program.as_ref()));
    for (name, value) in env::vars_os() {
        match name.to_str() {
            Some(text) if SECRETS.contains(&text) || set_by_cargo_run(text) => {
                command.env_remove(&name);
            }
            Some("LD_LIBRARY_PATH" | "DYLD_FALLBACK_LIBRARY_PATH") => {
                let kept = without_compilers(&value);
                if kept.is_empty() {
                    command.env_remove(&name);
                } else {
                    command.env(&name, kept);
                }
            }
            _ => {}
        }
    }
    command
}

fn set_by_cargo_run(name: &str) -> bool {
    matches!(name, "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "OUT_DIR")
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
}

/// Removes compiler library folders, which contain `rustlib`. cargo's output folders contain `.fingerprint` or are
/// called deps.
fn without_compilers(paths: &OsStr) -> OsString {
    let kept = env::split_paths(paths).filter(|path| {
        !path.join("rustlib").exists() && !path.join(".fingerprint").exists() && !path.ends_with("deps")
    });
    env::join_paths(kept).unwrap_or_default()
}

fn path_with(first: &[PathBuf]) -> Result<OsString> {
    let rest = env::var_os("PATH").unwrap_or_default();
    let all = first.iter().cloned().chain(env::split_paths(&rest));
    env::join_paths(all).context("the repository's path contains a colon, which PATH cannot represent; move the clone")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_set_by_cargo_run_are_recognized() {
        assert!(set_by_cargo_run("CARGO"));
        assert!(set_by_cargo_run("CARGO_PKG_NAME"));
        assert!(set_by_cargo_run("CARGO_MANIFEST_DIR"));
        // These are the user's own settings.
        assert!(!set_by_cargo_run("CARGO_HOME"));
        assert!(!set_by_cargo_run("CARGO_NET_OFFLINE"));
    }

    #[test]
    fn ordinary_library_folders_are_kept() {
        assert_eq!(without_compilers(OsStr::new("/nowhere/lib:/nowhere/deps")), "/nowhere/lib");
    }
}
