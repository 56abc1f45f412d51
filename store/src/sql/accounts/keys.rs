//! API keys, of which only digests are stored.

use super::clients::{limits_of, number};
use super::dialect::{Connection, Connections, Row, begin, readers};
use super::{audit, milliseconds};
use crate::access::ClientScope;
use crate::accounts::{IngestKey, KeyAtAnyTime, KeyRotation, NewKeyRecord};
use crate::error::StoreError;
use crate::sql::aggregates::signed;
use jiff::Timestamp;
use sqlx::Row as _;
use std::collections::BTreeMap;
use telemetry::report::{ClientId, KeyInfo};
use telemetry::time::from_millisecond;

pub(super) async fn create(
    connections: &Connections,
    scope: &ClientScope,
    key: &NewKeyRecord,
    now: Timestamp,
) -> Result<KeyInfo, StoreError> {
    let mut transaction = begin(connections).await?;
    let made = insert(&mut transaction, scope, key, now).await?;
    write(&mut transaction, scope, "key.made", &made).await?;
    transaction.commit().await?;
    Ok(made)
}

pub(super) async fn rotate(
    connections: &Connections,
    scope: &ClientScope,
    id: i64,
    prefix: &str,
    digest: [u8; 32],
    until: Timestamp,
    now: Timestamp,
) -> Result<KeyRotation, StoreError> {
    let mut transaction = begin(connections).await?;
    // Nothing changes; but of two who rotate it at once, the second waits here.
    let row = sqlx::query(include_str!("queries/keys/hold.sql"))
        .bind(scope.client().0)
        .bind(id)
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = row else { return Ok(KeyRotation::Unknown) };
    let old = key_info(&row)?;
    let expired = old.expires_at.is_some_and(|at| at <= now);
    if expired || old.revoked_at.is_some() || old.replaced_by.is_some() {
        return Ok(KeyRotation::Over);
    }
    let successor = NewKeyRecord {
        name: old.name.clone(),
        prefix: prefix.to_owned(),
        digest,
        environment: old.environment.clone(),
        expires_at: old.expires_at,
        origins: old.origins.clone(),
        services: old.services.clone(),
        hits_per_second: old.hits_per_second,
        burst: old.burst,
        hits_per_day: old.hits_per_day,
        hits_per_month: old.hits_per_month,
    };
    let made = insert(&mut transaction, scope, &successor, now).await?;
    let until = old.expires_at.map_or(until, |at| at.min(until));
    sqlx::query("UPDATE keys SET expires_at = $2, replaced_by = $3 WHERE id = $1")
        .bind(id)
        .bind(milliseconds(until))
        .bind(made.id)
        .execute(&mut *transaction)
        .await?;
    write(&mut transaction, scope, "key.rotated", &old).await?;
    transaction.commit().await?;
    Ok(KeyRotation::Rotated(Box::new(made)))
}

async fn insert(
    connection: &mut Connection,
    scope: &ClientScope,
    key: &NewKeyRecord,
    now: Timestamp,
) -> Result<KeyInfo, StoreError> {
    let row = sqlx::query(include_str!("queries/keys/insert.sql"))
        .bind(scope.client().0)
        .bind(&key.name)
        .bind(&key.prefix)
        .bind(&key.digest[..])
        .bind(&key.environment)
        .bind(milliseconds(now))
        .bind(key.expires_at.map(milliseconds))
        .bind(key.origins.join("\n"))
        .bind(key.services.join("\n"))
        .bind(key.hits_per_second.map(i64::from))
        .bind(key.burst.map(i64::from))
        .bind(key.hits_per_day.map(signed))
        .bind(key.hits_per_month.map(signed))
        .fetch_one(connection)
        .await?;
    key_info(&row)
}

async fn write(
    connection: &mut Connection,
    scope: &ClientScope,
    action: &'static str,
    key: &KeyInfo,
) -> Result<(), StoreError> {
    let target = format!("{} ({}…)", key.name, key.prefix);
    audit::write(connection, scope.author(), Some(scope.client()), action, &target).await
}

pub(super) async fn list(connections: &Connections, scope: &ClientScope) -> Result<Vec<KeyInfo>, StoreError> {
    let rows = sqlx::query(include_str!("queries/keys/list.sql"))
        .bind(scope.client().0)
        .fetch_all(readers(connections).await?)
        .await?;
    rows.iter().map(key_info).collect()
}

pub(super) async fn revoke(
    connections: &Connections,
    scope: &ClientScope,
    id: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut transaction = begin(connections).await?;
    let row = sqlx::query(include_str!("queries/keys/revoke.sql"))
        .bind(scope.client().0)
        .bind(id)
        .bind(milliseconds(now))
        .fetch_optional(&mut *transaction)
        .await?;
    let Some(row) = row else { return Ok(false) };
    write(&mut transaction, scope, "key.revoked", &key_info(&row)?).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn for_ingest(
    connections: &Connections,
    digest: [u8; 32],
) -> Result<Option<IngestKey>, StoreError> {
    let row = sqlx::query(include_str!("queries/keys/for_ingest.sql"))
        .bind(&digest[..])
        .fetch_optional(readers(connections).await?)
        .await?;
    row.as_ref().map(ingest_key).transpose()
}

pub(super) async fn at_any_time(
    connections: &Connections,
    digest: [u8; 32],
) -> Result<Option<KeyAtAnyTime>, StoreError> {
    let row = sqlx::query(include_str!("queries/keys/at_any_time.sql"))
        .bind(&digest[..])
        .fetch_optional(readers(connections).await?)
        .await?;
    row.map(|row| {
        let revoked_at: Option<i64> = row.try_get("revoked_at")?;
        Ok(KeyAtAnyTime { key: ingest_key(&row)?, revoked_at: revoked_at.map(from_millisecond) })
    })
    .transpose()
}

pub(super) async fn touch(connections: &Connections, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
    // One time per key, and the keys in order: two processes never wait in a circle.
    let mut latest = BTreeMap::new();
    for (id, at) in used {
        let time = latest.entry(*id).or_insert(*at);
        *time = (*time).max(*at);
    }
    if latest.is_empty() {
        return Ok(());
    }
    let mut transaction = begin(connections).await?;
    for (id, at) in latest {
        sqlx::query(include_str!("queries/keys/touch.sql"))
            .bind(id)
            .bind(milliseconds(at))
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn ingest_key(row: &Row) -> Result<IngestKey, StoreError> {
    Ok(IngestKey {
        id: row.try_get("id")?,
        client: ClientId(row.try_get("client")?),
        environment: row.try_get("environment")?,
        limits: limits_of(row)?,
        hits_per_second: number(row, "rate")?,
        burst: number(row, "burst")?,
        hits_per_day: number(row, "key_day_quota")?,
        hits_per_month: number(row, "key_month_quota")?,
        expires_at: time(row, "expires_at")?,
        origins: lines(row, "origins")?,
        services: lines(row, "services")?,
    })
}

fn key_info(row: &Row) -> Result<KeyInfo, StoreError> {
    Ok(KeyInfo {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        prefix: row.try_get("prefix")?,
        environment: row.try_get("environment")?,
        created_at: from_millisecond(row.try_get("created_at")?),
        last_used_at: time(row, "last_used_at")?,
        expires_at: time(row, "expires_at")?,
        revoked_at: time(row, "revoked_at")?,
        replaced_by: row.try_get("replaced_by")?,
        origins: lines(row, "origins")?,
        services: lines(row, "services")?,
        hits_per_second: number(row, "rate")?,
        burst: number(row, "burst")?,
        hits_per_day: number(row, "day_quota")?,
        hits_per_month: number(row, "month_quota")?,
    })
}

fn time(row: &Row, column: &str) -> Result<Option<Timestamp>, StoreError> {
    Ok(row.try_get::<Option<i64>, _>(column)?.map(from_millisecond))
}

fn lines(row: &Row, column: &str) -> Result<Vec<String>, StoreError> {
    Ok(row.try_get::<&str, _>(column)?.lines().map(str::to_owned).collect())
}
