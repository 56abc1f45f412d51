//! What a consumer process tells about itself: `/healthz`, `/readyz`, `/metrics`.

use crate::Consumer;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use queue::Queue;
use runtime::metrics::{self, Guard};
use serde::Serialize;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use store::Stores;
use tokio::net::TcpListener;

/// The longest that one part may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// A consumer process as its address shows it.
pub(super) struct Process {
    guard: Guard,
    /// Set when queue and stores have been opened.
    parts: OnceLock<Parts>,
}

struct Parts {
    queue: Arc<dyn Queue>,
    stores: Stores,
    consumer: Consumer,
}

/// The body of `/healthz` and `/readyz`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Health {
    /// `ok`, or `unavailable`.
    status: &'static str,
    version: &'static str,
    /// Each part that is needed, and whether it answers; empty before they have been opened.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<Part>,
    /// The breaker before the stores.
    #[serde(skip_serializing_if = "Option::is_none")]
    breaker: Option<&'static str>,
    /// Whether lanes hold what they have and wait for a store or the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
}

impl Health {
    const fn new(ok: bool) -> Self {
        let status = if ok { "ok" } else { "unavailable" };
        Self { status, version: env!("CARGO_PKG_VERSION"), parts: Vec::new(), breaker: None, paused: None }
    }
}

#[derive(Debug, Serialize)]
struct Part {
    name: &'static str,
    ok: bool,
}

impl Process {
    pub(super) fn new(metrics_token: Option<String>) -> Self {
        Self { guard: Guard::new(metrics_token), parts: OnceLock::new() }
    }

    /// Tells that queue and stores are open and a consumer works on them.
    pub(super) fn works(&self, queue: Arc<dyn Queue>, stores: Stores, consumer: Consumer) {
        let _ = self.parts.set(Parts { queue, stores, consumer });
    }
}

/// Answers until it is dropped.
pub(super) async fn serve(listener: TcpListener, process: Arc<Process>) {
    let router = Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(process);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    if let Err(error) = axum::serve(listener, service).await {
        tracing::error!(%error, "this process answers no more; it goes on consuming");
    }
}

async fn healthz() -> Json<Health> {
    Json(Health::new(true))
}

/// 200 only when queue and stores answer.
async fn readyz(State(process): State<Arc<Process>>) -> (StatusCode, Json<Health>) {
    let Some(Parts { queue, stores, consumer }) = process.parts.get() else {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(Health::new(false)));
    };
    let (queue, events, metrics) =
        tokio::join!(answers(queue.ping()), answers(stores.events.ping()), answers(stores.metrics.ping()));
    let ready = queue && events && metrics;
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parts = [("queue", queue), ("events", events), ("metrics", metrics)];
    let health = Health {
        parts: parts.into_iter().map(|(name, ok)| Part { name, ok }).collect(),
        breaker: Some(consumer.breaker_state().as_str()),
        paused: Some(consumer.is_paused()),
        ..Health::new(ready)
    };
    (code, Json(health))
}

async fn answers<E>(ping: impl Future<Output = Result<(), E>>) -> bool {
    // Why not, the consumer's own log says.
    matches!(tokio::time::timeout(PATIENCE, ping).await, Ok(Ok(())))
}

/// For programs on this machine, or for whoever brings the token.
async fn metrics(
    State(process): State<Arc<Process>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
) -> Response {
    if !process.guard.admits(peer.ip(), &headers) {
        let refused = "metrics are for programs on this machine, or for whoever sends the metrics_token\n";
        return (StatusCode::FORBIDDEN, refused).into_response();
    }
    let mut registry = metrics::registry();
    if let Some(parts) = process.parts.get() {
        parts.consumer.register(&mut registry);
    }
    match metrics::encode(&registry) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
