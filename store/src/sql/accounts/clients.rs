//! Clients: tenants, and how long they keep raw events.

use super::dialect::{Connections, Row, begin, readers};
use super::{audit, milliseconds};
use crate::access::{ClientScope, InstanceScope};
use crate::error::StoreError;
use crate::sql::aggregates::signed;
use jiff::Timestamp;
use sqlx::Row as _;
use telemetry::report::limits::ClientLimits;
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

pub(super) async fn limits(
    connections: &Connections,
    scope: &ClientScope,
) -> Result<ClientLimits, StoreError> {
    let row = sqlx::query(include_str!("queries/clients/limits.sql"))
        .bind(scope.client().0)
        .fetch_optional(readers(connections).await?)
        .await?;
    limits_of(&row.ok_or_else(no_such_client)?)
}

pub(super) async fn set_limits(
    connections: &Connections,
    scope: &ClientScope,
    limits: &ClientLimits,
) -> Result<(), StoreError> {
    let mut transaction = begin(connections).await?;
    let row = sqlx::query(include_str!("queries/clients/set_limits.sql"))
        .bind(scope.client().0)
        .bind(limits.hits_per_second.map(i64::from))
        .bind(limits.burst.map(i64::from))
        .bind(limits.hits_per_day.map(signed))
        .bind(limits.hits_per_month.map(signed))
        .bind(limits.capture_bodies)
        .bind(i64::from(limits.raw_retention_days))
        .fetch_optional(&mut *transaction)
        .await?;
    let name: String = row.ok_or_else(no_such_client)?.try_get("name")?;
    audit::write(&mut transaction, scope.author(), Some(scope.client()), "limits.set", &name).await?;
    transaction.commit().await?;
    Ok(())
}

fn no_such_client() -> StoreError {
    StoreError::Refused("there is no such client".into())
}

/// Of a row that has them beside others.
pub(super) fn limits_of(row: &Row) -> Result<ClientLimits, StoreError> {
    Ok(ClientLimits {
        hits_per_second: number(row, "client_rate")?,
        burst: number(row, "client_burst")?,
        hits_per_day: number(row, "day_quota")?,
        hits_per_month: number(row, "month_quota")?,
        capture_bodies: row.try_get("capture_bodies")?,
        raw_retention_days: raw_retention_days(row)?,
    })
}

/// A limit, where there is one.
pub(super) fn number<N: TryFrom<i64>>(row: &Row, column: &str) -> Result<Option<N>, StoreError> {
    let number: Option<i64> = row.try_get(column)?;
    let damaged = |number| StoreError::Damaged(format!("{column} is {number}"));
    number.map(|number| N::try_from(number).map_err(|_| damaged(number))).transpose()
}

fn raw_retention_days(row: &Row) -> Result<u32, StoreError> {
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
