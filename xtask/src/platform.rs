//! The differences between operating systems.
//!
//! `unix` is used on Linux and macOS. `other` is for systems without process groups and file modes, such as Windows;
//! chores that only need cargo, node and npm work there. It is compiled in the tests of every system, so that it keeps
//! compiling. Only the CI workflow shows whether it works on Windows.

#[cfg(any(not(unix), test))]
#[cfg_attr(unix, allow(dead_code, reason = "compiled to see that it compiles"))]
mod other;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(crate) use other::{Group, is_executable, is_root, link, make_executable, program};
#[cfg(unix)]
pub(crate) use unix::{Group, is_executable, is_root, link, make_executable, program};

/// How a group of processes is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It may clean up first.
    Asked,
    /// Immediately.
    Forced,
}
