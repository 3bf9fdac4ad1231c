//! `cargo xtask doctor`: shows which tools are present, which are missing, and how they would be obtained.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::find;
use crate::npm;
use crate::repo::Repo;
use crate::rustup;
use crate::say;
use crate::sysroot;
use crate::table;
use crate::tools::{Obtain, TOOLS, Tool};
use crate::versions;
use crate::wasm_target::{self, TARGET};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Forget that `rustup target add` failed here, so that the next chore tries it again
    #[arg(long)]
    retry: bool,
}

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    if options.retry {
        rustup::forget_failure(repo)?;
    }
    let mut rows = vec![["tool", "", "version", "from", "used by"].map(str::to_owned).to_vec()];
    let mut missing = Vec::new();
    let mut lost = false;

    let toolchain = wasm_target::present(repo)?;
    let found = toolchain.as_ref().map(|toolchain| (String::new(), toolchain.described().to_owned()));
    if found.is_none() {
        lost |= find::on_path("rustup").is_none() && find::on_path("apt-get").is_none();
        missing.push(format!(
            "  {TARGET}: rustup target add {TARGET}; or, without rustup's server, packages {}",
            sysroot::PACKAGES.join(" ")
        ));
    }
    rows.push(row("wasm target", found, "build, start, test"));

    let in_step = npm::in_step(repo)?;
    if !in_step {
        lost |= find::on_path("npm").is_none();
        missing.push(format!("  npm packages: they do not match package-lock.json\n    {}", npm::COMMAND_LINE));
    }
    let found = in_step.then(|| (String::new(), "package-lock.json".to_owned()));
    rows.push(row("npm packages", found, "build, start, test"));

    for tool in &TOOLS {
        let found = match tool.look(repo) {
            Ok(found) => {
                let version = found.version.or_else(|| versions::told_by(&found.path));
                Some((version.unwrap_or_else(|| "not told".to_owned()), found.from))
            }
            Err(reason) => {
                missing.push(format!("  {}: {reason}\n    {}", tool.name, tool.command_line(repo)));
                lost |= tool.required && !can_be_obtained(tool);
                None
            }
        };
        rows.push(row(tool.name, found, tool.used_by));
    }
    let mut text = table::aligned(&rows, &[]);
    if let Some(node) = find::on_path("node").and_then(|node| versions::told_by(&node))
        && let Some(warning) = too_old_for_wrangler(&node)
    {
        text.extend(["\n", &warning, "\n"]);
    }
    text.push_str(&conclusion(&missing, lost));
    say::result(&text)?;
    Ok(if lost { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn conclusion(missing: &[String], lost: bool) -> String {
    let mut text = if missing.is_empty() {
        "\nnothing is missing\n".to_owned()
    } else {
        format!("\nmissing, and how to obtain it (the chores do so automatically):\n{}\n", missing.join("\n"))
    };
    if lost {
        text.push_str("\na required tool is missing that no chore can obtain on this machine\n");
    }
    text
}

/// The oldest Node version that wrangler 4 supports. With an older one, npm silently installs an older wrangler.
const WRANGLERS_NODE: &str = "22.12.0";

fn too_old_for_wrangler(node: &str) -> Option<String> {
    let is_old = versions::Version::parse(node)? < versions::Version::parse(WRANGLERS_NODE)?;
    is_old.then(|| format!("deploying needs Node {WRANGLERS_NODE} or newer, for wrangler; this is {node}"))
}

fn row(name: &str, found: Option<(String, String)>, used_by: &str) -> Vec<String> {
    let present = if found.is_some() { "present" } else { "MISSING" };
    let (version, from) = found.unwrap_or_default();
    [name, present, &version, &from, used_by].map(str::to_owned).to_vec()
}

fn can_be_obtained(tool: &Tool) -> bool {
    match tool.obtain {
        Obtain::Cargo { .. } => find::on_path("cargo").is_some(),
        Obtain::Npm => find::on_path("npm").is_some(),
        Obtain::Apt(_) => find::on_path("apt-get").is_some(),
        Obtain::Person(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_too_old_for_wrangler_is_reported() {
        for (node, is_told) in
            [("20.20.2", true), ("22.11.0", true), ("22.12.0", false), ("24.1.0", false), ("?", false)]
        {
            assert_eq!(too_old_for_wrangler(node).is_some(), is_told, "{node}");
        }
    }

    #[test]
    fn rows_distinguish_present_and_missing_tools() {
        assert_eq!(row("x", Some(("1.0".to_owned(), "PATH".to_owned())), "all")[1], "present");
        assert_eq!(row("x", None, "all")[1], "MISSING");
    }
}
