//! Raw hits: `/api/requests`.

use super::document::Refusals;
use super::query::{Ask, PageParams, ReportParams, SearchParams, scope};
use crate::auth::SignedIn;
use crate::reply::{Answer, Path, Query};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use store::analytics::{self, RequestsQuery};
use telemetry::report::{RequestDetail, Requests};

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ClientParams {
    /// The client's id. May be left out by those who see exactly one client.
    client: Option<String>,
}

/// List raw hits
///
/// Newest first. A search stops after half a second and tells where to go on: a page may be empty and have a `next`.
#[utoipa::path(get, path = "/api/requests", tag = "requests", security(("session" = [])),
    params(ReportParams, SearchParams, PageParams), responses((status = 200, body = Requests), Refusals))]
pub(super) async fn list(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
    Query(search): Query<SearchParams>,
    Query(page): Query<PageParams>,
) -> Answer<Json<Requests>> {
    let ask = Ask::new(&state, &user, &params).await?;
    let query = RequestsQuery {
        analytics: ask.query,
        trace_id: search.trace_id()?,
        text: search.text()?,
        consumer: search.consumer()?,
        min_latency_ms: search.min_latency_ms()?,
        limit: page.limit()?,
        cursor: page.cursor()?,
    };
    Ok(Json(analytics::requests(&*state.stores.events, &ask.scope, &query).await?))
}

/// One raw hit
///
/// With headers and bodies, where they were captured; sensitive values are masked.
#[utoipa::path(get, path = "/api/requests/{id}", tag = "requests", security(("session" = [])),
    params(("id" = String, Path), ClientParams), responses((status = 200, body = RequestDetail), Refusals))]
pub(super) async fn get(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(id): Path<String>,
    Query(params): Query<ClientParams>,
) -> Answer<Json<RequestDetail>> {
    let scope = scope(&state, &user, params.client.as_deref()).await?;
    Ok(Json(analytics::request(&*state.stores.events, &scope, &id).await?))
}
