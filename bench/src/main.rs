//! Measures what Sendry costs: `bench embedded`, `bench pages` and `bench pipeline`, as `cargo xtask bench …` runs them.
//!
//! The rule: a figure stands beside the limit it is held against, and both were measured in the same run on the same
//! machine, by turns. Nothing is compared with a number from elsewhere, except the aims.

mod bare;
mod client;
mod embedded;
mod hits;
mod limits;
mod load;
mod month;
mod pages;
mod pipeline;
mod process;
mod report;
mod samples;
mod sendry;

use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// The same as the server's, so that the bare server differs by its work alone.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(name = "bench", about, version)]
struct Cli {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The embedded server: ingest, drain and memory, beside a bare server and the machine's limits
    Embedded(embedded::Options),
    /// The distributed pipeline: servers, RabbitMQ, consumers, MongoDB and PostgreSQL, beside bare parts
    Pipeline(pipeline::Options),
    /// The dashboard over a million hits: how long the server takes for each page
    Pages(pages::Options),
    /// Send hits to a server that runs already
    Load(LoadOptions),
    /// A server that makes hits durable and does nothing else
    #[command(hide = true)]
    Bare { address: SocketAddr, file: PathBuf },
    /// A server that has hits confirmed by a broker and does nothing else
    #[command(hide = true)]
    BareBroker { address: SocketAddr, url: String },
    /// A server that parses hits and forgets them
    #[command(hide = true)]
    Forgetful { address: SocketAddr },
}

#[derive(Args)]
struct LoadOptions {
    #[arg(long, default_value = "127.0.0.1:3000")]
    address: SocketAddr,
    /// An API key
    #[arg(long, default_value = "none")]
    key: String,
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// Hits per request; 1 sends them to /api/hit
    #[arg(long, default_value_t = 1)]
    hits: usize,
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Send each batch under an Idempotency-Key of its own
    #[arg(long)]
    idempotency_keys: bool,
}

fn main() -> ExitCode {
    let done = match Cli::parse().what {
        What::Embedded(options) => embedded::run(&options),
        What::Pages(options) => pages::run(&options),
        What::Pipeline(options) => pipeline::run(&options),
        What::BareBroker { address, url } => bare::serve(address, bare::Work::Confirmed(&url)),
        What::Load(options) => send(&options),
        What::Bare { address, file } => bare::serve(address, bare::Work::Durable(&file)),
        What::Forgetful { address } => bare::serve(address, bare::Work::ParseOnly),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn send(options: &LoadOptions) -> Result<()> {
    let point = load::Point { connections: options.connections, hits: options.hits };
    let load = load::Load {
        address: options.address,
        requests: hits::requests(&options.key, options.hits),
        idempotency_keys: options.idempotency_keys,
        point,
        warm_up: Duration::ZERO,
        measure: Duration::from_secs(options.seconds),
    };
    let measured = load::run(&load, || Ok(Duration::ZERO)).context("the load broke off")?;
    println!(
        "{point}: {:.0} hits/s, p50 {:.3} ms, p99 {:.3} ms; {} accepted in all, {} requests refused",
        measured.hits_per_second(),
        measured.p50_ms(),
        measured.p99_ms(),
        measured.accepted,
        measured.refused,
    );
    Ok(())
}
