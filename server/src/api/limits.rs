//! What a client may send: `/api/clients/{id}/limits`.

use super::document::Refusals;
use super::input::{number, switch};
use crate::auth::{By, SignedIn};
use crate::reply::{Answer, JsonBody, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;
use store::access::{Permission, authorise};
use telemetry::error::ApiError;
use telemetry::report::ClientId;
use telemetry::report::limits::ClientLimits;

/// The most hits a second, and at once, that can be asked for.
pub(super) const MOST_HITS: u64 = 1_000_000_000;
/// The largest quota.
const MOST_OF_A_MONTH: u64 = 1_000_000_000_000_000;

/// The limits that a client shall have from now on. What is missing or null is no limit, or as for a new client.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct LimitsWish {
    /// Hits a second, on average.
    #[schema(value_type = Option<u32>)]
    hits_per_second: Value,
    /// Hits that may come at once; as many as in a second unless given. A larger batch never passes.
    #[schema(value_type = Option<u32>)]
    burst: Value,
    /// Hits of a UTC day.
    #[schema(value_type = Option<u64>)]
    hits_per_day: Value,
    /// Hits of a UTC month.
    #[schema(value_type = Option<u64>)]
    hits_per_month: Value,
    /// Whether captured bodies are kept; true unless given. What is stored already stays.
    #[schema(value_type = Option<bool>)]
    capture_bodies: Value,
    /// How many days raw events are kept, 1 to 3650; 30 unless given. Hits keep the time that was set when they came.
    #[schema(value_type = Option<u32>)]
    raw_retention_days: Value,
}

impl Default for LimitsWish {
    fn default() -> Self {
        let [a, b, c, d, e, f] = [const { Value::Null }; 6];
        Self {
            hits_per_second: a,
            burst: b,
            hits_per_day: c,
            hits_per_month: d,
            capture_bodies: e,
            raw_retention_days: f,
        }
    }
}

impl LimitsWish {
    fn limits(&self) -> Result<ClientLimits, ApiError> {
        let usual = ClientLimits::default();
        let (hits_per_second, burst) = rate(&self.hits_per_second, &self.burst)?;
        Ok(ClientLimits {
            hits_per_second,
            burst,
            hits_per_day: quota(&self.hits_per_day, "hitsPerDay")?,
            hits_per_month: quota(&self.hits_per_month, "hitsPerMonth")?,
            capture_bodies: switch(&self.capture_bodies, "captureBodies")?.unwrap_or(usual.capture_bodies),
            raw_retention_days: number(&self.raw_retention_days, "rawRetentionDays", 1..=3_650)?
                .unwrap_or(usual.raw_retention_days),
        })
    }
}

/// Hits of a day or a month.
pub(super) fn quota(hits: &Value, field: &str) -> Result<Option<u64>, ApiError> {
    number(hits, field, 1..=MOST_OF_A_MONTH)
}

/// A rate and its burst; a burst without a rate means nothing, and is refused.
pub(super) fn rate(hits_per_second: &Value, burst: &Value) -> Result<(Option<u32>, Option<u32>), ApiError> {
    let rate = number(hits_per_second, "hitsPerSecond", 1..=MOST_HITS)?;
    let burst = number(burst, "burst", 1..=MOST_HITS)?;
    if burst.is_some() && rate.is_none() {
        return Err(ApiError::invalid("burst", "a burst needs hitsPerSecond beside it"));
    }
    Ok((rate, burst))
}

/// The limits of a client
#[utoipa::path(get, path = "/api/clients/{id}/limits", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), responses((status = 200, body = ClientLimits), Refusals))]
pub(super) async fn get(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
) -> Answer<Json<ClientLimits>> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::View).await?;
    Ok(Json(accounts.limits(&scope).await?))
}

/// Set the limits of a client
///
/// For admins of the client. They hold here at once, on other servers within ten seconds.
#[utoipa::path(put, path = "/api/clients/{id}/limits", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), request_body = LimitsWish,
    responses((status = 200, body = ClientLimits), Refusals))]
pub(super) async fn set(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
    JsonBody(body): JsonBody<LimitsWish>,
) -> Answer<Json<ClientLimits>> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::Administer).await?.on_record(author);
    let limits = body.limits()?;
    accounts.set_limits(&scope, &limits).await?;
    state.ingest.keys.forget();
    Ok(Json(limits))
}
