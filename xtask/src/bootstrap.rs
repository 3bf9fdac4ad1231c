//! Obtains the tools and packages that a chore needs.

use std::ffi::OsStr;
use std::fs::{self, File, TryLockError};
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::children;
use crate::commands;
use crate::npm;
use crate::repo::Repo;
use crate::say;
use crate::tools;
use crate::wasm_target::{self, Toolchain};

/// Only one bootstrap or build runs at a time, because two would overwrite each other's files. Released on drop.
#[derive(Debug)]
pub(crate) struct Turn {
    _file: File,
}

impl Turn {
    pub(crate) fn take(repo: &Repo) -> Result<Self> {
        fs::create_dir_all(repo.tools()).with_context(|| format!("cannot create {}", repo.tools().display()))?;
        let path = repo.tools().join("lock");
        let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut told = false;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(error)) => return Err(error).context("cannot lock .tools"),
                Err(TryLockError::WouldBlock) => {}
            }
            if !told {
                say::line("waiting for another cargo xtask to finish its build …");
                told = true;
            }
            // Polls, because Ctrl-C would not interrupt a blocking wait.
            children::check()?;
            thread::sleep(Duration::from_millis(200));
        }
        Ok(Self { _file: file })
    }
}

/// The tools for building.
#[derive(Debug)]
pub(crate) struct Builders {
    pub(crate) toolchain: Toolchain,
    pub(crate) wasm_bindgen: PathBuf,
    pub(crate) wasm_opt: PathBuf,
    pub(crate) esbuild: PathBuf,
}

impl Builders {
    /// Quick checks come first: a machine without Node should learn that before minutes of compiling.
    pub(crate) fn ensure(repo: &Repo) -> Result<Self> {
        tools::ensure(repo, tools::NODE)?;
        tools::ensure(repo, tools::NPM)?;
        npm::ensure(repo)?;
        Ok(Self {
            toolchain: wasm_target::ensure(repo)?,
            wasm_bindgen: tools::ensure(repo, tools::WASM_BINDGEN)?.path,
            wasm_opt: tools::ensure(repo, tools::WASM_OPT)?.path,
            esbuild: tools::ensure(repo, tools::ESBUILD)?.path,
        })
    }

    /// A command that can build for wasm and that tells worker-build where its helper programs are. Without these
    /// variables worker-build would download them.
    pub(crate) fn command(&self, repo: &Repo, program: impl AsRef<OsStr>) -> Result<Command> {
        let mut command = commands::wasm(repo, self.toolchain.private(), program)?;
        command
            .env("WASM_BINDGEN_BIN", &self.wasm_bindgen)
            .env("WASM_OPT_BIN", &self.wasm_opt)
            .env("ESBUILD_BIN", &self.esbuild);
        Ok(command)
    }
}
