//! npm: the packages of a folder, and single tools.
//!
//! Installed once; again only when what is asked for has changed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::command::{run, succeeds};
use crate::files;
use crate::step::step;
use crate::workspace::Workspace;

/// Quiet, and without calls that have nothing to do with installing.
const QUIET: [&str; 4] = ["--no-audit", "--no-fund", "--loglevel=error", "--no-update-notifier"];

/// `npm ci` in a folder of the workspace, unless it was done since the lock file changed.
pub(crate) fn install(folder: &Path) -> Result<()> {
    let age = |path: PathBuf| path.metadata().and_then(|found| found.modified()).ok();
    let done = age(folder.join("node_modules/.package-lock.json"));
    if done.is_some() && done >= age(folder.join("package-lock.json")) {
        return Ok(());
    }
    require_node()?;
    step("npm", || {
        let mut npm = npm();
        npm.arg("ci").args(QUIET).current_dir(folder);
        run(&mut npm, "install npm packages")?;
        Ok(format!("packages of {} installed", folder.file_name().unwrap_or_default().to_string_lossy()))
    })?;
    Ok(())
}

/// A tool out of an npm package, in xtask's own folder; hands back the path of its program.
pub(crate) fn tool(workspace: &Workspace, package: &str, version: &str, program: &str) -> Result<PathBuf> {
    let folder = workspace.own().join(format!("{package}-{version}"));
    let path = folder.join("node_modules").join(package).join("bin").join(program);
    if path.exists() {
        return Ok(path);
    }
    require_node()?;
    step(program, || {
        files::empty_folder(&folder)?;
        let mut npm = npm();
        npm.args(["install", "--no-save"]).args(QUIET).arg(format!("{package}@{version}"));
        // without a manifest of its own npm would climb to the next one above
        files::write(&folder.join("package.json"), "{\"private\":true}\n")?;
        run(npm.current_dir(&folder), "install an npm package")?;
        Ok(format!("installed with npm's {package} {version}"))
    })?;
    Ok(path)
}

pub(crate) fn require_node() -> Result<()> {
    if !succeeds(Command::new("node").arg("--version")) {
        bail!("Node.js is needed for this and is not on PATH: install version 20 or newer, with npm");
    }
    Ok(())
}

fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}
