//! Making, rotating and revoking edges: for the API and the command line alike.

use ed25519_dalek::SigningKey;
use jiff::{SignedDuration, Timestamp};
use store::access::InstanceScope;
use store::accounts::NewEdge as NewEdgeRecord;
use store::{AccountStore, Failure};
use telemetry::edge::EdgeSecret;
use telemetry::error::ApiError;
use telemetry::report::ClientId;
use telemetry::report::edges::{EdgeInfo, NewEdge};

/// How long the key before a rotation stays good: time to hand the new one to the Worker.
const OVERLAP: SignedDuration = SignedDuration::from_hours(1);

/// Makes an edge with a key of its own. `clients`: the only ones whose hits it may forward; `None`: all.
pub async fn create(
    accounts: &dyn AccountStore,
    scope: &InstanceScope,
    name: &str,
    clients: Option<Vec<ClientId>>,
    now: Timestamp,
) -> Result<NewEdge, Failure> {
    if let Some(wanted) = &clients {
        let known: Vec<ClientId> =
            accounts.all_clients().await?.into_iter().map(|(client, _)| client.id).collect();
        if let Some(unknown) = wanted.iter().find(|client| !known.contains(client)) {
            return Err(ApiError::invalid("clients", format!("there is no client {unknown}")).into());
        }
    }
    let (seed, public_key) = key_pair()?;
    let record = NewEdgeRecord { name: name.to_owned(), public_key, clients };
    let info = accounts.create_edge(scope, &record, now).await?;
    let secret = EdgeSecret { edge: info.id, seed }.reveal();
    Ok(NewEdge { info, secret })
}

/// Gives an edge another key; the one it has stays good for an hour.
pub async fn rotate(
    accounts: &dyn AccountStore,
    scope: &InstanceScope,
    edge: i64,
    now: Timestamp,
) -> Result<NewEdge, Failure> {
    let (seed, public_key) = key_pair()?;
    if !accounts.rotate_edge(scope, edge, public_key, now + OVERLAP).await? {
        return Err(ApiError::not_found("edge").into());
    }
    let secret = EdgeSecret { edge, seed }.reveal();
    Ok(NewEdge { info: find(accounts, edge).await?, secret })
}

/// Revokes an edge. This server refuses it at once, others within ten seconds.
pub async fn revoke(
    accounts: &dyn AccountStore,
    scope: &InstanceScope,
    edge: i64,
    now: Timestamp,
) -> Result<(), Failure> {
    if accounts.revoke_edge(scope, edge, now).await? {
        Ok(())
    } else {
        Err(ApiError::not_found("edge").into())
    }
}

async fn find(accounts: &dyn AccountStore, edge: i64) -> Result<EdgeInfo, Failure> {
    let found = accounts.edges().await?.into_iter().find(|info| info.id == edge);
    found.ok_or_else(|| ApiError::not_found("edge").into())
}

/// The seed of a new key, and its public half.
fn key_pair() -> Result<([u8; 32], [u8; 32]), Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|error| {
        tracing::error!(%error, "the system gives no random numbers");
        ApiError::internal()
    })?;
    Ok((seed, SigningKey::from_bytes(&seed).verifying_key().to_bytes()))
}
