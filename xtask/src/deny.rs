//! Licences, sources and duplicates of the dependencies, with cargo-deny by the rules in `deny.toml`.
//!
//! Not a stage of `test`: cargo-deny is a tool to be installed first, and only what needs no network is checked.

use anyhow::{Result, bail};

use crate::command::{run, succeeds};
use crate::workspace::Workspace;

pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    if !succeeds(workspace.cargo().args(["deny", "--version"])) {
        bail!("cargo-deny is not installed: `cargo install --locked cargo-deny`");
    }
    // advisories are left out: their database is to be downloaded first (`cargo deny check` does both)
    let mut deny = workspace.cargo();
    deny.args(["deny", "--offline", "check", "bans", "licenses", "sources"]);
    run(&mut deny, "pass cargo-deny")
}
