//! `sendry serve` and `sendry migrate`.

use anyhow::Context;
use runtime::config::Config;
use runtime::{engines, logging, signals};
use server::run;
use std::sync::Arc;
use telemetry::time::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub(super) fn serve(config: Config) -> anyhow::Result<()> {
    logging::start(&config.log)?;
    let runtime = tokio::runtime::Runtime::new().context("could not start the runtime")?;
    runtime.block_on(async {
        let listener = TcpListener::bind(config.addr).await.with_context(|| {
            format!("could not listen on {}; is it taken? Choose another one with SENDRY_ADDR", config.addr)
        })?;
        let shutdown = CancellationToken::new();
        tokio::spawn(signals::cancel_on_signal(shutdown.clone()));
        let clock: Clock = Arc::new(jiff::Timestamp::now);
        run::run(config, listener, clock, shutdown).await
    })
}

pub(super) fn migrate(config: &Config) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Runtime::new().context("could not start the runtime")?;
    runtime.block_on(async {
        engines::queue(config).await?;
        engines::stores(config).await?;
        println!("The databases are at the version of this build.");
        Ok(())
    })
}
