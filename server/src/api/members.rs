//! Who belongs to a client: `/api/clients/{id}/members`.
//!
//! The rule: nobody gives a role that they do not have. Only admins give roles, and no role is stronger than theirs.

use super::document::Refusals;
use super::input::Text;
use crate::auth::{By, SignedIn};
use crate::reply::{Answer, JsonBody, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::access::{Permission, authorise, require};
use telemetry::error::{ApiError, ErrorBody};
use telemetry::report::ClientId;
use telemetry::report::accounts::Member;

/// Somebody who is to become a member.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewMember {
    /// The user's number.
    #[serde(default)]
    #[schema(required, value_type = i64)]
    user: Value,
    /// `viewer`, `operator` or `admin`.
    #[serde(default)]
    #[schema(required)]
    role: Text,
}

/// Another role for a member.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewRole {
    /// `viewer`, `operator` or `admin`.
    #[serde(default)]
    #[schema(required)]
    role: Text,
}

/// A client's members by name.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Members {
    members: Vec<Member>,
}

/// List members
#[utoipa::path(get, path = "/api/clients/{id}/members", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), responses((status = 200, body = Members), Refusals))]
pub(super) async fn list(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
) -> Answer<Json<Members>> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::SeeMembers).await?;
    Ok(Json(Members { members: accounts.members(&scope).await? }))
}

/// Add a member
///
/// For super admins, who know all users; admins of a client invite.
#[utoipa::path(post, path = "/api/clients/{id}/members", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), request_body = NewMember,
    responses((status = 204), (status = 409, body = ErrorBody, description = "No admin would be left"), Refusals))]
pub(super) async fn add(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
    JsonBody(body): JsonBody<NewMember>,
) -> Answer<StatusCode> {
    require(&user, Permission::AddMembers)?;
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::AddMembers).await?.on_record(author);
    let role = body.role.role()?;
    let wrong = || ApiError::invalid("user", "user must be the number of a user");
    let member = body.user.as_i64().ok_or_else(wrong)?;
    if accounts.user(member).await?.is_none() {
        return Err(wrong().into());
    }
    accounts.set_member(&scope, member, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Change a member's role
///
/// For admins of the client. It counts at once.
#[utoipa::path(patch, path = "/api/clients/{id}/members/{userId}", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path), ("userId" = i64, Path)), request_body = NewRole,
    responses((status = 204), (status = 409, body = ErrorBody, description = "No admin would be left"), Refusals))]
pub(super) async fn change(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path((client, member)): Path<(ClientId, i64)>,
    JsonBody(body): JsonBody<NewRole>,
) -> Answer<StatusCode> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageMembers).await?.on_record(author);
    let role = body.role.role()?;
    if accounts.change_role(&scope, member, role).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("member").into())
    }
}

/// Remove a member
///
/// For admins of the client. It counts at once.
#[utoipa::path(delete, path = "/api/clients/{id}/members/{userId}", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path), ("userId" = i64, Path)),
    responses((status = 204), (status = 409, body = ErrorBody, description = "No admin would be left"), Refusals))]
pub(super) async fn remove(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path((client, member)): Path<(ClientId, i64)>,
) -> Answer<StatusCode> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageMembers).await?.on_record(author);
    if accounts.remove_member(&scope, member).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("member").into())
    }
}
