//! Schemathesis over the OpenAPI document as each role, against servers that it starts itself (`api.py`).

use std::process::Command;

use anyhow::Result;

use super::rust;
use super::tally::Tally;
use crate::command::watch;
use crate::step::step;
use crate::workspace::{Mode, Workspace};

/// `examples` calls for each operation, beside those at its edges.
pub(crate) fn drawn_calls(workspace: &Workspace, examples: u32) -> Result<Tally> {
    let mut python = None;
    step("schemathesis", || {
        python = Some(testbed::schemathesis()?);
        Ok("is there")
    })?;
    rust::binaries(workspace)?;
    let mut run = Command::new(python.unwrap_or_default());
    run.arg(workspace.root.join("xtask/src/test/api.py")).env("SENDRY_BIN", workspace.server(Mode::Dev));
    run.env("SENDRY_API_EXAMPLES", examples.to_string());
    let (lines, well) = watch(&mut run, "draw calls with Schemathesis")?;
    Ok(Tally::of_outcomes(&lines, "Schemathesis")?.and_ended(well))
}
