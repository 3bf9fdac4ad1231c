//! The environment for tests and benchmarks in JavaScript.

use std::process::Command;

use anyhow::Result;

use crate::repo::Repo;
use crate::tools;

/// Sets `ATTENTION_REPO`, `WORKERD` and, if there is a browser, `CHROME` and `CHROMEDRIVER`. They are documented where
/// they are read.
pub(crate) fn environment(repo: &Repo, command: &mut Command) -> Result<()> {
    command.env("ATTENTION_REPO", repo.root()).env("WORKERD", tools::ensure(repo, tools::WORKERD)?.path);
    for (variable, tool) in [("CHROME", tools::CHROMIUM), ("CHROMEDRIVER", tools::CHROMEDRIVER)] {
        if let Ok(found) = tools::named(tool)?.look(repo) {
            command.env(variable, found.path);
        }
    }
    Ok(())
}
