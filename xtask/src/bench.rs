//! `cargo xtask bench NAME`: runs a benchmark of bench/ against fresh builds.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::against;
use crate::bootstrap::{Builders, Turn};
use crate::build::Part;
use crate::children::{self, Child};
use crate::commands;
use crate::commit::Commit;
use crate::javascript;
use crate::repo::Repo;
use crate::say;
use crate::tools;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Which one: bench/NAME.mjs
    name: String,
    /// Arguments for the benchmark itself; `bench worker -- --against REV` also builds the Worker of that commit
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let script = format!("bench/{}.mjs", options.name);
    if !repo.at(&script).is_file() {
        let names = names(repo)?;
        let known = if names.is_empty() { "bench/ is empty".to_owned() } else { names.join(", ") };
        bail!("there is no {script}\n  available: {known}");
    }
    // Checked before the builds, so that a wrong commit does not cost minutes.
    let against = other(repo, options)?;
    prepare(repo)?;

    let mut node = commands::native(repo, "node")?;
    javascript::environment(repo, &mut node)?;
    node.arg(&script).args(&options.arguments);
    if let Some(commit) = against {
        node.arg("--against-name").arg(commit.shown()).arg("--against-build").arg(against::build(repo, &commit)?);
    }
    let status = Child::spawn(&mut node)?.wait(None, || ())?;
    children::check()?;
    match status {
        Some(status) if status.success() => Ok(ExitCode::SUCCESS),
        Some(status) => bail!("{script} failed ({status}); see its output above"),
        None => bail!("{script} was stopped"),
    }
}

/// The other commit whose Worker is measured.
fn other(repo: &Repo, options: &Options) -> Result<Option<Commit>> {
    if options.name != "worker" {
        return Ok(None);
    }
    against::asked(&options.arguments)?.map(|rev| Commit::named(repo, rev)).transpose()
}

fn prepare(repo: &Repo) -> Result<()> {
    let _turn = Turn::take(repo)?;
    let builders = Builders::ensure(repo)?;
    for part in [Part::Worker, Part::Pkg] {
        part.build(repo, &builders, false)?;
    }
    for tool in [tools::WRK, tools::NGINX] {
        // A benchmark that can run without the tool reports what it leaves out.
        if let Err(error) = tools::ensure(repo, tool) {
            children::check()?;
            say::line(&format!("continuing without {tool}: {error:#}"));
        }
    }
    Ok(())
}

fn names(repo: &Repo) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(repo.at("bench")).context("cannot list bench/")? {
        let name = entry.context("cannot list bench/")?.file_name();
        if let Some(name) = name.to_str().and_then(|name| name.strip_suffix(".mjs")) {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}
