//! Passes on the output of workerd, without the stack traces that only help workerd's own developers.

use std::io::{BufRead as _, BufReader, Write as _, stderr};
use std::thread;

use crate::children::Child;

/// Prints workerd's lines until it ends; includes stack traces if `is_verbose`.
pub(crate) fn show(server: &mut Child, is_verbose: bool) {
    let Some(output) = server.stderr() else { return };
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            if is_verbose || !is_trace(&line) {
                // The reader may be gone.
                let _ = writeln!(stderr(), "{line}");
            }
        }
    });
}

/// Whether a line lists the addresses of an exception in workerd, or the functions that contain them.
fn is_trace(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("stack: ") || line.strip_prefix('/').is_some_and(|rest| rest.contains("workerd@"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stack_traces_are_distinguished_from_messages() {
        assert!(is_trace("stack: /tools/workerd@5a1b2c /tools/workerd@5a1b2d"));
        assert!(is_trace("  /tools/workerd@5a1b2c: kj::Exception"));
        assert!(!is_trace("workerd/io/worker.c++:2000: error: uncaught exception; exception = Error: no"));
        assert!(!is_trace(r#"{"event":"request","path":"/v2/users"}"#));
    }
}
