//! Users.

use super::milliseconds;
use crate::accounts::{NewUser, UserRecord};
use crate::error::StoreError;
use crate::sqlite::connections::Connections;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use telemetry::report::User;

pub(super) async fn create_first(
    connections: &Connections,
    user: &NewUser,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let mut transaction = connections.write().await?;
    let id = insert(include_str!("../queries/users/insert_first.sql"), user, now)
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
    let mut transaction = connections.write().await?;
    let id = insert(include_str!("../queries/users/insert.sql"), user, now)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = id else {
        let names: i64 = sqlx::query_scalar("SELECT count(*) FROM users WHERE username = ?")
            .bind(&user.username)
            .fetch_one(&mut *transaction)
            .await?;
        return Err(StoreError::Conflict(if names > 0 { "username" } else { "email" }));
    };
    transaction.commit().await?;
    made(user, &row)
}

pub(super) async fn any(connections: &Connections) -> Result<bool, StoreError> {
    let found = sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(connections.readers()).await?;
    Ok(found.is_some())
}

pub(super) async fn by_login(
    connections: &Connections,
    login: &str,
) -> Result<Option<UserRecord>, StoreError> {
    let row = sqlx::query(include_str!("../queries/users/by_login.sql"))
        .bind(login)
        .fetch_optional(connections.readers())
        .await?;
    row.as_ref().map(record).transpose()
}

pub(super) async fn by_id(connections: &Connections, id: i64) -> Result<Option<UserRecord>, StoreError> {
    let row = sqlx::query(include_str!("../queries/users/by_id.sql"))
        .bind(id)
        .fetch_optional(connections.readers())
        .await?;
    row.as_ref().map(record).transpose()
}

type Statement<'a> = sqlx::query::Query<'a, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

fn insert<'a>(sql: &'static str, user: &NewUser, now: Timestamp) -> Statement<'a> {
    sqlx::query(sql)
        .bind(&user.username)
        .bind(&user.email)
        .bind(&user.password_hash)
        .bind(user.super_admin)
        .bind(milliseconds(now))
}

fn made(user: &NewUser, row: &SqliteRow) -> Result<User, StoreError> {
    Ok(User {
        id: row.try_get(0)?,
        username: user.username.clone(),
        email: user.email.clone(),
        super_admin: user.super_admin,
    })
}

fn record(row: &SqliteRow) -> Result<UserRecord, StoreError> {
    Ok(UserRecord {
        user: User {
            id: row.try_get("id")?,
            username: row.try_get("username")?,
            email: row.try_get("email")?,
            super_admin: row.try_get("super_admin")?,
        },
        password_hash: row.try_get("password_hash")?,
        disabled: row.try_get("disabled")?,
    })
}
