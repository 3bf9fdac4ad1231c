//! What workerd writes: its stack traces are for its own developers, everything else is for whoever started it.

use std::io::{BufRead as _, BufReader, Write as _, stderr};
use std::thread;

use crate::children::Child;

/// Passes workerd's lines on until it ends; its traces too if `is_verbose`.
pub(crate) fn show(server: &mut Child, is_verbose: bool) {
    let Some(output) = server.stderr() else { return };
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            if is_verbose || !is_trace(&line) {
                // Nobody may be there to read it.
                let _ = writeln!(stderr(), "{line}");
            }
        }
    });
}

/// The addresses of an exception of workerd's, or the functions that they are in.
fn is_trace(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("stack: ") || line.strip_prefix('/').is_some_and(|rest| rest.contains("workerd@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn traces_are_told_from_what_is_said() {
        assert!(is_trace("stack: /tools/workerd@5a1b2c /tools/workerd@5a1b2d"));
        assert!(is_trace("  /tools/workerd@5a1b2c: kj::Exception"));
        assert!(!is_trace("workerd/io/worker.c++:2000: error: uncaught exception; exception = Error: no"));
        assert!(!is_trace(r#"{"event":"request","path":"/v2/users"}"#));
    }
}
