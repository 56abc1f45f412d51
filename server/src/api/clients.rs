//! Clients: `/api/clients`.

use super::document::Refusals;
use super::input::Text;
use crate::auth::{By, SignedIn};
use crate::reply::{Answer, JsonBody, Path};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use store::access::{Permission, authorise, require};
use telemetry::error::ErrorBody;
use telemetry::report::{Client, ClientId};

/// A new client.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub(super) struct NewClient {
    /// 1 to 100 characters.
    #[serde(default)]
    #[schema(required)]
    name: Text,
}

/// The clients that the caller may see.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub(super) struct Clients {
    clients: Vec<Client>,
}

/// Make a client
///
/// For super admins.
#[utoipa::path(post, path = "/api/clients", tag = "clients", security(("session" = [])), request_body = NewClient,
    responses((status = 201, body = Client), (status = 409, body = ErrorBody, description = "The name is taken"), Refusals))]
pub(super) async fn create(
    SignedIn(user): SignedIn,
    By(author): By,
    State(state): State<AppState>,
    JsonBody(body): JsonBody<NewClient>,
) -> Answer<(StatusCode, Json<Client>)> {
    let scope = require(&user, Permission::MakeClients)?.on_record(author);
    let client = state.stores.accounts.create_client(&scope, body.name.name()?, (state.clock)()).await?;
    Ok((StatusCode::CREATED, Json(client)))
}

/// List clients
#[utoipa::path(get, path = "/api/clients", tag = "clients", security(("session" = [])),
    responses((status = 200, body = Clients), Refusals))]
pub(super) async fn list(SignedIn(user): SignedIn, State(state): State<AppState>) -> Answer<Json<Clients>> {
    Ok(Json(Clients { clients: state.stores.accounts.clients_of(&user).await? }))
}

/// One client
#[utoipa::path(get, path = "/api/clients/{id}", tag = "clients", security(("session" = [])),
    params(("id" = ClientId, Path)), responses((status = 200, body = Client), Refusals))]
pub(super) async fn get(
    SignedIn(user): SignedIn,
    State(state): State<AppState>,
    Path(client): Path<ClientId>,
) -> Answer<Json<Client>> {
    let accounts = &*state.stores.accounts;
    let scope = authorise(accounts, &user, client, Permission::View).await?;
    Ok(Json(accounts.client(&scope).await?))
}
