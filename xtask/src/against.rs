//! The Worker of another commit, as that commit's own build makes it, for `cargo xtask bench worker -- --against REV`.

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

/// The benchmark's option; xtask reads it too, because a build precedes it.
const OPTION: &str = "--against";

/// The files of a Worker in worker/build: the same in every commit so far.
const WORKER: [&str; 2] = ["index.js", "index_bg.wasm"];

/// The commit that the benchmark's arguments name, as they name it.
pub(crate) fn asked(arguments: &[String]) -> Result<Option<&str>> {
    let mut asked = None;
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if argument == OPTION {
            let rev = rest.next().context("--against names no commit\n  next: for example --against HEAD~1")?;
            asked = Some(rev.as_str());
        } else if let Some(rev) = argument.strip_prefix(OPTION).and_then(|rest| rest.strip_prefix('=')) {
            asked = Some(rev);
        }
    }
    Ok(asked)
}

/// The folder with that commit's Worker. The first time it is built, which takes minutes.
pub(crate) fn build(repo: &Repo, commit: &Commit) -> Result<PathBuf> {
    let kept = folder(repo).join(commit.hash());
    // Held over the whole build: it uses the tools of this repository, and a target folder that all such builds share.
    let _turn = Turn::take(repo)?;
    if kept.is_dir() {
        say::line(&format!("the Worker of {}: built before", commit.shown()));
        return Ok(kept);
    }
    let tree = Tree::of(repo, commit)?;
    let mut cargo = commands::native(repo, "cargo")?;
    cargo.current_dir(&tree.root).args(["xtask", "build", "worker"]);
    Step::new(repo, "build-against", &format!("building the Worker of {}", commit.shown()), cargo)
        .on_failure("a commit that does not build with these tools cannot be measured: name another one")
        .run()?;
    keep(commit, &tree.root.join("worker/build"), &kept)?;
    say::line(&format!("the Worker of {}: built", commit.shown()));
    Ok(kept)
}

fn folder(repo: &Repo) -> PathBuf {
    repo.tools().join("against")
}

/// Copies what is deployed. The folder gets its name last, so that one with that name is whole.
fn keep(commit: &Commit, built: &Path, kept: &Path) -> Result<()> {
    if let Some(absent) = WORKER.into_iter().find(|file| !built.join(file).is_file()) {
        bail!(
            "the build of {} made no worker/build/{absent}\n  next: name a commit whose Worker is {}",
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

/// The files of a commit, ready to be built; removed when dropped.
///
/// Outside of this repository: cargo reads the `.cargo/config.toml` of every folder above, and today's flags are not
/// that commit's. Not in the folder for temporary files either, above which anybody could put such a file.
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

    /// Lends it the tools that are here, so that its build obtains only what it wants at another version.
    fn share(&self, repo: &Repo) -> Result<()> {
        let tools = self.root.join(".tools");
        // Each program by itself: what that commit installs must not take the place of today's.
        let bin = tools.join("bin");
        fs::create_dir_all(&bin).with_context(|| format!("cannot create {}", bin.display()))?;
        for entry in fs::read_dir(repo.tools_bin()).context("cannot list .tools/bin")? {
            let entry = entry.context("cannot list .tools/bin")?;
            link(&entry.path(), &bin.join(entry.file_name()))?;
        }
        // cargo's notes on what it installed: copies, since it adds to them.
        for notes in [".crates.toml", ".crates2.json"] {
            if repo.tools().join(notes).is_file() {
                fs::copy(repo.tools().join(notes), tools.join(notes))
                    .with_context(|| format!("cannot copy {notes}"))?;
            }
        }
        link(&repo.tools().join("toolchain"), &tools.join("toolchain"))?;
        // Through a link, an `npm ci` for another lock file would empty today's node_modules.
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
        // Links in it are removed, not followed.
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// A folder of the user's own for what can be made again.
fn cache() -> Result<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    named
        .or_else(|| env::home_dir().map(|home| home.join(".cache")))
        .context("there is no home folder\n  next: set HOME")
}

/// A link, unless there is nothing to link to.
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
    fn the_commit_is_found_among_the_arguments() {
        assert_eq!(asked(&arguments("--quick --only ours")).unwrap(), None);
        assert_eq!(asked(&arguments("--quick --against HEAD~1 --json")).unwrap(), Some("HEAD~1"));
        assert_eq!(asked(&arguments("--against=v1.0 --quick")).unwrap(), Some("v1.0"));
        // As the benchmark's own parser has it.
        assert_eq!(asked(&arguments("--against a --against=b")).unwrap(), Some("b"));
        assert_eq!(asked(&arguments("--againstall x")).unwrap(), None);
        assert!(asked(&arguments("--quick --against")).unwrap_err().to_string().contains("next: "));
    }

    #[test]
    fn only_a_whole_worker_is_kept() {
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

    /// A repository with tools, and a tree of another commit beside it.
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
    fn todays_tools_are_lent_and_stay_as_they_are() {
        let (scratch, tree) = lent("against-lent", "today's");
        let bin = tree.root.join(".tools/bin");
        assert_eq!(fs::read_to_string(bin.join("wasm-bindgen")).unwrap(), "today's");
        assert_eq!(fs::read_to_string(tree.root.join("node_modules/x/index.js")).unwrap(), "today's");
        assert!(!tree.root.join(".tools/toolchain").exists(), "there was none to link to");

        // As `cargo install` does with another version.
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
    fn node_modules_are_lent_to_the_same_lock_file_only() {
        let (_scratch, tree) = lent("against-lock", "another");
        assert!(!tree.root.join("node_modules").exists());
    }
}
