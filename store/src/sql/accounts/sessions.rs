//! Sessions and their refresh tokens.
//!
//! The rule: of a session's tokens exactly one is current; presenting one that was replaced longer ago than the grace
//! ends the session, for whoever holds the current one too. Whoever changes a session or its tokens holds the session's
//! row first, so that of several who present a token one replaces it, and nobody waits in a circle.

use super::dialect::{Connection, Connections, Row, begin, readers, take_turn};
use super::{audit, milliseconds};
use crate::access::Author;
use crate::accounts::{Rotation, Session};
use crate::error::StoreError;
use jiff::Timestamp;
use sqlx::Row as _;
use telemetry::time::from_millisecond;

/// The turn of those who end several sessions at once, in whatever order.
pub(super) const MANY: &str = "many sessions";

pub(super) async fn create(
    connections: &Connections,
    session: &Session,
    refresh_digest: [u8; 32],
) -> Result<(), StoreError> {
    let mut transaction = begin(connections).await?;
    sqlx::query(include_str!("queries/sessions/insert.sql"))
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
    let row = sqlx::query(include_str!("queries/sessions/get.sql"))
        .bind(id)
        .bind(milliseconds(now))
        .fetch_optional(readers(connections).await?)
        .await?;
    row.as_ref().map(session).transpose()
}

pub(super) async fn by_refresh(
    connections: &Connections,
    digest: [u8; 32],
    now: Timestamp,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query(include_str!("queries/sessions/by_refresh.sql"))
        .bind(&digest[..])
        .bind(milliseconds(now))
        .fetch_optional(readers(connections).await?)
        .await?;
    row.as_ref().map(session).transpose()
}

pub(super) async fn of_user(
    connections: &Connections,
    user: i64,
    now: Timestamp,
) -> Result<Vec<Session>, StoreError> {
    let rows = sqlx::query(include_str!("queries/sessions/of_user.sql"))
        .bind(user)
        .bind(milliseconds(now))
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter().map(session).collect()
}

pub(super) async fn rotate(
    connections: &Connections,
    digest: [u8; 32],
    successor: [u8; 32],
    now: Timestamp,
    grace_seconds: i64,
) -> Result<Rotation, StoreError> {
    let mut transaction = begin(connections).await?;
    let held = sqlx::query(include_str!("queries/sessions/hold.sql"))
        .bind(&digest[..])
        .bind(milliseconds(now))
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = held else { return Ok(Rotation::Unknown) };
    let mut session = session(&row)?;
    // A statement of its own: it sees what those did who held the session before.
    let replaced_at: Option<i64> =
        sqlx::query_scalar("SELECT replaced_at FROM refresh_tokens WHERE digest = $1")
            .bind(&digest[..])
            .fetch_one(&mut *transaction)
            .await?;
    let rotation = match replaced_at {
        None => {
            sqlx::query("UPDATE refresh_tokens SET replaced_at = $2 WHERE digest = $1")
                .bind(&digest[..])
                .bind(milliseconds(now))
                .execute(&mut *transaction)
                .await?;
            add_token(&mut transaction, &session.id, successor).await?;
            sqlx::query("UPDATE sessions SET last_used_at = $2 WHERE id = $1")
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
    let mut transaction = begin(connections).await?;
    end(&mut transaction, id).await?;
    transaction.commit().await?;
    Ok(())
}

pub(super) async fn end_one_of_user(
    connections: &Connections,
    author: &Author,
    user: i64,
    id: &str,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    let ended =
        sqlx::query_scalar(r#"DELETE FROM sessions WHERE id = $1 AND "user" = $2 RETURNING user_agent"#)
            .bind(id)
            .bind(user)
            .fetch_optional(&mut *transaction)
            .await?;
    let Some(user_agent): Option<String> = ended else { return Ok(false) };
    let owner: String = sqlx::query_scalar("SELECT username FROM users WHERE id = $1")
        .bind(user)
        .fetch_one(&mut *transaction)
        .await?;
    let target = format!("{owner}: {user_agent}");
    audit::write(&mut transaction, Some(author), None, "session.ended", &target).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn end_of_user(connections: &Connections, user: i64) -> Result<u64, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, MANY).await?;
    let ended = sqlx::query(r#"DELETE FROM sessions WHERE "user" = $1"#)
        .bind(user)
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    transaction.commit().await?;
    Ok(ended)
}

pub(super) async fn prune(connections: &Connections, now: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let mut transaction = begin(connections).await?;
    take_turn(&mut transaction, MANY).await?;
    let mut deleted = 0;
    for prune in [
        include_str!("queries/sessions/prune.sql"),
        include_str!("queries/invitations/prune.sql"),
        include_str!("queries/resets/prune.sql"),
    ] {
        deleted += sqlx::query(prune)
            .bind(milliseconds(now))
            .bind(i64::from(limit))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
    }
    transaction.commit().await?;
    Ok(deleted)
}

async fn add_token(connection: &mut Connection, session: &str, digest: [u8; 32]) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO refresh_tokens (digest, session) VALUES ($1, $2)")
        .bind(&digest[..])
        .bind(session)
        .execute(connection)
        .await?;
    Ok(())
}

/// Forgets a session and, with it, all its tokens.
async fn end(connection: &mut Connection, id: &str) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM sessions WHERE id = $1").bind(id).execute(connection).await?;
    Ok(())
}

fn session(row: &Row) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.try_get("id")?,
        user: row.try_get("user")?,
        created_at: from_millisecond(row.try_get("created_at")?),
        last_used_at: from_millisecond(row.try_get("last_used_at")?),
        expires_at: from_millisecond(row.try_get("expires_at")?),
        user_agent: row.try_get("user_agent")?,
    })
}
