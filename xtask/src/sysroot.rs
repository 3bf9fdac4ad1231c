//! Builds a private wasm toolchain from Debian's newer compiler, for machines that can only reach package registries.
//!
//! Debian ships the compiler (packages `rustc-web`, `cargo-web`), the linker and the sources of std, but no std for
//! wasm. So std is built once from those sources, into a sysroot of links under `.tools/toolchain`. With the sysroot's
//! `bin` first on the PATH, plain cargo, wasm-pack and worker-build can build for wasm: without a `-Z` flag, without
//! `RUSTC_BOOTSTRAP`, and without writing to /usr.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

use crate::apt;
use crate::commands;
use crate::platform;
use crate::repo::Repo;
use crate::stamp;
use crate::step::Step;
use crate::wasm_target::{TARGET, has_std};

pub(crate) const PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm"];

/// The location of the packages' programs, whatever else is on the PATH.
const RUSTC: &str = "/usr/bin/rustc";
const LINKER: &str = "/usr/bin/rust-lld";
const RUSTLIB: &str = "/usr/lib/rustlib";

const SEED: &str = "[package]\nname = \"wasm-std-seed\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n";

pub(crate) fn folder(repo: &Repo) -> PathBuf {
    repo.tools().join("toolchain")
}

/// The toolchain folder, if it is complete and matches the installed compiler.
pub(crate) fn ready(repo: &Repo) -> Option<PathBuf> {
    let folder = folder(repo);
    let made_for = stamp::read(&folder.join("complete"))?;
    let now = describe_compiler().ok()?;
    (made_for == stamp::sha256(now.as_bytes()) && has_std(&folder)).then_some(folder)
}

pub(crate) fn make(repo: &Repo) -> Result<PathBuf> {
    apt::install(repo, &PACKAGES, "a compiler for wasm")?;
    install_linker(repo)?;
    let compiler = describe_compiler()?;
    let host = host_of(&compiler).context("the compiler does not report its host")?;

    let folder = folder(repo);
    remove(&folder)?;
    link_compiler(&folder, host)?;
    build_std(repo, &folder)?;
    // Objects built with another std would fail with "can't find crate", which is hard to understand.
    remove(&repo.wasm_target())?;
    stamp::write(&folder.join("complete"), &stamp::sha256(compiler.as_bytes()))?;
    Ok(folder)
}

/// `rust-lld` links into a package that `rust-web-llvm` does not depend on; the file name of the target is the name of
/// that package (`lld-22`).
fn install_linker(repo: &Repo) -> Result<()> {
    if Path::new(LINKER).exists() {
        return Ok(());
    }
    let target = fs::read_link(LINKER).with_context(|| format!("{LINKER} is missing; it comes with rust-web-llvm"))?;
    let package = target.file_name().and_then(|name| name.to_str()).context("the linker's link leads nowhere")?;
    apt::install(repo, &[package], "a linker for wasm")
}

fn describe_compiler() -> Result<String> {
    let output =
        Command::new(RUSTC).arg("-vV").stdin(Stdio::null()).output().with_context(|| format!("cannot run {RUSTC}"))?;
    if !output.status.success() {
        bail!("{RUSTC} -vV failed");
    }
    String::from_utf8(output.stdout).context("the compiler's version is not text")
}

fn host_of(described: &str) -> Option<&str> {
    described.lines().find_map(|line| line.strip_prefix("host: "))
}

fn link_compiler(folder: &Path, host: &str) -> Result<()> {
    let bin = folder.join("bin");
    let rustlib = folder.join("lib/rustlib");
    for made in [&bin, &rustlib] {
        fs::create_dir_all(made).with_context(|| format!("cannot create {}", made.display()))?;
    }
    for program in ["rustc", "rustdoc"] {
        // A script instead of a link, because the compiler finds its sysroot from its own real path. The path is
        // relative, so that a clone can be moved.
        let wrapper = format!("#!/bin/sh\nexec /usr/bin/{program} --sysroot \"${{0%/bin/*}}\" \"$@\"\n");
        let file = bin.join(program);
        fs::write(&file, wrapper).with_context(|| format!("cannot write {}", file.display()))?;
        platform::make_executable(&file).with_context(|| format!("cannot make {} a program", file.display()))?;
    }
    let links = [
        ("/usr/bin/cargo".to_owned(), bin.join("cargo")),
        (LINKER.to_owned(), bin.join("rust-lld")),
        (format!("{RUSTLIB}/{host}"), rustlib.join(host)),
        (format!("{RUSTLIB}/src"), rustlib.join("src")),
    ];
    for (to, from) in links {
        platform::link(&to, &from).with_context(|| format!("cannot link {} to {to}", from.display()))?;
    }
    Ok(())
}

/// Builds std as a dependency of an empty crate and moves the result into the sysroot.
fn build_std(repo: &Repo, folder: &Path) -> Result<()> {
    let seed = repo.tools().join("tmp/wasm-std");
    remove(&seed)?;
    fs::create_dir_all(seed.join("src"))
        .and_then(|()| fs::write(seed.join("Cargo.toml"), SEED))
        .and_then(|()| fs::write(seed.join("src/lib.rs"), "#![no_std]\n"))
        .with_context(|| format!("cannot write {}", seed.display()))?;

    let mut cargo = commands::wasm(repo, Some(folder), folder.join("bin/cargo"))?;
    cargo
        .current_dir(&seed)
        // `test` is for wasm-bindgen-test.
        .args(["build", "--release", "-Z", "build-std=std,panic_abort,test", "--target", TARGET])
        .env("CARGO_TARGET_DIR", seed.join("target"))
        // Link-time optimization reads the bitcode of std.
        .env("RUSTFLAGS", "-Cembed-bitcode=yes")
        // Only for this command: building std is the only thing here that a stable compiler refuses.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    Step::new(repo, "wasm-std", "building std for wasm, once", cargo)
        .on_failure(
            "std's own dependencies come from the crates registry: see that cargo reaches it, then run this again",
        )
        .run()?;

    let libs = folder.join("lib/rustlib").join(TARGET).join("lib");
    let built = seed.join("target").join(TARGET).join("release/deps");
    fs::create_dir_all(&libs).with_context(|| format!("cannot create {}", libs.display()))?;
    for entry in fs::read_dir(&built).with_context(|| format!("cannot list {}", built.display()))? {
        let name = entry.with_context(|| format!("cannot list {}", built.display()))?.file_name();
        let Some(name) = name.to_str() else { continue };
        if is_part_of_std(name) {
            fs::copy(built.join(name), libs.join(name)).with_context(|| format!("cannot copy {name}"))?;
        }
    }
    remove(&seed)
}

fn is_part_of_std(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|end| end == "rlib") && !file.starts_with("libwasm_std_seed")
}

fn remove(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_read() {
        assert_eq!(
            host_of("rustc 1.96.0\nhost: x86_64-unknown-linux-gnu\nrelease: 1.96.0\n"),
            Some("x86_64-unknown-linux-gnu")
        );
        assert_eq!(host_of("rustc 1.96.0\n"), None);
    }

    #[test]
    fn the_seed_crate_is_not_part_of_std() {
        assert!(is_part_of_std("libstd-723a93f9dad40af0.rlib"));
        assert!(!is_part_of_std("libstd-723a93f9dad40af0.rmeta"));
        assert!(!is_part_of_std("libwasm_std_seed-1.rlib"));
    }
}
