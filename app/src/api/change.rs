//! What changes something: calls of the JSON API, from the browser.
//!
//! The cookies of a session come with the replies; no secret passes through here but what the reader typed and the
//! key that is shown once.

use crate::problem::Problem;
use serde::Serialize;
use serde_json::Value;
use telemetry::report::accounts::{NewInvitation, Offer, ResetLink, Role};
use telemetry::report::ops::Replayed;
use telemetry::report::{Client, ClientId, NewKey, User};

/// What sign-in and the first account answer.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct SignedIn {
    pub user: User,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Onboard<'a> {
    username: &'a str,
    email: &'a str,
    password: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    setup_token: &'a str,
}

/// Makes the first account, and signs it in.
pub async fn onboard(
    username: &str,
    email: &str,
    password: &str,
    setup_token: &str,
) -> Result<SignedIn, Problem> {
    post("/api/auth/onboard", &Onboard { username, email, password, setup_token }).await
}

#[derive(Serialize)]
struct Login<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    password: &'a str,
}

/// Signs in by user name or e-mail address.
pub async fn login(name: &str, password: &str) -> Result<SignedIn, Problem> {
    let is_email = name.contains('@');
    let call = Login { username: (!is_email).then_some(name), email: is_email.then_some(name), password };
    post("/api/auth/login", &call).await
}

pub async fn logout() -> Result<(), Problem> {
    send(Verb::Post, "/api/auth/logout", None).await.map(|_| ())
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
}

pub async fn create_client(name: &str) -> Result<Client, Problem> {
    post("/api/clients", &Named { name }).await
}

/// Makes a key. What comes back is the only time that it can be read.
pub async fn create_key(client: ClientId, name: &str) -> Result<NewKey, Problem> {
    post(&format!("/api/clients/{client}/keys"), &Named { name }).await
}

#[derive(Serialize)]
struct Replay {
    #[serde(skip_serializing_if = "Option::is_none")]
    ids: Option<[String; 1]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    all: bool,
}

/// Puts a dead letter back into the queue, or all (`None`); the number put back.
pub async fn replay(id: Option<String>) -> Result<u64, Problem> {
    let call = Replay { all: id.is_none(), ids: id.map(|id| [id]) };
    let replayed: Replayed = post("/api/ops/dead-letters/replay", &call).await?;
    Ok(replayed.replayed)
}

/// A key to be made, and what it is held to.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyWish {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    pub origins: Vec<String>,
    pub services: Vec<String>,
    /// See [`typed_number`].
    #[serde(skip_serializing_if = "Value::is_null")]
    pub hits_per_second: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub burst: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub hits_per_day: Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub hits_per_month: Value,
}

pub async fn create_wished_key(client: ClientId, wish: &KeyWish) -> Result<NewKey, Problem> {
    post(&format!("/api/clients/{client}/keys"), wish).await
}

/// Makes a key's successor. What comes back is the only time that it can be read.
pub async fn rotate_key(client: ClientId, key: i64, overlap_hours: &str) -> Result<NewKey, Problem> {
    let path = format!("/api/clients/{client}/keys/{key}/rotate?overlapHours={overlap_hours}");
    read(&send(Verb::Post, &path, None).await?)
}

pub async fn revoke_key(client: ClientId, key: i64) -> Result<(), Problem> {
    delete(format!("/api/clients/{client}/keys/{key}")).await
}

/// The limits that a client shall have; see [`typed_number`].
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LimitsWish {
    pub hits_per_second: Value,
    pub burst: Value,
    pub hits_per_day: Value,
    pub hits_per_month: Value,
    pub capture_bodies: bool,
    pub raw_retention_days: Value,
}

pub async fn set_limits(client: ClientId, wish: &LimitsWish) -> Result<(), Problem> {
    silent(Verb::Put, &format!("/api/clients/{client}/limits"), wish).await
}

/// A number as it was typed, null if nothing was. What is no number goes as it is: the server names the field.
pub fn typed_number(text: &str) -> Value {
    match text.trim() {
        "" => Value::Null,
        text => text.parse::<u64>().map_or_else(|_| Value::from(text), Value::from),
    }
}

#[derive(Serialize)]
struct Invite<'a> {
    name: &'a str,
    role: Role,
}

/// Makes an invitation. What comes back is the only time that its link can be read.
pub async fn invite(client: ClientId, name: &str, role: Role) -> Result<NewInvitation, Problem> {
    post(&format!("/api/clients/{client}/invitations"), &Invite { name, role }).await
}

pub async fn withdraw_invitation(client: ClientId, id: i64) -> Result<(), Problem> {
    delete(format!("/api/clients/{client}/invitations/{id}")).await
}

#[derive(Serialize)]
struct OfRole {
    role: Role,
}

pub async fn change_role(client: ClientId, user: i64, role: Role) -> Result<(), Problem> {
    patch(&format!("/api/clients/{client}/members/{user}"), &OfRole { role }).await
}

pub async fn remove_member(client: ClientId, user: i64) -> Result<(), Problem> {
    delete(format!("/api/clients/{client}/members/{user}")).await
}

pub async fn end_session(id: &str) -> Result<(), Problem> {
    delete(format!("/api/auth/sessions/{id}")).await
}

#[derive(Serialize)]
struct Passwords<'a> {
    current: &'a str,
    password: &'a str,
}

pub async fn change_password(current: &str, password: &str) -> Result<(), Problem> {
    silent(Verb::Post, "/api/auth/password", &Passwords { current, password }).await
}

#[derive(Serialize)]
struct Disabled {
    disabled: bool,
}

pub async fn set_disabled(user: i64, disabled: bool) -> Result<(), Problem> {
    patch(&format!("/api/users/{user}"), &Disabled { disabled }).await
}

/// Makes a link with which a user chooses a new password. It can be read only now.
pub async fn make_reset(user: i64) -> Result<ResetLink, Problem> {
    read(&send(Verb::Post, &format!("/api/users/{user}/reset"), None).await?)
}

/// Of all who are signed in as a user.
pub async fn end_sessions_of(user: i64) -> Result<(), Problem> {
    delete(format!("/api/users/{user}/sessions")).await
}

#[derive(Serialize)]
struct Presented<'a> {
    token: &'a str,
}

/// What an invitation offers.
pub async fn look_at_invitation(token: &str) -> Result<Offer, Problem> {
    post("/api/auth/invitation", &Presented { token }).await
}

/// An invitation that is accepted; without an account by whoever is signed in.
#[derive(Debug, Default, Serialize)]
pub struct Acceptance {
    pub token: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub username: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub password: String,
}

pub async fn accept_invitation(acceptance: &Acceptance) -> Result<SignedIn, Problem> {
    post("/api/auth/accept", acceptance).await
}

#[derive(Serialize)]
struct Reset<'a> {
    token: &'a str,
    password: &'a str,
}

/// Chooses a password by way of a link.
pub async fn reset_password(token: &str, password: &str) -> Result<(), Problem> {
    silent(Verb::Post, "/api/auth/reset", &Reset { token, password }).await
}

async fn patch(path: &str, call: &impl Serialize) -> Result<(), Problem> {
    silent(Verb::Patch, path, call).await
}

/// A call whose reply does not matter.
async fn silent(verb: Verb, path: &str, call: &impl Serialize) -> Result<(), Problem> {
    send(verb, path, Some(written(call)?)).await.map(|_| ())
}

async fn delete(path: String) -> Result<(), Problem> {
    send(Verb::Delete, &path, None).await.map(|_| ())
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

async fn post<T: serde::de::DeserializeOwned>(path: &str, call: &impl Serialize) -> Result<T, Problem> {
    read(&send(Verb::Post, path, Some(written(call)?)).await?)
}

fn written(call: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(call).map_err(|_| not_readable())
}

fn read<T: serde::de::DeserializeOwned>(reply: &str) -> Result<T, Problem> {
    crate::read::read(reply).map_err(|_| not_readable())
}

pub(super) fn not_readable() -> Problem {
    use telemetry::error::{ApiError, ErrorCode};
    ApiError::new(ErrorCode::Internal, "the answer could not be read; the server may be of another version")
        .into()
}

/// One call; the reply's body, or the error that it carries.
#[cfg(feature = "hydrate")]
pub(super) async fn send(verb: Verb, path: &str, body: Option<String>) -> Result<String, Problem> {
    use gloo_net::http::Request;
    let request = match verb {
        Verb::Get => Request::get(path),
        Verb::Post => Request::post(path),
        Verb::Put => Request::put(path),
        Verb::Patch => Request::patch(path),
        Verb::Delete => Request::delete(path),
    };
    let request = request.header("accept", "application/json");
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body),
        None => request.build(),
    };
    let reply = request.map_err(|_| not_readable())?.send().await.map_err(|_| Problem::unreachable())?;
    let text = reply.text().await.map_err(|_| Problem::unreachable())?;
    if reply.ok() { Ok(text) } else { Err(crate::read::read(&text).unwrap_or_else(|_| not_readable())) }
}

#[cfg(not(feature = "hydrate"))]
pub(super) async fn send(_verb: Verb, _path: &str, _body: Option<String>) -> Result<String, Problem> {
    Err(Problem::unreachable())
}
