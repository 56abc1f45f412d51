//! Who counts hits: this server, where it does, and the processes that tell of themselves through the store.

use super::{Probe, breaker_state};
use crate::state::AppState;
use jiff::Timestamp;
use store::metrics::Worker;
use telemetry::report::ops::{BreakerState, ConsumerReport};
use telemetry::time::from_millisecond;

/// A process tells of itself every few seconds; one that has not for so long (milliseconds) has ended or hangs.
const SILENT_MS: i64 = 30_000;

/// All consumers that are known of, this server first.
pub(super) fn all(state: &AppState, probe: &Probe, at: Timestamp) -> Vec<ConsumerReport> {
    let stats = state.consumer.stats();
    let inline = (state.lanes() > 0).then(|| ConsumerReport {
        id: "inline".to_owned(),
        host: String::new(),
        inline: true,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: state.watch.started_at(),
        last_seen: at,
        alive: true,
        hits: stats.hits.get(),
        lag_ms: stats.last_lag_ms().map(|lag| lag.try_into().unwrap_or(0)),
        breaker: Some(breaker_state(state.consumer.breaker_state())),
    });
    inline.into_iter().chain(probe.workers.iter().map(|worker| report(worker, at))).collect()
}

fn report(worker: &Worker, at: Timestamp) -> ConsumerReport {
    ConsumerReport {
        id: worker.id.clone(),
        host: worker.host.clone(),
        inline: false,
        version: worker.version.clone(),
        started_at: from_millisecond(worker.started_at),
        last_seen: from_millisecond(worker.seen_at),
        alive: at.as_millisecond() - worker.seen_at < SILENT_MS,
        hits: worker.hits,
        lag_ms: worker.lag_ms.and_then(|lag| lag.try_into().ok()),
        breaker: [BreakerState::Closed, BreakerState::Open, BreakerState::HalfOpen]
            .into_iter()
            .find(|state| state.as_str() == worker.breaker),
    }
}
