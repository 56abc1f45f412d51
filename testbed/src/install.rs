//! What a service needs on the machine: found, or installed on Debian as root, or said in one sentence.

use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A program on PATH or in one of `places`.
pub(crate) fn find(program: &str, places: &[PathBuf]) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join(program));
    on_path.chain(places.iter().map(|folder| folder.join(program))).find(|place| place.is_file())
}

/// [`find`], after installing Debian's `package` where that is allowed and needed.
pub(crate) fn find_or_install(program: &str, places: fn() -> Vec<PathBuf>, package: &str) -> Result<PathBuf> {
    if let Some(found) = find(program, &places()) {
        return Ok(found);
    }
    if !can_install() {
        bail!(
            "{program} is needed for these tests and was not found: install it (Debian: `apt-get install {package}`)"
        );
    }
    install(package)?;
    find(program, &places()).with_context(|| format!("{package} was installed, but {program} is not there"))
}

/// Whether this is Debian, and we are root.
pub(crate) fn can_install() -> bool {
    is_root() && find("apt-get", &[]).is_some()
}

/// Installs a package of Debian's. Several threads may want one at once; apt takes one at a time.
pub(crate) fn install(package: &str) -> Result<()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    eprintln!("installing {package} …");
    let apt = |arguments: &[&str]| {
        let mut apt = Command::new("apt-get");
        apt.args(["--quiet", "-o", "DPkg::Lock::Timeout=300"]).args(arguments);
        run(apt.env("DEBIAN_FRONTEND", "noninteractive"), &format!("apt-get {}", arguments.join(" ")))
    };
    // A fresh container has no package lists yet.
    apt(&["update"])?;
    apt(&["install", "--yes", "--no-install-recommends", package])
}

pub(crate) fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs a program to its end; what it printed is told only where it fails.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<()> {
    let output = command.output().with_context(|| format!("could not {what}"))?;
    if !output.status.success() {
        bail!("could not {what}:\n{}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
