//! The Worker in workerd, against a real core; its lints and formatting too, as it is a workspace of its own.
//!
//! The tests are told where things are: `SENDRY_BIN` the core.

use std::process::Command;

use anyhow::Result;

use super::rust;
use super::tally::Tally;
use crate::command::watch;
use crate::edge::{self, Variant};
use crate::wasm_target::TARGET;
use crate::workspace::{Mode, Workspace};
use crate::{npm, wasm_target};

pub(super) fn tests(workspace: &Workspace) -> Result<Tally> {
    let folder = edge::folder(workspace);
    wasm_target::ensure(workspace)?;
    npm::install(&folder)?;
    let fmt = workspace.cargo().current_dir(&folder).args(["fmt", "--check"]).status()?.success();
    let mut clippy = workspace.cargo();
    clippy.current_dir(&folder).args([
        "clippy",
        "--release",
        "--locked",
        "--target",
        TARGET,
        "--all-features",
    ]);
    clippy.arg("--target-dir").arg(workspace.target.join("edge")).args(["--", "-D", "warnings"]);
    let checks = Tally::check(fmt) + Tally::check(clippy.status()?.success());

    edge::build(workspace, Variant::Shipped)?;
    edge::build(workspace, Variant::ForTests)?;
    rust::binaries(workspace)?;
    let mut node = Command::new("node");
    // One file after the other: each has a core of its own, and some measure time.
    // A file takes a minute at most; one that hangs fails in five, by name.
    node.args(["--test", "--test-concurrency=1", "--test-timeout=300000", "--test-reporter=spec"])
        .arg("tests/")
        .current_dir(&folder);
    node.env("SENDRY_BIN", workspace.server(Mode::Dev));
    let (lines, well) = watch(&mut node, "run the tests of the Worker")?;
    Ok(checks + Tally::of_node(&lines)?.and_ended(well))
}
