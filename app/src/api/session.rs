//! Who is here, what they may see, and how far the installation has been set up.

use super::asking::Asking;
use crate::problem::Problem;
use jiff::Timestamp;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use telemetry::report::accounts::Role;
use telemetry::report::{Client, ClientId, RequestRow, User};

/// What every page needs to know first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    pub user: Option<User>,
    /// Whether the installation has its first account.
    pub set_up: bool,
    /// What the user may see, in the order in which it is offered.
    pub clients: Vec<Client>,
    /// The user's role in each of them, in the same order.
    pub roles: Vec<Role>,
    /// Whether any of these clients has ever been sent a hit.
    pub any_hit: bool,
    /// Where applications reach this server.
    pub public_url: String,
    /// Whether the first account needs the token that the server printed at start.
    pub setup_token: bool,
}

/// The newest hit of a client, and the server's time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LatestHit {
    pub at: Timestamp,
    pub hit: Option<RequestRow>,
}

/// Who is here. Also answers where nobody is signed in.
#[server(name = GetSession, prefix = "/api/fn", endpoint = "session", protocol = Asking)]
pub async fn session() -> Result<Session, Problem> {
    use crate::ssr;
    ssr::telling_status(async {
        let (stores, site) = (ssr::stores()?, ssr::site()?);
        let user = ssr::caller().ok();
        let set_up = user.is_some() || stores.accounts.any_user().await?;
        let clients = match &user {
            Some(user) => stores.accounts.clients_of(user).await?,
            None => Vec::new(),
        };
        let mut any_hit = false;
        let mut roles = Vec::new();
        if let Some(user) = &user {
            for client in &clients {
                let scope = super::reports::authorised::scope(&stores, user, Some(client.id)).await?;
                roles.push(scope.role());
                if any_hit {
                    continue;
                }
                // a client that was ever counted has a series
                any_hit = !stores
                    .metrics
                    .series(&scope, &store::metrics::SeriesFilter::default())
                    .await?
                    .is_empty();
            }
        }
        let ssr::Site { public_url, setup_token } = site;
        Ok(Session { user, set_up, clients, roles, any_hit, public_url, setup_token })
    })
    .await
}

/// The newest hit of a client, if its raw events still have one.
#[server(name = GetLatestHit, prefix = "/api/fn", endpoint = "latest-hit", protocol = Asking)]
pub async fn latest_hit(client: Option<ClientId>) -> Result<LatestHit, Problem> {
    use super::reports::authorised;
    use crate::ssr;
    ssr::telling_status(async {
        let (stores, now) = (ssr::stores()?, ssr::now()?);
        let scope = authorised::scope(&stores, &ssr::caller()?, client).await?;
        Ok(LatestHit { at: now, hit: authorised::latest(&stores, &scope, now).await? })
    })
    .await
}
