//! What the server knows of itself and of the parts around it, for operators.
//!
//! The rule: a part that is down is told as down, and the answer comes all the same: no part is waited for longer than
//! [`probe::PATIENCE`], and however many ask, each part is asked about once a second. The JSON routes
//! ([`crate::api`]), the dashboard's server functions, `/readyz` and `/metrics` all tell what is found out here.

mod consumers;
mod dead_letters;
mod flow;
pub mod probe;

pub use dead_letters::{dead_letter, dead_letters, replay};
pub use probe::{Answered, Probe, Watch};

use crate::state::AppState;
use app::ssr::Operations;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use queue::breaker::BreakerState as Breaker;
use std::time::{Duration, Instant};
use store::Failure;
use store::access::{Permission, require};
use telemetry::report::User;
use telemetry::report::edges::EdgeInfo;
use telemetry::report::ops::{
    BreakerState, DeadLetterDetail, DeadLetters, Flow, IngestReport, Pipeline, QueueReport, StoreReport,
};
use telemetry::time::from_millisecond;

/// The whole flow. For super admins.
pub async fn pipeline(state: &AppState, user: &User) -> Result<Pipeline, Failure> {
    require(user, Permission::SeePipeline)?;
    let (pipeline, edges) = tokio::join!(look(state), edges(state));
    Ok(Pipeline { edges, ..pipeline })
}

/// Whether hits come through: for everybody whose numbers depend on it.
pub async fn flow(state: &AppState) -> Flow {
    look(state).await.flow
}

async fn look(state: &AppState) -> Pipeline {
    let at = (state.clock)();
    // What is in memory is read at once; the probe may take a while.
    let ingest = ingest(state, at);
    let probe = state.watch.probe(&state.queue, &state.stores, at).await;
    let queue = queue(state, &probe);
    let consumers = consumers::all(state, &probe, at);
    Pipeline {
        at,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        started_at: state.watch.started_at(),
        flow: flow::judge(at, &ingest, &queue, &consumers),
        ingest,
        queue,
        consumers,
        stores: stores(state, &probe),
        edges: None,
    }
}

async fn edges(state: &AppState) -> Option<Vec<EdgeInfo>> {
    let edges = tokio::time::timeout(probe::PATIENCE, state.stores.accounts.edges()).await.ok()?.ok()?;
    Some(edges.into_iter().filter(|edge| edge.revoked_at.is_none()).collect())
}

fn ingest(state: &AppState, at: Timestamp) -> IngestReport {
    let (traffic, committer) = (&state.ingest.traffic, &state.ingest.committer);
    let stats = committer.stats();
    let (waiting, most) = committer.waiting_bytes();
    let breaker = committer.breaker();
    let accepted_by_second = traffic.hits_by_second(at.as_second());
    // A server that is younger than a minute has had less time to take them.
    let seconds = (at.as_second() - state.watch.started_at().as_second()).clamp(1, 60);
    IngestReport {
        accepted: traffic.hits.get(),
        accepted_per_second: accepted_by_second.iter().sum::<u64>() as f64 / seconds as f64,
        accepted_by_second,
        refused: traffic.refused_by_status(),
        refused_last_minute: traffic.refused_last_minute(at.as_second()),
        envelopes: stats.envelopes.get(),
        waiting_bytes: waiting as u64,
        max_waiting_bytes: most as u64,
        confirm_ms: stats.confirms.recent(Instant::now()),
        breaker: breaker_state(breaker.state),
        breaker_since: breaker.broken_for.map(|age| before(at, age)),
    }
}

fn queue(state: &AppState, probe: &Probe) -> QueueReport {
    let depth = probe.depth;
    QueueReport {
        engine: state.config.queue_engine().to_owned(),
        answers: probe.queue.is_ok(),
        ping_ms: probe.queue.millis(),
        waiting: depth.map(|depth| depth.waiting),
        leased: depth.and_then(|depth| depth.leased),
        oldest: depth.and_then(|depth| depth.oldest).map(from_millisecond),
        dead_letters: depth.map(|depth| depth.dead_letters),
    }
}

fn stores(state: &AppState, probe: &Probe) -> Vec<StoreReport> {
    let database = state.config.database_engine();
    let store = |name: &str, engine: &str, answered: Answered| StoreReport {
        name: name.to_owned(),
        engine: engine.to_owned(),
        answers: answered.is_ok(),
        ping_ms: answered.millis(),
    };
    vec![
        store("events", state.config.events_engine(), probe.events),
        store("metrics", database, probe.metrics),
        store("accounts", database, probe.accounts),
    ]
}

/// A breaker's state in the words of the reports.
pub(crate) const fn breaker_state(state: Breaker) -> BreakerState {
    match state {
        Breaker::Closed => BreakerState::Closed,
        Breaker::Open => BreakerState::Open,
        Breaker::HalfOpen => BreakerState::HalfOpen,
    }
}

fn before(at: Timestamp, age: Duration) -> Timestamp {
    SignedDuration::try_from(age).ok().and_then(|age| at.checked_sub(age).ok()).unwrap_or(at)
}

/// What the dashboard's server functions call.
#[async_trait]
impl Operations for AppState {
    async fn flow(&self) -> Flow {
        flow(self).await
    }

    async fn pipeline(&self, user: &User) -> Result<Pipeline, Failure> {
        pipeline(self, user).await
    }

    async fn dead_letters(&self, user: &User, skip: usize, limit: usize) -> Result<DeadLetters, Failure> {
        dead_letters(self, user, skip, limit).await
    }

    async fn dead_letter(&self, user: &User, id: &str) -> Result<DeadLetterDetail, Failure> {
        dead_letter(self, user, id).await
    }
}
