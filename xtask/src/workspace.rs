//! Where things lie: the folder of the workspace and the one that cargo builds into.
//!
//! Nothing here assumes `target/`: CARGO_TARGET_DIR and cargo's own configuration decide.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use cargo_metadata::MetadataCommand;

pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Dev,
    Release,
}

impl Mode {
    pub(crate) fn of(release: bool) -> Self {
        if release { Self::Release } else { Self::Dev }
    }

    /// The folder that cargo gives to the server's profile.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::Dev => "debug",
            Self::Release => "release",
        }
    }
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        // By our own place in the source tree, so that the caller's folder does not matter. As `cargo run` tells it:
        // the one compiled in is another clone's where several clones share a target folder.
        let own = std::env::var_os("CARGO_MANIFEST_DIR").context("xtask is to be run as `cargo xtask`")?;
        let manifest = Path::new(&own).with_file_name("Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("could not ask cargo where the workspace builds")?;
        Ok(Self {
            root: metadata.workspace_root.into_std_path_buf(),
            target: metadata.target_directory.into_std_path_buf(),
        })
    }

    /// What the server serves: cargo-leptos' `site-root`.
    pub(crate) fn site(&self) -> PathBuf {
        self.target.join("site")
    }

    /// Notes and tools of xtask itself.
    pub(crate) fn own(&self) -> PathBuf {
        self.target.join("xtask")
    }

    pub(crate) fn server(&self, mode: Mode) -> PathBuf {
        self.target.join(mode.folder()).join(format!("sendry{}", std::env::consts::EXE_SUFFIX))
    }

    /// The cargo that runs us, started in the root of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        cargo.current_dir(&self.root);
        cargo
    }
}
