//! The output for a person while a chore runs: plain lines on stderr, so that stdout contains only results.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::{Duration, Instant};

pub(crate) fn line(text: &str) {
    // If stderr is closed, nobody reads the output, and the chore continues.
    let _ = writeln!(stderr(), "{text}");
}

/// A shorter step gets no line of its own.
const WORTH_SHOWING: Duration = Duration::from_secs(1);

/// The progress of one step: a line once it takes long, a counter of seconds on a terminal, and a line at the end.
#[derive(Debug)]
pub(crate) struct Progress {
    title: String,
    started: Instant,
    shown: Option<u64>,
    terminal: bool,
}

impl Progress {
    pub(crate) fn new(title: &str) -> Self {
        Self { title: title.to_owned(), started: Instant::now(), shown: None, terminal: stderr().is_terminal() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn tick(&mut self) {
        let elapsed = self.elapsed();
        if elapsed < WORTH_SHOWING || self.shown == Some(elapsed.as_secs()) {
            return;
        }
        if self.terminal {
            let _ = write!(stderr(), "\r{} … {} s", self.title, elapsed.as_secs());
            let _ = stderr().flush();
        } else if self.shown.is_none() {
            line(&format!("{} …", self.title));
        }
        self.shown = Some(elapsed.as_secs());
    }

    pub(crate) fn end(self, outcome: &str) {
        if self.shown.is_none() {
            return;
        }
        let clear = if self.terminal { "\r\x1b[K" } else { "" };
        line(&format!("{clear}{}: {outcome} in {}", self.title, seconds(self.elapsed())));
    }
}

pub(crate) fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_one_decimal() {
        assert_eq!(seconds(Duration::from_millis(1_260)), "1.3 s");
    }
}
