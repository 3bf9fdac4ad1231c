//! `cargo xtask build`: builds the Worker and the npm package.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};
use serde_json::json;

use crate::bootstrap::{Builders, Turn};
use crate::repo::Repo;
use crate::say;
use crate::stamp;
use crate::step::Step;
use crate::tools;
use crate::wasm_target::TARGET;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only this part (default: both)
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

/// Sources of both parts. Includes every crate, because a dependency may change.
const SHARED: [&str; 5] = [".cargo", "Cargo.toml", "Cargo.lock", "crates", "package-lock.json"];

/// wasm features that rustc uses by default. wasm-opt has to be told, because the section that lists them is stripped.
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

    /// A hash of the output, so that removed or overwritten files are rebuilt.
    fn outcome(self, repo: &Repo) -> Result<String> {
        stamp::of_output(&repo.at(self.output()))
    }
}

/// A crate that is built as a wasm module with glue code.
struct Module {
    package: &'static str,
    profile: &'static str,
    features: &'static [&'static str],
    /// Additional flags for rustc.
    rustflags: &'static [&'static str],
    /// Options of wasm-opt: its level or passes, passes to skip, and the size up to which a function with one caller is
    /// inlined.
    optimise: &'static [&'static str],
    /// Options of wasm-bindgen.
    binding: &'static [&'static str],
    out: &'static str,
}

/// The Worker's shim creates a new instance after a trap, with a function that wasm-bindgen generates.
const WORKER: Module = Module {
    package: "attention-worker",
    profile: "worker",
    features: &[],
    // `worker/trim.mjs` relies on names; only this mangling scheme encodes types in them.
    rustflags: &["-Csymbol-mangling-version=v0"],
    // Computing an expression twice is larger than keeping it in a local, but compresses better.
    // A function that runs once a call stays in V8's baseline compiler for a hundred thousand calls: fewer are faster.
    optimise: &["-Oz", "--skip-pass=local-cse", "--one-caller-inline-max-function-size=100"],
    binding: &["--target", "module", "--experimental-reset-state-function"],
    out: "worker/build/glue",
};

const PKG: Module = Module {
    package: "attention-wasm",
    profile: "npm",
    features: &["bare"],
    rustflags: &[],
    // In the second round, the effects of each function are known: whether it writes, throws or traps. Repeated code
    // costs less after gzip than the calls that inlining would save.
    optimise: &["-Oz", "--generate-global-effects", "-Oz", "--one-caller-inline-max-function-size=20"],
    binding: &["--target", "bundler"],
    out: "pkg/dist/.wasm",
};

/// For the command line only; no page ever loads it.
const OPERATOR: Module = Module {
    package: "attention-operator",
    profile: "npm",
    features: &[],
    rustflags: &[],
    optimise: &["-Oz", "--one-caller-inline-max-function-size=20"],
    binding: &["--target", "bundler"],
    out: "pkg/dist/.operator",
};

impl Module {
    /// Returns the wasm file; the glue code is beside it.
    fn build(&self, repo: &Repo, builders: &Builders) -> Result<PathBuf> {
        let bound = self.bind(repo, builders)?;
        self.optimise(repo, builders, &bound)?;
        Ok(bound)
    }

    fn bind(&self, repo: &Repo, builders: &Builders) -> Result<PathBuf> {
        let Self { package, profile, features, .. } = *self;
        let step = |tool: &str| format!("build-{package}-{tool}");
        let mut cargo = builders.command(repo, "cargo")?;
        cargo.args(["build", "--package", package, "--target", TARGET, "--profile", profile]);
        if !features.is_empty() {
            cargo.args(["--features", &features.join(",")]);
        }
        let mut rustflags: Vec<String> = self.rustflags.iter().map(ToString::to_string).collect();
        if let Some(home) = cargo_home() {
            // Otherwise the locations in panic messages would reveal the builder's home folder.
            rustflags.push(format!("--remap-path-prefix={}=crates", home.join("registry/src").display()));
        }
        cargo.args(["--config", &format!("target.{TARGET}.rustflags={rustflags:?}")]);
        Step::new(repo, &step("cargo"), &format!("compiling {package} to wasm"), cargo).run()?;

        let module = repo.wasm_target().join(TARGET).join(profile).join(format!("{}.wasm", package.replace('-', "_")));
        if !module.exists() {
            bail!(
                "cargo did not build {}\n  next: its crate needs crate-type = [\"cdylib\", \"rlib\"]",
                repo.short(&module).display()
            );
        }
        let out = repo.at(self.out);
        let mut bindgen = builders.command(repo, &builders.wasm_bindgen)?;
        bindgen.args(self.binding).args(["--out-name", "attention", "--out-dir"]).arg(&out).arg(&module);
        Step::new(repo, &step("bindgen"), "binding it to JavaScript", bindgen).run()?;

        Ok(out.join("attention_bg.wasm"))
    }

    fn optimise(&self, repo: &Repo, builders: &Builders, bound: &Path) -> Result<()> {
        let optimised = bound.with_extension("opt.wasm");
        let mut opt = builders.command(repo, &builders.wasm_opt)?;
        // Names of similar functions are similar too.
        opt.args(self.optimise)
            .arg("--reorder-functions-by-name")
            .args(["--strip-debug", "--strip-producers", "--strip-target-features"])
            .args(WASM_FEATURES)
            .arg(bound)
            .arg("--output")
            .arg(&optimised);
        Step::new(repo, &format!("build-{}-opt", self.package), "optimising it", opt).run()?;
        fs::rename(&optimised, bound).with_context(|| format!("cannot replace {}", bound.display()))
    }
}

/// The folder in which cargo keeps the sources of dependencies.
fn cargo_home() -> Option<PathBuf> {
    env::var_os("CARGO_HOME").map(PathBuf::from).or_else(|| env::home_dir().map(|home| home.join(".cargo")))
}

const GLUE: &str = "worker/build/glue/attention.js";

fn build_worker(repo: &Repo, builders: &Builders) -> Result<()> {
    let bound = WORKER.bind(repo, builders)?;
    drop_exports(repo, builders, &bound)?;
    trim(repo, builders, &bound)?;
    WORKER.optimise(repo, builders, &bound)?;
    let deployed = repo.at("worker/build/index_bg.wasm");
    fs::rename(&bound, &deployed).with_context(|| format!("cannot write {}", deployed.display()))?;
    let glue = repo.at(GLUE);
    let text = fs::read_to_string(&glue).with_context(|| format!("cannot read {}", glue.display()))?;
    // The platform supports wasm modules, but not yet the import statement that wasm-bindgen generates.
    let source = "import source wasmModule from \"./attention_bg.wasm\"";
    if !text.contains(source) {
        bail!("{} does not import its wasm as expected: {source}", repo.short(&glue).display());
    }
    fs::write(&glue, text.replace(source, "import wasmModule from \"./index_bg.wasm\""))
        .with_context(|| format!("cannot write {}", glue.display()))?;
    let mut esbuild = builders.command(repo, repo.at("node_modules/.bin/esbuild"))?;
    esbuild.args([
        "worker/shim.mjs",
        "--bundle",
        "--minify",
        "--format=esm",
        "--external:./index_bg.wasm",
        "--external:cloudflare:workers",
        "--outfile=worker/build/index.js",
        "--log-level=warning",
    ]);
    Step::new(repo, "build-worker-js", "bundling the Worker", esbuild).run()?;
    Ok(())
}

/// Classes that the `worker` crate exports whether they are used or not: 3 KB after compression.
const UNUSED_CLASSES: [&str; 6] = [
    "containerstartupoptions",
    "intounderlyingbytesource",
    "intounderlyingsink",
    "intounderlyingsource",
    "minifyconfig",
    "r2range",
];

/// Removes these classes from the module, and everything that only they use.
fn drop_exports(repo: &Repo, builders: &Builders, bound: &Path) -> Result<()> {
    let declared = bound.with_extension("wasm.d.ts");
    let declared = fs::read_to_string(&declared).with_context(|| format!("cannot read {}", declared.display()))?;
    let graph = bound.with_extension("exports.json");
    fs::write(&graph, serde_json::to_string(&exports_to_keep(&declared))?)
        .with_context(|| format!("cannot write {}", graph.display()))?;
    let smaller = bound.with_extension("smaller.wasm");
    let mut metadce = builders.command(repo, repo.at("node_modules/.bin/wasm-metadce"))?;
    metadce.arg("-g").args(WASM_FEATURES).arg(bound).arg("--graph-file").arg(&graph).arg("--output").arg(&smaller);
    Step::new(repo, "build-worker-exports", "removing unused exports", metadce).run()?;
    fs::rename(&smaller, bound).with_context(|| format!("cannot replace {}", bound.display()))
}

/// Removes functions that are only referenced by tables. Renames the exports, in the glue code too.
fn trim(repo: &Repo, builders: &Builders, bound: &Path) -> Result<()> {
    let trimmed = bound.with_extension("trimmed.wasm");
    let mut node = builders.command(repo, "node")?;
    node.arg("worker/trim.mjs").arg(bound).arg(&trimmed).arg(repo.at(GLUE)).args(WASM_FEATURES);
    Step::new(repo, "build-worker-trim", "removing unused functions", node).run()?;
    fs::rename(&trimmed, bound).with_context(|| format!("cannot replace {}", bound.display()))
}

/// The graph for wasm-metadce of the exports to keep, from the declaration that wasm-bindgen writes.
fn exports_to_keep(declared: &str) -> serde_json::Value {
    let names = declared.lines().filter_map(|line| line.strip_prefix("export const ")?.split(':').next());
    let stays = |name: &&str| {
        let own = name.trim_start_matches("__wbg_").trim_start_matches("get_").trim_start_matches("set_");
        !UNUSED_CLASSES.iter().any(|class| own.strip_prefix(class).is_some_and(|rest| rest.starts_with('_')))
    };
    let names: Vec<&str> = names.filter(stays).collect();
    let mut graph = vec![json!({ "name": "all", "root": true, "reaches": names })];
    graph.extend(names.iter().map(|name| json!({ "name": name, "export": name })));
    graph.into()
}

fn build_pkg(repo: &Repo, builders: &Builders) -> Result<()> {
    OPERATOR.build(repo, builders)?;
    PKG.build(repo, builders)?;
    let mut node = builders.command(repo, "node")?;
    node.arg("pkg/build.mjs");
    Step::new(repo, "build-pkg-js", "bundling the package", node).run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_has_its_own_sources_stamp_and_output_folder() {
        assert!(Part::Worker.sources().contains(&"worker"));
        assert!(!Part::Worker.sources().contains(&"pkg"));
        assert!(Part::Pkg.sources().contains(&"openapi"));
        assert_ne!(Part::Worker.stamp(), Part::Pkg.stamp());
        assert_ne!(Part::Worker.output(), Part::Pkg.output());
    }

    #[test]
    fn exports_of_unused_classes_are_removed_and_others_kept() {
        let declared = "/* eslint-disable */\nexport const memory: WebAssembly.Memory;\n\
            export const __wbg_minifyconfig_free: (a: number, b: number) => void;\n\
            export const __wbg_get_minifyconfig_js: (a: number) => number;\n\
            export const intounderlyingsource_pull: (a: number, b: any) => any;\n\
            export const minifyconfigurations: () => void;\nexport const settle: (a: number) => void;\n";
        let kept = exports_to_keep(declared);
        let named = |name: &str| json!({ "name": name, "export": name });
        let reached = json!({ "name": "all", "root": true, "reaches": ["memory", "minifyconfigurations", "settle"] });
        assert_eq!(kept, json!([reached, named("memory"), named("minifyconfigurations"), named("settle")]));
    }
}
