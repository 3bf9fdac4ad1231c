//! Commits of this repository, for chores that compare with another one.

use std::fs;
use std::path::Path;
use std::process;

use anyhow::{Context as _, Result, bail};

use crate::commands;
use crate::repo::Repo;
use crate::step::Step;
use crate::tools;

/// A commit in this repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    asked: String,
    hash: String,
}

/// The length of an abbreviated hash.
const SHORT: usize = 7;

impl Commit {
    /// Resolves a commit from a hash or its beginning, a tag, a branch, or an expression such as `HEAD~3`.
    pub(crate) fn named(repo: &Repo, asked: &str) -> Result<Self> {
        tools::ensure(repo, tools::GIT)?;
        // git would read it as an option.
        if asked.is_empty() || asked.starts_with('-') {
            bail!("{asked:?} does not name a commit\n  next: a hash, a tag or a branch, as in HEAD~1");
        }
        let output = commands::native(repo, "git")?
            .args(["rev-parse", "--verify", &format!("{asked}^{{commit}}")])
            .output()
            .context("cannot run git")?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!(
                "there is no commit {asked} in this repository\n  git says: {}\n  next: one that `git log --oneline` \
                 shows; in a shallow clone, `git fetch --unshallow` brings the older ones",
                said.trim_end()
            );
        }
        let hash = String::from_utf8(output.stdout).context("git named a commit that is not text")?;
        Ok(Self { asked: asked.to_owned(), hash: hash.trim_end().to_owned() })
    }

    pub(crate) fn hash(&self) -> &str {
        &self.hash
    }

    /// The commit as the person wrote it, with its hash if that was something else, because a branch moves.
    pub(crate) fn shown(&self) -> String {
        let short = &self.hash[..SHORT.min(self.hash.len())];
        if self.hash.starts_with(&self.asked) { short.to_owned() } else { format!("{} ({short})", self.asked) }
    }

    /// Writes the commit's files, or those below `path`, into the existing folder `into`.
    pub(crate) fn extract(&self, repo: &Repo, path: Option<&str>, into: &Path) -> Result<()> {
        let folder = repo.tools().join("tmp");
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let archive = folder.join(format!("{}-{}.tar", self.hash, process::id()));
        let extracted = self.pack(repo, path, &archive).and_then(|()| unpack(repo, &archive, into));
        // There is no archive if packing failed.
        let _ = fs::remove_file(&archive);
        extracted
    }

    fn pack(&self, repo: &Repo, path: Option<&str>, archive: &Path) -> Result<()> {
        let mut git = commands::native(repo, "git")?;
        git.args(["archive", "--format=tar", "--output"]).arg(archive).arg(&self.hash).args(path);
        let title = format!("reading {} of {}", path.unwrap_or("the files"), self.shown());
        Step::new(repo, "git-archive", &title, git).run().map(drop)
    }
}

fn unpack(repo: &Repo, archive: &Path, into: &Path) -> Result<()> {
    let mut tar = commands::native(repo, "tar")?;
    // `m` sets the current time. With the commit's own time, cargo could consider a file older than an earlier build.
    tar.args(["-x", "-m", "-f"]).arg(archive).arg("-C").arg(into);
    Step::new(repo, "git-archive-tar", "unpacking it", tar).run().map(drop)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::process::Command;

    use super::*;
    use crate::stamp::tests::Scratch;

    /// A repository with one commit that contains the files of the folder.
    pub(crate) fn committed(scratch: &Scratch) -> Repo {
        for arguments in [&["init", "--quiet"][..], &["add", "."], &["commit", "--quiet", "--message", "first"]] {
            let mut git = Command::new("git");
            git.current_dir(&scratch.0).args(["-c", "user.name=test", "-c", "user.email=test@example.com"]);
            git.args(["-c", "commit.gpgsign=false"]).args(arguments);
            assert!(git.status().unwrap().success(), "git {arguments:?}");
        }
        Repo::at_root(scratch.0.clone())
    }

    #[test]
    fn a_commit_is_known_by_its_name_and_by_its_hash() {
        let scratch = Scratch::new("commit-named");
        scratch.write("a.txt", "one");
        let repo = committed(&scratch);
        let head = Commit::named(&repo, "HEAD").unwrap();
        assert_eq!(head.hash().len(), 40);
        assert_eq!(head.shown(), format!("HEAD ({})", &head.hash()[..7]));
        for asked in [&head.hash()[..9], head.hash()] {
            let same = Commit::named(&repo, asked).unwrap();
            assert_eq!(same.hash(), head.hash());
            assert_eq!(same.shown(), head.hash()[..7]);
        }
    }

    #[test]
    fn an_unknown_commit_is_an_error_with_a_next_step() {
        let scratch = Scratch::new("commit-unknown");
        scratch.write("a.txt", "one");
        let repo = committed(&scratch);
        for asked in ["no-such-branch", "HEAD:a.txt", "HEAD~1", "--quick", ""] {
            let error = Commit::named(&repo, asked).unwrap_err().to_string();
            assert!(error.contains("next: "), "{asked}: {error}");
        }
        assert!(Commit::named(&repo, "gone").unwrap_err().to_string().starts_with("there is no commit gone"));
    }

    #[test]
    fn extracted_files_are_those_of_the_commit() {
        let scratch = Scratch::new("commit-extract");
        scratch.write("tests/a.mjs", "then");
        scratch.write("other.txt", "then");
        scratch.write(".gitignore", "/into/\n/.tools/\n");
        let repo = committed(&scratch);
        scratch.write("tests/a.mjs", "now");
        scratch.write("tests/b.mjs", "now");
        let into = scratch.0.join("into");
        fs::create_dir_all(&into).unwrap();
        let head = Commit::named(&repo, "HEAD").unwrap();

        head.extract(&repo, Some("tests"), &into).unwrap();
        assert_eq!(fs::read_to_string(into.join("tests/a.mjs")).unwrap(), "then");
        assert!(!into.join("tests/b.mjs").exists());
        assert!(!into.join("other.txt").exists());

        head.extract(&repo, None, &into).unwrap();
        assert_eq!(fs::read_to_string(into.join("other.txt")).unwrap(), "then");
        assert!(head.extract(&repo, Some("absent"), &into).is_err());
        assert_eq!(fs::read_dir(scratch.0.join(".tools/tmp")).unwrap().count(), 0);
    }
}
