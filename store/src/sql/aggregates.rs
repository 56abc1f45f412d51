//! Aggregates as columns, there and back.

use crate::error::StoreError;
use crate::metrics::Aggregate;
use sqlx::{ColumnIndex, Decode, Row, Type};
use telemetry::sketch::Sketch;

/// A count as SQL's signed integers hold it. No count comes near their end.
pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count that was read.
pub(crate) fn unsigned(n: i64) -> Result<u64, StoreError> {
    u64::try_from(n).map_err(|_| StoreError::Damaged("a count below zero".to_owned()))
}

/// The columns `count, latency_us, min_us, max_us, bytes_in, bytes_out, sketch`, beginning at `first`. A sketch that
/// was not read is an empty one.
pub(crate) fn aggregate<'r, R: Row>(row: &'r R, first: usize) -> Result<Aggregate, StoreError>
where
    usize: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
{
    let sketch = match row.try_get::<Option<&[u8]>, _>(first + 6)? {
        Some(blob) => Sketch::decode(blob).map_err(|error| StoreError::Damaged(error.to_string()))?,
        None => Sketch::new(),
    };
    Ok(Aggregate {
        count: unsigned(row.try_get(first)?)?,
        latency_us: row.try_get(first + 1)?,
        min_us: row.try_get(first + 2)?,
        max_us: row.try_get(first + 3)?,
        bytes_in: unsigned(row.try_get(first + 4)?)?,
        bytes_out: unsigned(row.try_get(first + 5)?)?,
        sketch,
    })
}
