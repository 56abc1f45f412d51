//! Programs from PyPI, each in a virtual environment of its own in the user's cache, made on first use.

use crate::install::{can_install, find_or_install, install, run};
use anyhow::{Context, Result};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The version of Schemathesis that the tests run.
const SCHEMATHESIS: &str = "schemathesis==4.32.5";

/// The Python that knows Schemathesis; its program `st` lies beside it.
pub fn schemathesis() -> Result<PathBuf> {
    let programs = programs(SCHEMATHESIS)
        .context("Schemathesis is needed for these tests: have Python 3 with venv and PyPI at hand")?;
    Ok(programs.join("python"))
}

/// The folder of the programs of `package`, such as `name==1.2`.
pub(crate) fn programs(package: &str) -> Result<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))
        .unwrap_or_else(std::env::temp_dir)
        .join("sendry-testbed");
    std::fs::create_dir_all(&cache).with_context(|| format!("could not make {}", cache.display()))?;
    let environment = cache.join(package.replace("==", "-"));
    // Several test processes may come here at once.
    let lock = File::create(cache.join("lock"))?;
    lock.lock().context("could not lock the testbed's cache")?;
    if !environment.join("complete").is_file() {
        make(&environment, package)?;
    }
    Ok(environment.join("bin"))
}

fn make(environment: &Path, package: &str) -> Result<()> {
    eprintln!("installing {package} …");
    let python = find_or_install("python3", Vec::new, "python3")?;
    let venv = || {
        run(
            Command::new(&python).args(["-m", "venv", "--clear"]).arg(environment),
            "make a virtual environment (Debian: `apt-get install python3-venv`)",
        )
    };
    if let Err(error) = venv() {
        // Debian ships venv apart from Python.
        if !can_install() {
            return Err(error);
        }
        install("python3-venv")?;
        venv()?;
    }
    run(
        Command::new(environment.join("bin/pip")).args(["install", "--quiet", package]),
        &format!("install {package}"),
    )?;
    File::create(environment.join("complete"))?;
    Ok(())
}
