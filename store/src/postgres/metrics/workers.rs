//! Who counts.

use crate::error::StoreError;
use crate::metrics::{WORKER_REMEMBERED_MS, Worker};
use crate::postgres::PostgresDatabase;
use crate::sql::aggregates::signed;
use crate::sql::workers::worker;

pub(super) async fn note(database: &PostgresDatabase, worker: &Worker) -> Result<(), StoreError> {
    let pool = database.connections.pool().await?;
    sqlx::query(include_str!("../queries/workers/note.sql"))
        .bind(&worker.id)
        .bind(&worker.host)
        .bind(&worker.version)
        .bind(worker.started_at)
        .bind(worker.seen_at)
        .bind(signed(worker.hits))
        .bind(worker.lag_ms)
        .bind(&worker.breaker)
        .execute(pool)
        .await?;
    sqlx::query(include_str!("../queries/workers/prune.sql"))
        .bind(worker.seen_at.saturating_sub(WORKER_REMEMBERED_MS))
        .execute(pool)
        .await?;
    Ok(())
}

pub(super) async fn list(database: &PostgresDatabase, since: i64) -> Result<Vec<Worker>, StoreError> {
    let list = sqlx::query(include_str!("../queries/workers/list.sql")).bind(since);
    let rows = list.fetch_all(database.connections.pool().await?).await?;
    rows.iter().map(worker).collect()
}
