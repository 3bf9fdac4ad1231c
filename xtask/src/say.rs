//! The output for a person while a chore runs: plain lines on stderr, so that stdout contains only results.

use std::io::{ErrorKind, IsTerminal as _, Write, stderr, stdout};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

pub(crate) fn line(text: &str) {
    // If stderr is closed, nobody reads the output, and the chore continues.
    let _ = writeln!(stderr(), "{text}");
}

/// Prints the result of a chore on stdout.
pub(crate) fn result(text: &str) -> Result<()> {
    write_all(&mut stdout(), text)
}

/// A closed reader, such as head after its last line, is not a failure: the chore ends as usual.
fn write_all(out: &mut impl Write, text: &str) -> Result<()> {
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot write to the standard output"),
    }
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
    use std::io;

    use super::*;

    /// A writer that fails with this error.
    struct Closed(ErrorKind);

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_closed_reader_is_not_a_failure_but_a_full_disk_is() {
        assert!(write_all(&mut Closed(ErrorKind::BrokenPipe), "a table").is_ok());
        assert!(write_all(&mut Closed(ErrorKind::StorageFull), "a table").is_err());
    }

    #[test]
    fn seconds_have_one_decimal() {
        assert_eq!(seconds(Duration::from_millis(1_260)), "1.3 s");
    }
}
