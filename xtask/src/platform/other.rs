//! Systems without process groups, modes of files and links for everybody.

use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::path::Path;
use std::process::{Child, Command};

use super::Ending;

/// There are no groups to end: a child is ended alone, by its handle.
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

/// npm is a script there, which a name without its ending does not find.
pub(crate) fn program(name: &OsStr) -> &OsStr {
    if name == "npm" { OsStr::new("npm.cmd") } else { name }
}

pub(crate) const fn is_root() -> bool {
    false
}

/// The name of a file says whether it is a program.
pub(crate) fn is_executable(_: &Metadata) -> bool {
    true
}

pub(crate) fn make_executable(file: &Path) -> io::Result<()> {
    fs::metadata(file).map(|_| ())
}

/// A copy: links need a privilege on Windows.
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
    fn a_link_is_a_copy_of_all_that_is_there() {
        let scratch = Scratch::new("platform");
        scratch.write("to/deep/file.txt", "kept");
        link(scratch.0.join("to"), scratch.0.join("from")).unwrap();
        assert_eq!(fs::read_to_string(scratch.0.join("from/deep/file.txt")).unwrap(), "kept");
        link(scratch.0.join("to/deep/file.txt"), scratch.0.join("one.txt")).unwrap();
        assert_eq!(fs::read_to_string(scratch.0.join("one.txt")).unwrap(), "kept");
        assert!(link(scratch.0.join("nothing"), scratch.0.join("two.txt")).is_err());
    }
}
