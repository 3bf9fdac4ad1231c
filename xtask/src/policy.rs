//! `cargo xtask policy`: what a policy of the Worker allows, said before it is deployed.
//!
//! The answers are attention-gateway's, by the code that judges in the Worker; here files are read and answers
//! printed. What there is to allow is the catalogue in openapi/.

use std::io::{Read as _, stdin};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{fs, io};

use anyhow::{Context as _, Result};
use attention_gateway::analysis::Call;
use attention_gateway::authorize::policy::{DEFAULT_POLICY, Policies};
use clap::{Args, Subcommand};

use crate::repo::Repo;

mod answers;
mod catalogue;
mod check;
mod explain;

#[derive(Debug, Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, Subcommand)]
enum Question {
    /// Read a policy, warn of rules without effect, list what it allows of the known operations
    Check {
        #[arg(help = FILE)]
        file: PathBuf,
        /// Fail on warnings too
        #[arg(long)]
        strict: bool,
    },
    /// Say whether a call is allowed, by which line, and why; the exit code is 0 when it is and 1 when not
    Explain {
        #[arg(help = FILE)]
        file: PathBuf,
        /// The call's method, such as GET
        method: String,
        /// The call's path and query, such as `/v2/conversations?page=1`
        path: String,
        /// The policy's name, for a file with several
        #[arg(long, default_value = Policies::DEFAULT)]
        policy: String,
    },
}

const FILE: &str = "The policy's text: a file, `-` for standard input, `built-in` for the Worker's default";

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let (Question::Check { file, .. } | Question::Explain { file, .. }) = &options.question;
    let text = read(file).with_context(|| format!("cannot read {}", file.display()))?;
    let policies = Policies::parse(&text).with_context(|| format!("{} is not a policy", file.display()))?;
    let catalogue = catalogue::of(repo)?;
    let (said, good) = match &options.question {
        Question::Check { strict, .. } => check::report(&policies, &catalogue, *strict)?,
        Question::Explain { method, path, policy, .. } => {
            explain::report(&policies, &catalogue, Call { policy, method, target: path })?
        }
    };
    print!("{said}");
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(file: &Path) -> io::Result<String> {
    match file.to_str() {
        Some("-") => {
            let mut text = String::new();
            stdin().read_to_string(&mut text).map(|_| text)
        }
        Some("built-in") => Ok(DEFAULT_POLICY.to_owned()),
        _ => fs::read_to_string(file),
    }
}
