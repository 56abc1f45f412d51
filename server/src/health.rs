//! Whether the server lives, and whether it can work.

use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use queue::breaker::BreakerState;
use serde::Serialize;

/// The body of `/healthz` and `/readyz`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthReport {
    /// `ok`, or `unavailable`.
    pub status: &'static str,
    pub version: &'static str,
    /// Each part that is needed, and whether it answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// A part of the server, or one that it needs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Part {
    /// `ingest`, `queue`, `events`, `metrics`, `accounts`; `consumer` where the server counts hits itself.
    pub name: &'static str,
    pub ok: bool,
    /// What it runs on: `sqlite`, `rabbitmq`, `mongodb`, `postgresql`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub engine: Option<&'static str>,
    /// `closed`, `half-open` or `open`: the breaker behind ingest is the one before the queue, the consumer's the one
    /// before the stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<&'static str>,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = HealthReport)))]
pub async fn healthz() -> Json<HealthReport> {
    Json(HealthReport { status: "ok", version: env!("CARGO_PKG_VERSION"), parts: Vec::new() })
}

/// Can it work?
///
/// 200 only when everything it needs answers, and the breaker before the queue is not open.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = HealthReport), (status = 503, body = HealthReport)))]
pub async fn readyz(State(state): State<AppState>) -> (StatusCode, Json<HealthReport>) {
    // What is in memory is read at once; the probe may take a while.
    let ingest = state.ingest.committer.breaker().state;
    let consumer = (state.lanes() > 0).then(|| state.consumer.breaker_state());
    let probe = state.watch.probe(&state.queue, &state.stores, (state.clock)()).await;
    let engine = |part: &str| match part {
        "queue" => state.config.queue_engine(),
        "events" => state.config.events_engine(),
        _ => state.config.database_engine(),
    };
    let mut parts = vec![Part {
        name: "ingest",
        ok: ingest != BreakerState::Open,
        engine: None,
        breaker: Some(ingest.as_str()),
    }];
    parts.extend(probe.parts().map(|(name, answered)| Part {
        name,
        ok: answered.is_ok(),
        engine: Some(engine(name)),
        breaker: None,
    }));
    // An open breaker of the consumer is told and no more: hits are taken, they are only counted later.
    parts.extend(consumer.map(|state| Part {
        name: "consumer",
        ok: true,
        engine: None,
        breaker: Some(state.as_str()),
    }));
    let ready = parts.iter().all(|part| part.ok);
    let (code, status) =
        if ready { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "unavailable") };
    (code, Json(HealthReport { status, version: env!("CARGO_PKG_VERSION"), parts }))
}
