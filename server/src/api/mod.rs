//! The JSON API for programs and the dashboard: accounts, clients, keys, reports, operations.
//!
//! The rule: every reply is JSON, also a refusal; what a caller may see is decided by [`store::access`] alone.

mod analytics;
mod audit;
mod auth;
mod clients;
mod document;
mod edges;
mod export;
mod input;
mod invitations;
mod keys;
mod limits;
mod live;
mod markers;
mod members;
mod ops;
mod passwords;
mod query;
mod requests;
mod sessions;
mod signing_keys;
mod usage;
mod users;

pub use document::{document, with_body_refusals};

use crate::reply::ErrorReply;
use crate::state::AppState;
use axum::extract::DefaultBodyLimit;
use telemetry::error::{ApiError, ErrorCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Nothing that these routes take is longer.
const BODY_BYTES: usize = 64 << 10;

/// The routes, with their description.
pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(auth::onboard))
        .routes(routes!(auth::register))
        .routes(routes!(auth::login))
        .routes(routes!(auth::refresh))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::me))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(passwords::change))
        .routes(routes!(passwords::reset))
        .routes(routes!(invitations::look))
        .routes(routes!(invitations::accept))
        .routes(routes!(users::list))
        .routes(routes!(users::change))
        .routes(routes!(users::sessions, users::end_sessions))
        .routes(routes!(users::end_session))
        .routes(routes!(users::reset))
        .routes(routes!(audit::of_instance))
        .routes(routes!(signing_keys::rotate))
        .routes(routes!(clients::list, clients::create))
        .routes(routes!(clients::get))
        .routes(routes!(keys::list, keys::create))
        .routes(routes!(keys::revoke))
        .routes(routes!(keys::rotate))
        .routes(routes!(members::list, members::add))
        .routes(routes!(members::change, members::remove))
        .routes(routes!(invitations::list, invitations::create))
        .routes(routes!(invitations::withdraw))
        .routes(routes!(audit::of_client))
        .routes(routes!(limits::get, limits::set))
        .routes(routes!(usage::usage))
        .routes(routes!(analytics::changes))
        .routes(routes!(analytics::latencies))
        .routes(routes!(analytics::failures))
        .routes(routes!(analytics::consumers))
        .routes(routes!(analytics::overview))
        .routes(routes!(analytics::timeseries))
        .routes(routes!(analytics::endpoints))
        .routes(routes!(analytics::services))
        .routes(routes!(analytics::status_codes))
        .routes(routes!(markers::list, markers::create))
        .routes(routes!(requests::list))
        .routes(routes!(export::export))
        .routes(routes!(requests::get))
        .routes(routes!(live::live))
        .routes(routes!(edges::create))
        .routes(routes!(edges::list))
        .routes(routes!(edges::rotate))
        .routes(routes!(edges::revoke))
        .routes(routes!(ops::pipeline))
        .routes(routes!(ops::dead_letters))
        .routes(routes!(ops::dead_letter))
        .routes(routes!(ops::replay))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

/// For paths under `/api` that do not exist.
pub async fn not_found() -> ErrorReply {
    ApiError::new(ErrorCode::NotFound, "there is no such route; /api/openapi.json lists all").into()
}

/// For methods that a route does not know.
pub async fn method_not_allowed() -> ErrorReply {
    ApiError::new(ErrorCode::MethodNotAllowed, "this route knows other methods; /api/openapi.json lists them")
        .into()
}
