//! One command of a chore: writes its output to a log, shows its progress, and explains its failure.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::children::{self, Child};
use crate::repo::Repo;
use crate::say::{Progress, seconds};

/// How many of the last lines of a failed step are shown; the log has the rest.
const TAIL: usize = 40;

#[derive(Debug)]
pub(crate) struct Step {
    title: String,
    log: PathBuf,
    shown_log: String,
    command: Command,
    next: String,
    timeout: Option<Duration>,
    asks: bool,
}

/// The end of a step.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) how: How,
    pub(crate) output: String,
    pub(crate) took: Duration,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
pub(crate) enum How {
    Well,
    /// The exit code; `None` if it was ended by a signal.
    Badly(Option<i32>),
    TooLate,
}

impl Step {
    /// `name` is the log's name, `title` is shown to the person.
    pub(crate) fn new(repo: &Repo, name: &str, title: &str, command: Command) -> Self {
        let log = repo.log(name);
        Self {
            title: title.to_owned(),
            shown_log: repo.short(&log).display().to_string(),
            log,
            command,
            next: String::new(),
            timeout: None,
            asks: false,
        }
    }

    /// The next step for the person if this step fails.
    pub(crate) fn on_failure(mut self, next: &str) -> Self {
        next.clone_into(&mut self.next);
        self
    }

    pub(crate) fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Allows the command to prompt for a password on the terminal.
    pub(crate) fn may_ask(mut self) -> Self {
        self.asks = true;
        self
    }

    /// Runs the step. Failure is an error with the command, the last lines of its output and the next step.
    pub(crate) fn run(self) -> Result<String> {
        let tried = shown(&self.command);
        let (title, log, next) = (self.title.clone(), self.shown_log.clone(), self.next.clone());
        let ended = self.run_to_end()?;
        let reason = match ended.how {
            How::Well => return Ok(ended.output),
            other => other.reason(ended.took),
        };
        let mut text = format!("{title}: {reason}\n  tried: {tried}\n  last lines (all of it in {log}):\n");
        for line in tail(&ended.output, TAIL) {
            let _ = writeln!(text, "    {line}");
        }
        if !next.is_empty() {
            let _ = write!(text, "  next: {next}");
        }
        bail!("{text}")
    }

    /// Runs the step and returns how it ended. An error means that it could not be run, or was interrupted.
    pub(crate) fn run_to_end(mut self) -> Result<Ended> {
        let log = open_log(&self.log)?;
        self.command.stdin(Stdio::null()).stdout(log.try_clone().context("cannot share the log")?).stderr(log);
        let mut progress = Progress::new(&self.title);
        let spawned =
            if self.asks { Child::spawn_in_foreground(&mut self.command) } else { Child::spawn(&mut self.command) };
        let mut child = spawned.with_context(|| {
            let next = if self.next.is_empty() { "" } else { "\n  next: " };
            format!("{}: tried {}{next}{}", self.title, shown(&self.command), self.next)
        })?;
        let deadline = self.timeout.map(|timeout| Instant::now() + timeout);
        let status = child.wait(deadline, || progress.tick())?;
        let how = match status {
            Some(status) if status.success() => How::Well,
            Some(status) => How::Badly(status.code()),
            None => How::TooLate,
        };
        let took = progress.elapsed();
        progress.end(if how == How::Well { "done" } else { "FAILED" });
        children::check()?;
        let output = fs::read(&self.log).with_context(|| format!("cannot read {}", self.shown_log))?;
        Ok(Ended { how, output: String::from_utf8_lossy(&output).into_owned(), took })
    }
}

impl How {
    pub(crate) fn reason(self, took: Duration) -> String {
        match self {
            Self::Well => "done".to_owned(),
            Self::Badly(Some(code)) => format!("failed with exit code {code} after {}", seconds(took)),
            Self::Badly(None) => format!("ended by a signal after {}", seconds(took)),
            Self::TooLate => format!("stopped: timed out after {}", seconds(took)),
        }
    }
}

/// The command as a person would type it. Unlike `Debug`, this omits the environment, which may contain secrets.
pub(crate) fn shown(command: &Command) -> String {
    let mut text = command.get_program().display().to_string();
    for argument in command.get_args() {
        let _ = write!(text, " {}", argument.display());
    }
    text
}

pub(crate) fn tail(output: &str, lines: usize) -> Vec<&str> {
    let all: Vec<&str> = output.trim_end().lines().collect();
    all[all.len().saturating_sub(lines)..].to_vec()
}

fn open_log(path: &Path) -> Result<File> {
    let folder = path.parent().context("a log has a folder")?;
    fs::create_dir_all(folder)
        .and_then(|()| File::create(path))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_contains_the_last_lines() {
        assert_eq!(tail("a\nb\nc\n", 2), ["b", "c"]);
        assert_eq!(tail("a", 2), ["a"]);
        assert!(tail("", 2).is_empty());
    }

    #[test]
    fn a_shown_command_has_no_environment() {
        let mut command = Command::new("node");
        command.arg("x.mjs").env("SECRET", "hidden");
        assert_eq!(shown(&command), "node x.mjs");
    }

    #[test]
    fn reasons_name_the_code() {
        let took = Duration::from_secs(2);
        assert_eq!(How::Badly(Some(101)).reason(took), "failed with exit code 101 after 2.0 s");
        assert!(How::TooLate.reason(took).contains("stopped"));
    }
}
