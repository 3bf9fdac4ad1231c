//! Runs the test files of another commit against today's builds, for `cargo xtask test --tests-of REV`.
//!
//! Tests locate the code under test relative to themselves (`../../worker/build/`). So the commit's `tests/` folder is
//! put into a tree in which everything else links to today's files. The tests themselves are not links: Node resolves
//! links, so a linked test would import today's helpers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::bootstrap::Turn;
use crate::commit::Commit;
use crate::platform;
use crate::repo::Repo;
use crate::stamp;
use crate::suites::{self, Suite};

const TESTS: &str = "tests";

/// Never linked: the tests come from the commit, and git would take the tree for a work tree of today's repository.
const NOT_TODAYS: [&str; 2] = [TESTS, ".git"];

/// Created by builds, perhaps later.
const BUILT: [&str; 2] = ["node_modules", "target"];

/// A repository with a commit's tests and otherwise today's files.
#[derive(Debug)]
pub(crate) struct Tree {
    commit: Commit,
    root: PathBuf,
}

impl Tree {
    /// Creates the tree, or updates the one from an earlier run.
    pub(crate) fn of(repo: &Repo, commit: Commit) -> Result<Self> {
        let tree = Self { root: repo.tools().join("tests-of").join(commit.hash()), commit };
        let _turn = Turn::take(repo)?;
        tree.extract(repo)?;
        tree.link(repo.root())?;
        Ok(tree)
    }

    /// The test suites of that commit.
    pub(crate) fn suites(&self) -> Result<Vec<Suite>> {
        suites::of_folder(&self.root)
    }

    /// The option that requested it.
    pub(crate) fn option(&self) -> String {
        format!("--tests-of {}", self.commit.shown())
    }

    /// Makes a suite run in this tree as if it were the repository.
    pub(crate) fn enter(&self, command: &mut Command) {
        command.current_dir(&self.root).env("ATTENTION_REPO", &self.root);
    }

    /// Extracts the tests again if any file was changed, so that they are exactly the commit's.
    fn extract(&self, repo: &Repo) -> Result<()> {
        let tests = self.root.join(TESTS);
        let stamp = self.root.with_extension("stamp");
        if stamp::read(&stamp) == Some(stamp::of_output(&tests)?) {
            return Ok(());
        }
        if tests.exists() {
            fs::remove_dir_all(&tests).with_context(|| format!("cannot remove {}", tests.display()))?;
        }
        fs::create_dir_all(&self.root).with_context(|| format!("cannot create {}", self.root.display()))?;
        self.commit.extract(repo, Some(TESTS), &self.root)?;
        stamp::write(&stamp, &stamp::of_output(&tests)?)
    }

    fn link(&self, today: &Path) -> Result<()> {
        let mut names: Vec<_> = BUILT.into_iter().map(Into::into).collect();
        for entry in fs::read_dir(today).with_context(|| format!("cannot list {}", today.display()))? {
            names.push(entry.with_context(|| format!("cannot list {}", today.display()))?.file_name());
        }
        for name in names.iter().filter(|name| NOT_TODAYS.iter().all(|other| *name != other)) {
            let (to, from) = (today.join(name), self.root.join(name));
            if fs::read_link(&from).is_ok_and(|there| there == to) {
                continue;
            }
            // Left by a clone that was moved since.
            if from.is_symlink() {
                fs::remove_file(&from).with_context(|| format!("cannot remove {}", from.display()))?;
            }
            platform::link(&to, &from).with_context(|| format!("cannot link {}", from.display()))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::tests::committed;
    use crate::stamp::tests::Scratch;

    /// A repository whose tests have changed since its only commit.
    fn changed(name: &str) -> (Scratch, Repo) {
        let scratch = Scratch::new(name);
        scratch.write("tests/old/a.test.mjs", "import \"../bed.mjs\"");
        scratch.write("tests/bed.mjs", "then");
        scratch.write("worker/build/index.js", "then");
        let repo = committed(&scratch);
        scratch.write("tests/bed.mjs", "now");
        scratch.write("tests/new/b.test.mjs", "");
        scratch.write("worker/build/index.js", "now");
        (scratch, repo)
    }

    fn head(repo: &Repo) -> Tree {
        Tree::of(repo, Commit::named(repo, "HEAD").unwrap()).unwrap()
    }

    #[test]
    fn tests_come_from_the_commit_and_the_rest_is_todays() {
        let (scratch, repo) = changed("tests-of");
        let tree = head(&repo);
        let read = |path: &str| fs::read_to_string(tree.root.join(path)).unwrap();
        assert_eq!(read("tests/bed.mjs"), "then");
        assert_eq!(read("tests/../worker/build/index.js"), "now");
        let names: Vec<_> = tree.suites().unwrap().into_iter().map(|suite| suite.name).collect();
        assert_eq!(names, ["old"]);
        // Node resolves a test's path like this.
        let bed = fs::canonicalize(tree.root.join("tests/bed.mjs")).unwrap();
        assert_eq!(bed, fs::canonicalize(&tree.root).unwrap().join("tests/bed.mjs"));
        // Built after the tree was made.
        scratch.write("node_modules/x/index.js", "installed");
        assert_eq!(read("node_modules/x/index.js"), "installed");
        assert!(!tree.root.join(".git").exists());
    }

    #[test]
    fn a_second_run_repairs_the_tests_and_links_new_folders() {
        let (scratch, repo) = changed("tests-of-again");
        let tree = head(&repo);
        fs::write(tree.root.join("tests/bed.mjs"), "edited").unwrap();
        fs::write(tree.root.join("tests/old/left.test.mjs"), "left").unwrap();
        scratch.write("extra/file.txt", "now");
        fs::remove_file(tree.root.join("worker")).unwrap();
        platform::link("/elsewhere/worker", tree.root.join("worker")).unwrap();

        let tree = head(&repo);
        let read = |path: &str| fs::read_to_string(tree.root.join(path)).unwrap();
        assert_eq!(read("tests/bed.mjs"), "then");
        assert!(!tree.root.join("tests/old/left.test.mjs").exists());
        assert_eq!(read("extra/file.txt"), "now");
        assert_eq!(read("worker/build/index.js"), "now");
        // Nothing of today's was removed through the link.
        assert_eq!(fs::read_to_string(scratch.0.join("tests/bed.mjs")).unwrap(), "now");
    }

    #[test]
    fn a_suite_uses_the_tree_as_its_repository() {
        let (_scratch, repo) = changed("tests-of-enter");
        let tree = head(&repo);
        let mut command = Command::new("node");
        tree.enter(&mut command);
        assert_eq!(command.get_current_dir(), Some(tree.root.as_path()));
        let repo_of_tests = command.get_envs().find(|(name, _)| *name == "ATTENTION_REPO");
        assert_eq!(repo_of_tests.and_then(|(_, value)| value), Some(tree.root.as_os_str()));
        assert!(tree.option().starts_with("--tests-of HEAD ("), "{}", tree.option());
    }

    #[test]
    fn a_commit_without_tests_is_an_error() {
        let scratch = Scratch::new("tests-of-none");
        scratch.write("a.txt", "");
        let repo = committed(&scratch);
        let error = format!("{:#}", Tree::of(&repo, Commit::named(&repo, "HEAD").unwrap()).unwrap_err());
        assert!(error.contains("tests"), "{error}");
    }
}
