//! New passwords: by their owner, or by a one-time link.
//!
//! The rule: with a new password every other session ends, and every other link to choose one is void.

use super::dialect::{Connection, Connections, begin, readers, take_turn};
use super::{audit, milliseconds, sessions, users};
use crate::access::{Author, InstanceScope};
use crate::error::StoreError;
use jiff::Timestamp;
use std::net::IpAddr;
use telemetry::report::User;

pub(super) async fn set_password(
    connections: &Connections,
    author: &Author,
    user: i64,
    password_hash: &str,
    keep: Option<&str>,
) -> Result<(), StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, sessions::MANY).await?;
    replace(&mut transaction, user, password_hash, keep).await?;
    audit::write(&mut transaction, Some(author), None, "password.changed", &author.name).await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn create(
    connections: &Connections,
    scope: &InstanceScope,
    user: i64,
    digest: [u8; 32],
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    let name: Option<String> = sqlx::query_scalar("SELECT username FROM users WHERE id = $1")
        .bind(user)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(name) = name else { return Ok(false) };
    sqlx::query(r#"INSERT INTO resets (digest, "user", expires_at) VALUES ($1, $2, $3)"#)
        .bind(&digest[..])
        .bind(user)
        .bind(milliseconds(expires_at))
        .execute(&mut *transaction)
        .await?;
    audit::write(&mut transaction, scope.author(), None, "reset.made", &name).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn is_good(
    connections: &Connections,
    digest: [u8; 32],
    now: Timestamp,
) -> Result<bool, StoreError> {
    let found = sqlx::query("SELECT 1 FROM resets WHERE digest = $1 AND expires_at > $2")
        .bind(&digest[..])
        .bind(milliseconds(now))
        .fetch_optional(readers(connections).await?)
        .await?;
    Ok(found.is_some())
}

pub(super) async fn use_up(
    connections: &Connections,
    digest: [u8; 32],
    password_hash: &str,
    address: Option<IpAddr>,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, sessions::MANY).await?;
    let owner: Option<i64> =
        sqlx::query_scalar(r#"DELETE FROM resets WHERE digest = $1 AND expires_at > $2 RETURNING "user""#)
            .bind(&digest[..])
            .bind(milliseconds(now))
            .fetch_optional(&mut *transaction)
            .await?;
    let Some(owner) = owner else { return Ok(None) };
    replace(&mut transaction, owner, password_hash, None).await?;
    let row =
        sqlx::query(include_str!("queries/users/by_id.sql")).bind(owner).fetch_one(&mut *transaction).await?;
    let user = users::read(&row)?;
    let author = Author { user: Some(user.id), name: user.username.clone(), address, at: now };
    audit::write(&mut transaction, Some(&author), None, "password.reset", &user.username).await?;
    transaction.commit().await?;
    Ok(Some(user))
}

async fn replace(
    connection: &mut Connection,
    user: i64,
    password_hash: &str,
    keep: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE users SET password_hash = $2 WHERE id = $1")
        .bind(user)
        .bind(password_hash)
        .execute(&mut *connection)
        .await?;
    // No session has an empty id.
    sqlx::query(r#"DELETE FROM sessions WHERE "user" = $1 AND id <> $2"#)
        .bind(user)
        .bind(keep.unwrap_or(""))
        .execute(&mut *connection)
        .await?;
    sqlx::query(r#"DELETE FROM resets WHERE "user" = $1"#).bind(user).execute(connection).await?;
    Ok(())
}
