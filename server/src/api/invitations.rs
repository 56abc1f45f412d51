//! Invitations into a client: made under `/api/clients/{id}/invitations`, accepted under `/api/auth`.
//!
//! The rule: the token leaves the server once, behind the `#` of a link, which browsers send to nobody; whoever has the
//! link presents it in a body. So it stands in no log and no history of a proxy. It works once.

use super::auth::{self, UserReply};
use super::document::Refusals;
use super::input::Text;
use crate::auth::opaque_token::{OpaqueToken, digest_of};
use crate::auth::{By, ClientAddress, Session, SignedIn, random};
use crate::reply::{Answer, ErrorReply, JsonBody, Path};
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use jiff::SignedDuration;
use runtime::config::Registration;
use serde::{Deserialize, Serialize};
use store::access::{Author, Permission, authorise};
use store::accounts::NewInvitationRecord;
use telemetry::error::{ApiError, ErrorBody};
use telemetry::report::ClientId;
use telemetry::report::accounts::{Invitation, NewInvitation, Offer};

/// How long an invitation is good.
const LIFETIME: SignedDuration = SignedDuration::from_hours(7 * 24);

/// An invitation to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct InvitationWish {
    /// Whom it is meant for, to recognise it by; 1 to 100 characters.
    #[serde(default)]
    #[schema(required)]
    name: Text,
    /// `viewer`, `operator` or `admin`.
    #[serde(default)]
    #[schema(required)]
    role: Text,
}

/// The invitations that are good, newest first.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Invitations {
    invitations: Vec<Invitation>,
}

/// What follows the `#` of an invitation's link.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Presented {
    #[serde(default)]
    #[schema(required)]
    token: Text,
}

/// An invitation that is accepted: with the new account, unless somebody is signed in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Acceptance {
    #[serde(default)]
    #[schema(required)]
    token: Text,
    #[serde(default)]
    username: Text,
    #[serde(default)]
    email: Text,
    /// 8 to 128 characters.
    #[serde(default)]
    password: Text,
}

/// Invite somebody
///
/// For admins of the client. The reply is the only one that shows the link, which is good once, for seven days.
#[utoipa::path(post, path = "/api/clients/{id}/invitations", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), request_body = InvitationWish,
    responses((status = 201, body = NewInvitation), Refusals))]
pub(super) async fn create(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
    JsonBody(body): JsonBody<InvitationWish>,
) -> Answer<(StatusCode, Json<NewInvitation>)> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageMembers).await?.on_record(author);
    let (token, now) = (OpaqueToken::new(random()?), (state.clock)());
    let record = NewInvitationRecord {
        name: body.name.name()?.to_owned(),
        role: body.role.role()?,
        digest: token.digest(),
        created_at: now,
        expires_at: now + LIFETIME,
    };
    let info = accounts.create_invitation(&scope, &record).await?;
    let link = format!("{}/invitation#{}", state.public_url, token.into_text());
    Ok((StatusCode::CREATED, Json(NewInvitation { info, link })))
}

/// List invitations
///
/// For admins of the client.
#[utoipa::path(get, path = "/api/clients/{id}/invitations", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), responses((status = 200, body = Invitations), Refusals))]
pub(super) async fn list(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
) -> Answer<Json<Invitations>> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageMembers).await?;
    Ok(Json(Invitations { invitations: accounts.invitations(&scope, (state.clock)()).await? }))
}

/// Withdraw an invitation
///
/// For admins of the client. Its link is worth nothing from then on.
#[utoipa::path(delete, path = "/api/clients/{id}/invitations/{invitationId}", tag = "clients",
    security(("session" = [])), params(("id" = ClientId, Path), ("invitationId" = i64, Path)),
    responses((status = 204), Refusals))]
pub(super) async fn withdraw(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    Path((client, invitation)): Path<(ClientId, i64)>,
) -> Answer<StatusCode> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::ManageMembers).await?.on_record(author);
    if accounts.withdraw_invitation(&scope, invitation).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::not_found("invitation").into())
    }
}

/// Look at an invitation
///
/// What it offers, for whoever has its link.
#[utoipa::path(post, path = "/api/auth/invitation", tag = "auth", request_body = Presented,
    responses((status = 200, body = Offer),
        (status = 429, body = ErrorBody, description = "Too many tries; `Retry-After` says when to come again"), Refusals))]
pub(super) async fn look(
    ClientAddress(address): ClientAddress,
    State(state): State<AppState>,
    JsonBody(body): JsonBody<Presented>,
) -> Answer<Json<Offer>> {
    state.auth.slow_down(address)?;
    let digest = digest_of(body.token.required("token")?).ok_or_else(over)?;
    let offer = state.stores.accounts.offer(digest, (state.clock)()).await?;
    Ok(Json(offer.ok_or_else(over)?))
}

/// Accept an invitation
///
/// Makes whoever is signed in a member; else makes an account, unless registration is off, and signs it in.
#[utoipa::path(post, path = "/api/auth/accept", tag = "auth", request_body = Acceptance,
    responses((status = 200, body = UserReply, description = "Whoever is signed in is a member now"),
        (status = 201, body = UserReply, description = "The account was made, and is signed in"),
        (status = 409, body = ErrorBody, description = "The name or address is taken"),
        (status = 429, body = ErrorBody, description = "Too many tries; `Retry-After` says when to come again"), Refusals))]
pub(super) async fn accept(
    ClientAddress(address): ClientAddress,
    State(state): State<AppState>,
    session: Option<Extension<Session>>,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Acceptance>,
) -> Answer<Response> {
    state.auth.slow_down(address)?;
    let (accounts, now) = (&*state.stores.accounts, (state.clock)());
    let digest = digest_of(body.token.required("token")?).ok_or_else(over)?;
    if let Some(Extension(Session { user, .. })) = session {
        let author = Author::user(&user, address, now);
        accounts.accept(digest, &author, user.id).await?.ok_or_else(over)?;
        return Ok((StatusCode::OK, Json(UserReply { user })).into_response());
    }
    if state.config.registration == Registration::Off {
        let message = "new accounts cannot be made on this instance; sign in to accept with the one you have";
        return Err(ApiError::forbidden(message).into());
    }
    // Before a hash is spent on it.
    accounts.offer(digest, now).await?.ok_or_else(over)?;
    let new = auth::new_user(&state, &body.username, &body.email, &body.password, false).await?;
    let user = accounts.accept_as_new(digest, &new, Some(address), now).await.map_err(auth::taken)?;
    auth::signed_in(&state, StatusCode::CREATED, user.ok_or_else(over)?, &headers, address).await
}

/// One answer for all that can be wrong with a link.
pub(super) fn over() -> ErrorReply {
    let message =
        "this link is not good any more: it was used, withdrawn, or its time is over; ask for another one";
    ApiError::new(telemetry::error::ErrorCode::NotFound, message).into()
}
