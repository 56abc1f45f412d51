//! Clients: tenants, and how long they keep raw events.

use super::dialect::{Connections, Row, begin, readers};
use super::{audit, milliseconds};
use crate::access::{ClientScope, InstanceScope};
use crate::error::StoreError;
use jiff::Timestamp;
use sqlx::Row as _;
use telemetry::report::{Client, ClientId, User};
use telemetry::time::from_millisecond;

pub(super) async fn create(
    connections: &Connections,
    scope: &InstanceScope,
    name: &str,
    now: Timestamp,
) -> Result<Client, StoreError> {
    let mut transaction = begin(connections).await?;
    let sql = "INSERT INTO clients (name, created_at) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING id, name, created_at";
    let row = sqlx::query(sql).bind(name).bind(milliseconds(now)).fetch_optional(&mut *transaction).await?;
    let made = client(&row.ok_or(StoreError::Conflict("name"))?)?;
    audit::write(&mut transaction, scope.author(), Some(made.id), "client.made", name).await?;
    transaction.commit().await?;
    Ok(made)
}

pub(super) async fn all(connections: &Connections) -> Result<Vec<(Client, u32)>, StoreError> {
    let rows = sqlx::query("SELECT id, name, created_at, raw_retention_days FROM clients ORDER BY id")
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter().map(|row| Ok((client(row)?, raw_retention_days(row)?))).collect()
}

pub(super) async fn of_user(connections: &Connections, user: &User) -> Result<Vec<Client>, StoreError> {
    let rows = sqlx::query(include_str!("queries/clients/of_user.sql"))
        .bind(user.id)
        .bind(user.super_admin)
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter().map(client).collect()
}

pub(super) async fn get(connections: &Connections, scope: &ClientScope) -> Result<Client, StoreError> {
    let row = sqlx::query("SELECT id, name, created_at FROM clients WHERE id = $1")
        .bind(scope.client().0)
        .fetch_optional(readers(connections).await?)
        .await?;
    client(&row.ok_or_else(no_such_client)?)
}

pub(super) async fn set_raw_retention(
    connections: &Connections,
    scope: &ClientScope,
    days: u32,
) -> Result<(), StoreError> {
    let mut transaction = begin(connections).await?;
    let found = sqlx::query("UPDATE clients SET raw_retention_days = $2 WHERE id = $1")
        .bind(scope.client().0)
        .bind(i64::from(days))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    transaction.commit().await?;
    if found > 0 { Ok(()) } else { Err(no_such_client()) }
}

fn no_such_client() -> StoreError {
    StoreError::Refused("there is no such client".into())
}

/// Of a row that has it beside others.
pub(super) fn raw_retention_days(row: &Row) -> Result<u32, StoreError> {
    let days: i64 = row.try_get("raw_retention_days")?;
    u32::try_from(days).map_err(|_| StoreError::Damaged(format!("raw events are kept {days} days")))
}

fn client(row: &Row) -> Result<Client, StoreError> {
    Ok(Client {
        id: ClientId(row.try_get("id")?),
        name: row.try_get("name")?,
        created_at: from_millisecond(row.try_get("created_at")?),
    })
}
