//! What the project does to itself: `cargo xtask start`, `build`, `edge`, `test`, `bench`, `deny`.
//!
//! Every command starts from whatever the machine has and does only what is missing; where something cannot be had,
//! it says so in one sentence with the remedy.

mod bench;
mod command;
mod deny;
mod edge;
mod files;
mod npm;
mod services;
mod site;
mod soak;
mod start;
mod step;
mod test;
mod wasm_target;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use workspace::{Mode, Workspace};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about, version)]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// From nothing to a running dashboard, in the foreground
    Start {
        /// Optimised server, small front end
        #[arg(long)]
        release: bool,
        /// Arguments for `sendry serve`
        #[arg(last = true)]
        serve: Vec<String>,
    },
    /// Build the front end into target/site; with --release everything that one ships, or only what is named
    Build {
        #[arg(long)]
        release: bool,
        /// Only the front end
        part: Option<Part>,
    },
    /// Build the Worker of the edge into edge-ingest/build (wrangler calls this)
    Edge,
    /// Run every test, or only the stages named
    Test { stages: Vec<test::Stage> },
    /// Run the fault tests again and again, with outages of their full length, property tests with many cases, and calls
    /// drawn from the API's own description
    Soak {
        /// How long; the round under way then is finished
        #[arg(long, default_value_t = 60)]
        minutes: u64,
        /// Only tests whose name holds this
        filter: Option<String>,
    },
    /// Hold RabbitMQ, PostgreSQL and a MongoDB wire server for tests run by hand
    Services,
    /// Measure what the server costs
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Make sure that rustc can compile for the browser
    WasmTarget,
    /// Check licences, sources and duplicates of the dependencies (needs cargo-deny)
    Deny,
    /// Say where the server is, once it answers (used by `start`)
    #[command(hide = true)]
    Announce { address: std::net::SocketAddr, pid: u32 },
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Part {
    Site,
}

fn main() -> ExitCode {
    let done = match run(Cli::parse().task) {
        Ok(done) => done,
        Err(error) => {
            eprintln!("error: {error:#}");
            false
        }
    };
    if done { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn run(task: Task) -> Result<bool> {
    let workspace = Workspace::find()?;
    match task {
        Task::Start { release, serve } => start::start(&workspace, Mode::of(release), &serve)?,
        Task::Build { release, part } => build(&workspace, Mode::of(release), part)?,
        Task::Edge => drop(edge::build(&workspace, edge::Variant::Shipped)?),
        Task::Test { stages } => return test::test(&workspace, &stages),
        Task::Soak { minutes, filter } => return soak::soak(&workspace, minutes, filter.as_deref()),
        Task::Services => services::hold()?,
        Task::Bench(which) => bench::bench(&workspace, &which)?,
        Task::WasmTarget => wasm_target::ensure(&workspace)?,
        Task::Deny => deny::check(&workspace)?,
        Task::Announce { address, pid } => start::announce(address, pid)?,
    }
    Ok(true)
}

fn build(workspace: &Workspace, mode: Mode, part: Option<Part>) -> Result<()> {
    wasm_target::ensure(workspace)?;
    site::build(workspace, mode)?;
    if mode == Mode::Release && part.is_none() {
        start::build_all(workspace, mode)?;
        edge::build(workspace, edge::Variant::Shipped)?;
    }
    Ok(())
}
