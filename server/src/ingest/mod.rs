//! Takes hits: `POST /api/hit` and `POST /api/hits`.
//!
//! The rule: never 202 before the hits are durable, and never a wait without an end: whatever cannot be made durable in
//! time is answered with 503, and its sender owns the retry. The way of a hit touches no database and holds no lock
//! across an await.

mod body;
mod committer;
mod confirms;
mod cors;
mod keys;
mod limits;
mod notes;
mod traffic;

pub use committer::{BreakerReport, Committer, CommitterStats};
pub use cors::{cors_layer, narrow_cors};
pub use keys::KeyCache;
pub use notes::Notes;
pub use traffic::Traffic;

use crate::reply::{Answer, ErrorReply};
use crate::request_id;
use crate::state::AppState;
use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::{IntoResponse, Response};
use cors::Cors;
use limits::Limits;
use prometheus_client::metrics::counter::Counter;
use queue::Queue;
use runtime::config::Config;
use serde::Serialize;
use std::sync::Arc;
use store::Stores;
use telemetry::batch::{self, Acceptance, Format, Origin, Rejection};
use telemetry::error::{ApiError, ErrorCode};
use telemetry::mask::Masking;
use telemetry::report::ClientId;
use telemetry::time::Clock;

const DAY_MS: i64 = 86_400_000;

/// On a 202 from four fifths of a quota on: which one, used and limit, such as `day 812/1000`.
const QUOTA: &str = "x-sendry-quota";

/// What ingest works with.
pub struct Ingest {
    pub keys: KeyCache,
    pub committer: Committer,
    pub traffic: Traffic,
    pub notes: Notes,
    limits: Limits,
    masking: Masking,
    clock: Clock,
}

impl Ingest {
    /// Fails where the settings are not right.
    pub fn new(
        config: &Config,
        queue: Arc<dyn Queue>,
        stores: &Stores,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            keys: KeyCache::new(Arc::clone(&stores.accounts), Arc::clone(&clock)),
            committer: Committer::new(queue, config, Arc::clone(&clock)),
            traffic: Traffic::default(),
            notes: Notes::default(),
            limits: Limits::new(config, stores, Arc::clone(&clock))?,
            masking: Masking::with_fields(&config.masked_fields),
            clock,
        })
    }

    /// How often Redis did not answer where limits are shared; `None` where they are not.
    pub fn limits_unanswered(&self) -> Option<&Counter> {
        self.limits.unanswered()
    }
}

/// The body of a 202.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HitsAccepted {
    /// Hits that are durable now.
    pub accepted: u32,
    /// Hits that were refused, by their place in the batch.
    pub rejected: Vec<Rejection>,
}

/// Take one hit
///
/// Answers 202 when the hit is durable in the queue.
#[utoipa::path(post, path = "/api/hit", tag = "ingest", security(("apiKey" = [])),
    request_body(content = serde_json::Value, description = "A hit"),
    responses((status = 202, body = HitsAccepted), (status = 400, body = telemetry::error::ErrorBody),
        (status = 401, body = telemetry::error::ErrorBody), (status = 403, body = telemetry::error::ErrorBody),
        (status = 413, body = telemetry::error::ErrorBody),
        (status = 415, body = telemetry::error::ErrorBody), (status = 429, body = telemetry::error::ErrorBody),
        (status = 503, body = telemetry::error::ErrorBody)))]
pub async fn hit(State(state): State<AppState>, request: Request<Body>) -> Response {
    answer(&state, request, Format::One).await
}

/// Take a batch of hits
///
/// A JSON array, `{"hits":[…]}` or NDJSON. Answers 202 when the valid hits are durable in the queue. Repeating a call
/// with the same `Idempotency-Key` counts its hits once.
#[utoipa::path(post, path = "/api/hits", tag = "ingest", security(("apiKey" = [])),
    request_body(content = serde_json::Value, description = "Hits"),
    responses((status = 202, body = HitsAccepted), (status = 400, body = telemetry::error::ErrorBody),
        (status = 401, body = telemetry::error::ErrorBody), (status = 403, body = telemetry::error::ErrorBody),
        (status = 413, body = telemetry::error::ErrorBody),
        (status = 415, body = telemetry::error::ErrorBody), (status = 429, body = telemetry::error::ErrorBody),
        (status = 503, body = telemetry::error::ErrorBody)))]
pub async fn hits(State(state): State<AppState>, request: Request<Body>) -> Response {
    let lines =
        content_type(request.headers()).is_some_and(|kind| kind.contains("ndjson") || kind.contains("jsonl"));
    let format = if lines { Format::Ndjson } else { Format::Many };
    answer(&state, request, format).await
}

/// What a call's key says of its reply, also where it is refused.
#[derive(Default)]
struct Call {
    cors: Cors,
    client: Option<ClientId>,
}

async fn accept(
    state: &AppState,
    request: Request<Body>,
    format: Format,
    call: &mut Call,
) -> Answer<(HitsAccepted, Option<String>)> {
    let ingest = &state.ingest;
    let headers = request.headers();
    let key = ingest.keys.check(presented_key(headers)).await?;
    call.client = Some(key.client);
    call.cors.narrow(&key.origins, headers)?;
    let batch_id = match headers.get("idempotency-key") {
        Some(id) => Some(batch::check_batch_id(id.to_str().unwrap_or_default())?.to_owned()),
        None => None,
    };
    let sent_at = headers.get("x-sendry-sent-at").map(sent_at).transpose()?;
    // A server that is over its measure, or whose queue is down, says so before it reads the body.
    ingest.committer.check_open()?;
    let body = body::read(request, state.config.body_timeout()).await?;
    let acceptance = Acceptance {
        now: (ingest.clock)().as_millisecond(),
        sent_at,
        raw_retention: i64::from(key.limits.raw_retention_days) * DAY_MS,
        environment: &key.environment,
        masking: &ingest.masking,
        capture_bodies: key.limits.capture_bodies,
        services: &key.services,
        origin: Origin::default(),
    };
    let read = batch::read(&body, format, batch_id.as_deref(), &acceptance);
    drop(body);
    let accepted = read.map_err(|error| error.into_api_error(format))?;
    let mut admitted = ingest.limits.admit(&key, accepted.hits).await?;
    ingest.committer.commit(key.client, &accepted.segment).await?;
    let warning = admitted.warning.take();
    admitted.kept();
    ingest.notes.accepted(&key, u64::from(accepted.hits), (ingest.clock)().as_second());
    Ok((HitsAccepted { accepted: accepted.hits, rejected: accepted.rejected }, warning))
}

async fn answer(state: &AppState, request: Request<Body>, format: Format) -> Response {
    let ingest = &state.ingest;
    let mut call = Call::default();
    let accepted = accept(state, request, format, &mut call).await;
    let second = (ingest.clock)().as_second();
    let mut response = match accepted {
        Ok((accepted, warning)) => {
            ingest.traffic.accepted(accepted.accepted, second);
            let mut response = (StatusCode::ACCEPTED, Json(accepted)).into_response();
            if let Some(warning) = warning.and_then(|warning| HeaderValue::try_from(warning).ok()) {
                response.headers_mut().insert(QUOTA, warning);
            }
            response
        }
        Err(error) => {
            ingest.traffic.refused(error.code(), second);
            if let Some(client) = call.client {
                ingest.notes.refused(client, error.code().status(), second);
            }
            error.into_response()
        }
    };
    response.headers_mut().insert(request_id::HEADER, request_id::next());
    call.cors.told(response)
}

/// The key from `x-api-key`, or else from `Authorization: Bearer`.
pub(crate) fn presented_key(headers: &HeaderMap) -> Option<&str> {
    if let Some(key) = headers.get("x-api-key") {
        return key.to_str().ok();
    }
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

fn content_type(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::CONTENT_TYPE)?.to_str().ok()
}

/// RFC 3339 or epoch milliseconds.
fn sent_at(value: &HeaderValue) -> Result<i64, ErrorReply> {
    let text = value.to_str().unwrap_or_default().trim();
    batch::parse_time(text).ok_or_else(|| {
        ApiError {
            code: ErrorCode::Invalid,
            message: "x-sendry-sent-at must be RFC 3339 or epoch milliseconds".to_owned(),
            field: Some("x-sendry-sent-at".to_owned()),
        }
        .into()
    })
}
