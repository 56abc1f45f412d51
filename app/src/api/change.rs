//! What changes something: calls of the JSON API, from the browser.
//!
//! The cookies of a session come with the replies; no secret passes through here but what the reader typed and the
//! key that is shown once.

use crate::problem::Problem;
use serde::Serialize;
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
    send("/api/auth/logout", None).await.map(|_| ())
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

async fn post<T: serde::de::DeserializeOwned>(path: &str, call: &impl Serialize) -> Result<T, Problem> {
    let body = serde_json::to_string(call).map_err(|_| not_readable())?;
    let reply = send(path, Some(body)).await?;
    serde_json::from_slice(reply.as_bytes()).map_err(|_| not_readable())
}

fn not_readable() -> Problem {
    use telemetry::error::{ApiError, ErrorCode};
    ApiError::new(ErrorCode::Internal, "the answer could not be read; the server may be of another version")
        .into()
}

/// One POST; the reply's body, or the error that it carries.
#[cfg(feature = "hydrate")]
async fn send(path: &str, body: Option<String>) -> Result<String, Problem> {
    use gloo_net::http::Request;
    let request = Request::post(path).header("accept", "application/json");
    let request = match body {
        Some(body) => request.header("content-type", "application/json").body(body),
        None => request.build(),
    };
    let reply = request.map_err(|_| not_readable())?.send().await.map_err(|_| Problem::unreachable())?;
    let text = reply.text().await.map_err(|_| Problem::unreachable())?;
    if reply.ok() {
        Ok(text)
    } else {
        Err(serde_json::from_slice(text.as_bytes()).unwrap_or_else(|_| not_readable()))
    }
}

#[cfg(not(feature = "hydrate"))]
async fn send(_path: &str, _body: Option<String>) -> Result<String, Problem> {
    Err(Problem::unreachable())
}
