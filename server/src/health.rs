//! Whether the server lives, and whether it can work.

use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use std::fmt::Display;
use std::future::Future;
use std::time::Duration;

/// The longest that one part may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The body of `/healthz` and `/readyz`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// `ok`, or `unavailable`.
    pub status: &'static str,
    pub version: &'static str,
    /// Each part that is needed, and whether it answers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
}

/// A part that the server needs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Part {
    pub name: &'static str,
    pub ok: bool,
    /// The state of the breaker before it, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub breaker: Option<&'static str>,
}

/// Is the process alive?
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health { status: "ok", version: env!("CARGO_PKG_VERSION"), parts: Vec::new() })
}

/// Can it work?
///
/// 200 only when everything it needs answers.
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = Health)))]
pub async fn readyz(State(state): State<AppState>) -> (StatusCode, Json<Health>) {
    let (queue, events, metrics, accounts) = tokio::join!(
        answers("queue", state.queue.ping()),
        answers("events", state.stores.events.ping()),
        answers("metrics", state.stores.metrics.ping()),
        answers("accounts", state.stores.accounts.ping()),
    );
    let part = |name, ok, breaker| Part { name, ok, breaker };
    let parts = vec![
        part("queue", queue, Some(state.ingest.committer.breaker_state().as_str())),
        part("events", events, Some(state.consumer.breaker_state().as_str())),
        part("metrics", metrics, None),
        part("accounts", accounts, None),
    ];
    let ready = parts.iter().all(|part| part.ok);
    let (code, status) =
        if ready { (StatusCode::OK, "ok") } else { (StatusCode::SERVICE_UNAVAILABLE, "unavailable") };
    (code, Json(Health { status, version: env!("CARGO_PKG_VERSION"), parts }))
}

async fn answers<E: Display>(name: &str, ping: impl Future<Output = Result<(), E>>) -> bool {
    match tokio::time::timeout(PATIENCE, ping).await {
        Ok(Ok(())) => true,
        Ok(Err(error)) => {
            tracing::warn!(part = name, %error, "a part does not answer");
            false
        }
        Err(_) => {
            tracing::warn!(part = name, "a part does not answer in time");
            false
        }
    }
}
