//! Sessions and their refresh tokens.
//!
//! The rule: of a session's tokens exactly one is current; presenting one that was replaced longer ago than the grace
//! ends the session, for whoever holds the current one too.

use super::milliseconds;
use crate::accounts::{Rotation, Session};
use crate::error::StoreError;
use crate::sqlite::connections::Connections;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use telemetry::time::from_millisecond;

pub(super) async fn create(
    connections: &Connections,
    session: &Session,
    refresh_digest: [u8; 32],
) -> Result<(), StoreError> {
    let mut transaction = connections.write().await?;
    sqlx::query(include_str!("../queries/sessions/insert.sql"))
        .bind(&session.id)
        .bind(session.user)
        .bind(&session.user_agent)
        .bind(milliseconds(session.created_at))
        .bind(milliseconds(session.last_used_at))
        .bind(milliseconds(session.expires_at))
        .execute(&mut *transaction)
        .await?;
    add_token(&mut transaction, &session.id, refresh_digest).await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn get(
    connections: &Connections,
    id: &str,
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query(include_str!("../queries/sessions/get.sql"))
        .bind(id)
        .bind(milliseconds(now))
        .fetch_optional(connections.readers())
        .await?;
    row.as_ref().map(session).transpose()
}

pub(super) async fn by_refresh(
    connections: &Connections,
    digest: [u8; 32],
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let mut connection = connections.readers().acquire().await?;
    let found = find(&mut connection, digest, now).await?;
    Ok(found.filter(|(_, replaced_at)| replaced_at.is_none()).map(|(session, _)| session))
}

pub(super) async fn rotate(
    connections: &Connections,
    digest: [u8; 32],
    successor: [u8; 32],
    now: Timestamp,
    grace_seconds: i64,
) -> Result<Rotation, StoreError> {
    let mut transaction = connections.write().await?;
    let Some((mut session, replaced_at)) = find(&mut transaction, digest, now).await? else {
        return Ok(Rotation::Unknown);
    };
    let rotation = match replaced_at {
        None => {
            sqlx::query("UPDATE refresh_tokens SET replaced_at = ?2 WHERE digest = ?1")
                .bind(&digest[..])
                .bind(milliseconds(now))
                .execute(&mut *transaction)
                .await?;
            add_token(&mut transaction, &session.id, successor).await?;
            sqlx::query("UPDATE sessions SET last_used_at = ?2 WHERE id = ?1")
                .bind(&session.id)
                .bind(milliseconds(now))
                .execute(&mut *transaction)
                .await?;
            session.last_used_at = now;
            Rotation::Rotated(session)
        }
        Some(at) if milliseconds(now) <= at.saturating_add(grace_seconds.saturating_mul(1_000)) => {
            Rotation::Recent(session)
        }
        Some(_) => {
            end(&mut transaction, &session.id).await?;
            Rotation::Reused
        }
    };
    transaction.commit().await?;
    Ok(rotation)
}

pub(super) async fn end_by_id(connections: &Connections, id: &str) -> Result<(), StoreError> {
    let mut transaction = connections.write().await?;
    end(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn prune(connections: &Connections, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut transaction = connections.write().await?;
    let deleted = sqlx::query(include_str!("../queries/sessions/prune.sql"))
        .bind(milliseconds(now))
        .bind(i64::from(limit))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    transaction.commit().await?;
    Ok(deleted)
}

async fn add_token(
    connection: &mut SqliteConnection,
    session: &str,
    digest: [u8; 32],
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_tokens (digest, session) VALUES (?, ?)")
        .bind(&digest[..])
        .bind(session)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a session and, with it, all its tokens.
async fn end(connection: &mut SqliteConnection, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE id = ?").bind(id).execute(connection).await?;
    Ok(())
}

/// A live session by one of its tokens, and when that token was replaced.
async fn find(
    connection: &mut SqliteConnection,
    digest: [u8; 32],
    now: Timestamp,
) -> Result<Option<(Session, Option<i64>)>, StoreError> {
    let row = sqlx::query(include_str!("../queries/sessions/by_refresh.sql"))
        .bind(&digest[..])
        .bind(milliseconds(now))
        .fetch_optional(connection)
        .await?;
    row.map(|row| Ok((session(&row)?, row.try_get("replaced_at")?))).transpose()
}

fn session(row: &SqliteRow) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.try_get("id")?,
        user: row.try_get("user")?,
        created_at: from_millisecond(row.try_get("created_at")?),
        last_used_at: from_millisecond(row.try_get("last_used_at")?),
        expires_at: from_millisecond(row.try_get("expires_at")?),
        user_agent: row.try_get("user_agent")?,
    })
}
