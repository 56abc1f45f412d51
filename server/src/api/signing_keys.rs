//! The keys that sessions are signed with: `/api/signing-keys`. For super admins.

use super::document::Refusals;
use crate::auth::{By, SignedIn, random};
use crate::reply::Answer;
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use store::access::{Permission, require};
use telemetry::report::accounts::SigningKeyInfo;

/// Rotate the signing key
///
/// The one before is believed for the quarter of an hour that its tokens live, so nobody is signed out.
#[utoipa::path(post, path = "/api/signing-keys/rotate", tag = "users", security(("session" = [])),
    responses((status = 201, body = SigningKeyInfo), Refusals))]
pub(super) async fn rotate(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
) -> Answer<(StatusCode, Json<SigningKeyInfo>)> {
    let scope = require(&user, Permission::ManageSigningKeys)?.on_record(author);
    let made = state.stores.accounts.rotate_signing_key(&scope, random()?, (state.clock)()).await?;
    state.auth.reload_keys().await?;
    Ok((StatusCode::CREATED, Json(made)))
}
