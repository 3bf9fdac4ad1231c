//! Finds or obtains a compiler for wasm, by the first of three ways that works.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::commands;
use crate::repo::Repo;
use crate::rustup::{self, Tried};
use crate::say;
use crate::sysroot;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// The toolchain that builds for wasm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The machine's active toolchain has the target.
    Active,
    /// A private folder that precedes the active toolchain.
    Private(PathBuf),
}

impl Toolchain {
    pub(crate) fn private(&self) -> Option<&Path> {
        match self {
            Self::Active => None,
            Self::Private(folder) => Some(folder),
        }
    }

    pub(crate) fn described(&self) -> &'static str {
        match self {
            Self::Active => "the active Rust toolchain",
            Self::Private(_) => "Debian packages + private sysroot in .tools/toolchain",
        }
    }
}

/// The toolchain that is available now, without obtaining anything.
pub(crate) fn present(repo: &Repo) -> Result<Option<Toolchain>> {
    if active_has_target(repo)? {
        return Ok(Some(Toolchain::Active));
    }
    Ok(sysroot::ready(repo).map(Toolchain::Private))
}

pub(crate) fn ensure(repo: &Repo) -> Result<Toolchain> {
    if let Some(toolchain) = present(repo)? {
        say::line(&format!("wasm target: {}", toolchain.described()));
        return Ok(toolchain);
    }
    let tried = rustup::add_target(repo, TARGET)?;
    if tried == Tried::Added && active_has_target(repo)? {
        say::line("wasm target: added to the active Rust toolchain by rustup");
        return Ok(Toolchain::Active);
    }
    let why_not = match tried {
        Tried::Added => "rustup added it, but the active rustc is not rustup's".to_owned(),
        Tried::NoRustup => "rustup is not installed".to_owned(),
        Tried::Failed(reason) => format!("rustup target add: {reason}"),
    };
    let folder = sysroot::make(repo).with_context(|| {
        format!(
            "no compiler for wasm could be obtained\n  tried: the active toolchain (it has no {TARGET})\n  tried: {why_not}\n  \
             next: rustup target add {TARGET}, then this again"
        )
    })?;
    let toolchain = Toolchain::Private(folder);
    say::line(&format!("wasm target: {} ({why_not})", toolchain.described()));
    Ok(toolchain)
}

fn active_has_target(repo: &Repo) -> Result<bool> {
    let output = commands::native(repo, "rustc")?
        .args(["--print", "sysroot"])
        .output()
        .context("cannot run rustc; it comes with cargo")?;
    let sysroot = String::from_utf8_lossy(&output.stdout);
    Ok(output.status.success() && has_std(Path::new(sysroot.trim())))
}

pub(crate) fn has_std(sysroot: &Path) -> bool {
    let libs = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    fs::read_dir(libs).is_ok_and(|entries| {
        entries.filter_map(Result::ok).any(|entry| {
            let name = entry.file_name();
            name.to_str().is_some_and(|name| {
                name.starts_with("libstd-") && Path::new(name).extension().is_some_and(|end| end == "rlib")
            })
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::tests::Scratch;

    #[test]
    fn an_empty_target_folder_does_not_count() {
        let scratch = Scratch::new("target");
        assert!(!has_std(&scratch.0));
        scratch.write("lib/rustlib/wasm32-unknown-unknown/lib/libcore-1.rlib", "");
        assert!(!has_std(&scratch.0));
        scratch.write("lib/rustlib/wasm32-unknown-unknown/lib/libstd-1.rlib", "");
        assert!(has_std(&scratch.0));
    }
}
