//! What differs between operating systems, and nothing else.
//!
//! `unix` is what every run on Linux and macOS goes through. `other` is for systems without process groups and modes
//! of files, such as Windows: the chores that only need cargo, node and npm work there. It compiles in the tests of
//! every system, so that it cannot rot unseen; whether it does its work on Windows is shown by the workflow alone.

#[cfg(any(not(unix), test))]
#[cfg_attr(unix, allow(dead_code, reason = "compiled to see that it compiles"))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{Group, is_executable, is_root, link, make_executable, program};
#[cfg(unix)]
pub(crate) use unix::{Group, is_executable, is_root, link, make_executable, program};

/// How hard a group of processes is asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It may tidy up.
    Asked,
    /// At once.
    Forced,
}
