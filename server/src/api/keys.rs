//! API keys: `/api/clients/{id}/keys`.
//!
//! The rule: a key leaves the server once, in the reply that made it.

use super::document::Refusals;
use super::input::Text;
use crate::auth::{SignedIn, random};
use crate::reply::{Answer, JsonBody, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::access::{Permission, authorise};
use store::accounts::NewKeyRecord;
use telemetry::error::ApiError;
use telemetry::key::ApiKey;
use telemetry::report::{ClientId, KeyInfo, NewKey};

/// The environment of keys that name none.
const DEFAULT_ENVIRONMENT: &str = "live";

/// A key to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct KeyWish {
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(required)]
    name: Text,
    /// 1 to 16 lower-case letters and digits; `live` unless given. Hits that name no environment belong to it.
    #[serde(default)]
    environment: Text,
}

/// A client's keys, newest first, revoked ones included.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Keys {
    keys: Vec<KeyInfo>,
}

/// Make a key
///
/// For admins of the client. The reply is the only one that shows it.
#[utoipa::path(post, path = "/api/clients/{id}/keys", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), request_body = KeyWish,
    responses((status = 201, body = NewKey), Refusals))]
pub(super) async fn create(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
    JsonBody(body): JsonBody<KeyWish>,
) -> Answer<(StatusCode, Json<NewKey>)> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::Administer).await?;
    let name = body.name.name()?.to_owned();
    let environment = body.environment.optional("environment")?.unwrap_or(DEFAULT_ENVIRONMENT);
    let key = ApiKey::generate(environment, random()?)
        .map_err(|error| ApiError::invalid("environment", error.to_string()))?;
    let record = NewKeyRecord {
        name,
        prefix: key.prefix().to_owned(),
        digest: key.digest(),
        environment: environment.to_owned(),
    };
    let info = accounts.create_key(&scope, &record, (state.clock)()).await?;
    Ok((StatusCode::CREATED, Json(NewKey { info, key: key.reveal().to_owned() })))
}

/// List keys
#[utoipa::path(get, path = "/api/clients/{id}/keys", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), responses((status = 200, body = Keys), Refusals))]
pub(super) async fn list(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
) -> Answer<Json<Keys>> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::View).await?;
    Ok(Json(Keys { keys: accounts.keys(&scope).await? }))
}

/// Revoke a key
///
/// For admins of the client. This server refuses the key at once, others within ten seconds.
#[utoipa::path(delete, path = "/api/clients/{id}/keys/{keyId}", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path), ("keyId" = i64, Path)), responses((status = 204), Refusals))]
pub(super) async fn revoke(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path((client, key)): Path<(ClientId, i64)>,
) -> Answer<StatusCode> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::Administer).await?;
    let found = accounts.revoke_key(&scope, key, (state.clock)()).await?;
    state.ingest.keys.forget();
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found("key").into()) }
}
