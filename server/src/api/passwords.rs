//! New passwords: one's own at `/api/auth/password`, by a link at `/api/auth/reset`.
//!
//! The rule: with a new password every other session of the user ends. A reset link's token travels as an invitation's
//! does ([`super::invitations`]), and works once.

use super::document::Refusals;
use super::input::{MAX_PASSWORD, Text};
use super::invitations::over;
use crate::auth::opaque_token::digest_of;
use crate::auth::{By, ClientAddress, Session};
use crate::reply::{Answer, JsonBody};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use telemetry::error::{ApiError, ErrorBody};

/// Another password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewPassword {
    /// The one that it replaces.
    #[serde(default)]
    #[schema(required)]
    current: Text,
    /// 8 to 128 characters.
    #[serde(default)]
    #[schema(required)]
    password: Text,
}

/// A password chosen by way of a link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Reset {
    /// What follows the `#` of the link.
    #[serde(default)]
    #[schema(required)]
    token: Text,
    /// 8 to 128 characters.
    #[serde(default)]
    #[schema(required)]
    password: Text,
}

/// Change one's password
///
/// Ends all other sessions of the user.
#[utoipa::path(post, path = "/api/auth/password", tag = "auth", security(("session" = [])), request_body = NewPassword,
    responses((status = 204),
        (status = 429, body = ErrorBody, description = "Too many tries; `Retry-After` says when to come again"), Refusals))]
pub(super) async fn change(
    session: Session,
    By(author): By,
    ClientAddress(address): ClientAddress,
    State(state): State<AppState>,
    JsonBody(body): JsonBody<NewPassword>,
) -> Answer<StatusCode> {
    let about = [session.user.username.as_str(), session.user.email.as_str()];
    let password = body.password.new_password(&about)?;
    let current = body.current.password().map_err(|error| ApiError::invalid("current", error.message))?;
    let matches = current.chars().count() <= MAX_PASSWORD
        && state.auth.is_password_of(&session.user, current, address).await?;
    if !matches {
        return Err(ApiError::invalid("current", "that is not your present password").into());
    }
    let hash = state.auth.hash(password).await?;
    state.stores.accounts.set_password(&author, session.user.id, &hash, Some(&session.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Choose a password by a link
///
/// Ends all sessions of the user, and voids their other links.
#[utoipa::path(post, path = "/api/auth/reset", tag = "auth", request_body = Reset,
    responses((status = 204),
        (status = 429, body = ErrorBody, description = "Too many tries; `Retry-After` says when to come again"), Refusals))]
pub(super) async fn reset(
    ClientAddress(address): ClientAddress,
    State(state): State<AppState>,
    JsonBody(body): JsonBody<Reset>,
) -> Answer<StatusCode> {
    state.auth.slow_down(address)?;
    let (accounts, now) = (&*state.stores.accounts, (state.clock)());
    let digest = digest_of(body.token.required("token")?).ok_or_else(over)?;
    // Before a hash is spent on it.
    if !accounts.reset_is_good(digest, now).await? {
        return Err(over());
    }
    let hash = state.auth.hash(body.password.new_password(&[])?).await?;
    accounts.use_reset(digest, &hash, Some(address), now).await?.ok_or_else(over)?;
    Ok(StatusCode::NO_CONTENT)
}
