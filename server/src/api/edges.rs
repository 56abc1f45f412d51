//! Edges: `/api/edges`. For super admins.
//!
//! The rule: the secret of an edge leaves the server once, in the reply that made it.

use super::document::Refusals;
use super::input::Text;
use crate::auth::{By, SignedIn};
use crate::edge;
use crate::reply::{Answer, JsonBody, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::access::{Permission, require};
use telemetry::error::{ApiError, ErrorBody};
use telemetry::report::ClientId;
use telemetry::report::edges::{EdgeInfo, NewEdge};

/// An edge to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct EdgeWish {
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(required)]
    name: Text,
    /// The only clients whose hits it may forward; all unless given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<ClientId>>)]
    clients: Value,
}

/// All edges, oldest first, revoked ones included.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Edges {
    edges: Vec<EdgeInfo>,
}

impl EdgeWish {
    fn clients(&self) -> Result<Option<Vec<ClientId>>, ApiError> {
        let wrong = || ApiError::invalid("clients", "clients must be a list of client ids");
        match &self.clients {
            Value::Null => Ok(None),
            Value::Array(ids) if ids.len() <= 1_000 => ids
                .iter()
                .map(|id| id.as_i64().map(ClientId).ok_or_else(wrong))
                .collect::<Result<_, _>>()
                .map(Some),
            _ => Err(wrong()),
        }
    }
}

/// Make an edge
///
/// The reply is the only one that shows its secret.
#[utoipa::path(post, path = "/api/edges", tag = "edges", security(("session" = [])), request_body = EdgeWish,
    responses((status = 201, body = NewEdge), (status = 409, body = ErrorBody, description = "The name is taken"), Refusals))]
pub(super) async fn create(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    JsonBody(body): JsonBody<EdgeWish>,
) -> Answer<(StatusCode, Json<NewEdge>)> {
    let scope = require(&user, Permission::ManageEdges)?.on_record(author);
    let accounts = &*state.stores.accounts;
    let made = edge::create(accounts, &scope, body.name.name()?, body.clients()?, (state.clock)()).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// List edges
#[utoipa::path(get, path = "/api/edges", tag = "edges", security(("session" = [])),
    responses((status = 200, body = Edges), Refusals))]
pub(super) async fn list(SignedIn(user): SignedIn, State(state): State<AppState>) -> Answer<Json<Edges>> {
    require(&user, Permission::ManageEdges)?;
    Ok(Json(Edges { edges: state.stores.accounts.edges().await? }))
}

/// Rotate an edge's secret
///
/// The one before stays good for an hour.
#[utoipa::path(post, path = "/api/edges/{id}/rotate", tag = "edges", security(("session" = [])),
    params(("id" = i64, Path)), responses((status = 200, body = NewEdge), Refusals))]
pub(super) async fn rotate(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Answer<Json<NewEdge>> {
    let scope = require(&user, Permission::ManageEdges)?.on_record(author);
    let rotated = edge::rotate(&*state.stores.accounts, &scope, id, (state.clock)()).await?;
    state.edge.forget();
    Ok(Json(rotated))
}

/// Revoke an edge
///
/// This server refuses it at once, others within ten seconds.
#[utoipa::path(delete, path = "/api/edges/{id}", tag = "edges", security(("session" = [])),
    params(("id" = i64, Path)), responses((status = 204), Refusals))]
pub(super) async fn revoke(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Answer<StatusCode> {
    let scope = require(&user, Permission::ManageEdges)?.on_record(author);
    edge::revoke(&*state.stores.accounts, &scope, id, (state.clock)()).await?;
    state.edge.forget();
    Ok(StatusCode::NO_CONTENT)
}
