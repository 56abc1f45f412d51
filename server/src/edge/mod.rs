//! The core's side of the edges: tells them of keys, and takes the hits that they have accepted.
//!
//! The rule: an edge's 202 stands. What it accepted with a key that was good, as far as it could know, is counted even if
//! the key has been revoked since; nothing is judged or limited again; the envelope goes into the queue as it came, under
//! its own message id, so that forwarding it twice counts it once. What can never be counted is put among the dead
//! letters with its cause. An edge's token opens these two routes and nothing else ([`caller`]).

mod batches;
mod caller;
mod credentials;
mod judge;
mod traffic;

pub use batches::{__path_batches, batches};
pub use credentials::{create, revoke, rotate};

use crate::reply::{Answer, ErrorReply, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use moka::future::Cache;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use store::accounts::{EdgeCredential, KeyAtAnyTime};
use store::{AccountStore, StoreError};
use telemetry::edge::{CORE_LIFETIME, EdgeKey, Hex};
use telemetry::error::ApiError;
use telemetry::time::Clock;
use tokio::sync::Semaphore;
use traffic::Traffic;

/// How long an answer of the store is believed.
const LIFETIME: Duration = Duration::from_secs(CORE_LIFETIME.unsigned_abs());
const KEYS: u64 = 20_000;
const CREDENTIALS: u64 = 1_000;
/// The longest that one look-up may take.
const LOOK_UP: Duration = Duration::from_secs(2);
/// Calls with hits that are worked on at once; each may hold an envelope of 64 MiB.
const CALLS: usize = 4;

/// What the edges' routes work with.
pub struct Edge {
    accounts: Arc<dyn AccountStore>,
    clock: Clock,
    /// By the key's SHA-256; `None` is a key that the store does not know.
    keys: Cache<[u8; 32], Option<Arc<KeyAtAnyTime>>>,
    /// By the edge's id; `None` is one that does not exist, or was revoked.
    credentials: Cache<i64, Option<Arc<EdgeCredential>>>,
    masked_fields: Vec<String>,
    pub traffic: Traffic,
    calls: Semaphore,
}

impl Edge {
    pub fn new(accounts: Arc<dyn AccountStore>, masked_fields: &[String], clock: Clock) -> Self {
        Self {
            accounts,
            clock,
            keys: Cache::builder().max_capacity(KEYS).time_to_live(LIFETIME).build(),
            credentials: Cache::builder().max_capacity(CREDENTIALS).time_to_live(LIFETIME).build(),
            masked_fields: masked_fields.to_vec(),
            traffic: Traffic::default(),
            calls: Semaphore::new(CALLS),
        }
    }

    /// Forgets every answer: after a key or an edge was changed here.
    pub fn forget(&self) {
        self.keys.invalidate_all();
        self.credentials.invalidate_all();
    }

    async fn key(&self, digest: [u8; 32]) -> Answer<Option<Arc<KeyAtAnyTime>>> {
        let look_up = within(self.accounts.key_at_any_time(digest));
        self.keys.try_get_with(digest, look_up).await.map_err(|error| unavailable(&error))
    }

    async fn credential(&self, edge: i64) -> Answer<Option<Arc<EdgeCredential>>> {
        let look_up = within(self.accounts.edge_credential(edge));
        self.credentials.try_get_with(edge, look_up).await.map_err(|error| unavailable(&error))
    }
}

async fn within<T>(
    look_up: impl Future<Output = Result<Option<T>, StoreError>>,
) -> Result<Option<Arc<T>>, StoreError> {
    let found = tokio::time::timeout(LOOK_UP, look_up).await;
    Ok(found.map_err(|late| StoreError::Unavailable(Box::new(late)))??.map(Arc::new))
}

fn unavailable(error: &StoreError) -> ErrorReply {
    tracing::error!(error = error as &dyn std::error::Error, "an edge could not be answered");
    ApiError::unavailable("the database does not answer; try again in a moment").into()
}

/// Tell an edge of a key
///
/// By the SHA-256 of the key. 404 for a key that is unknown, revoked, expired, or not one of the clients that the edge is held to.
#[utoipa::path(get, path = "/edge/keys/{digest}", tag = "edge", security(("edge" = [])),
    params(("digest" = String, Path, description = "64 hexadecimal digits")),
    responses((status = 200, body = EdgeKey), (status = 401, body = telemetry::error::ErrorBody),
        (status = 404, body = telemetry::error::ErrorBody), (status = 503, body = telemetry::error::ErrorBody)))]
pub async fn key(
    State(state): State<AppState>,
    headers: HeaderMap,
    Path(digest): Path<String>,
) -> Answer<Json<EdgeKey>> {
    let edge = &state.edge;
    let caller = edge.identify(&headers).await?;
    edge.traffic.seen(caller.edge, (edge.clock)());
    let unknown = || ApiError::not_found("key");
    let digest = digest.parse::<Hex>().map_err(|_| unknown())?;
    let now = (edge.clock)();
    let found = edge
        .key(digest.0)
        .await?
        .filter(|found| found.revoked_at.is_none() && found.key.expires_at.is_none_or(|at| now < at));
    let key = &found.as_ref().filter(|found| caller.may_speak_of(found.key.client)).ok_or_else(unknown)?.key;
    state.ingest.keys.note_use(key.id);
    Ok(Json(EdgeKey {
        client: key.client,
        environment: key.environment.clone(),
        raw_retention_days: key.limits.raw_retention_days,
        capture_bodies: key.limits.capture_bodies,
        masked_fields: edge.masked_fields.clone(),
        expires_at: key.expires_at.map(|at| at.as_millisecond()),
        origins: key.origins.clone(),
        services: key.services.clone(),
    }))
}
