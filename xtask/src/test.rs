use crate::repo::Repo;
use anyhow::Result;
use std::process::ExitCode;
#[derive(Debug, clap::Args)]
pub(crate) struct Options {}
pub(crate) fn run(_repo: &Repo, _options: &Options) -> Result<ExitCode> {
    anyhow::bail!("under construction")
}
