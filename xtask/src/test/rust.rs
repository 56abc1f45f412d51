//! Formatting, lints and Rust's own tests.

use std::io::IsTerminal;
use std::process::Command;

use anyhow::Result;

use super::tally::Tally;
use crate::command::{run, succeeds, watch};
use crate::services;
use crate::step::step;
use crate::wasm_target::{self, TARGET};
use crate::workspace::Workspace;

pub(super) fn fmt(workspace: &Workspace) -> Result<Tally> {
    let well = workspace.cargo().args(["fmt", "--all", "--check"]).status()?.success();
    Ok(Tally::check(well))
}

/// Native, all targets; and the dashboard as it is compiled for the browser, which the native run never sees.
pub(super) fn clippy(workspace: &Workspace) -> Result<Tally> {
    wasm_target::ensure(workspace)?;
    let native = ["--workspace", "--all-targets"].as_slice();
    let browser =
        ["--package", "app", "--lib", "--target", TARGET, "--no-default-features", "--features", "hydrate"]
            .as_slice();
    let mut tally = Tally::default();
    for what in [native, browser] {
        let mut cargo = workspace.cargo();
        cargo.arg("clippy").args(what).args(["--", "-D", "warnings"]);
        tally = tally + Tally::check(cargo.status()?.success());
    }
    Ok(tally)
}

/// With nextest where it is installed; it knows no doc tests, those go to cargo.
pub(super) fn tests(workspace: &Workspace) -> Result<Tally> {
    let services = services::start()?;
    let mut tally = if succeeds(workspace.cargo().args(["nextest", "--version"])) {
        let mut cargo = workspace.cargo();
        cargo.args(["nextest", "run", "--workspace", "--no-fail-fast"]);
        cargo.args(["--status-level", "slow", "--final-status-level", "fail", "--hide-progress-bar"]);
        let (lines, well) = watch(services.told(colourful(&mut cargo)), "run the tests with nextest")?;
        Tally::of_nextest(&lines)?.and_ended(well)
    } else {
        let mut cargo = workspace.cargo();
        cargo.args(["test", "--workspace", "--all-targets", "--no-fail-fast"]);
        let (lines, well) = watch(services.told(colourful(&mut cargo)), "run the tests")?;
        Tally::of_libtest(&lines).and_ended(well)
    };
    let mut cargo = workspace.cargo();
    cargo.args(["test", "--workspace", "--doc", "--no-fail-fast"]);
    let (lines, well) = watch(colourful(&mut cargo), "run the doc tests")?;
    tally = tally + Tally::of_libtest(&lines).and_ended(well);
    Ok(tally)
}

/// The server, and telemetry's example, for the stages that run them. Asked for together with an example in the whole
/// workspace, cargo resolves features as for the tests and finds everything compiled; each alone would compile
/// hundreds of crates anew.
pub(super) fn binaries(workspace: &Workspace) -> Result<()> {
    step("binaries", || {
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--workspace", "--bin", "sendry", "--example", "sketch_bins"]);
        run(&mut cargo, "build the server")?;
        Ok("built as the Rust tests have them")
    })?;
    Ok(())
}

/// What is read through a pipe keeps its colours where a person looks on.
fn colourful(cargo: &mut Command) -> &mut Command {
    if std::io::stderr().is_terminal() {
        cargo.env("CARGO_TERM_COLOR", "always");
    }
    cargo
}
