//! Who counts.

use crate::error::StoreError;
use crate::metrics::{WORKER_REMEMBERED_MS, Worker};
use crate::sql::aggregates::signed;
use crate::sql::workers::worker;
use crate::sqlite::SqliteDatabase;

pub(super) async fn note(database: &SqliteDatabase, worker: &Worker) -> Result<(), StoreError> {
    let mut transaction = database.connections.write().await?;
    sqlx::query(include_str!("../queries/workers/note.sql"))
        .bind(&worker.id)
        .bind(&worker.host)
        .bind(&worker.version)
        .bind(worker.started_at)
        .bind(worker.seen_at)
        .bind(signed(worker.hits))
        .bind(worker.lag_ms)
        .bind(&worker.breaker)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("DELETE FROM workers WHERE seen_at < ?")
        .bind(worker.seen_at.saturating_sub(WORKER_REMEMBERED_MS))
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

pub(super) async fn list(database: &SqliteDatabase, since: i64) -> Result<Vec<Worker>, StoreError> {
    let list = sqlx::query(include_str!("../queries/workers/list.sql")).bind(since);
    let rows = list.fetch_all(database.connections.readers()).await?;
    rows.iter().map(worker).collect()
}
