//! Deletes what has outlived its retention: raw events, rollups, inbox, sessions, links, the audit log, dead letters.
//!
//! In small chunks with pauses, so that it never holds a store for long; what it does not finish, the next round does.

use jiff::SignedDuration;
use queue::{Queue, QueueError};
use std::sync::Arc;
use std::time::Duration;
use store::metrics::MetricsRetention;
use store::{StoreError, Stores};
use telemetry::time::Clock;
use tokio_util::sync::CancellationToken;

const DAY_MS: i64 = 86_400_000;

/// The figures of the sweeper.
#[derive(Debug, Clone, Copy)]
pub struct SweeperConfig {
    pub every: Duration,
    /// Rows deleted at once.
    pub chunk: u32,
    pub metrics: MetricsRetention,
    /// Dead letters are kept this long, in days. The inbox outlives them, so that a replay is always recognised.
    pub dead_letter_days: i64,
    /// The audit log is kept this long, in days.
    pub audit_days: i64,
}

impl Default for SweeperConfig {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(600),
            chunk: 2_000,
            metrics: MetricsRetention::default(),
            dead_letter_days: 14,
            audit_days: 400,
        }
    }
}

/// Why a sweep ended early.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    #[error("a store failed while sweeping")]
    Store(#[from] StoreError),
    #[error("the queue failed while sweeping")]
    Queue(#[from] QueueError),
}

/// Sweeps now and then until `shutdown`.
pub async fn run(
    stores: Stores,
    queue: Arc<dyn Queue>,
    config: SweeperConfig,
    clock: Clock,
    shutdown: CancellationToken,
) {
    let sweeping = async {
        loop {
            match sweep(&stores, &*queue, &config, &clock).await {
                Ok(0) => {}
                Ok(deleted) => tracing::info!(deleted, "swept what has outlived its retention"),
                Err(error) => tracing::warn!(error = %error, "a sweep ended early; the next one goes on"),
            }
            tokio::time::sleep(config.every).await;
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = sweeping => {}
    }
}

/// Deletes everything that has outlived its retention now; the number of rows.
pub async fn sweep(
    stores: &Stores,
    queue: &dyn Queue,
    config: &SweeperConfig,
    clock: &Clock,
) -> Result<u64, SweepError> {
    let now = clock();
    let mut deleted =
        queue.prune_dead_letters(now.as_millisecond() - config.dead_letter_days * DAY_MS).await?;
    for (client, days) in stores.accounts.all_clients().await? {
        let before = now.as_millisecond() - i64::from(days) * DAY_MS;
        loop {
            let chunk = stores.events.prune(client.id, before, config.chunk).await?;
            deleted += chunk;
            if chunk == 0 {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    loop {
        let chunk = stores.metrics.prune(&config.metrics, now.as_second(), config.chunk).await?
            + stores.accounts.prune_sessions(now, config.chunk).await?
            + stores
                .accounts
                .prune_audit(now - SignedDuration::from_hours(24 * config.audit_days), config.chunk)
                .await?;
        deleted += chunk;
        if chunk == 0 {
            return Ok(deleted);
        }
        tokio::task::yield_now().await;
    }
}
