//! The locations of things in this repository.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// The repository, by its root folder.
#[derive(Debug, Clone)]
pub(crate) struct Repo {
    root: PathBuf,
}

impl Repo {
    pub(crate) fn find() -> Result<Self> {
        // `cargo run` sets the crate's folder at run time, which stays correct when a clone has been moved.
        let here =
            env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = here.parent().context("the xtask crate has no parent folder")?.to_path_buf();
        Ok(Self::at_root(root))
    }

    pub(crate) fn at_root(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn at(&self, path: impl AsRef<Path>) -> PathBuf {
        self.root.join(path)
    }

    /// Tools obtained for this repository only. Ignored by git and safe to delete.
    pub(crate) fn tools(&self) -> PathBuf {
        self.at(".tools")
    }

    pub(crate) fn tools_bin(&self) -> PathBuf {
        self.tools().join("bin")
    }

    pub(crate) fn log(&self, step: &str) -> PathBuf {
        self.tools().join("log").join(format!("{step}.log"))
    }

    /// Separate from `target/`, because another compiler may build for wasm, and the two would evict each other's
    /// artefacts.
    pub(crate) fn wasm_target(&self) -> PathBuf {
        self.at("target/wasm")
    }

    /// A path for display: relative to the root if it is inside.
    pub(crate) fn short<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}
