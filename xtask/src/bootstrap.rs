//! Everything that has to be there before a chore, obtained when it is not.

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

/// One bootstrap or build at a time: two would install and write over each other. Released when dropped.
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
            // Not a blocking wait, which Ctrl-C would not end.
            children::check()?;
            thread::sleep(Duration::from_millis(200));
        }
        Ok(Self { _file: file })
    }
}

/// What building needs.
#[derive(Debug)]
pub(crate) struct Builders {
    pub(crate) toolchain: Toolchain,
    pub(crate) wasm_bindgen: PathBuf,
    pub(crate) wasm_opt: PathBuf,
    pub(crate) esbuild: PathBuf,
}

impl Builders {
    /// The quick checks first: a machine without Node should hear of it before minutes of compiling.
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

    /// A command that can build for wasm, and in which worker-build finds its helpers; without these names it would
    /// download them.
    pub(crate) fn command(&self, repo: &Repo, program: impl AsRef<OsStr>) -> Result<Command> {
        let mut command = commands::wasm(repo, self.toolchain.private(), program)?;
        command
            .env("WASM_BINDGEN_BIN", &self.wasm_bindgen)
            .env("WASM_OPT_BIN", &self.wasm_opt)
            .env("ESBUILD_BIN", &self.esbuild);
        Ok(command)
    }
}
