//! The dashboard in Chromium, against a server that Playwright's configuration starts by itself.
//!
//! The tests are told where things are: `SENDRY_BIN` the server, `LEPTOS_SITE_ROOT` what it serves, `SHIPPED_SITE` the
//! folder of the site as it is shipped (how soon a page is seen is measured with that), `CHROMIUM_PATH` the browser.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::rust;
use super::tally::Tally;
use crate::command::{run, succeeds, watch};
use crate::step::step;
use crate::workspace::{Mode, Workspace};
use crate::{npm, site, wasm_target};

const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

pub(super) fn tests(workspace: &Workspace) -> Result<Tally> {
    let folder = workspace.root.join("end2end");
    npm::install(&folder)?;
    let chromium = chromium()?;
    wasm_target::ensure(workspace)?;
    site::build(workspace, Mode::Dev)?;
    let shipped = site::build_aside(workspace)?;
    rust::binaries(workspace)?;

    let mut npx = Command::new(if cfg!(windows) { "npx.cmd" } else { "npx" });
    npx.args(["playwright", "test", "--reporter=list"]).current_dir(folder);
    npx.env("SENDRY_BIN", workspace.server(Mode::Dev)).env("SHIPPED_SITE", shipped);
    npx.env("LEPTOS_SITE_ROOT", workspace.site()).env("CHROMIUM_PATH", chromium);
    let (lines, well) = watch(&mut npx, "run Playwright")?;
    Ok(Tally::of_outcomes(&lines, "Playwright")?.and_ended(well))
}

/// `CHROMIUM_PATH`, one on PATH, or Debian's, installed where we may.
fn chromium() -> Result<OsString> {
    if let Some(given) = std::env::var_os("CHROMIUM_PATH") {
        return Ok(given);
    }
    if let Some(found) = on_path() {
        return Ok(found.into());
    }
    let may_install = succeeds(Command::new("sh").args(["-c", "[ \"$(id -u)\" = 0 ] && command -v apt-get"]));
    if may_install {
        step("chromium", || {
            // a fresh container has no package lists yet
            run(Command::new("apt-get").args(["update", "--quiet"]), "read Debian's package lists")?;
            let mut apt = Command::new("apt-get");
            apt.args(["install", "--yes", "--quiet", "--no-install-recommends", "chromium"]);
            run(apt.env("DEBIAN_FRONTEND", "noninteractive"), "install Chromium")?;
            Ok("installed")
        })?;
        return on_path().map(Into::into).context("Chromium was installed but is not on PATH");
    }
    bail!(
        "Chromium is needed and not on PATH: install it (Debian: `apt-get install chromium`) or set CHROMIUM_PATH"
    )
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut places =
        BROWSERS.iter().flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)));
    places.find(|place| place.is_file())
}
