//! The binary `sendry-consumer`: counts hits in a process of its own, beside any number of others.

use anyhow::{Context, bail};
use clap::Parser;
use consumer::process;
use runtime::config::Config;
use runtime::{logging, signals};
use std::path::PathBuf;
use std::sync::Arc;
use telemetry::time::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Takes hits from the queue and counts each exactly once, as the server does by itself with the SQLite queue. Run as
/// many as there is work for; stops on SIGTERM or Ctrl-C. Settings are the server's (`sendry config` prints them).
#[derive(Parser)]
#[command(version, about)]
struct Cli {
    /// A settings file; default: sendry.toml, where it is there.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    match run(cli.config) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sendry-consumer: {error:#}");
            std::process::ExitCode::FAILURE
        }
    }
}

fn run(file: Option<PathBuf>) -> anyhow::Result<()> {
    // Reads FAILPOINTS in builds for tests, and is nothing in others.
    let _fail_points = fail::FailScenario::setup();
    let config = Config::load(file.as_deref())?;
    if config.queue_is_a_file() {
        bail!(
            "the queue in a SQLite file belongs to one process: the server counts its hits by itself. Processes of their \
             own need a RabbitMQ; name it by SENDRY_QUEUE_URL=amqp://…"
        );
    }
    logging::start(&config.log)?;
    let runtime = tokio::runtime::Runtime::new().context("could not start the runtime")?;
    runtime.block_on(async {
        let address = config.consumer_addr;
        let listener = TcpListener::bind(address).await.with_context(|| {
            format!(
                "could not listen on {address}; is another consumer there? Choose another address with \
                 SENDRY_CONSUMER_ADDR"
            )
        })?;
        let shutdown = CancellationToken::new();
        tokio::spawn(signals::cancel_on_signal(shutdown.clone()));
        let clock: Clock = Arc::new(jiff::Timestamp::now);
        process::run(config, listener, clock, shutdown).await
    })
}
