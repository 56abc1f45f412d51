//! The front end: from `app/`, `style/` and `app/public/` to what the server serves, `target/site`.
//!
//! The layout and the names are those of cargo-leptos (output-name "sendry"), so either tool can build for the same
//! server. What has not changed is left alone: each part remembers its inputs and outputs.

mod assets;
mod bindgen;
mod order;
mod release;
mod stamps;
mod style;

use std::path::PathBuf;

use anyhow::Result;

use crate::command::run;
use crate::files;
use crate::step::{note, step};
use crate::wasm_target::TARGET;
use crate::workspace::{Mode, Workspace};
use stamps::Stamps;

/// The server's `output-name`.
const NAME: &str = "sendry";

pub(crate) use release::optimise;

pub(crate) fn build(workspace: &Workspace, mode: Mode) -> Result<()> {
    let wasm = compile(workspace, mode)?;
    assets::provide_echarts(workspace)?;
    match mode {
        Mode::Dev => dev(workspace, wasm),
        Mode::Release => release::build(workspace, wasm, release::Place::served(workspace)?),
    }
}

/// Builds what one ships into a folder of its own, and hands that back: in it lie `site` and the hashes of its names. What
/// is being developed with stays as it is.
pub(crate) fn build_aside(workspace: &Workspace) -> Result<PathBuf> {
    let wasm = compile(workspace, Mode::Release)?;
    assets::provide_echarts(workspace)?;
    let folder = workspace.own().join("shipped");
    files::make_folder(&folder)?;
    release::build(workspace, wasm, release::Place::aside(&folder))?;
    Ok(folder)
}

fn compile(workspace: &Workspace, mode: Mode) -> Result<PathBuf> {
    // In dev the plain profile: its proc macros are those that the server's build needs too.
    let (profile, folder) = match mode {
        Mode::Dev => ("dev", "debug"),
        Mode::Release => ("wasm-release", "wasm-release"),
    };
    let wasm = workspace.target.join(TARGET).join(folder).join("app.wasm");
    step("dashboard", || {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--package", "app", "--lib", "--target", TARGET, "--profile", profile]);
        cargo.args(["--no-default-features", "--features", "hydrate"]);
        run(&mut cargo, "compile the dashboard for the browser")?;
        Ok("compiled for the browser")
    })?;
    Ok(wasm)
}

fn dev(workspace: &Workspace, wasm: PathBuf) -> Result<()> {
    let site = workspace.site();
    let package = site.join("pkg");
    let mut stamps = Stamps::open(workspace, Mode::Dev)?;

    let outputs = [package.join("sendry.js"), package.join("sendry.wasm")];
    if !stamps.fresh("bindgen", std::slice::from_ref(&wasm), &outputs) {
        step("wasm-bindgen", || {
            let made = workspace.own().join("pkg");
            bindgen::generate(&wasm, &made)?;
            files::remove(&package.join("snippets"))?;
            files::copy_folder(&made, &package)?;
            Ok("made pkg/sendry.js and pkg/sendry.wasm")
        })?;
        stamps.record("bindgen", &[wasm], &outputs)?;
    }

    let styles = files::walk(&workspace.root.join("style"))?;
    let sheet = package.join("sendry.css");
    if !stamps.fresh("style", &styles, std::slice::from_ref(&sheet)) {
        step("style", || {
            files::write(&sheet, style::bundle(workspace)?)?;
            Ok("bundled into pkg/sendry.css")
        })?;
        stamps.record("style", &styles, &[sheet])?;
    }

    let public = files::walk(&assets::folder(workspace))?;
    let copies = assets::copies(workspace, &site)?;
    if !stamps.fresh("assets", &public, &copies) {
        assets::mirror(workspace, &site)?;
        stamps.record("assets", &public, &copies)?;
    }

    let megabytes = files::walk(&site)?
        .iter()
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len() as f64 / 1e6)
        .sum::<f64>();
    note("site", format!("{} ({megabytes:.1} MB, for development)", site.display()));
    Ok(())
}
