//! API keys: `/api/clients/{id}/keys`.
//!
//! The rule: a key leaves the server once, in the reply that made it.

use super::document::Refusals;
use super::input::{Text, instant, texts};
use super::limits;
use super::query::given;
use crate::auth::{By, SignedIn, as_origin, random};
use crate::reply::{Answer, JsonBody, Path, Query};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::access::{Permission, authorise};
use store::accounts::{KeyRotation, NewKeyRecord};
use telemetry::error::{ApiError, ErrorBody, ErrorCode};
use telemetry::key::ApiKey;
use telemetry::limits::SERVICE_BYTES;
use telemetry::report::{ClientId, KeyInfo, NewKey};

/// The environment of keys that name none.
const DEFAULT_ENVIRONMENT: &str = "live";

/// A key to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyWish {
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(required)]
    name: Text,
    /// 1 to 16 lower-case letters and digits; `live` unless given. Hits that name no environment belong to it.
    #[serde(default)]
    environment: Text,
    /// From when on it is refused, RFC 3339; never unless given.
    #[serde(default)]
    expires_at: Text,
    /// The only web origins whose pages may send hits with it, such as `https://shop.example`, at most 20; without any,
    /// whoever has it may.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    origins: Value,
    /// The only services whose hits it may send, at most 50; all unless given.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    services: Value,
    /// Hits a second, on average; no limit of its own unless given.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    hits_per_second: Value,
    /// Hits that may come at once; as many as in a second unless given.
    #[serde(default)]
    #[schema(value_type = Option<u32>)]
    burst: Value,
    /// Hits of a UTC day; no limit of its own unless given.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    hits_per_day: Value,
    /// Hits of a UTC month; no limit of its own unless given.
    #[serde(default)]
    #[schema(value_type = Option<u64>)]
    hits_per_month: Value,
}

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase")]
pub(super) struct RotateParams {
    /// How many hours the key before stays good, 0 to 720; 24 unless given.
    overlap_hours: Option<String>,
}

impl RotateParams {
    fn overlap(&self) -> Result<SignedDuration, ApiError> {
        let hours = given(&self.overlap_hours).map_or(Some(24), |text| text.parse().ok());
        let hours: i64 = hours.filter(|hours| (0..=720).contains(hours)).ok_or_else(|| {
            ApiError::invalid("overlapHours", "overlapHours must be a number from 0 to 720")
        })?;
        Ok(SignedDuration::from_hours(hours))
    }
}

impl KeyWish {
    fn origins(&self) -> Result<Vec<String>, ApiError> {
        let wrong = |text: &str| {
            let message = format!("{text:?} is no origin such as https://shop.example");
            ApiError::invalid("origins", message)
        };
        let origins = texts(&self.origins, "origins", 20)?;
        origins.into_iter().map(|text| as_origin(text).ok_or_else(|| wrong(text))).collect()
    }

    fn services(&self) -> Result<Vec<String>, ApiError> {
        let services = texts(&self.services, "services", 50)?;
        let named = |name: &&str| name.len() <= SERVICE_BYTES && !name.contains(char::is_control);
        if !services.iter().all(named) {
            let message = format!("a service's name has 1 to {SERVICE_BYTES} bytes, on one line");
            return Err(ApiError::invalid("services", message));
        }
        Ok(services.into_iter().map(str::to_owned).collect())
    }
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
    By(author): By,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
    JsonBody(body): JsonBody<KeyWish>,
) -> Answer<(StatusCode, Json<NewKey>)> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageKeys).await?.on_record(author);
    let now = (state.clock)();
    let name = body.name.name()?.to_owned();
    let environment = body.environment.optional("environment")?.unwrap_or(DEFAULT_ENVIRONMENT);
    let key = ApiKey::generate(environment, random()?)
        .map_err(|error| ApiError::invalid("environment", error.to_string()))?;
    let (hits_per_second, burst) = limits::rate(&body.hits_per_second, &body.burst)?;
    let record = NewKeyRecord {
        name,
        prefix: key.prefix().to_owned(),
        digest: key.digest(),
        environment: environment.to_owned(),
        expires_at: instant(&body.expires_at, "expiresAt", now)?,
        origins: body.origins()?,
        services: body.services()?,
        hits_per_second,
        burst,
        hits_per_day: limits::quota(&body.hits_per_day, "hitsPerDay")?,
        hits_per_month: limits::quota(&body.hits_per_month, "hitsPerMonth")?,
    };
    let info = accounts.create_key(&scope, &record, now).await?;
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
    let scope = authorise(accounts, &user, client, Permission::SeeKeys).await?;
    Ok(Json(Keys { keys: accounts.keys(&scope).await? }))
}

/// Rotate a key
///
/// Makes a successor with the same name, environment and restrictions; the reply is the only one that shows it. The key
/// before goes on for the overlap, and is refused from then on. For admins of the client.
#[utoipa::path(post, path = "/api/clients/{id}/keys/{keyId}/rotate", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path), ("keyId" = i64, Path), RotateParams),
    responses((status = 201, body = NewKey),
        (status = 409, body = ErrorBody, description = "The key is revoked, has expired, or was rotated before"), Refusals))]
pub(super) async fn rotate(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path((client, key)): Path<(ClientId, i64)>,
    Query(params): Query<RotateParams>,
) -> Answer<(StatusCode, Json<NewKey>)> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageKeys).await?.on_record(author);
    let (now, overlap) = ((state.clock)(), params.overlap()?);
    let found = accounts.keys(&scope).await?.into_iter().find(|found| found.id == key);
    let old = found.ok_or_else(|| ApiError::not_found("key"))?;
    let fresh = ApiKey::generate(&old.environment, random()?).map_err(|_| ApiError::internal())?;
    let rotation =
        accounts.rotate_key(&scope, key, fresh.prefix(), fresh.digest(), now + overlap, now).await?;
    state.ingest.keys.forget();
    state.edge.forget();
    match rotation {
        KeyRotation::Rotated(info) => {
            Ok((StatusCode::CREATED, Json(NewKey { info: *info, key: fresh.reveal().to_owned() })))
        }
        KeyRotation::Over => {
            let message = "this key is revoked, has expired, or was rotated before; make a new one";
            Err(ApiError::new(ErrorCode::Conflict, message).into())
        }
        KeyRotation::Unknown => Err(ApiError::not_found("key").into()),
    }
}

/// Revoke a key
///
/// For admins of the client. This server refuses the key at once, others within ten seconds.
#[utoipa::path(delete, path = "/api/clients/{id}/keys/{keyId}", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path), ("keyId" = i64, Path)), responses((status = 204), Refusals))]
pub(super) async fn revoke(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path((client, key)): Path<(ClientId, i64)>,
) -> Answer<StatusCode> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageKeys).await?.on_record(author);
    let found = accounts.revoke_key(&scope, key, (state.clock)()).await?;
    state.ingest.keys.forget();
    state.edge.forget();
    if found { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::not_found("key").into()) }
}
