//! Forgetting what has outlived its time, in portions.

use crate::error::StoreError;
use crate::metrics::MetricsRetention;
use crate::postgres::PostgresDatabase;

/// Up to `limit` rows of each kind; several processes may do so at once.
pub(super) async fn prune(
    database: &PostgresDatabase,
    retention: &MetricsRetention,
    now: i64,
    limit: u32,
) -> Result<u64, StoreError> {
    let pool = database.connections.pool().await?;
    let mut deleted = 0;
    for (resolution, before) in retention.outlived(now) {
        deleted += sqlx::query(include_str!("../queries/rollups/prune.sql"))
            .bind(resolution.seconds() as i32)
            .bind(before)
            .bind(i64::from(limit))
            .execute(pool)
            .await?
            .rows_affected();
    }
    deleted += sqlx::query(include_str!("../queries/inbox/prune.sql"))
        .bind(now.saturating_sub(retention.inbox))
        .bind(i64::from(limit))
        .execute(pool)
        .await?
        .rows_affected();
    Ok(deleted)
}
