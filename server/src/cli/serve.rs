//! `sendry serve` and `sendry migrate`.

use anyhow::Context;
use server::config::Config;
use server::{logging, run};
use std::sync::Arc;
use telemetry::time::Clock;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

pub(super) fn serve(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    let runtime = tokio::runtime::Runtime::new().context("could not start the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(config.addr).await.with_context(|| {
            format!("could not listen on {}; is it taken? Choose another one with SENDRY_ADDR", config.addr)
        })?;
        let shutdown = CancellationToken::new();
        tokio::spawn(cancel_on_signal(shutdown.clone()));
        let clock: Clock = Arc::new(jiff::Timestamp::now);
        run::run(config, listener, clock, shutdown).await
    })
}

pub(super) fn migrate(config: &Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("could not start the runtime")?;
    runtime.block_on(async {
        queue::sqlite::SqliteQueue::open(&config.queue_path()).await.context("could not open the queue")?;
        store::sqlite::open_embedded(&config.events_path(), &config.database_path())
            .await
            .context("could not migrate the stores")?;
        println!("The databases are at the version of this build.");
        Ok(())
    })
}

async fn cancel_on_signal(shutdown: CancellationToken) {
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            tracing::info!("stopping");
            shutdown.cancel();
        }
        _ => tracing::error!("cannot listen for signals; stop with SIGKILL"),
    }
}
