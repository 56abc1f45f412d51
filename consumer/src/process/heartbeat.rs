//! What a consumer process tells of itself in the store, so that every server can show all consumers.

use crate::Consumer;
use std::time::Duration;
use store::Stores;
use store::metrics::Worker;
use telemetry::time::Clock;
use tokio_util::sync::CancellationToken;

/// How often it tells.
const EVERY: Duration = Duration::from_secs(5);
/// The longest that telling may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Tells until `shutdown`.
pub(super) async fn run(consumer: Consumer, stores: Stores, clock: Clock, shutdown: CancellationToken) {
    let started_at = clock().as_millisecond();
    let host = host();
    let id = format!("{host}-{}-{started_at}", std::process::id());
    while !shutdown.is_cancelled() {
        let worker = Worker {
            id: id.clone(),
            host: host.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            seen_at: clock().as_millisecond(),
            hits: consumer.stats().hits.get(),
            lag_ms: consumer.stats().last_lag_ms(),
            breaker: consumer.breaker_state().as_str().to_owned(),
        };
        // While the store is away, the lanes say so.
        let _ = tokio::time::timeout(PATIENCE, stores.metrics.note_worker(&worker)).await;
        let _ = tokio::time::timeout(EVERY, shutdown.cancelled()).await;
    }
}

/// The name of this machine or container; empty where it has none.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| std::env::var("HOSTNAME").ok()).unwrap_or_default();
    name.trim().to_owned()
}
