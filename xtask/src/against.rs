//! Builds the Worker of another commit with that commit's own build, for `cargo xtask bench worker -- --against REV`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use anyhow::{Context as _, Result, bail};

use crate::bootstrap::Turn;
use crate::commands;
use crate::commit::Commit;
use crate::platform;
use crate::repo::Repo;
use crate::say;
use crate::step::Step;

/// An option of the benchmark. xtask reads it too, because the build comes first.
const OPTION: &str = "--against";

/// The files of a Worker in worker/build, which have been the same in every commit so far.
const WORKER: [&str; 2] = ["index.js", "index_bg.wasm"];

/// The commit named in the benchmark's arguments, as it was written.
pub(crate) fn asked(arguments: &[String]) -> Result<Option<&str>> {
    let mut asked = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == OPTION {
            let rev = rest.next().context("--against needs a commit\n  next: for example --against HEAD~1")?;
            asked = Some(rev.as_str());
        } else if let Some(rev) = argument.strip_prefix(OPTION).and_then(|rest| rest.strip_prefix('=')) {
            asked = Some(rev);
        }
    }
    Ok(asked)
}

/// The folder with that commit's Worker. The first call builds it, which takes minutes.
pub(crate) fn build(repo: &Repo, commit: &Commit) -> Result<PathBuf> {
    let kept = folder(repo).join(commit.hash());
    // Held during the whole build, which uses this repository's tools and a target folder shared by all such builds.
    let _turn = Turn::take(repo)?;
    if kept.is_dir() {
        say::line(&format!("the Worker of {}: built before", commit.shown()));
        return Ok(kept);
    }
    let tree = Tree::of(repo, commit)?;
    let mut cargo = commands::native(repo, "cargo")?;
    cargo.current_dir(&tree.root).args(["xtask", "build", "worker"]);
    Step::new(repo, "build-against", &format!("building the Worker of {}", commit.shown()), cargo)
        .on_failure("a commit that does not build with these tools cannot be measured: choose another one")
        .run()?;
    keep(commit, &tree.root.join("worker/build"), &kept)?;
    say::line(&format!("the Worker of {}: built", commit.shown()));
    Ok(kept)
}

fn folder(repo: &Repo) -> PathBuf {
    repo.tools().join("against")
}

/// Copies the deployed files. The folder gets its final name last, so a folder with that name is complete.
fn keep(commit: &Commit, built: &Path, kept: &Path) -> Result<()> {
    if let Some(absent) = WORKER.into_iter().find(|file| !built.join(file).is_file()) {
        bail!(
            "the build of {} did not produce worker/build/{absent}\n  next: choose a commit whose Worker consists of {}",
            commit.shown(),
            WORKER.join(" and ")
        );
    }
    let draft = kept.with_extension("draft");
    fs::create_dir_all(&draft).with_context(|| format!("cannot create {}", draft.display()))?;
    for file in WORKER {
        fs::copy(built.join(file), draft.join(file)).with_context(|| format!("cannot copy {file}"))?;
    }
    fs::rename(&draft, kept).with_context(|| format!("cannot write {}", kept.display()))
}

/// The files of a commit, ready to be built. Removed on drop.
///
/// It is outside this repository, because cargo reads the `.cargo/config.toml` of every parent folder and today's flags
/// do not apply to that commit. It is not in the folder for temporary files either, because anyone could put such a
/// file above it.
#[derive(Debug)]
struct Tree {
    root: PathBuf,
}

impl Tree {
    fn of(repo: &Repo, commit: &Commit) -> Result<Self> {
        let root = cache()?.join("attention-wasm").join(format!("{}-{}", commit.hash(), process::id()));
        fs::create_dir_all(&root).with_context(|| format!("cannot create {}", root.display()))?;
        let tree = Self { root };
        commit.extract(repo, None, &tree.root)?;
        tree.share(repo)?;
        Ok(tree)
    }

    /// Provides the installed tools, so that the build only installs those it needs in another version.
    fn share(&self, repo: &Repo) -> Result<()> {
        let tools = self.root.join(".tools");
        // Each program separately, so that a program which that commit installs does not replace today's.
        let bin = tools.join("bin");
        fs::create_dir_all(&bin).with_context(|| format!("cannot create {}", bin.display()))?;
        for entry in fs::read_dir(repo.tools_bin()).context("cannot list .tools/bin")? {
            let entry = entry.context("cannot list .tools/bin")?;
            link(&entry.path(), &bin.join(entry.file_name()))?;
        }
        // cargo's records of installed programs. Copied, because cargo appends to them.
        for notes in [".crates.toml", ".crates2.json"] {
            if repo.tools().join(notes).is_file() {
                fs::copy(repo.tools().join(notes), tools.join(notes))
                    .with_context(|| format!("cannot copy {notes}"))?;
            }
        }
        link(&repo.tools().join("toolchain"), &tools.join("toolchain"))?;
        // With a link, `npm ci` for another lock file would empty today's node_modules.
        if same(&repo.at("package-lock.json"), &self.root.join("package-lock.json")) {
            link(&repo.at("node_modules"), &self.root.join("node_modules"))?;
        }
        let target = folder(repo).join("target");
        fs::create_dir_all(&target).with_context(|| format!("cannot create {}", target.display()))?;
        link(&target, &self.root.join("target"))
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // Removes links without following them.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// A per-user folder for files that can be recreated.
fn cache() -> Result<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    named
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .context("there is no home folder\n  next: set HOME")
}

/// Creates a link if its target exists.
fn link(to: &Path, from: &Path) -> Result<()> {
    if !to.exists() {
        return Ok(());
    }
    platform::link(to, from).with_context(|| format!("cannot link {} to {}", from.display(), to.display()))
}

fn same(one: &Path, other: &Path) -> bool {
    matches!((fs::read(one), fs::read(other)), (Ok(one), Ok(other)) if one == other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::tests::committed;
    use crate::stamp::tests::Scratch;

    fn arguments(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn the_commit_is_read_from_the_arguments() {
        assert_eq!(asked(&arguments("--quick --only ours")).unwrap(), None);
        assert_eq!(asked(&arguments("--quick --against HEAD~1 --json")).unwrap(), Some("HEAD~1"));
        assert_eq!(asked(&arguments("--against=v1.0 --quick")).unwrap(), Some("v1.0"));
        // Like the benchmark's own parser.
        assert_eq!(asked(&arguments("--against a --against=b")).unwrap(), Some("b"));
        assert_eq!(asked(&arguments("--againstall x")).unwrap(), None);
        assert!(asked(&arguments("--quick --against")).unwrap_err().to_string().contains("next: "));
    }

    #[test]
    fn only_a_complete_worker_is_kept() {
        let scratch = Scratch::new("against-keep");
        scratch.write("build/index.js", "js");
        let repo = committed(&scratch);
        let head = Commit::named(&repo, "HEAD").unwrap();
        scratch.write("build/glue/attention_bg.js", "not deployed");
        let (built, kept) = (scratch.0.join("build"), scratch.0.join("kept/abc"));
        let error = keep(&head, &built, &kept).unwrap_err().to_string();
        assert!(error.contains("index_bg.wasm") && error.contains("next: "), "{error}");
        assert!(!scratch.0.join("kept").exists());

        scratch.write("build/index_bg.wasm", "wasm");
        keep(&head, &built, &kept).unwrap();
        let mut files: Vec<_> = fs::read_dir(&kept).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, WORKER);
        assert!(!scratch.0.join("kept/abc.draft").exists());
    }

    /// A repository with tools, and a tree of another commit with those tools.
    fn lent(name: &str, lock: &str) -> (Scratch, Tree) {
        let scratch = Scratch::new(name);
        for file in ["repo/.tools/bin/wasm-bindgen", "repo/.tools/.crates2.json", "repo/node_modules/x/index.js"] {
            scratch.write(file, "today's");
        }
        scratch.write("repo/package-lock.json", "today's");
        scratch.write("tree/package-lock.json", lock);
        let tree = Tree { root: scratch.0.join("tree") };
        tree.share(&Repo::at_root(scratch.0.join("repo"))).unwrap();
        (scratch, tree)
    }

    #[test]
    fn todays_tools_are_provided_and_unchanged() {
        let (scratch, tree) = lent("against-lent", "today's");
        let bin = tree.root.join(".tools/bin");
        assert_eq!(fs::read_to_string(bin.join("wasm-bindgen")).unwrap(), "today's");
        assert_eq!(fs::read_to_string(tree.root.join("node_modules/x/index.js")).unwrap(), "today's");
        assert!(!tree.root.join(".tools/toolchain").exists(), "there was no toolchain to link to");

        // Like `cargo install` of another version.
        fs::write(bin.join("new"), "another").unwrap();
        fs::rename(bin.join("new"), bin.join("wasm-bindgen")).unwrap();
        fs::write(tree.root.join(".tools/.crates2.json"), "another").unwrap();
        drop(tree);
        for file in [".tools/bin/wasm-bindgen", ".tools/.crates2.json", "node_modules/x/index.js"] {
            assert_eq!(fs::read_to_string(scratch.0.join("repo").join(file)).unwrap(), "today's", "{file}");
        }
        assert!(!scratch.0.join("tree").exists());
        assert!(scratch.0.join("repo/.tools/against/target").is_dir());
    }

    #[test]
    fn node_modules_are_provided_only_for_the_same_lock_file() {
        let (_scratch, tree) = lent("against-lock", "another");
        assert!(!tree.root.join("node_modules").exists());
    }
}
