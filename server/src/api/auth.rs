//! Accounts and sessions: `/api/auth/…`.

use super::document::Refusals;
use super::input::{MAX_PASSWORD, Text};
use crate::auth::{ClientAddress, Session, SetCookies, SignedIn, is_on_this_machine};
use crate::reply::{Answer, ErrorReply, JsonBody};
use crate::state::AppState;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use runtime::config::Registration;
use runtime::metrics::passed_on;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use store::StoreError;
use store::access::Author;
use store::accounts::NewUser;
use subtle::ConstantTimeEq;
use telemetry::error::{ApiError, ErrorBody, ErrorCode};
use telemetry::report::{Client, User};

/// Somebody who has just signed in.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = SignedIn)]
pub(super) struct UserReply {
    pub(super) user: User,
}

/// Who is signed in, and what they may see.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Me {
    user: User,
    clients: Vec<Client>,
}

/// The first account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Onboard {
    #[serde(default)]
    #[schema(required)]
    username: Text,
    #[serde(default)]
    #[schema(required)]
    email: Text,
    /// 8 to 128 characters.
    #[serde(default)]
    #[schema(required)]
    password: Text,
    /// What the server printed at start, where it listens on more than loopback.
    #[serde(default)]
    setup_token: Text,
}

/// A new account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Register {
    #[serde(default)]
    #[schema(required)]
    username: Text,
    #[serde(default)]
    #[schema(required)]
    email: Text,
    /// 8 to 128 characters.
    #[serde(default)]
    #[schema(required)]
    password: Text,
}

/// User name or e-mail address, and password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct Login {
    #[serde(default)]
    username: Text,
    #[serde(default)]
    email: Text,
    #[serde(default)]
    #[schema(required)]
    password: Text,
}

/// Set up the instance
///
/// Makes the first account, which administers the instance, and signs it in. Works once.
#[utoipa::path(post, path = "/api/auth/onboard", tag = "auth", request_body = Onboard,
    responses((status = 201, body = UserReply), (status = 409, body = ErrorBody, description = "Done already"),
        (status = 429, body = ErrorBody, description = "Too many tries; `Retry-After` says when to come again"), Refusals))]
pub(super) async fn onboard(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    uri: Uri,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Onboard>,
) -> Answer<Response> {
    if state.stores.accounts.any_user().await? {
        return Err(set_up_already());
    }
    state.auth.slow_down(address)?;
    match &state.setup_token {
        Some(token) => {
            let given = body.setup_token.optional("setupToken")?.unwrap_or_default();
            if !bool::from(given.as_bytes().ct_eq(token.as_bytes())) {
                let message = "enter the set-up token that the server printed at its start";
                let field = Some("setupToken".to_owned());
                return Err(ApiError { field, ..ApiError::forbidden(message) }.into());
            }
        }
        // Without a token only whoever sits at this machine may do it, and not a page that pretends to be local.
        None if passed_on(&headers) || !is_on_this_machine(&headers, &uri) => {
            let message = "set the instance up from this machine, or set SENDRY_PUBLIC_URL to the address you use \
                           and enter the set-up token that the server prints then at its start";
            return Err(ApiError::forbidden(message).into());
        }
        None => {}
    }
    let new = new_user(&state, &body.username, &body.email, &body.password, true).await?;
    match state.stores.accounts.create_first_user(&new, (state.clock)()).await? {
        Some(user) => {
            let author = Author::user(&user, address, (state.clock)());
            state.stores.accounts.note(&author, "instance.set-up", &user.username).await?;
            signed_in(&state, StatusCode::CREATED, user, &headers, address).await
        }
        None => Err(set_up_already()),
    }
}

/// Register
///
/// Makes an account without any rights and signs it in, where registration is open.
#[utoipa::path(post, path = "/api/auth/register", tag = "auth", request_body = Register,
    responses((status = 201, body = UserReply), (status = 409, body = ErrorBody, description = "The name is taken"),
        (status = 429, body = ErrorBody, description = "Too many tries; `Retry-After` says when to come again"), Refusals))]
pub(super) async fn register(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Register>,
) -> Answer<Response> {
    if state.config.registration != Registration::Open {
        return Err(ApiError::forbidden("registration is not open; ask an admin of this instance").into());
    }
    if !state.stores.accounts.any_user().await? {
        return Err(ApiError::forbidden("this instance has to be set up first").into());
    }
    state.auth.slow_down(address)?;
    let new = new_user(&state, &body.username, &body.email, &body.password, false).await?;
    let user = state.stores.accounts.create_user(&new, (state.clock)()).await.map_err(taken)?;
    let author = Author::user(&user, address, (state.clock)());
    state.stores.accounts.note(&author, "user.registered", &user.username).await?;
    signed_in(&state, StatusCode::CREATED, user, &headers, address).await
}

/// Sign in
#[utoipa::path(post, path = "/api/auth/login", tag = "auth", request_body = Login,
    responses((status = 200, body = UserReply),
        (status = 429, body = ErrorBody, description = "Too many tries; `Retry-After` says when to come again"), Refusals))]
pub(super) async fn login(
    State(state): State<AppState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    JsonBody(body): JsonBody<Login>,
) -> Answer<Response> {
    let name = match body.username.optional("username")? {
        Some(name) => name,
        None => body
            .email
            .optional("email")?
            .ok_or_else(|| ApiError::invalid("username", "username is missing"))?,
    };
    let password = body.password.password()?;
    // Longer than any that exist: cut, so that it costs as little as others, and is as wrong.
    let end = password.char_indices().nth(MAX_PASSWORD + 1).map_or(password.len(), |(end, _)| end);
    let user = state.auth.check_password(name, &password[..end], address).await?;
    signed_in(&state, StatusCode::OK, user, &headers, address).await
}

/// Renew the session
///
/// Replaces both cookies. A refresh cookie that was replaced before ends its session.
#[utoipa::path(post, path = "/api/auth/refresh", tag = "auth",
    responses((status = 200, body = UserReply), Refusals))]
pub(super) async fn refresh(State(state): State<AppState>, headers: HeaderMap) -> Answer<Response> {
    let (user, cookies) = state.auth.refresh(&headers).await?;
    Ok(match user {
        Some(user) => (cookies, Json(UserReply { user })).into_response(),
        None => {
            let refusal = ErrorReply::from(ApiError::unauthorized("your session has ended; sign in again"));
            (cookies, refusal).into_response()
        }
    })
}

/// Sign out
///
/// Ends the session and removes its cookies; also answers where there is none.
#[utoipa::path(post, path = "/api/auth/logout", tag = "auth", responses((status = 204), Refusals))]
pub(super) async fn logout(
    State(state): State<AppState>,
    session: Option<Extension<Session>>,
) -> Answer<(StatusCode, SetCookies, ())> {
    let cookies = state.auth.end(session.as_deref()).await?;
    Ok((StatusCode::NO_CONTENT, cookies, ()))
}

/// Who is signed in
#[utoipa::path(get, path = "/api/auth/me", tag = "auth", security(("session" = [])),
    responses((status = 200, body = Me), Refusals))]
pub(super) async fn me(SignedIn(user): SignedIn, State(state): State<AppState>) -> Answer<Json<Me>> {
    let clients = state.stores.accounts.clients_of(&user).await?;
    Ok(Json(Me { user, clients }))
}

pub(super) async fn new_user(
    state: &AppState,
    username: &Text,
    email: &Text,
    password: &Text,
    super_admin: bool,
) -> Answer<NewUser> {
    let (username, email) = (username.username()?, email.email()?);
    let password = password.new_password(&[username, email])?;
    let password_hash = state.auth.hash(password).await?;
    Ok(NewUser { username: username.to_owned(), email: email.to_owned(), password_hash, super_admin })
}

/// One answer for a name and an address that are taken: which of them it is, is not told.
pub(super) fn taken(error: StoreError) -> ErrorReply {
    match error {
        StoreError::Conflict("username" | "email") => {
            let message = "this user name or e-mail address cannot be had; choose another one, or sign in";
            let field = Some("username".to_owned());
            ApiError { code: ErrorCode::Conflict, message: message.to_owned(), field }.into()
        }
        error => error.into(),
    }
}

pub(super) async fn signed_in(
    state: &AppState,
    status: StatusCode,
    user: User,
    headers: &HeaderMap,
    address: IpAddr,
) -> Answer<Response> {
    let cookies = state.auth.begin(&user, headers).await?;
    let author = Author::user(&user, address, (state.clock)());
    state.stores.accounts.note(&author, "session.begun", &user.username).await?;
    Ok((status, cookies, Json(UserReply { user })).into_response())
}

fn set_up_already() -> ErrorReply {
    ApiError::new(ErrorCode::Conflict, "this instance has been set up already; sign in").into()
}
