//! One's own sessions: `/api/auth/sessions`.

use super::document::Refusals;
use crate::auth::{By, Session};
use crate::reply::{Answer, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use telemetry::error::ApiError;
use telemetry::report::accounts::SessionInfo;

/// Sessions, the one used last first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Sessions {
    pub(super) sessions: Vec<SessionInfo>,
}

/// List one's sessions
#[utoipa::path(get, path = "/api/auth/sessions", tag = "auth", security(("session" = [])),
    responses((status = 200, body = Sessions), Refusals))]
pub(super) async fn list(session: Session, State(state): State<AppState>) -> Answer<Json<Sessions>> {
    let sessions = state.stores.accounts.sessions_of(session.user.id, (state.clock)()).await?;
    let sessions = sessions.into_iter().map(|found| found.shown(Some(&session.id))).collect();
    Ok(Json(Sessions { sessions }))
}

/// End one of one's sessions
#[utoipa::path(delete, path = "/api/auth/sessions/{sessionId}", tag = "auth", security(("session" = [])),
    params(("sessionId" = String, Path)), responses((status = 204), Refusals))]
pub(super) async fn end(
    session: Session,
    By(author): By,
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Answer<StatusCode> {
    if state.stores.accounts.end_session_of(&author, session.user.id, &id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("session").into())
    }
}
