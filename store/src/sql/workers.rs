//! Workers as rows.

use crate::error::StoreError;
use crate::metrics::Worker;
use crate::sql::aggregates::unsigned;
use sqlx::{ColumnIndex, Decode, Row, Type};

/// A row of `id, host, version, started_at, seen_at, hits, lag_ms, breaker`.
pub(crate) fn worker<'r, R: Row>(row: &'r R) -> Result<Worker, StoreError>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    Ok(Worker {
        id: row.try_get(0)?,
        host: row.try_get(1)?,
        version: row.try_get(2)?,
        started_at: row.try_get(3)?,
        seen_at: row.try_get(4)?,
        hits: unsigned(row.try_get(5)?)?,
        lag_ms: row.try_get(6)?,
        breaker: row.try_get(7)?,
    })
}
