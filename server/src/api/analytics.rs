//! Reports: `/api/analytics/…`.
//!
//! The rule: nothing is computed here; the dashboard's server functions call the same functions of
//! [`store::analytics`].

use super::document::Refusals;
use super::query::{Ask, EndpointsParams, PageParams, ReportParams, StepParams};
use crate::auth::SignedIn;
use crate::reply::{Answer, Query};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use store::analytics;
use telemetry::report::{
    Changes, Consumers, Endpoints, Failures, Latencies, Overview, Services, StatusCodes, Timeseries,
};

/// Totals of a range
///
/// With those of the period just before.
#[utoipa::path(get, path = "/api/analytics/overview", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = Overview), Refusals))]
pub(super) async fn overview(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<Overview>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    Ok(Json(analytics::overview(&*state.stores.metrics, &scope, &query, now).await?))
}

/// A range in slots
///
/// Their sums are the totals of the overview.
#[utoipa::path(get, path = "/api/analytics/timeseries", tag = "analytics", security(("session" = [])),
    params(ReportParams, StepParams), responses((status = 200, body = Timeseries), Refusals))]
pub(super) async fn timeseries(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
    Query(step): Query<StepParams>,
) -> Answer<Json<Timeseries>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    let step = step.step(query.range)?;
    Ok(Json(analytics::timeseries(&*state.stores.metrics, &scope, &query, step, now).await?))
}

/// Endpoints
///
/// Largest first, by what `sort` says.
#[utoipa::path(get, path = "/api/analytics/endpoints", tag = "analytics", security(("session" = [])),
    params(ReportParams, EndpointsParams, PageParams), responses((status = 200, body = Endpoints), Refusals))]
pub(super) async fn endpoints(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
    Query(order): Query<EndpointsParams>,
    Query(page): Query<PageParams>,
) -> Answer<Json<Endpoints>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    let (sort, limit, cursor) = (order.sort()?, page.limit()?, page.cursor()?);
    let metrics = &*state.stores.metrics;
    Ok(Json(analytics::endpoints(metrics, &scope, &query, sort, limit, cursor.as_deref(), now).await?))
}

/// Services
///
/// With their health; the worst first.
#[utoipa::path(get, path = "/api/analytics/services", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = Services), Refusals))]
pub(super) async fn services(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<Services>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    Ok(Json(analytics::services(&*state.stores.metrics, &scope, &query, now).await?))
}

/// Status codes
///
/// The most frequent first.
#[utoipa::path(get, path = "/api/analytics/status-codes", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = StatusCodes), Refusals))]
pub(super) async fn status_codes(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<StatusCodes>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    Ok(Json(analytics::status_codes(&*state.stores.metrics, &scope, &query, now).await?))
}

/// What changed
///
/// Against the period just before: which endpoints, status codes and consumers a rise of errors, or of slow requests, comes from.
#[utoipa::path(get, path = "/api/analytics/changes", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = Changes), Refusals))]
pub(super) async fn changes(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<Changes>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    Ok(Json(analytics::changes(&*state.stores.metrics, &scope, &query, now).await?))
}

/// Latencies
///
/// How they are spread, over the range and slot by slot.
#[utoipa::path(get, path = "/api/analytics/latencies", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = Latencies), Refusals))]
pub(super) async fn latencies(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<Latencies>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    Ok(Json(analytics::latencies(&*state.stores.metrics, &scope, &query, now).await?))
}

/// Failures
///
/// The newest failed requests (status 400 or more), grouped by status and error.
#[utoipa::path(get, path = "/api/analytics/failures", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = Failures), Refusals))]
pub(super) async fn failures(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<Failures>> {
    let Ask { scope, query, .. } = Ask::new(&state, &user, &params).await?;
    Ok(Json(analytics::failures(&*state.stores.events, &scope, &query).await?))
}

/// Consumers
///
/// Who called, most requests first. Asked about an endpoint or a method, the newest requests are counted.
#[utoipa::path(get, path = "/api/analytics/consumers", tag = "analytics", security(("session" = [])),
    params(ReportParams), responses((status = 200, body = Consumers), Refusals))]
pub(super) async fn consumers(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<ReportParams>,
) -> Answer<Json<Consumers>> {
    let Ask { scope, query, now } = Ask::new(&state, &user, &params).await?;
    let (metrics, events) = (&*state.stores.metrics, &*state.stores.events);
    Ok(Json(analytics::consumers(metrics, events, &scope, &query, now).await?))
}
