//! API keys, of which only digests are stored.

use super::milliseconds;
use crate::access::ClientScope;
use crate::accounts::{IngestKey, NewKeyRecord};
use crate::error::StoreError;
use crate::sqlite::connections::Connections;
use crate::sqlite::multi_row::MultiRow;
use jiff::Timestamp;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::sync::LazyLock;
use telemetry::report::{ClientId, KeyInfo};
use telemetry::time::from_millisecond;

static TOUCH: LazyLock<MultiRow> = LazyLock::new(|| {
    let tail = format!(") {}", include_str!("../queries/keys/touch.sql"));
    MultiRow::new("WITH asked (id, at) AS (VALUES", 2, &tail)
});

pub(super) async fn create(
    connections: &Connections,
    scope: &ClientScope,
    key: &NewKeyRecord,
    now: Timestamp,
) -> Result<KeyInfo, StoreError> {
    let mut transaction = connections.write().await?;
    let row = sqlx::query(include_str!("../queries/keys/insert.sql"))
        .bind(scope.client().0)
        .bind(&key.name)
        .bind(&key.prefix)
        .bind(&key.digest[..])
        .bind(&key.environment)
        .bind(milliseconds(now))
        .fetch_one(&mut *transaction)
        .await?;
    transaction.commit().await?;
    key_info(&row)
}

pub(super) async fn list(connections: &Connections, scope: &ClientScope) -> Result<Vec<KeyInfo>, StoreError> {
    let rows = sqlx::query(include_str!("../queries/keys/list.sql"))
        .bind(scope.client().0)
        .fetch_all(connections.readers())
        .await?;
    rows.iter().map(key_info).collect()
}

pub(super) async fn revoke(
    connections: &Connections,
    scope: &ClientScope,
    id: i64,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut transaction = connections.write().await?;
    let found = sqlx::query(include_str!("../queries/keys/revoke.sql"))
        .bind(scope.client().0)
        .bind(id)
        .bind(milliseconds(now))
        .execute(&mut *transaction)
        .await?
        .rows_affected();
    transaction.commit().await?;
    Ok(found > 0)
}

pub(super) async fn for_ingest(
    connections: &Connections,
    digest: [u8; 32],
) -> Result<Option<IngestKey>, StoreError> {
    let row = sqlx::query(include_str!("../queries/keys/for_ingest.sql"))
        .bind(&digest[..])
        .fetch_optional(connections.readers())
        .await?;
    row.map(|row| {
        Ok(IngestKey {
            id: row.try_get("id")?,
            client: ClientId(row.try_get("client")?),
            environment: row.try_get("environment")?,
            raw_retention_days: row.try_get("raw_retention_days")?,
        })
    })
    .transpose()
}

pub(super) async fn touch(connections: &Connections, used: &[(i64, Timestamp)]) -> Result<(), StoreError> {
    // One time per key: a statement that meets a row twice writes either.
    let mut latest = std::collections::BTreeMap::new();
    for (id, at) in used {
        let time = latest.entry(*id).or_insert(*at);
        *time = (*time).max(*at);
    }
    let latest: Vec<(i64, Timestamp)> = latest.into_iter().collect();
    if latest.is_empty() {
        return Ok(());
    }
    let mut transaction = connections.write().await?;
    for (range, sql) in TOUCH.cut(latest.len()) {
        let mut query = sqlx::query(sql);
        for (id, at) in &latest[range] {
            query = query.bind(id).bind(milliseconds(*at));
        }
        query.execute(&mut *transaction).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn key_info(row: &SqliteRow) -> Result<KeyInfo, StoreError> {
    let time = |column: &str| row.try_get::<Option<i64>, _>(column).map(|at| at.map(from_millisecond));
    Ok(KeyInfo {
        id: row.try_get("id")?,
        name: row.try_get("name")?,
        prefix: row.try_get("prefix")?,
        environment: row.try_get("environment")?,
        created_at: from_millisecond(row.try_get("created_at")?),
        last_used_at: time("last_used_at")?,
        revoked_at: time("revoked_at")?,
    })
}
