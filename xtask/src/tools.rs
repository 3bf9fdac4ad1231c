//! The table of tools: required versions, where to look for them, and how to obtain them.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::apt;
use crate::commands;
use crate::find;
use crate::npm;
use crate::repo::Repo;
use crate::step::Step;
use crate::versions::{self, Version};

#[derive(Debug)]
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    pub(crate) wanted: Wanted,
    pub(crate) places: &'static [Place],
    pub(crate) obtain: Obtain,
    pub(crate) used_by: &'static str,
    /// If it is missing, the chores stop; without another tool only the chores in `used_by` are affected.
    pub(crate) required: bool,
}

#[derive(Debug)]
pub(crate) enum Wanted {
    Any,
    AtLeast(&'static str),
    Exactly(&'static str),
    /// The version of this crate in Cargo.lock, because wasm-bindgen's CLI and crate share a format that changes with
    /// every version.
    AsLocked(&'static str),
}

#[derive(Debug)]
pub(crate) enum Place {
    /// An environment variable that contains the program's path.
    Env(&'static str),
    /// `.tools/bin`.
    Own(&'static str),
    OnPath(&'static str),
    /// A script of an npm package.
    NodeBin {
        bin: &'static str,
        package: &'static str,
    },
    /// The native program that an npm package's default export names, to avoid a wrapper process.
    NodeNative {
        package: &'static str,
    },
}

#[derive(Debug)]
pub(crate) enum Obtain {
    Cargo { krate: &'static str, locked: bool },
    Npm,
    Apt(&'static [&'static str]),
    Person(&'static str),
}

/// A tool that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    pub(crate) from: String,
    pub(crate) version: Option<String>,
}

pub(crate) const NODE: &str = "node";
pub(crate) const NPM: &str = "npm";
pub(crate) const WASM_BINDGEN: &str = "wasm-bindgen";
pub(crate) const WORKER_BUILD: &str = "worker-build";
pub(crate) const WASM_PACK: &str = "wasm-pack";
pub(crate) const WASM_OPT: &str = "wasm-opt";
pub(crate) const ESBUILD: &str = "esbuild";
pub(crate) const WORKERD: &str = "workerd";
pub(crate) const CHROMIUM: &str = "chromium";
pub(crate) const CHROMEDRIVER: &str = "chromedriver";
pub(crate) const WRK: &str = "wrk";
pub(crate) const NGINX: &str = "nginx";
pub(crate) const GIT: &str = "git";

/// Optimizing the tools would take minutes on a bare machine and save half a second per run: `wasm-bindgen` takes 0.6 s
/// for the Worker instead of 0.1.
const UNOPTIMISED: &str = "--debug";

const RUSTUP: &str = "install Rust with rustup";

pub(crate) static TOOLS: [Tool; 15] = [
    Tool {
        name: "rustc",
        // The workspace's rust-version.
        wanted: Wanted::AtLeast("1.91"),
        places: &[Place::OnPath("rustc")],
        obtain: Obtain::Person(RUSTUP),
        used_by: "everything",
        required: true,
    },
    Tool {
        name: "cargo",
        wanted: Wanted::AtLeast("1.91"),
        places: &[Place::OnPath("cargo")],
        obtain: Obtain::Person(RUSTUP),
        used_by: "everything",
        required: true,
    },
    Tool {
        name: NODE,
        wanted: Wanted::AtLeast("20"),
        places: &[Place::OnPath("node")],
        obtain: Obtain::Person("install Node.js 20 or newer, with npm"),
        used_by: "build, start, test",
        required: true,
    },
    Tool {
        name: NPM,
        // It comes with Node, whose version is checked; asking npm for its own takes a third of a second.
        wanted: Wanted::Any,
        places: &[Place::OnPath("npm")],
        obtain: Obtain::Person("install Node.js 20 or newer, with npm"),
        used_by: "build, start, test",
        required: true,
    },
    Tool {
        name: WASM_BINDGEN,
        wanted: Wanted::AsLocked("wasm-bindgen"),
        places: &[Place::Own("wasm-bindgen"), Place::OnPath("wasm-bindgen")],
        // Not `--locked`, because some registries have withdrawn a version in its lock file; the newest compatible
        // versions work.
        obtain: Obtain::Cargo { krate: "wasm-bindgen-cli", locked: false },
        used_by: "build, start, test",
        required: true,
    },
    Tool {
        name: WORKER_BUILD,
        wanted: Wanted::Exactly("0.8.7"),
        places: &[Place::Own("worker-build"), Place::OnPath("worker-build")],
        obtain: Obtain::Cargo { krate: "worker-build", locked: true },
        used_by: "build, start, test",
        required: true,
    },
    Tool {
        name: WASM_PACK,
        wanted: Wanted::Exactly("0.15.1"),
        places: &[Place::Own("wasm-pack"), Place::OnPath("wasm-pack")],
        obtain: Obtain::Cargo { krate: "wasm-pack", locked: false },
        used_by: "test",
        required: true,
    },
    Tool {
        name: WASM_OPT,
        wanted: Wanted::Any,
        places: &[Place::NodeBin { bin: "wasm-opt", package: "binaryen" }],
        obtain: Obtain::Npm,
        used_by: "build, start, test",
        required: true,
    },
    Tool {
        name: ESBUILD,
        wanted: Wanted::Any,
        places: &[Place::NodeBin { bin: "esbuild", package: "esbuild" }],
        obtain: Obtain::Npm,
        used_by: "build, start, test",
        required: true,
    },
    Tool {
        name: WORKERD,
        wanted: Wanted::Any,
        places: &[Place::NodeNative { package: "workerd" }],
        obtain: Obtain::Npm,
        used_by: "start, test, bench",
        required: true,
    },
    Tool {
        name: CHROMIUM,
        wanted: Wanted::Any,
        places: &[
            Place::Env("CHROME"),
            Place::OnPath("chromium"),
            Place::OnPath("google-chrome"),
            Place::OnPath("chrome"),
        ],
        obtain: Obtain::Apt(&["chromium", "chromium-driver"]),
        used_by: "test",
        required: true,
    },
    Tool {
        name: CHROMEDRIVER,
        wanted: Wanted::Any,
        places: &[Place::Env("CHROMEDRIVER"), Place::OnPath("chromedriver")],
        obtain: Obtain::Apt(&["chromium", "chromium-driver"]),
        used_by: "test",
        required: true,
    },
    Tool {
        name: WRK,
        wanted: Wanted::Any,
        places: &[Place::OnPath("wrk")],
        obtain: Obtain::Apt(&["wrk"]),
        used_by: "bench",
        required: false,
    },
    Tool {
        name: NGINX,
        wanted: Wanted::Any,
        places: &[Place::OnPath("nginx"), Place::OnPath("/usr/sbin/nginx")],
        obtain: Obtain::Apt(&["nginx-light"]),
        used_by: "bench",
        required: false,
    },
    Tool {
        name: GIT,
        wanted: Wanted::Any,
        places: &[Place::OnPath("git")],
        obtain: Obtain::Person("install git"),
        used_by: "bench --against, test --tests-of",
        required: false,
    },
];

/// The tool with this name.
pub(crate) fn named(name: &str) -> Result<&'static Tool> {
    TOOLS.iter().find(|tool| tool.name == name).with_context(|| format!("the table of tools has no {name}"))
}

/// The tool, installed if it is missing.
pub(crate) fn ensure(repo: &Repo, name: &str) -> Result<Found> {
    let tool = named(name)?;
    if let Ok(found) = tool.look(repo) {
        return Ok(found);
    }
    tool.get(repo)?;
    tool.look(repo).with_context(|| format!("{name} was installed ({}) but cannot be found", tool.command_line(repo)))
}

impl Tool {
    /// The tool's location, or the reasons why no candidate is suitable.
    pub(crate) fn look(&self, repo: &Repo) -> Result<Found> {
        let mut unfit = Vec::new();
        for place in self.places {
            let Some((path, from)) = place.program(repo) else { continue };
            let wanted = self.wanted_version(repo)?;
            // Asking costs a process. If any version is accepted, only the doctor asks.
            let version = match (&self.wanted, place) {
                (Wanted::Any, Place::Env(_) | Place::Own(_) | Place::OnPath(_)) => None,
                _ => place.version(repo, &path),
            };
            if self.accepts(wanted.as_deref(), version.as_deref()) {
                return Ok(Found { path, from, version });
            }
            unfit.push(format!("{from} has {}", version.as_deref().unwrap_or("an unknown version")));
        }
        let wanted = self.described_wish(repo);
        if unfit.is_empty() {
            bail!("not found (wanted: {wanted})")
        }
        bail!("{} (wanted: {wanted})", unfit.join("; "))
    }

    fn accepts(&self, wanted: Option<&str>, version: Option<&str>) -> bool {
        let Some(wanted) = wanted else { return true };
        let (Some(wanted), Some(version)) = (Version::parse(wanted), version.and_then(Version::parse)) else {
            return false;
        };
        match self.wanted {
            Wanted::AtLeast(_) => version >= wanted,
            _ => version == wanted,
        }
    }

    fn wanted_version(&self, repo: &Repo) -> Result<Option<String>> {
        Ok(match self.wanted {
            Wanted::Any => None,
            Wanted::AtLeast(version) | Wanted::Exactly(version) => Some(version.to_owned()),
            Wanted::AsLocked(krate) => {
                let lock = fs::read_to_string(repo.at("Cargo.lock")).context("cannot read Cargo.lock")?;
                Some(versions::locked(&lock, krate).with_context(|| format!("Cargo.lock has no {krate} yet"))?)
            }
        })
    }

    pub(crate) fn described_wish(&self, repo: &Repo) -> String {
        match (&self.wanted, self.wanted_version(repo)) {
            (_, Err(error)) => error.to_string(),
            (_, Ok(None)) => "any version".to_owned(),
            (Wanted::AtLeast(version), _) => format!("{version} or newer"),
            (_, Ok(Some(version))) => version,
        }
    }

    /// The command that would obtain it, as a person would type it.
    pub(crate) fn command_line(&self, repo: &Repo) -> String {
        match &self.obtain {
            Obtain::Cargo { krate, locked } => {
                let version = self.wanted_version(repo).ok().flatten().unwrap_or_default();
                let locked = if *locked { " --locked" } else { "" };
                format!("cargo install {krate} --version {version} {UNOPTIMISED} --root .tools{locked}")
            }
            Obtain::Npm => npm::COMMAND_LINE.to_owned(),
            Obtain::Apt(packages) => apt::command_line(packages),
            Obtain::Person(what) => (*what).to_owned(),
        }
    }

    fn get(&self, repo: &Repo) -> Result<()> {
        match &self.obtain {
            Obtain::Cargo { krate, locked } => self.cargo_install(repo, krate, *locked),
            Obtain::Npm => npm::ensure(repo),
            Obtain::Apt(packages) => apt::install(repo, packages, self.name),
            Obtain::Person(what) => bail!("{}: {}\n  next: {what}", self.name, self.look_failure(repo)),
        }
    }

    fn look_failure(&self, repo: &Repo) -> String {
        self.look(repo).err().map_or_else(String::new, |error| error.to_string())
    }

    fn cargo_install(&self, repo: &Repo, krate: &str, locked: bool) -> Result<()> {
        let version = self.wanted_version(repo)?.context("a crate needs an exact version to be installed")?;
        let mut cargo = commands::native(repo, "cargo")?;
        cargo
            .args(["install", krate, "--version", &version, UNOPTIMISED])
            .arg("--root")
            .arg(repo.tools())
            .env("CARGO_PROFILE_DEV_DEBUG", "none")
            // Not in target/, because these are built once and should survive cleaning the project.
            .env("CARGO_TARGET_DIR", repo.tools().join("tmp/install"));
        if locked {
            cargo.arg("--locked");
        }
        Step::new(repo, &format!("install-{krate}"), &format!("cargo install {krate} {version}"), cargo)
            .on_failure(&format!("run it by hand: {}", self.command_line(repo)))
            .run()?;
        // Hundreds of megabytes that are never read again.
        let _ = fs::remove_dir_all(repo.tools().join("tmp/install"));
        Ok(())
    }
}

impl Place {
    /// The program in this place if it is there, and a description of the place.
    fn program(&self, repo: &Repo) -> Option<(PathBuf, String)> {
        let (path, from) = match self {
            Self::Env(name) => (PathBuf::from(env::var_os(name)?), format!("${name}")),
            Self::Own(bin) => (repo.tools_bin().join(bin), ".tools".to_owned()),
            Self::OnPath(bin) if bin.starts_with('/') => (PathBuf::from(bin), "system".to_owned()),
            Self::OnPath(bin) => (find::on_path(bin)?, "PATH".to_owned()),
            Self::NodeBin { bin, .. } => (repo.at("node_modules/.bin").join(bin), "node_modules".to_owned()),
            Self::NodeNative { package } => (native_program(repo, package)?, "node_modules".to_owned()),
        };
        find::is_program(&path).then_some((path, from))
    }

    pub(crate) fn version(&self, repo: &Repo, path: &Path) -> Option<String> {
        match self {
            Self::NodeBin { package, .. } | Self::NodeNative { package } => npm::version_of(repo, package),
            Self::Env(_) | Self::Own(_) | Self::OnPath(_) => {
                // worker-build has no `--version`, but cargo recorded the version that it installed.
                let noted = path.parent()?.parent()?.join(".crates2.json");
                fs::read_to_string(noted)
                    .ok()
                    .and_then(|noted| versions::installed_by_cargo(&noted, path.file_name()?.to_str()?))
                    .or_else(|| versions::told_by(path))
            }
        }
    }
}

fn native_program(repo: &Repo, package: &str) -> Option<PathBuf> {
    // Node is only asked if the package is installed; it would print a long error otherwise.
    npm::version_of(repo, package)?;
    let output = commands::native(repo, "node")
        .ok()?
        .args(["--print", &format!("require('{package}').default")])
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(path.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_the_table_are_unique() {
        for tool in &TOOLS {
            assert_eq!(TOOLS.iter().filter(|other| other.name == tool.name).count(), 1, "{}", tool.name);
        }
    }

    #[test]
    fn an_exact_version_rejects_others() {
        let tool = named(WORKER_BUILD).unwrap();
        assert!(tool.accepts(Some("0.8.7"), Some("0.8.7")));
        assert!(!tool.accepts(Some("0.8.7"), Some("0.8.8")));
        assert!(!tool.accepts(Some("0.8.7"), None));
    }

    #[test]
    fn a_minimum_version_accepts_newer_ones() {
        let tool = named(NODE).unwrap();
        assert!(tool.accepts(Some("20"), Some("24.1.0")));
        assert!(!tool.accepts(Some("20"), Some("18.20.1")));
    }
}
