//! Clients and their members.

use super::milliseconds;
use crate::access::{ClientScope, Role};
use crate::accounts::ClientMembership;
use crate::error::StoreError;
use crate::sqlite::connections::Connections;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use telemetry::report::{Client, ClientId, User};
use telemetry::time::from_millisecond;

pub(super) async fn create(
    connections: &Connections,
    name: &str,
    now: Timestamp,
) -> Result<Client, StoreError> {
    let mut transaction = connections.write().await?;
    let sql = "INSERT INTO clients (name, created_at) VALUES (?, ?) ON CONFLICT DO NOTHING RETURNING id, name, created_at";
    let row = sqlx::query(sql).bind(name).bind(milliseconds(now)).fetch_optional(&mut *transaction).await?;
    let made = client(&row.ok_or(StoreError::Conflict("name"))?)?;
    transaction.commit().await?;
    Ok(made)
}

pub(super) async fn all(connections: &Connections) -> Result<Vec<(Client, u32)>, StoreError> {
    let rows = sqlx::query("SELECT id, name, created_at, raw_retention_days FROM clients ORDER BY id")
        .fetch_all(connections.readers())
        .await?;
    rows.iter().map(|row| Ok((client(row)?, row.try_get("raw_retention_days")?))).collect()
}

pub(super) async fn of_user(connections: &Connections, user: &User) -> Result<Vec<Client>, StoreError> {
    let rows = sqlx::query(include_str!("../queries/clients/of_user.sql"))
        .bind(user.id)
        .bind(user.super_admin)
        .fetch_all(connections.readers())
        .await?;
    rows.iter().map(client).collect()
}

pub(super) async fn get(connections: &Connections, scope: &ClientScope) -> Result<Client, StoreError> {
    let row = sqlx::query("SELECT id, name, created_at FROM clients WHERE id = ?")
        .bind(scope.client().0)
        .fetch_optional(connections.readers())
        .await?;
    client(&row.ok_or_else(|| StoreError::Refused("there is no such client".into()))?)
}

pub(super) async fn role_in(
    connections: &Connections,
    user: i64,
    client: ClientId,
) -> Result<ClientMembership, StoreError> {
    let row = sqlx::query(include_str!("../queries/members/role.sql"))
        .bind(client.0)
        .bind(user)
        .fetch_optional(connections.readers())
        .await?;
    let Some(row) = row else { return Ok(ClientMembership { exists: false, role: None }) };
    let role = match row.try_get::<Option<&str>, _>(0)? {
        Some(text) => Some(read_role(text)?),
        None => None,
    };
    Ok(ClientMembership { exists: true, role })
}

pub(super) async fn set_member(
    connections: &Connections,
    scope: &ClientScope,
    user: i64,
    role: Role,
) -> Result<(), StoreError> {
    let mut transaction = connections.write().await?;
    sqlx::query(include_str!("../queries/members/set.sql"))
        .bind(scope.client().0)
        .bind(user)
        .bind(role_text(role))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

const fn role_text(role: Role) -> &'static str {
    match role {
        Role::Viewer => "viewer",
        Role::Operator => "operator",
        Role::Admin => "admin",
    }
}

fn read_role(text: &str) -> Result<Role, StoreError> {
    let roles = [Role::Viewer, Role::Operator, Role::Admin];
    roles
        .into_iter()
        .find(|role| role_text(*role) == text)
        .ok_or_else(|| StoreError::Damaged(format!("there is no role {text:?}")))
}

fn client(row: &SqliteRow) -> Result<Client, StoreError> {
    Ok(Client {
        id: ClientId(row.try_get("id")?),
        name: row.try_get("name")?,
        created_at: from_millisecond(row.try_get("created_at")?),
    })
}
