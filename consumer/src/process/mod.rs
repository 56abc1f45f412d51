//! A consumer as a process of its own: engines by URL, lanes, the sweeper, and an address that tells how it fares.
//!
//! The rule: it comes up whatever is away, says so, and works as soon as it can; and it ends within
//! `shutdown_timeout_ms`, with what it had in hand counted or given back. It remembers nothing that matters: run as many
//! side by side as there is work for.

mod heartbeat;
mod http;

use crate::failure::chain;
use crate::outage::Outage;
use crate::sweeper::{self, SweeperConfig};
use crate::{Consumer, ConsumerConfig};
use anyhow::Context;
use http::Process;
use queue::retry::Backoff;
use runtime::config::Config;
use runtime::engines;
use std::sync::Arc;
use std::time::Duration;
use store::Stores;
use telemetry::time::Clock;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// How long to wait before stores that did not open at start are tried again.
const OPENING: Backoff =
    Backoff { base: Duration::from_millis(200), cap: Duration::from_secs(5), jitter: 0.25 };

/// Consumes until `shutdown`, and answers on `listener` all the while.
pub async fn run(
    mut config: Config,
    listener: TcpListener,
    clock: Clock,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let address = listener.local_addr().context("could not tell where this process listens")?;
    let process = Arc::new(Process::new(config.metrics_token.clone()));
    // Ends with this function: it holds nothing that would have to be finished.
    let _answering = AbortOnDropHandle::new(tokio::spawn(http::serve(listener, Arc::clone(&process))));
    tracing::info!(%address, "listening");

    // It publishes dead letters only.
    config.queue_connections = 1;
    // An error is what waiting cannot heal; a broker that is away is none.
    let queue = engines::queue(&config).await?;
    let Some(stores) = open_stores(&config, &shutdown).await else { return Ok(()) };
    let consumer = Consumer::new(
        Arc::clone(&queue),
        stores.clone(),
        ConsumerConfig::of(&config),
        Arc::clone(&clock),
        Arc::new(|_, _| {}),
    );
    process.works(Arc::clone(&queue), stores.clone(), consumer.clone());
    tracing::info!(lanes = config.consumer_lanes, "consuming");

    let tasks = TaskTracker::new();
    for _ in 0..config.consumer_lanes {
        let (consumer, shutdown) = (consumer.clone(), shutdown.clone());
        tasks.spawn(async move { consumer.run(shutdown).await });
    }
    tasks.spawn(heartbeat::run(consumer, stores.clone(), Arc::clone(&clock), shutdown.clone()));
    tasks.spawn(sweeper::run(stores, queue, SweeperConfig::default(), clock, shutdown.clone()));
    tasks.close();
    shutdown.cancelled().await;
    if tokio::time::timeout(config.shutdown_timeout(), tasks.wait()).await.is_err() {
        tracing::warn!(
            "still busy at the deadline of shutting down; what is in hand will be delivered again"
        );
    }
    tracing::info!("stopped");
    Ok(())
}

/// Opens the stores, as often as it takes; `None` on shutdown.
async fn open_stores(config: &Config, shutdown: &CancellationToken) -> Option<Stores> {
    let outage = Outage::new("the stores cannot be opened; trying again", "the stores are open");
    let mut attempt = 0;
    loop {
        tokio::select! {
            biased;
            () = shutdown.cancelled() => return None,
            opened = engines::stores(config) => match opened {
                Ok(stores) => {
                    outage.is_over();
                    return Some(stores);
                }
                Err(error) => outage.shows(&chain(error.as_ref())),
            },
        }
        // Processes that are started together differ by their ids.
        let random = f64::from(std::process::id() % 100) / 100.0;
        let _ = tokio::time::timeout(OPENING.delay(attempt, random), shutdown.cancelled()).await;
        attempt += 1;
    }
}
