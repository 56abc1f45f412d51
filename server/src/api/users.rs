//! The users of the instance: `/api/users`. For super admins.

use super::document::Refusals;
use super::sessions::Sessions;
use crate::auth::{By, RESET_LIFETIME, SignedIn, reset_link};
use crate::reply::{Answer, JsonBody, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::access::{Permission, require};
use telemetry::error::{ApiError, ErrorBody};
use telemetry::report::accounts::{ResetLink, UserInfo};

/// All users by name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Users {
    users: Vec<UserInfo>,
}

/// What is to change about a user.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct UserChange {
    /// Who is disabled cannot sign in; their sessions end.
    #[serde(default)]
    #[schema(required, value_type = bool)]
    disabled: Value,
}

/// List users
#[utoipa::path(get, path = "/api/users", tag = "users", security(("session" = [])),
    responses((status = 200, body = Users), Refusals))]
pub(super) async fn list(SignedIn(user): SignedIn, State(state): State<AppState>) -> Answer<Json<Users>> {
    let scope = require(&user, Permission::SeeUsers)?;
    Ok(Json(Users { users: state.stores.accounts.users(&scope).await? }))
}

/// Disable or enable a user
///
/// Disabling ends their sessions at once.
#[utoipa::path(patch, path = "/api/users/{userId}", tag = "users", security(("session" = [])),
    params(("userId" = i64, Path)), request_body = UserChange,
    responses((status = 204), (status = 409, body = ErrorBody, description = "The last super admin"), Refusals))]
pub(super) async fn change(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(id): Path<i64>,
    JsonBody(body): JsonBody<UserChange>,
) -> Answer<StatusCode> {
    let scope = require(&user, Permission::ManageUsers)?.on_record(author);
    let wrong = || ApiError::invalid("disabled", "disabled must be true or false");
    let disabled = body.disabled.as_bool().ok_or_else(wrong)?;
    if state.stores.accounts.set_disabled(&scope, id, disabled).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("user").into())
    }
}

/// List a user's sessions
#[utoipa::path(get, path = "/api/users/{userId}/sessions", tag = "users", security(("session" = [])),
    params(("userId" = i64, Path)), responses((status = 200, body = Sessions), Refusals))]
pub(super) async fn sessions(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Answer<Json<Sessions>> {
    require(&user, Permission::ManageUsers)?;
    let sessions = state.stores.accounts.sessions_of(id, (state.clock)()).await?;
    Ok(Json(Sessions { sessions: sessions.into_iter().map(|found| found.shown(None)).collect() }))
}

/// End all sessions of a user
#[utoipa::path(delete, path = "/api/users/{userId}/sessions", tag = "users", security(("session" = [])),
    params(("userId" = i64, Path)), responses((status = 204), Refusals))]
pub(super) async fn end_sessions(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Answer<StatusCode> {
    require(&user, Permission::ManageUsers)?;
    let accounts = &*state.stores.accounts;
    let record = accounts.user(id).await?.ok_or_else(|| ApiError::not_found("user"))?;
    let ended = accounts.end_sessions_of(id).await?;
    let target = format!("{}: all {ended}", record.user.username);
    accounts.note(&author, "session.ended", &target).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one of a user's sessions
#[utoipa::path(delete, path = "/api/users/{userId}/sessions/{sessionId}", tag = "users", security(("session" = [])),
    params(("userId" = i64, Path), ("sessionId" = String, Path)), responses((status = 204), Refusals))]
pub(super) async fn end_session(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path((id, session)): Path<(i64, String)>,
) -> Answer<StatusCode> {
    require(&user, Permission::ManageUsers)?;
    if state.stores.accounts.end_session_of(&author, id, &session).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("session").into())
    }
}

/// Make a link to choose a new password
///
/// For the user, to be handed over by whoever made it. The reply is the only one that shows it; it is good once, for a
/// day. The password they have stays until then.
#[utoipa::path(post, path = "/api/users/{userId}/reset", tag = "users", security(("session" = [])),
    params(("userId" = i64, Path)), responses((status = 201, body = ResetLink), Refusals))]
pub(super) async fn reset(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(id): Path<i64>,
) -> Answer<(StatusCode, Json<ResetLink>)> {
    let scope = require(&user, Permission::ManageUsers)?.on_record(author);
    let expires_at = (state.clock)() + RESET_LIFETIME;
    let (digest, link) = reset_link(&state.public_url).map_err(|_| ApiError::internal())?;
    if !state.stores.accounts.create_reset(&scope, id, digest, expires_at).await? {
        return Err(ApiError::not_found("user").into());
    }
    Ok((StatusCode::CREATED, Json(ResetLink { link, expires_at })))
}
