//! The audit log: `/api/clients/{id}/audit` for admins of a client, `/api/audit` for super admins.

use super::document::Refusals;
use super::query::given;
use crate::auth::SignedIn;
use crate::reply::{Answer, Path, Query};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use store::access::{Permission, authorise, require};
use telemetry::error::ApiError;
use telemetry::report::ClientId;
use telemetry::report::accounts::AuditPage;

const DEFAULT_LIMIT: u32 = 50;
const MOST_ROWS: u32 = 500;

#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct AuditParams {
    /// Rows of a page, 1 to 500; 50 unless given.
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

impl AuditParams {
    fn page(&self) -> Result<(Option<i64>, u32), ApiError> {
        let limit = given(&self.limit).map_or(Some(DEFAULT_LIMIT), |text| text.parse().ok());
        let limit = limit.filter(|limit| (1..=MOST_ROWS).contains(limit)).ok_or_else(|| {
            ApiError::invalid("limit", format!("limit must be a number from 1 to {MOST_ROWS}"))
        })?;
        let cursor = given(&self.cursor).map(str::parse).transpose();
        let cursor = cursor.map_err(|_| ApiError::invalid("cursor", "cursor must be `next` of a page"))?;
        Ok((cursor, limit))
    }
}

/// What was done in a client
///
/// Newest first. For its admins.
#[utoipa::path(get, path = "/api/clients/{id}/audit", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path), AuditParams), responses((status = 200, body = AuditPage), Refusals))]
pub(super) async fn of_client(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
    Query(params): Query<AuditParams>,
) -> Answer<Json<AuditPage>> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::SeeAudit).await?;
    let (cursor, limit) = params.page()?;
    Ok(Json(accounts.audit_of(&scope, cursor, limit).await?))
}

/// What was done in the instance
///
/// In all clients and besides, newest first. For super admins.
#[utoipa::path(get, path = "/api/audit", tag = "users", security(("session" = [])),
    params(AuditParams), responses((status = 200, body = AuditPage), Refusals))]
pub(super) async fn of_instance(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Query(params): Query<AuditParams>,
) -> Answer<Json<AuditPage>> {
    let scope = require(&user, Permission::SeeInstanceAudit)?;
    let (cursor, limit) = params.page()?;
    Ok(Json(state.stores.accounts.audit(&scope, cursor, limit).await?))
}
