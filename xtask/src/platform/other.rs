//! Systems without process groups, file modes and unprivileged links.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::process::{Child, Command};

use super::Ending;

/// There are no groups: a child is ended alone, by its handle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Group {}

impl Group {
    pub(crate) const fn lead(_: &mut Command) {}

    pub(crate) const fn of(_: &Child) -> Option<Self> {
        None
    }

    pub(crate) const fn end(self, _: Ending) {
        match self {}
    }
}

/// npm is a script on these systems and is only found by its full file name.
pub(crate) fn program(name: &OsStr) -> &OsStr {
    if name == "npm" { OsStr::new("npm.cmd") } else { name }
}

pub(crate) const fn is_root() -> bool {
    false
}

/// The file name's extension determines whether it is a program.
pub(crate) fn is_executable(_: &Metadata) -> bool {
    true
}

pub(crate) fn make_executable(file: &Path) -> io::Result<()> {
    fs::metadata(file).map(|_| ())
}

/// Copies, because links need a privilege on Windows.
pub(crate) fn link(to: impl AsRef<Path>, from: impl AsRef<Path>) -> io::Result<()> {
    let (to, from) = (to.as_ref(), from.as_ref());
    if !to.is_dir() {
        return fs::copy(to, from).map(|_| ());
    }
    fs::create_dir_all(from)?;
    for entry in fs::read_dir(to)? {
        let entry = entry?;
        link(entry.path(), from.join(entry.file_name()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::tests::Scratch;

    #[test]
    fn a_link_is_a_complete_copy() {
        let scratch = Scratch::new("platform");
        scratch.write("to/deep/file.txt", "kept");
        link(scratch.0.join("to"), scratch.0.join("from")).unwrap();
        assert_eq!(fs::read_to_string(scratch.0.join("from/deep/file.txt")).unwrap(), "kept");
        link(scratch.0.join("to/deep/file.txt"), scratch.0.join("one.txt")).unwrap();
        assert_eq!(fs::read_to_string(scratch.0.join("one.txt")).unwrap(), "kept");
        assert!(link(scratch.0.join("nothing"), scratch.0.join("two.txt")).is_err());
    }
}
