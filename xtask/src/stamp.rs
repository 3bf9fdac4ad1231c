//! Stamps record the inputs of a finished step, so that it is not repeated.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use sha2::{Digest as _, Sha256};

/// Folders that no build reads: build output and tests.
const NO_SOURCES: [&str; 7] = ["node_modules", "dist", "build", "target", ".wrangler", "tests", "benches"];

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A hash over the names and contents of source files and folders, and over additional `facts`.
pub(crate) fn of_sources(root: &Path, sources: &[&str], facts: &[&str]) -> Result<String> {
    let mut files = Vec::new();
    for source in sources {
        collect(&root.join(source), &NO_SOURCES, &mut files)?;
    }
    of_files(root, files, facts)
}

/// A hash over everything in a folder.
pub(crate) fn of_output(folder: &Path) -> Result<String> {
    let mut files = Vec::new();
    collect(folder, &[], &mut files)?;
    of_files(folder, files, &[])
}

fn of_files(root: &Path, mut files: Vec<PathBuf>, facts: &[&str]) -> Result<String> {
    files.sort();
    let mut hash = Sha256::new();
    for file in &files {
        let name = file.strip_prefix(root).unwrap_or(file);
        let content = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        feed(&mut hash, name.as_os_str().as_encoded_bytes());
        feed(&mut hash, &content);
    }
    for fact in facts {
        feed(&mut hash, fact.as_bytes());
    }
    Ok(hex(&hash.finalize()))
}

/// Includes the length; otherwise moving a byte from one file to the next would not change the hash.
fn feed(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// Every file below a path, excluding folders with these names. A missing path has none.
pub(crate) fn collect(path: &Path, without: &[&str], files: &mut Vec<PathBuf>) -> Result<()> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot look at {}", path.display())),
    };
    if found.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))? {
        let entry = entry.with_context(|| format!("cannot list {}", path.display()))?;
        if !without.iter().any(|name| entry.file_name() == *name) {
            collect(&entry.path(), without, files)?;
        }
    }
    Ok(())
}

pub(crate) fn read(stamp: &Path) -> Option<String> {
    fs::read_to_string(stamp).ok().map(|text| text.trim_end().to_owned())
}

pub(crate) fn write(stamp: &Path, text: &str) -> Result<()> {
    if let Some(folder) = stamp.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(stamp, format!("{text}\n")).with_context(|| format!("cannot write {}", stamp.display()))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A temporary folder for each test, removed at the end.
    pub(crate) struct Scratch(pub(crate) PathBuf);

    impl Scratch {
        pub(crate) fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("xtask-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        pub(crate) fn write(&self, name: &str, text: &str) {
            let path = self.0.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_hash_depends_on_names_contents_and_facts() {
        let scratch = Scratch::new("hash");
        scratch.write("src/a.rs", "one");
        let first = of_sources(&scratch.0, &["src", "absent"], &["1.0"]).unwrap();
        assert_eq!(first, of_sources(&scratch.0, &["src"], &["1.0"]).unwrap());
        assert_ne!(first, of_sources(&scratch.0, &["src"], &["1.1"]).unwrap());
        scratch.write("src/a.rs", "two");
        let second = of_sources(&scratch.0, &["src"], &["1.0"]).unwrap();
        assert_ne!(first, second);
        fs::rename(scratch.0.join("src/a.rs"), scratch.0.join("src/b.rs")).unwrap();
        assert_ne!(second, of_sources(&scratch.0, &["src"], &["1.0"]).unwrap());
    }

    #[test]
    fn build_output_is_not_a_source() {
        let scratch = Scratch::new("ignored");
        scratch.write("src/a.rs", "one");
        let (sources, output) = (of_sources(&scratch.0, &["src"], &[]).unwrap(), of_output(&scratch.0).unwrap());
        scratch.write("src/dist/x.js", "built");
        assert_eq!(sources, of_sources(&scratch.0, &["src"], &[]).unwrap());
        assert_ne!(output, of_output(&scratch.0).unwrap());
    }

    #[test]
    fn a_stamp_reads_back() {
        let scratch = Scratch::new("stamp");
        let stamp = scratch.0.join("deep/x.stamp");
        assert_eq!(read(&stamp), None);
        write(&stamp, "abc").unwrap();
        assert_eq!(read(&stamp).as_deref(), Some("abc"));
    }

    #[test]
    fn sha256_is_the_known_one() {
        assert_eq!(sha256(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
