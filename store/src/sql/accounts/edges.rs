//! Edges: what they sign with, what they may send, what they have sent.

use super::dialect::{Connections, Row, begin, readers};
use super::{audit, milliseconds};
use crate::access::InstanceScope;
use crate::accounts::{EdgeCredential, EdgeTraffic, NewEdge};
use crate::error::StoreError;
use crate::sql::aggregates::{signed, unsigned};
use jiff::Timestamp;
use sqlx::Row as _;
use std::collections::BTreeSet;
use telemetry::report::ClientId;
use telemetry::report::edges::EdgeInfo;
use telemetry::time::from_millisecond;

pub(super) async fn create(
    connections: &Connections,
    scope: &InstanceScope,
    edge: &NewEdge,
    now: Timestamp,
) -> Result<EdgeInfo, StoreError> {
    let clients: BTreeSet<i64> = edge.clients.iter().flatten().map(|client| client.0).collect();
    let mut transaction = begin(connections).await?;
    let id: Option<i64> = sqlx::query_scalar(include_str!("queries/edges/insert.sql"))
        .bind(&edge.name)
        .bind(&edge.public_key[..])
        .bind(edge.clients.is_some())
        .bind(milliseconds(now))
        .fetch_optional(&mut *transaction)
        .await?;
    let id = id.ok_or(StoreError::Conflict("name"))?;
    for client in &clients {
        sqlx::query("INSERT INTO edge_clients (edge, client) VALUES ($1, $2)")
            .bind(id)
            .bind(client)
            .execute(&mut *transaction)
            .await?;
    }
    audit::write(&mut transaction, scope.author(), None, "edge.made", &edge.name).await?;
    transaction.commit().await?;
    Ok(EdgeInfo {
        id,
        name: edge.name.clone(),
        clients: edge.clients.is_some().then(|| clients.into_iter().map(ClientId).collect()),
        created_at: from_millisecond(milliseconds(now)),
        revoked_at: None,
        last_seen_at: None,
        messages: 0,
        hits: 0,
        refused: 0,
    })
}

pub(super) async fn list(connections: &Connections) -> Result<Vec<EdgeInfo>, StoreError> {
    let pool = readers(connections).await?;
    let rows = sqlx::query(include_str!("queries/edges/list.sql")).fetch_all(pool).await?;
    let pairs: Vec<(i64, i64)> =
        sqlx::query_as("SELECT edge, client FROM edge_clients ORDER BY edge, client").fetch_all(pool).await?;
    rows.iter().map(|row| edge_info(row, &pairs)).collect()
}

pub(super) async fn credential(
    connections: &Connections,
    id: i64,
) -> Result<Option<EdgeCredential>, StoreError> {
    let pool = readers(connections).await?;
    let row = sqlx::query(include_str!("queries/edges/credential.sql")).bind(id).fetch_optional(pool).await?;
    let Some(row) = row else { return Ok(None) };
    let previous: Option<Vec<u8>> = row.try_get("previous_key")?;
    let until: Option<i64> = row.try_get("previous_until")?;
    let clients = if row.try_get("restricted")? {
        let clients: Vec<i64> = sqlx::query_scalar("SELECT client FROM edge_clients WHERE edge = $1")
            .bind(id)
            .fetch_all(pool)
            .await?;
        Some(clients.into_iter().map(ClientId).collect())
    } else {
        None
    };
    Ok(Some(EdgeCredential {
        public_key: public_key(row.try_get("public_key")?)?,
        previous_key: previous.map(public_key).transpose()?.zip(until.map(from_millisecond)),
        clients,
    }))
}

pub(super) async fn rotate(
    connections: &Connections,
    scope: &InstanceScope,
    id: i64,
    key: [u8; 32],
    until: Timestamp,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    let found = sqlx::query(include_str!("queries/edges/rotate.sql"))
        .bind(id)
        .bind(&key[..])
        .bind(milliseconds(until))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    if found > 0 {
        audit::write(&mut transaction, scope.author(), None, "edge.rotated", &format!("edge {id}")).await?;
    }
    transaction.commit().await?;
    Ok(found > 0)
}

pub(super) async fn revoke(
    connections: &Connections,
    scope: &InstanceScope,
    id: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    let found = sqlx::query(include_str!("queries/edges/revoke.sql"))
        .bind(id)
        .bind(milliseconds(now))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    if found > 0 {
        audit::write(&mut transaction, scope.author(), None, "edge.revoked", &format!("edge {id}")).await?;
    }
    transaction.commit().await?;
    Ok(found > 0)
}

pub(super) async fn note(connections: &Connections, traffic: &[EdgeTraffic]) -> Result<(), StoreError> {
    // In order: two processes never wait in a circle.
    let mut traffic: Vec<&EdgeTraffic> = traffic.iter().collect();
    traffic.sort_unstable_by_key(|traffic| traffic.edge);
    let mut transaction = begin(connections).await?;
    for EdgeTraffic { edge, seen_at, messages, hits, refused } in traffic {
        sqlx::query(include_str!("queries/edges/note.sql"))
            .bind(edge)
            .bind(milliseconds(*seen_at))
            .bind(signed(*messages))
            .bind(signed(*hits))
            .bind(signed(*refused))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn public_key(bytes: Vec<u8>) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| StoreError::Damaged("the public key of an edge has not 32 bytes".to_owned()))
}

fn edge_info(row: &Row, pairs: &[(i64, i64)]) -> Result<EdgeInfo, StoreError> {
    let id = row.try_get("id")?;
    let time = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(from_millisecond));
    let restricted: bool = row.try_get("restricted")?;
    let clients =
        || pairs.iter().filter(|(edge, _)| *edge == id).map(|(_, client)| ClientId(*client)).collect();
    Ok(EdgeInfo {
        id,
        name: row.try_get("name")?,
        clients: restricted.then(clients),
        created_at: from_millisecond(row.try_get("created_at")?),
        revoked_at: time("revoked_at")?,
        last_seen_at: time("last_seen_at")?,
        messages: unsigned(row.try_get("messages")?)?,
        hits: unsigned(row.try_get("hits")?)?,
        refused: unsigned(row.try_get("refused")?)?,
    })
}
