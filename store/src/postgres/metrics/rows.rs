//! Rows as arrays, one per column: a statement over any number of rows is one text with a few parameters.

use crate::metrics::{Aggregate, BatchClaim, RollupKey};
use crate::sql::aggregates::signed;
use crate::sql::batches::bytes;
use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::Query;

pub(super) type Statement = Query<'static, Postgres, PgArguments>;

/// Binds `client, batch` of the batches at these places.
pub(super) fn bind_batches(statement: Statement, batches: &[BatchClaim], places: &[usize]) -> Statement {
    let clients: Vec<i64> = places.iter().map(|&place| batches[place].client.0).collect();
    let names: Vec<&str> = places.iter().map(|&place| batches[place].batch.as_str()).collect();
    statement.bind(clients).bind(names)
}

/// Binds `message` of the batches at these places.
pub(super) fn bind_messages(statement: Statement, batches: &[BatchClaim], places: &[usize]) -> Statement {
    statement.bind(places.iter().map(|&place| bytes(batches[place].message)).collect::<Vec<_>>())
}

/// Binds `series, resolution, bucket, status`.
pub(super) fn bind_keys<'k>(
    statement: Statement,
    keys: impl Iterator<Item = &'k RollupKey> + Clone,
) -> Statement {
    statement
        .bind(keys.clone().map(|key| key.series.0).collect::<Vec<_>>())
        .bind(keys.clone().map(|key| key.resolution.seconds() as i32).collect::<Vec<_>>())
        .bind(keys.clone().map(|key| key.bucket).collect::<Vec<_>>())
        .bind(keys.map(|key| i32::from(key.status)).collect::<Vec<_>>())
}

/// Binds `count, latency_us, min_us, max_us, bytes_in, bytes_out, sketch`.
pub(super) fn bind_aggregates<'a>(
    statement: Statement,
    rows: impl Iterator<Item = &'a Aggregate> + Clone,
) -> Statement {
    let column = |value: fn(&Aggregate) -> i64| rows.clone().map(value).collect::<Vec<_>>();
    statement
        .bind(column(|row| signed(row.count)))
        .bind(column(|row| row.latency_us))
        .bind(column(|row| row.min_us))
        .bind(column(|row| row.max_us))
        .bind(column(|row| signed(row.bytes_in)))
        .bind(column(|row| signed(row.bytes_out)))
        .bind(rows.clone().map(|row| row.sketch.encode()).collect::<Vec<_>>())
}

/// The place (from 0) that `WITH ORDINALITY` has counted (from 1).
pub(super) fn place(ordinality: i64) -> usize {
    usize::try_from(ordinality - 1).unwrap_or(usize::MAX)
}
