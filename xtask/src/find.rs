//! Finds programs on the PATH.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::platform;

pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path).map(|folder| folder.join(&file)).find(|file| is_program(file))
}

pub(crate) fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file() && platform::is_executable(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_programs_only() {
        assert!(on_path("sh").is_some());
        assert!(on_path("no-such-program-anywhere").is_none());
        assert!(!is_program(Path::new("/")));
    }
}
