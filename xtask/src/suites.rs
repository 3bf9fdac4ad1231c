//! The test suites: what each one runs and needs, and how its tests are counted.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::count::{self, Counts};
use crate::repo::Repo;

#[derive(Debug, Clone)]
pub(crate) struct Suite {
    pub(crate) name: String,
    pub(crate) program: Program,
    pub(crate) arguments: Vec<String>,
    pub(crate) environment: &'static [(&'static str, &'static str)],
    pub(crate) needs: &'static [Need],
    pub(crate) counting: Counting,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Cargo,
    /// `wasm-pack test`
    WasmPack,
    Npm,
    Node,
}

/// A prerequisite of a suite. It is made once, for the first suite that needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Need {
    Builders,
    Worker,
    Pkg,
    WasmPack,
    /// For the example that is built like workers-rs projects.
    WorkerBuild,
    Browser,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counting {
    /// The whole command is one test.
    Whole,
    Libtest,
    Node,
}

impl Counting {
    pub(crate) fn count(self, output: &str, well: bool) -> Counts {
        let mut counts = match self {
            Self::Whole => Counts { passed: usize::from(well), ..Counts::default() },
            Self::Libtest => count::libtest(output),
            Self::Node => count::node(output),
        };
        // A suite that fails before or after its tests has failed, and so has one that ran no test.
        if counts.failed == 0 && (!well || counts.run() == 0) {
            counts.failed = 1;
        }
        counts
    }

    /// The names of the failed tests, if the runner reports them.
    pub(crate) fn failed(self, output: &str) -> Vec<String> {
        match self {
            Self::Whole => Vec::new(),
            Self::Libtest => count::failed_of_libtest(output),
            Self::Node => count::failed_of_node(output),
        }
    }
}

/// All suites, the quickest first.
pub(crate) fn all(repo: &Repo) -> Result<Vec<Suite>> {
    let cargo = |name: &str, arguments: &str, counting| suite(name, Program::Cargo, arguments, counting);
    let mut suites = vec![
        cargo("fmt", "fmt --all --check -- --color=never", Counting::Whole),
        Suite {
            needs: &[Need::Builders],
            ..suite("lint", Program::Npm, "run --silent lint -- --colors=off", Counting::Whole)
        },
        cargo("clippy", "clippy --workspace --all-targets -- -D warnings", Counting::Whole),
        cargo("rust", "test --workspace --features attention-core/http", Counting::Libtest),
        Suite {
            environment: &[("RUSTDOCFLAGS", "-D warnings")],
            ..cargo("docs", "doc --package attention-core --package attention-client --no-deps", Counting::Whole)
        },
        Suite {
            needs: &[Need::Builders, Need::WasmPack, Need::Browser],
            ..suite(
                "wasm-browser",
                Program::WasmPack,
                "--headless --chrome --mode no-install crates/wasm",
                Counting::Libtest,
            )
        },
        Suite {
            needs: &[Need::Builders, Need::WasmPack, Need::Browser],
            ..suite(
                "rust-client",
                Program::WasmPack,
                "--headless --chrome --mode no-install crates/client",
                Counting::Libtest,
            )
        },
        Suite {
            needs: &[Need::Builders, Need::Pkg],
            ..suite("types", Program::Npm, "run --silent check --workspace pkg", Counting::Whole)
        },
    ];
    suites.extend(of_folder(repo.root())?);
    Ok(suites)
}

/// The suites with these names, in the order of the table; all if no name is given.
pub(crate) fn chosen(all: Vec<Suite>, names: &[String]) -> Result<Vec<Suite>> {
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|suite| suite.name != **name)) {
        let known: Vec<&str> = all.iter().map(|suite| suite.name.as_str()).collect();
        bail!("there is no suite {unknown}\n  next: one of {}", known.join(", "));
    }
    Ok(all.into_iter().filter(|suite| names.is_empty() || names.contains(&suite.name)).collect())
}

fn suite(name: &str, program: Program, arguments: &str, counting: Counting) -> Suite {
    Suite {
        name: name.to_owned(),
        program,
        arguments: arguments.split(' ').map(str::to_owned).collect(),
        environment: &[],
        needs: &[],
        counting,
    }
}

/// One suite for each folder of `root`/tests/ with `*.test.mjs` files; each runs in `root`.
pub(crate) fn of_folder(root: &Path) -> Result<Vec<Suite>> {
    let tests = root.join("tests");
    let mut suites = Vec::new();
    for folder in folders(&tests)? {
        let mut files = Vec::new();
        test_files(&tests.join(&folder), &mut files)?;
        if files.is_empty() {
            continue;
        }
        files.sort();
        let shown = files.iter().map(|file| file.strip_prefix(root).unwrap_or(file).display().to_string());
        let mut arguments = vec!["--test".to_owned(), "--test-reporter=spec".to_owned()];
        arguments.extend(shown);
        // Several of them start a browser and need one.
        let needs: &[Need] = if folder == "examples" {
            &[Need::Builders, Need::Worker, Need::Pkg, Need::Browser, Need::WasmPack, Need::WorkerBuild]
        } else {
            &[Need::Builders, Need::Worker, Need::Pkg, Need::Browser]
        };
        let base = suite(&folder, Program::Node, "", Counting::Node);
        suites.push(Suite { arguments, needs, ..base });
    }
    Ok(suites)
}

fn folders(path: &Path) -> Result<Vec<String>> {
    let mut names: Vec<String> =
        entries(path)?.into_iter().filter(|name| name != "node_modules" && path.join(name).is_dir()).collect();
    names.sort();
    Ok(names)
}

fn test_files(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for name in entries(folder)? {
        let path = folder.join(&name);
        if path.is_dir() {
            if name != "node_modules" {
                test_files(&path, files)?;
            }
        } else if name.ends_with(".test.mjs") {
            files.push(path);
        }
    }
    Ok(())
}

fn entries(path: &Path) -> Result<Vec<String>> {
    let found = fs::read_dir(path).with_context(|| format!("cannot list {}", path.display()))?;
    let mut names = Vec::new();
    for entry in found {
        let entry = entry.with_context(|| format!("cannot list {}", path.display()))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stamp::tests::Scratch;

    #[test]
    fn a_suite_cannot_pass_by_running_nothing() {
        for counting in [Counting::Libtest, Counting::Node] {
            assert_eq!(counting.count("", true).failed, 1);
        }
        assert_eq!(Counting::Node.count("ℹ pass 0\nℹ skipped 4\n", true).failed, 1);
    }

    #[test]
    fn a_nonzero_exit_code_fails_a_suite_whose_tests_passed() {
        let output = "test result: ok. 2 passed; 0 failed; 0 ignored\n";
        assert_eq!(Counting::Libtest.count(output, true), Counts { passed: 2, failed: 0, skipped: 0 });
        assert_eq!(Counting::Libtest.count(output, false), Counts { passed: 2, failed: 1, skipped: 0 });
        assert_eq!(Counting::Whole.count("", false).failed, 1);
        assert_eq!(Counting::Whole.count("", true).passed, 1);
    }

    #[test]
    fn folders_with_test_files_are_suites() {
        let scratch = Scratch::new("suites");
        scratch.write("tests/b/deep/y.test.mjs", "");
        scratch.write("tests/b/x.test.mjs", "");
        scratch.write("tests/b/helper.mjs", "");
        scratch.write("tests/b/node_modules/z/z.test.mjs", "");
        scratch.write("tests/vectors/x.json", "");
        let suites = of_folder(&scratch.0).unwrap();
        assert_eq!(suites.len(), 1, "{suites:?}");
        assert_eq!(suites[0].name, "b");
        assert_eq!(suites[0].arguments[2..], ["tests/b/deep/y.test.mjs", "tests/b/x.test.mjs"]);
    }

    #[test]
    fn an_unknown_suite_is_an_error_that_names_the_known_ones() {
        let all = || vec![suite("b", Program::Node, "", Counting::Node), suite("a", Program::Node, "", Counting::Node)];
        let names = |suites: Vec<Suite>| suites.into_iter().map(|suite| suite.name).collect::<Vec<_>>();
        assert_eq!(names(chosen(all(), &["a".to_owned()]).unwrap()), ["a"]);
        assert_eq!(names(chosen(all(), &[]).unwrap()), ["b", "a"]);
        let error = chosen(all(), &["a".to_owned(), "c".to_owned()]).unwrap_err().to_string();
        assert_eq!(error, "there is no suite c\n  next: one of b, a");
    }
}
