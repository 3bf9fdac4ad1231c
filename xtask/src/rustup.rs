//! Runs `rustup target add` with a time limit.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::children;
use crate::commands;
use crate::find;
use crate::repo::Repo;
use crate::stamp;
use crate::step::{How, Step};

/// Without a route to rustup's server there is no answer at all, so waiting longer would not help.
const BOUND: Duration = Duration::from_secs(20);

/// The result of the attempt.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Tried {
    Added,
    NoRustup,
    /// The reason, from this or an earlier run.
    Failed(String),
}

pub(crate) fn add_target(repo: &Repo, target: &str) -> Result<Tried> {
    if find::on_path("rustup").is_none() {
        return Ok(Tried::NoRustup);
    }
    let failed = repo.tools().join("rustup-target.failed");
    if let Some(reason) = stamp::read(&failed) {
        return Ok(Tried::Failed(format!("{reason}, in an earlier run; `cargo xtask doctor --retry` tries again")));
    }
    let mut command = commands::native(repo, "rustup")?;
    command.args(["target", "add", target]);
    let ended =
        Step::new(repo, "rustup-target", &format!("rustup target add {target}"), command).within(BOUND).run_to_end()?;
    if ended.how == How::Well {
        return Ok(Tried::Added);
    }
    children::check()?;
    let reason = ended.how.reason(ended.took);
    stamp::write(&failed, &reason)?;
    Ok(Tried::Failed(reason))
}

/// Allows the next run to try again.
pub(crate) fn forget_failure(repo: &Repo) -> Result<()> {
    let failed = repo.tools().join("rustup-target.failed");
    if failed.exists() {
        fs::remove_file(&failed).with_context(|| format!("cannot remove {}", failed.display()))?;
    }
    Ok(())
}
