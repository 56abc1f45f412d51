//! The audit log: who did what, on what, from where and when.
//!
//! The rule: an entry is written in the transaction of what it tells of, so that neither is there without the other.
//! Nothing refers to an entry and an entry refers to nothing.

use super::dialect::{Connection, Connections, Row, begin, readers};
use super::milliseconds;
use crate::access::Author;
use crate::error::StoreError;
use jiff::Timestamp;
use sqlx::Row as _;
use telemetry::report::ClientId;
use telemetry::report::accounts::{AuditEntry, AuditPage};
use telemetry::time::from_millisecond;

/// Writes an entry, where somebody is to be named.
pub(super) async fn write(
    connection: &mut Connection,
    author: Option<&Author>,
    client: Option<ClientId>,
    action: &'static str,
    target: &str,
) -> Result<(), StoreError> {
    let Some(Author { user, name, address, at }) = author else { return Ok(()) };
    sqlx::query(include_str!("queries/audit/insert.sql"))
        .bind(milliseconds(*at))
        .bind(client.map(|client| client.0))
        .bind(*user)
        .bind(name)
        .bind(address.map(|address| address.to_string()))
        .bind(action)
        .bind(target)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn note(
    connections: &Connections,
    author: &Author,
    action: &'static str,
    target: &str,
) -> Result<(), StoreError> {
    let mut transaction = begin(connections).await?;
    write(&mut transaction, Some(author), None, action, target).await?;
    transaction.commit().await?;
    Ok(())
}

/// Of one client, or of all and the instance itself.
pub(super) async fn page(
    connections: &Connections,
    client: Option<ClientId>,
    cursor: Option<i64>,
    limit: u32,
) -> Result<AuditPage, StoreError> {
    let before = cursor.unwrap_or(i64::MAX);
    let query = match client {
        Some(client) => sqlx::query(include_str!("queries/audit/of_client.sql"))
            .bind(before)
            .bind(i64::from(limit) + 1)
            .bind(client.0),
        None => sqlx::query(include_str!("queries/audit/all.sql")).bind(before).bind(i64::from(limit) + 1),
    };
    let rows = query.fetch_all(readers(connections).await?).await?;
    let mut entries = rows.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let more = entries.len() > limit as usize;
    entries.truncate(limit as usize);
    let next = entries.last().filter(|_| more).map(|entry| entry.id);
    Ok(AuditPage { entries, next })
}

pub(super) async fn prune(
    connections: &Connections,
    before: Timestamp,
    limit: u32,
) -> Result<u64, StoreError> {
    let mut transaction = begin(connections).await?;
    let deleted = sqlx::query(include_str!("queries/audit/prune.sql"))
        .bind(milliseconds(before))
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    transaction.commit().await?;
    Ok(deleted)
}

fn entry(row: &Row) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        id: row.try_get("id")?,
        at: from_millisecond(row.try_get("at")?),
        client: row.try_get::<Option<i64>, _>("client")?.map(ClientId),
        user: row.try_get("user")?,
        name: row.try_get("name")?,
        address: row.try_get("address")?,
        action: row.try_get("action")?,
        target: row.try_get("target")?,
    })
}
