//! Users.
//!
//! The rule: names and addresses are kept as they were given and compared without regard to ASCII case, by what `lower`
//! makes of them; what is looked for is made lower-case here, so that no backend's own idea of case comes in.

use super::dialect::{Connection, Connections, Database, Row, begin, readers, take_turn};
use super::{audit, members, milliseconds, sessions};
use crate::access::InstanceScope;
use crate::accounts::{NewUser, UserRecord};
use crate::error::StoreError;
use crate::sql::aggregates::unsigned;
use jiff::Timestamp;
use sqlx::Row as _;
use telemetry::report::User;
use telemetry::report::accounts::UserInfo;
use telemetry::time::from_millisecond;

pub(super) async fn create_first(
    connections: &Connections,
    user: &NewUser,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, "the first user").await?;
    let id = insert(include_str!("queries/users/insert_first.sql"), user, now)
        .fetch_optional(&mut *transaction)
        .await?;
    transaction.commit().await?;
    id.map(|row| made(user, &row)).transpose()
}

pub(super) async fn create(
    connections: &Connections,
    user: &NewUser,
    now: Timestamp,
) -> Result<User, StoreError> {
    let mut transaction = begin(connections).await?;
    let user = insert_into(&mut transaction, user, now).await?;
    transaction.commit().await?;
    Ok(user)
}

/// Makes a user within a transaction.
pub(super) async fn insert_into(
    connection: &mut Connection,
    user: &NewUser,
    now: Timestamp,
) -> Result<User, StoreError> {
    let id =
        insert(include_str!("queries/users/insert.sql"), user, now).fetch_optional(&mut *connection).await?;
    if let Some(row) = id {
        return made(user, &row);
    }
    let names: i64 = sqlx::query_scalar("SELECT count(*) FROM users WHERE lower(username) = $1")
        .bind(user.username.to_ascii_lowercase())
        .fetch_one(connection)
        .await?;
    Err(StoreError::Conflict(if names > 0 { "username" } else { "email" }))
}

/// More than any instance has; a list without an end nobody asks for.
const MOST_USERS: i64 = 10_000;

pub(super) async fn list(connections: &Connections) -> Result<Vec<UserInfo>, StoreError> {
    let rows = sqlx::query(include_str!("queries/users/list.sql"))
        .bind(MOST_USERS)
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter()
        .map(|row| {
            Ok(UserInfo {
                user: read(row)?,
                disabled: row.try_get("disabled")?,
                created_at: from_millisecond(row.try_get("created_at")?),
                clients: unsigned(row.try_get("clients")?)?,
            })
        })
        .collect()
}

pub(super) async fn set_disabled(
    connections: &Connections,
    scope: &InstanceScope,
    user: i64,
    disabled: bool,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, members::ADMINS).await?;
    take_turn(&mut transaction, sessions::MANY).await?;
    let row = sqlx::query("UPDATE users SET disabled = $2 WHERE id = $1 RETURNING username, super_admin")
        .bind(user)
        .bind(disabled)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = row else { return Ok(false) };
    if disabled {
        let left: i64 = sqlx::query_scalar("SELECT count(*) FROM users WHERE super_admin AND NOT disabled")
            .fetch_one(&mut *transaction)
            .await?;
        if row.try_get("super_admin")? && left == 0 {
            return Err(StoreError::LastSuperAdmin);
        }
        sqlx::query(r#"DELETE FROM sessions WHERE "user" = $1"#)
            .bind(user)
            .execute(&mut *transaction)
            .await?;
        sqlx::query(r#"DELETE FROM resets WHERE "user" = $1"#).bind(user).execute(&mut *transaction).await?;
    }
    let action = if disabled { "user.disabled" } else { "user.enabled" };
    let name: String = row.try_get("username")?;
    audit::write(&mut transaction, scope.author(), None, action, &name).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn any(connections: &Connections) -> Result<bool, StoreError> {
    let found =
        sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(readers(connections).await?).await?;
    Ok(found.is_some())
}

pub(super) async fn by_login(
    connections: &Connections,
    login: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = sqlx::query(include_str!("queries/users/by_login.sql"))
        .bind(login.to_ascii_lowercase())
        .fetch_optional(readers(connections).await?)
        .await?;
    row.as_ref().map(record).transpose()
}

pub(super) async fn by_id(connections: &Connections, id: i64) -> Result<Option<UserRecord>, StoreError> {
    let row = sqlx::query(include_str!("queries/users/by_id.sql"))
        .bind(id)
        .fetch_optional(readers(connections).await?)
        .await?;
    row.as_ref().map(record).transpose()
}

type Statement<'a> = sqlx::query::Query<'a, Database, <Database as sqlx::Database>::Arguments>;

fn insert<'a>(sql: &'static str, user: &NewUser, now: Timestamp) -> Statement<'a> {
    sqlx::query(sql)
        .bind(&user.username)
        .bind(&user.email)
        .bind(&user.password_hash)
        .bind(user.super_admin)
        .bind(milliseconds(now))
}

fn made(user: &NewUser, row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.try_get(0)?,
        username: user.username.clone(),
        email: user.email.clone(),
        super_admin: user.super_admin,
    })
}

fn record(row: &Row) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        user: read(row)?,
        password_hash: row.try_get("password_hash")?,
        disabled: row.try_get("disabled")?,
    })
}

/// The user of a row that has them beside others.
pub(super) fn read(row: &Row) -> Result<User, StoreError> {
    Ok(User {
        id: row.try_get("id")?,
        username: row.try_get("username")?,
        email: row.try_get("email")?,
        super_admin: row.try_get("super_admin")?,
    })
}
