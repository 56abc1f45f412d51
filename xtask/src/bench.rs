//! Measures what is built with --release: this builds it, the crate `bench` measures and says what it found.

use std::process::Command;

use anyhow::Result;
use clap::Subcommand;

use crate::command::run;
use crate::workspace::{Mode, Workspace};

#[derive(Subcommand)]
pub(crate) enum Bench {
    /// The embedded server, beside a bare one and the machine's limits (three minutes)
    Embedded {
        /// Half a minute, rougher figures
        #[arg(long)]
        quick: bool,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
        /// Send each batch under an Idempotency-Key of its own
        #[arg(long)]
        idempotency_keys: bool,
    },
}

pub(crate) fn bench(workspace: &Workspace, which: &Bench) -> Result<()> {
    let Bench::Embedded { quick, json, idempotency_keys } = which;
    run(
        workspace.cargo().args(["build", "--release", "--package", "server", "--package", "bench"]),
        "build what is measured",
    )?;
    let server = workspace.server(Mode::Release);
    let mut bench = Command::new(server.with_file_name(format!("bench{}", std::env::consts::EXE_SUFFIX)));
    bench.arg("embedded").arg("--server").arg(server);
    // On the disk of the workspace: the system's folder for temporary files may be memory.
    bench.arg("--folder").arg(workspace.own().join("bench"));
    for (option, wanted) in [("--quick", quick), ("--json", json), ("--idempotency-keys", idempotency_keys)] {
        if *wanted {
            bench.arg(option);
        }
    }
    run(&mut bench, "measure")
}
