//! Makes sure that rustc can compile for the browser (wasm32-unknown-unknown).
//!
//! Three ways, the usual one first: rustup; the standard library built from Debian's source package of this very
//! compiler; the same built by another compiler of Debian's. Nothing is done where the target is there already.

mod debian;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::command::{output, succeeds_within};
use crate::step::step;
use crate::workspace::Workspace;

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// rustup hangs for minutes where its server cannot be reached.
const RUSTUP_LIMIT: Duration = Duration::from_secs(120);

pub(crate) fn ensure(workspace: &Workspace) -> Result<()> {
    let toolchain = Toolchain::find(workspace)?;
    if toolchain.has_target() {
        return Ok(());
    }
    step("wasm target", || {
        let mut rustup = Command::new("rustup");
        rustup.args(["target", "add", TARGET]).current_dir(&workspace.root);
        if succeeds_within(&mut rustup, RUSTUP_LIMIT) && toolchain.has_target() {
            return Ok("installed by rustup");
        }
        debian::install(workspace, &toolchain).with_context(|| {
            format!(
                "this rustc cannot compile for the browser: run `rustup target add {TARGET}` where rustup's server \
                 can be reached, or install your distribution's package of Rust's standard library for wasm32"
            )
        })
    })?;
    Ok(())
}

/// The compiler that cargo would use.
pub(crate) fn rustc() -> Command {
    Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
}

/// The compiler in use.
struct Toolchain {
    sysroot: PathBuf,
    /// `1.95.0`
    release: String,
}

impl Toolchain {
    fn find(workspace: &Workspace) -> Result<Self> {
        let ask = |argument: &[&str]| {
            output(rustc().args(argument).current_dir(&workspace.root), "ask rustc about itself")
        };
        let sysroot = PathBuf::from(ask(&["--print", "sysroot"])?.trim());
        let about = ask(&["-vV"])?;
        let release = about.lines().find_map(|line| line.strip_prefix("release: "));
        let release = release.context("rustc -vV names no release")?.to_owned();
        Ok(Self { sysroot, release })
    }

    fn library(&self) -> PathBuf {
        self.sysroot.join("lib/rustlib").join(TARGET).join("lib")
    }

    fn has_target(&self) -> bool {
        has_std(&self.library())
    }
}

fn has_std(library: &Path) -> bool {
    let Ok(files) = fs::read_dir(library) else { return false };
    files.flatten().any(|file| {
        let name = file.file_name();
        let name = name.to_string_lossy();
        name.starts_with("libstd-") && name.ends_with(".rlib")
    })
}
