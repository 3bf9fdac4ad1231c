//! `cargo xtask test`: every suite, one closing summary.

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;

use crate::bootstrap::{Builders, Turn};
use crate::build::Part;
use crate::children;
use crate::commands;
use crate::count::Counts;
use crate::javascript;
use crate::repo::Repo;
use crate::say;
use crate::step::{How, Step, tail};
use crate::suites::{self, Need, Program, Suite};
use crate::table;
use crate::tools;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these suites (all, when left out)
    suites: Vec<String>,
}

/// The first run compiles everything on whatever machine this is; a hanging browser still ends.
const TIMEOUT: Duration = Duration::from_mins(15);

/// How much of a failed suite is shown.
const SHOWN: usize = 80;

#[derive(Debug)]
struct Row {
    name: String,
    counts: Counts,
    took: Duration,
}

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let suites = suites::chosen(repo, &options.suites)?;
    let mut stage = Stage::default();
    let mut rows = Vec::new();
    for suite in &suites {
        rows.push(run_suite(repo, &mut stage, suite)?);
    }
    let (text, passed) = summary(&rows);
    print!("{text}");
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_suite(repo: &Repo, stage: &mut Stage, suite: &Suite) -> Result<Row> {
    let row = |counts, took| Row { name: suite.name.clone(), counts, took };
    let failed = Counts { failed: 1, ..Counts::default() };
    if let Err(error) = stage.set(repo, suite.needs) {
        children::check()?;
        say::line(&format!("\n{}: not run, for want of what it needs\n{error:#}\n", suite.name));
        return Ok(row(failed, Duration::ZERO));
    }
    let command = command(repo, stage, suite)?;
    let step = format!("test-{}", suite.name);
    let ended = Step::new(repo, &step, &format!("suite {}", suite.name), command).within(TIMEOUT).run_to_end();
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => {
            children::check()?;
            say::line(&format!("\n{error:#}\n"));
            return Ok(row(failed, Duration::ZERO));
        }
    };
    let counts = suite.counting.count(&ended.output, ended.how == How::Well);
    if counts.failed > 0 {
        let reason = match ended.how {
            How::Well => "it ran no test, and that is a failure".to_owned(),
            how => how.reason(ended.took),
        };
        show_failure(repo, suite, &step, &reason, &ended.output);
    }
    Ok(row(counts, ended.took))
}

fn show_failure(repo: &Repo, suite: &Suite, step: &str, reason: &str, output: &str) {
    say::line(&format!("\nsuite {}: {reason}", suite.name));
    for line in tail(output, SHOWN) {
        say::line(&format!("    {line}"));
    }
    let log = repo.log(step);
    say::line(&format!("  all of it: {}", repo.short(&log).display()));
    say::line(&format!("  again, alone: cargo xtask test {}\n", suite.name));
}

fn command(repo: &Repo, stage: &Stage, suite: &Suite) -> Result<Command> {
    let mut command = match suite.program {
        Program::Cargo => commands::native(repo, "cargo")?,
        Program::WasmPack => {
            let builders = stage.builders.as_ref().context("wasm-pack needs the builders")?;
            let mut command = builders.command(repo, tools::ensure(repo, tools::WASM_PACK)?.path)?;
            let driver = tools::ensure(repo, tools::CHROMEDRIVER)?.path;
            // Said both ways: wasm-pack would look on the PATH only, and so would the test runner under it.
            command.env("CHROMEDRIVER", &driver).args(["test", "--chromedriver"]).arg(driver);
            command
        }
        Program::Npm => commands::native(repo, "npm")?,
        Program::Node => commands::native(repo, "node")?,
    };
    if matches!(suite.program, Program::Npm | Program::Node) {
        javascript::environment(repo, &mut command)?;
    }
    command.args(&suite.arguments).envs(suite.environment.iter().copied());
    Ok(command)
}

/// What has been made ready so far, and what could not be: that is not tried again for the next suite.
#[derive(Debug, Default)]
struct Stage {
    builders: Option<Builders>,
    met: Vec<Need>,
    unmet: Vec<(Need, String)>,
}

impl Stage {
    fn set(&mut self, repo: &Repo, needs: &[Need]) -> Result<()> {
        for need in needs {
            if self.met.contains(need) {
                continue;
            }
            if let Some((_, reason)) = self.unmet.iter().find(|(unmet, _)| unmet == need) {
                return Err(anyhow!("{reason}"));
            }
            if let Err(error) = self.meet(repo, *need) {
                self.unmet.push((*need, "its build or tool failed above".to_owned()));
                return Err(error);
            }
            self.met.push(*need);
        }
        Ok(())
    }

    fn meet(&mut self, repo: &Repo, need: Need) -> Result<()> {
        let _turn = Turn::take(repo)?;
        match need {
            Need::Builders => self.builders = Some(Builders::ensure(repo)?),
            Need::Worker => Part::Worker.build(repo, self.builders()?, false)?,
            Need::Pkg => Part::Pkg.build(repo, self.builders()?, false)?,
            Need::WorkerBuild => drop(tools::ensure(repo, tools::WORKER_BUILD)?),
            Need::WasmPack => {
                tools::ensure(repo, tools::WASM_PACK)?;
            }
            Need::Browser => {
                tools::ensure(repo, tools::CHROMIUM)?;
                tools::ensure(repo, tools::CHROMEDRIVER)?;
            }
        }
        Ok(())
    }

    fn builders(&self) -> Result<&Builders> {
        self.builders.as_ref().context("a suite that builds needs the builders first")
    }
}

/// The closing table with its last line, and whether everything passed.
fn summary(rows: &[Row]) -> (String, bool) {
    let mut total = Counts::default();
    let mut cells = vec![["suite", "run", "passed", "failed", "skipped", "seconds"].map(str::to_owned).to_vec()];
    for row in rows {
        total += row.counts;
        let Counts { passed, failed, skipped } = row.counts;
        let mut line = vec![row.name.clone()];
        line.extend([row.counts.run(), passed, failed, skipped].map(|number| number.to_string()));
        line.push(format!("{:.1}", row.took.as_secs_f64()));
        cells.push(line);
    }
    let text =
        format!("\n{}\n{} passed, {} failed\n", table::aligned(&cells, &[1, 2, 3, 4, 5]), total.passed, total.failed);
    (text, total.failed == 0 && total.passed > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(passed: usize, failed: usize) -> Row {
        let counts = Counts { passed, failed, skipped: 0 };
        Row { name: "x".to_owned(), counts, took: Duration::from_millis(1_500) }
    }

    #[test]
    fn the_last_line_is_the_sum() {
        let (text, passed) = summary(&[row(2, 0), row(3, 1)]);
        assert_eq!(text.lines().last(), Some("5 passed, 1 failed"));
        assert!(text.contains("1.5"));
        assert!(!passed);
    }

    #[test]
    fn only_something_without_failure_passes() {
        assert!(summary(&[row(1, 0)]).1);
        assert!(!summary(&[row(0, 0)]).1);
        assert!(!summary(&[]).1);
    }
}
