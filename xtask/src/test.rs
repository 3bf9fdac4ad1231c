//! `cargo xtask test`: runs the suites and prints a summary.

use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;

use crate::bootstrap::{Builders, Turn};
use crate::build::Part;
use crate::children;
use crate::commands;
use crate::commit::Commit;
use crate::count::Counts;
use crate::javascript;
use crate::repo::Repo;
use crate::say;
use crate::step::{How, Step, tail};
use crate::suites::{self, Need, Program, Suite};
use crate::table;
use crate::tests_of::Tree;
use crate::tools;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only these suites (default: all)
    suites: Vec<String>,
    /// Run the test files of this commit against today's builds: the Node suites of its tests/ folder, with their beds
    /// and vectors. Rust tests are not among them, since they move with their crates
    #[arg(long, value_name = "REV")]
    tests_of: Option<String>,
}

/// The first run compiles everything, on any machine; a hanging browser must still be ended.
const TIMEOUT: Duration = Duration::from_mins(15);

/// How much of a failed suite's output is shown.
const SHOWN: usize = 80;

#[derive(Debug, Default)]
struct Row {
    name: String,
    counts: Counts,
    took: Duration,
    /// The names of the failed tests, if they are known.
    failed: Vec<String>,
}

pub(crate) fn run(repo: &Repo, options: &Options) -> Result<ExitCode> {
    let tree = options.tests_of.as_ref().map(|rev| Tree::of(repo, Commit::named(repo, rev)?)).transpose()?;
    let suites = match &tree {
        Some(tree) => suites::chosen(tree.suites()?, &options.suites).with_context(|| tree.option())?,
        None => suites::chosen(suites::all(repo)?, &options.suites)?,
    };
    let mut stage = Stage { tree, ..Stage::default() };
    let mut rows = Vec::new();
    for suite in &suites {
        rows.push(run_suite(repo, &mut stage, suite)?);
    }
    let (text, passed) = summary(&rows, &stage.option());
    say::result(&text)?;
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn run_suite(repo: &Repo, stage: &mut Stage, suite: &Suite) -> Result<Row> {
    let row = |counts, took| Row { name: suite.name.clone(), counts, took, failed: Vec::new() };
    let unrun = |why: &str| Row {
        failed: vec![why.to_owned()],
        ..row(Counts { failed: 1, ..Counts::default() }, Duration::ZERO)
    };
    if let Err(error) = stage.set(repo, suite.needs) {
        children::check()?;
        say::line(&format!(
            "\n{}: not run, which counts as failed: prerequisites are missing\n{error:#}\n",
            suite.name
        ));
        return Ok(unrun("not run: prerequisites are missing"));
    }
    let command = command(repo, stage, suite)?;
    let step = format!("{}-{}", if stage.tree.is_some() { "test-of" } else { "test" }, suite.name);
    let title = format!("suite {}{}", suite.name, stage.option());
    let ended = Step::new(repo, &step, &title, command).within(TIMEOUT).run_to_end();
    let ended = match ended {
        Ok(ended) => ended,
        Err(error) => {
            children::check()?;
            say::line(&format!("\n{error:#}\n"));
            return Ok(unrun("not run: it cannot be started"));
        }
    };
    let counts = suite.counting.count(&ended.output, ended.how == How::Well);
    if counts.failed > 0 {
        let reason = match ended.how {
            How::Well => "it ran no test, which counts as a failure".to_owned(),
            how => how.reason(ended.took),
        };
        say::line(&format!("\n{title}: {reason}"));
        show_end(repo, &step, &ended.output);
        say::line(&format!("  to run it alone: cargo xtask test{} {}\n", stage.option(), suite.name));
    }
    Ok(Row { failed: suite.counting.failed(&ended.output), ..row(counts, ended.took) })
}

fn show_end(repo: &Repo, step: &str, output: &str) {
    for line in tail(output, SHOWN) {
        say::line(&format!("    {line}"));
    }
    let log = repo.log(step);
    say::line(&format!("  full log: {}", repo.short(&log).display()));
}

fn command(repo: &Repo, stage: &Stage, suite: &Suite) -> Result<Command> {
    let mut command = match suite.program {
        Program::Cargo => commands::native(repo, "cargo")?,
        Program::WasmPack => {
            let builders = stage.builders.as_ref().context("wasm-pack needs the builders")?;
            let mut command = builders.command(repo, tools::ensure(repo, tools::WASM_PACK)?.path)?;
            let driver = tools::ensure(repo, tools::CHROMEDRIVER)?.path;
            // Set in both ways: wasm-pack, and the test runner that it starts, would otherwise look only on the PATH.
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
    if let Some(tree) = &stage.tree {
        tree.enter(&mut command);
    }
    Ok(command)
}

/// The prerequisites that are ready, and those that failed and are not tried again for the next suite.
#[derive(Debug, Default)]
struct Stage {
    /// The other commit's test files, if these are run.
    tree: Option<Tree>,
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
                self.unmet.push((*need, "its build or tool failed; see above".to_owned()));
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

    /// The options of this run, as they follow ` test`.
    fn option(&self) -> String {
        self.tree.as_ref().map_or_else(String::new, |tree| format!(" {}", tree.option()))
    }

    fn builders(&self) -> Result<&Builders> {
        self.builders.as_ref().context("a suite that builds needs the build tools first")
    }
}

/// The closing table, the failed tests and the last line, and whether everything passed.
fn summary(rows: &[Row], option: &str) -> (String, bool) {
    let mut total = Counts::default();
    let mut cells = vec![["suite", "run", "passed", "failed", "skipped", "seconds"].map(str::to_owned).to_vec()];
    cells[0][0].push_str(option);
    for row in rows {
        total += row.counts;
        let Counts { passed, failed, skipped } = row.counts;
        let mut line = vec![row.name.clone()];
        line.extend([row.counts.run(), passed, failed, skipped].map(|number| number.to_string()));
        line.push(format!("{:.1}", row.took.as_secs_f64()));
        cells.push(line);
    }
    let table = table::aligned(&cells, &[1, 2, 3, 4, 5]);
    let Counts { passed, failed, skipped } = total;
    let text = format!("\n{table}{}\n{passed} passed, {failed} failed, {skipped} skipped\n", failures(rows));
    (text, total.failed == 0 && total.passed > 0)
}

/// A line for each failed test, and for each suite that failed without naming all its failed tests.
fn failures(rows: &[Row]) -> String {
    let mut lines = Vec::new();
    for row in rows {
        lines.extend(row.failed.iter().map(|test| format!("  {}: {test}\n", row.name)));
        match row.counts.failed.saturating_sub(row.failed.len()) {
            0 => {}
            unnamed if row.failed.is_empty() => lines.push(format!("  {}: {unnamed} unnamed\n", row.name)),
            unnamed => lines.push(format!("  {}: {unnamed} more, unnamed\n", row.name)),
        }
    }
    if lines.is_empty() { String::new() } else { format!("\nfailed:\n{}", lines.concat()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(passed: usize, failed: usize) -> Row {
        let counts = Counts { passed, failed, skipped: 2 };
        Row { name: "x".to_owned(), counts, took: Duration::from_millis(1_500), failed: Vec::new() }
    }

    #[test]
    fn the_last_line_is_the_sum() {
        let (text, passed) = summary(&[row(2, 0), row(3, 1)], "");
        assert_eq!(text.lines().last(), Some("5 passed, 1 failed, 4 skipped"));
        assert!(text.contains("1.5"));
        assert!(!passed);
    }

    #[test]
    fn a_run_passes_only_with_tests_and_without_failures() {
        assert!(summary(&[row(1, 0)], "").1);
        assert!(!summary(&[row(0, 0)], "").1);
        assert!(!summary(&[], "").1);
    }

    #[test]
    fn every_failure_is_in_the_summary_by_name_if_known() {
        let named =
            |failed, names: &[&str]| Row { failed: names.iter().map(ToString::to_string).collect(), ..row(1, failed) };
        let (text, _) = summary(&[named(2, &["a:1  b", "c:2  d"])], " --tests-of 5479c59");
        assert!(text.starts_with("\nsuite --tests-of 5479c59  run "), "{text}");
        assert!(text.ends_with("\n\nfailed:\n  x: a:1  b\n  x: c:2  d\n\n1 passed, 2 failed, 2 skipped\n"), "{text}");
        assert!(summary(&[named(3, &["a"])], "").0.contains("  x: a\n  x: 2 more, unnamed\n"));
        assert!(summary(&[named(1, &[])], "").0.contains("  x: 1 unnamed\n"));
        assert!(!summary(&[row(1, 0)], "").0.contains("failed:"));
    }
}
