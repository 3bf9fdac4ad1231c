//! `cargo xtask build`: the Worker and the npm package.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::bootstrap::{Builders, Turn};
use crate::repo::Repo;
use crate::say;
use crate::stamp;
use crate::step::Step;
use crate::tools;
use crate::wasm_target::TARGET;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this part (both, when left out)
    part: Option<Part>,
    /// Build even when nothing has changed
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// worker/build: the Worker, as it is deployed
    Worker,
    /// pkg/dist: the npm package, as it is published
    Pkg,
}

/// Sources from which both are made; every crate, because a dependency among them may change.
const SHARED: [&str; 4] = ["Cargo.toml", "Cargo.lock", "crates", "package-lock.json"];

/// What rustc lets into the module by default; wasm-opt wants it said, since the section that says it is stripped.
const WASM_FEATURES: [&str; 7] = [
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let parts = options.part.map_or_else(|| vec![Part::Worker, Part::Pkg], |part| vec![part]);
    let _turn = Turn::take(repo)?;
    let builders = Builders::ensure(repo)?;
    for part in parts {
        part.build(repo, &builders, options.force)?;
    }
    Ok(ExitCode::SUCCESS)
}

impl Part {
    pub(crate) fn build(self, repo: &Repo, builders: &Builders, force: bool) -> Result<()> {
        let bindgen = tools::named(tools::WASM_BINDGEN)?.described_wish(repo);
        let facts = [builders.toolchain.described(), bindgen.as_str()];
        let inputs = stamp::of_sources(repo.root(), &self.sources(), &facts)?;
        let stamp = repo.wasm_target().join(self.stamp());
        if !force && stamp::read(&stamp) == Some(format!("{inputs} {}", self.outcome(repo)?)) {
            say::line(&format!("{}: up to date", self.output()));
            return Ok(());
        }
        match self {
            Self::Worker => build_worker(repo, builders)?,
            Self::Pkg => build_pkg(repo, builders)?,
        }
        let outcome = self.outcome(repo)?;
        stamp::write(&stamp, &format!("{inputs} {outcome}"))?;
        say::line(&format!("{}: built", self.output()));
        Ok(())
    }

    fn sources(self) -> Vec<&'static str> {
        let mut sources = SHARED.to_vec();
        match self {
            Self::Worker => sources.push("worker"),
            Self::Pkg => sources.extend(["pkg", "openapi"]),
        }
        sources
    }

    fn stamp(self) -> &'static str {
        match self {
            Self::Worker => "worker.stamp",
            Self::Pkg => "pkg.stamp",
        }
    }

    pub(crate) fn output(self) -> &'static str {
        match self {
            Self::Worker => "worker/build",
            Self::Pkg => "pkg/dist",
        }
    }

    /// A hash over what was built: something that somebody removed or wrote over is built again.
    fn outcome(self, repo: &Repo) -> Result<String> {
        stamp::of_output(&repo.at(self.output()))
    }
}

fn build_worker(repo: &Repo, builders: &Builders) -> Result<()> {
    let worker_build = tools::ensure(repo, tools::WORKER_BUILD)?;
    let mut command = builders.command(repo, worker_build.path)?;
    command.current_dir(repo.at("worker")).arg("--release");
    Step::new(repo, "build-worker", "building the Worker", command)
        .on_failure("correct what the compiler says; the same command runs by hand in worker/")
        .run()?;
    Ok(())
}

fn build_pkg(repo: &Repo, builders: &Builders) -> Result<()> {
    let mut cargo = builders.command(repo, "cargo")?;
    cargo.args(["build", "--package", "attention-wasm", "--target", TARGET, "--profile", "npm"]);
    Step::new(repo, "build-pkg-wasm", "building the package's wasm", cargo).run()?;

    let module = repo.wasm_target().join(TARGET).join("npm/attention_wasm.wasm");
    if !module.exists() {
        bail!(
            "cargo built no {}\n  next: crates/wasm needs crate-type = [\"cdylib\", \"rlib\"]",
            repo.short(&module).display()
        );
    }
    let out = repo.at("pkg/dist/.wasm");
    let mut bindgen = builders.command(repo, &builders.wasm_bindgen)?;
    bindgen.args(["--target", "bundler", "--out-name", "attention", "--out-dir"]).arg(&out).arg(&module);
    Step::new(repo, "build-pkg-bindgen", "binding it to JavaScript", bindgen).run()?;

    let bound = out.join("attention_bg.wasm");
    let optimised = out.join("attention_bg.opt.wasm");
    let mut opt = builders.command(repo, &builders.wasm_opt)?;
    opt.args(["-Oz", "--strip-debug", "--strip-producers", "--strip-target-features"])
        .args(WASM_FEATURES)
        .arg(&bound)
        .arg("--output")
        .arg(&optimised);
    Step::new(repo, "build-pkg-opt", "making it small", opt).run()?;
    fs::rename(&optimised, &bound).with_context(|| format!("cannot replace {}", bound.display()))?;

    if !repo.at("pkg/build.mjs").exists() {
        bail!(
            "pkg/build.mjs is missing: the wasm is ready in {}, but nothing turns it into the package",
            repo.short(&out).display()
        );
    }
    let mut node = builders.command(repo, "node")?;
    node.arg("pkg/build.mjs");
    Step::new(repo, "build-pkg-js", "bundling the package", node).run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_own_sources_stamp_and_output() {
        assert!(Part::Worker.sources().contains(&"worker"));
        assert!(!Part::Worker.sources().contains(&"pkg"));
        assert!(Part::Pkg.sources().contains(&"openapi"));
        assert_ne!(Part::Worker.stamp(), Part::Pkg.stamp());
        assert_ne!(Part::Worker.output(), Part::Pkg.output());
    }
}
