//! What tests and benches in JavaScript are told about this machine.

use std::process::Command;

use anyhow::Result;

use crate::repo::Repo;
use crate::tools;

/// The variables are documented where they are read: `ATTENTION_REPO`, `WORKERD`, and, where there is a browser,
/// `CHROME` and `CHROMEDRIVER`.
pub(crate) fn environment(repo: &Repo, command: &mut Command) -> Result<()> {
    command.env("ATTENTION_REPO", repo.root()).env("WORKERD", tools::ensure(repo, tools::WORKERD)?.path);
    for (variable, tool) in [("CHROME", tools::CHROMIUM), ("CHROMEDRIVER", tools::CHROMEDRIVER)] {
        if let Ok(found) = tools::named(tool)?.look(repo) {
            command.env(variable, found.path);
        }
    }
    Ok(())
}
