//! Measures what is built with --release: this builds it, the crate `bench` measures and says what it found.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::Subcommand;

use crate::command::run;
use crate::edge::{self, Variant};
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
    /// The Worker of the edge in workerd: processor time of a call, and what it adds to one (two minutes)
    Edge {
        /// A quarter of a minute a figure, rougher
        #[arg(long)]
        quick: bool,
    },
    /// The dashboard over a million hits: how long the server takes for each page (three minutes)
    Pages {
        /// A hundred thousand hits, each page five times
        #[arg(long)]
        quick: bool,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Server, RabbitMQ, consumers, MongoDB and PostgreSQL together, beside what each can do at best (ten minutes)
    Pipeline {
        /// A few minutes, rougher figures
        #[arg(long)]
        quick: bool,
        /// Print JSON instead of a table
        #[arg(long)]
        json: bool,
    },
}

pub(crate) fn bench(workspace: &Workspace, which: &Bench) -> Result<()> {
    let (name, options) = match which {
        Bench::Edge { quick } => return edge(workspace, *quick),
        Bench::Embedded { quick, json, idempotency_keys } => (
            "embedded",
            [("--quick", quick), ("--json", json), ("--idempotency-keys", idempotency_keys)].to_vec(),
        ),
        Bench::Pages { quick, json } => ("pages", [("--quick", quick), ("--json", json)].to_vec()),
        Bench::Pipeline { quick, json } => ("pipeline", [("--quick", quick), ("--json", json)].to_vec()),
    };
    let server = release_build(workspace)?;
    let mut bench = Command::new(server.with_file_name(format!("bench{}", std::env::consts::EXE_SUFFIX)));
    bench.arg(name).arg("--server").arg(server);
    // On the disk of the workspace: the system's folder for temporary files may be memory.
    bench.arg("--folder").arg(workspace.own().join("bench"));
    bench.args(options.iter().filter(|(_, wanted)| **wanted).map(|(option, _)| option));
    run(&mut bench, "measure")
}

/// All that any benchmark needs, as one build for all finds the crates compiled; where the server lies.
fn release_build(workspace: &Workspace) -> Result<PathBuf> {
    let packages = ["server", "consumer", "bench"];
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--bins"]).args(packages.iter().flat_map(|name| ["--package", name]));
    run(&mut cargo, "build what is measured")?;
    Ok(workspace.server(Mode::Release))
}

/// Measured by a script, since it is JavaScript that starts workerd.
fn edge(workspace: &Workspace, quick: bool) -> Result<()> {
    edge::build(workspace, Variant::Shipped)?;
    let mut node = Command::new("node");
    node.arg("bench.js").current_dir(edge::folder(workspace)).env("SENDRY_BIN", release_build(workspace)?);
    if quick {
        node.arg("--quick");
    }
    run(&mut node, "measure")
}
