//! Process groups, file modes and links of POSIX.

use std::ffi::OsStr;
use std::fs::{self, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Pid, Uid};

use super::Ending;

/// A process and everything that it starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Group(Pid);

impl Group {
    /// Makes the command lead its own group.
    pub(crate) fn lead(command: &mut Command) {
        command.process_group(0);
    }

    /// The group of a child that leads one.
    pub(crate) fn of(leader: &Child) -> Option<Self> {
        i32::try_from(leader.id()).ok().map(Pid::from_raw).map(Self)
    }

    /// Ignores a group that has already ended.
    pub(crate) fn end(self, ending: Ending) {
        let signal = match ending {
            Ending::Asked => Signal::SIGTERM,
            Ending::Forced => Signal::SIGKILL,
        };
        let _ = killpg(self.0, signal);
    }

    /// Whether any process of the group is running.
    #[cfg(test)]
    pub(crate) fn is_alive(self) -> bool {
        // Sends no signal; only checks whether a process would receive it.
        killpg(self.0, None).is_ok()
    }
}

pub(crate) const fn program(name: &OsStr) -> &OsStr {
    name
}

pub(crate) fn is_root() -> bool {
    Uid::effective().is_root()
}

pub(crate) fn is_executable(file: &Metadata) -> bool {
    file.permissions().mode() & 0o111 != 0
}

pub(crate) fn make_executable(file: &Path) -> io::Result<()> {
    fs::set_permissions(file, Permissions::from_mode(0o755))
}

/// Creates a link `from` to the file or folder `to`.
pub(crate) fn link(to: impl AsRef<Path>, from: impl AsRef<Path>) -> io::Result<()> {
    symlink(to, from)
}
