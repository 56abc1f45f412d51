//! What runs in the browser: it compiles, and the latency sketch has the same bins there as on the server.
//!
//! `telemetry/examples/sketch_bins.rs` is built twice. The native program prints values with their bins; Node puts the
//! same values through the wasm module and compares.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::rust;
use super::tally::Tally;
use crate::command::{output, run};
use crate::step::step;
use crate::wasm_target::TARGET;
use crate::workspace::{Mode, Workspace};
use crate::{files, npm, site, wasm_target};

pub(super) fn tests(workspace: &Workspace) -> Result<Tally> {
    wasm_target::ensure(workspace)?;
    npm::require_node()?;
    Ok(Tally::of_check(sketch(workspace)) + Tally::of_check(site::build(workspace, Mode::Dev)))
}

fn sketch(workspace: &Workspace) -> Result<()> {
    let table = native_table(workspace)?;
    let module = wasm_module(workspace)?;
    let mut node = Command::new("node");
    node.arg(workspace.root.join("xtask/src/test/sketch_bins.mjs")).arg(module).arg(table);
    run(&mut node, "find the same bins in wasm")
}

/// A file of lines `<bits of the value, hex> <bin>`.
fn native_table(workspace: &Workspace) -> Result<PathBuf> {
    rust::binaries(workspace)?;
    let table = workspace.own().join("sketch-bins.txt");
    let mut example = Command::new(workspace.target.join("debug/examples/sketch_bins"));
    files::write(&table, output(&mut example, "compute the sketch's bins natively")?)?;
    Ok(table)
}

/// The same source against telemetry compiled for wasm. By rustc itself: as cargo's example it would have to bring
/// the test tools along, which do not compile for the browser.
fn wasm_module(workspace: &Workspace) -> Result<PathBuf> {
    let module = workspace.own().join("sketch_bins.wasm");
    step("sketch", || {
        let library = telemetry(workspace)?;
        let mut rustc = wasm_target::rustc();
        rustc.arg(workspace.root.join("telemetry/examples/sketch_bins.rs")).arg("-o").arg(&module);
        rustc.args(["--edition", "2024", "--crate-type", "cdylib", "--target", TARGET]);
        rustc.arg("--extern").arg(format!("telemetry={}", library.display()));
        // its dependencies, and the macros that these were made with
        for folder in [library.with_file_name("deps"), workspace.target.join("debug/deps")] {
            rustc.arg("-L").arg(format!("dependency={}", folder.display()));
        }
        run(&mut rustc, "compile the sketch for the browser")?;
        Ok("compiled for the browser")
    })?;
    Ok(module)
}

/// Compiles telemetry for wasm; hands back its library.
fn telemetry(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--quiet", "--package", "telemetry", "--lib", "--target", TARGET]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let messages = output(&mut cargo, "compile telemetry for the browser")?;
    let mut libraries = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let ours = message["reason"] == "compiler-artifact" && message["target"]["name"] == "telemetry";
        let files = message["filenames"].as_array().filter(|_| ours)?;
        let library = files.iter().filter_map(Value::as_str).find(|file| file.ends_with(".rlib"))?;
        Some(PathBuf::from(library))
    });
    libraries.next_back().context("cargo names no library of telemetry")
}
