//! What operators see and do: `/api/ops/…`. For super admins.
//!
//! The rule: nothing is found out here; the dashboard's server functions call the same functions of [`crate::ops`].

use super::document::Refusals;
use super::query::given;
use crate::auth::{By, SignedIn};
use crate::ops;
use crate::reply::{Answer, JsonBody, Path, Query};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use store::access::{Permission, require};
use telemetry::envelope::MessageId;
use telemetry::error::ApiError;
use telemetry::report::ops::{DeadLetterDetail, DeadLetters, Pipeline, Replayed};

const DEFAULT_LIMIT: usize = 50;
/// Dead letters hold their bodies, so a page of them is shorter than other pages.
const MOST_ROWS: usize = 100;
/// Beyond this many, "all" is meant.
const MOST_IDS: usize = 1_000;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DeadLettersParams {
    /// Rows to leave out at the beginning; 0 unless given.
    skip: Option<String>,
    /// Rows of a page, 1 to 100; 50 unless given.
    limit: Option<String>,
}

/// Which dead letters to put back: `ids`, or `all`.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Replay {
    /// Message ids, at most 1,000.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    ids: Value,
    /// `true`: all there are.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    all: Value,
}

/// The flow of hits
///
/// How ingest, queue, consumers and stores are. What does not answer is told as that, with `null` for its figures.
#[utoipa::path(get, path = "/api/ops/pipeline", tag = "ops", security(("session" = [])),
    responses((status = 200, body = Pipeline), Refusals))]
pub(super) async fn pipeline(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
) -> Answer<Json<Pipeline>> {
    Ok(Json(ops::pipeline(&state, &user).await?))
}

/// List dead letters
///
/// Messages that could not be processed, oldest first.
#[utoipa::path(get, path = "/api/ops/dead-letters", tag = "ops", security(("session" = [])),
    params(DeadLettersParams), responses((status = 200, body = DeadLetters), Refusals))]
pub(super) async fn dead_letters(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<DeadLettersParams>,
) -> Answer<Json<DeadLetters>> {
    let (skip, limit) = params.page()?;
    Ok(Json(ops::dead_letters(&state, &user, skip, limit).await?))
}

/// One dead letter
///
/// With the first of its hits, or its first bytes where it cannot be decoded.
#[utoipa::path(get, path = "/api/ops/dead-letters/{messageId}", tag = "ops", security(("session" = [])),
    params(("messageId" = String, Path)), responses((status = 200, body = DeadLetterDetail), Refusals))]
pub(super) async fn dead_letter(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Answer<Json<DeadLetterDetail>> {
    Ok(Json(ops::dead_letter(&state, &user, &id).await?))
}

/// Replay dead letters
///
/// Puts them back into the queue. Hits that were counted before are not counted again.
#[utoipa::path(post, path = "/api/ops/dead-letters/replay", tag = "ops", security(("session" = [])),
    request_body = Replay, responses((status = 200, body = Replayed), Refusals))]
pub(super) async fn replay(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    JsonBody(body): JsonBody<Replay>,
) -> Answer<Json<Replayed>> {
    // Before anything is said about what was asked.
    require(&user, Permission::ReplayDeadLetters)?;
    let ids = body.ids()?;
    Ok(Json(Replayed { replayed: ops::replay(&state, &user, &author, ids.as_deref()).await? }))
}

impl DeadLettersParams {
    fn page(&self) -> Result<(usize, usize), ApiError> {
        let skip = given(&self.skip).map_or(Ok(0), |text| {
            text.parse::<u32>().map_err(|_| ApiError::invalid("skip", "skip must be a number from 0"))
        })?;
        let limit = given(&self.limit).map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=MOST_ROWS).contains(limit)).ok_or_else(|| {
            ApiError::invalid("limit", format!("limit must be a number from 1 to {MOST_ROWS}"))
        })?;
        Ok((skip as usize, limit))
    }
}

impl Replay {
    /// `None`: all.
    fn ids(&self) -> Result<Option<Vec<MessageId>>, ApiError> {
        match (&self.ids, &self.all) {
            (Value::Null, Value::Bool(true)) => Ok(None),
            (Value::Array(ids), Value::Null | Value::Bool(false)) if ids.len() <= MOST_IDS => {
                let id = |id: &Value| id.as_str().and_then(|id| id.parse().ok());
                let ids: Option<Vec<MessageId>> = ids.iter().map(id).collect();
                ids.map(Some).ok_or_else(|| ApiError::invalid("ids", "ids must be message ids"))
            }
            (Value::Array(ids), _) if ids.len() > MOST_IDS => {
                Err(ApiError::invalid("ids", format!("at most {MOST_IDS} ids at once; or say all")))
            }
            _ => Err(ApiError::invalid("ids", "say either ids, a list of message ids, or all: true")),
        }
    }
}
