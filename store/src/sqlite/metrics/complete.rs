//! Step 3: a batch's numbers enter the rollups, once.
//!
//! The rule: in one transaction the batches are marked done and their numbers added; if one of them was done already,
//! or is another message's, nothing is written.

use super::claim::states;
use crate::error::StoreError;
use crate::metrics::{Aggregate, BatchClaim, Completed, Completion, RollupKey, Usage};
use crate::sql::aggregates::{aggregate, signed};
use crate::sql::batches::{self, bytes, in_key_order};
use crate::sqlite::SqliteDatabase;
use crate::sqlite::multi_row::MultiRow;
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use std::sync::LazyLock;

static MARK: LazyLock<MultiRow> = LazyLock::new(|| {
    let tail = format!(
        ") INSERT INTO inbox (client, batch, message, created_at, done) {}",
        include_str!("../queries/inbox/complete.sql")
    );
    MultiRow::new("WITH asked (client, batch, message) AS (VALUES", 3, &tail)
});

static TOUCHED: LazyLock<MultiRow> = LazyLock::new(|| {
    let tail = format!(") {}", include_str!("../queries/rollups/touched.sql"));
    MultiRow::new("WITH asked (place, series, resolution, bucket, status) AS (VALUES", 5, &tail)
});

static WRITE: LazyLock<MultiRow> = LazyLock::new(|| {
    let head = "INSERT INTO rollups (series, resolution, bucket, status, count, latency_us, min_us, max_us, bytes_in, \
                bytes_out, sketch) VALUES";
    MultiRow::new(head, 11, include_str!("../queries/rollups/upsert.sql"))
});

pub(super) async fn complete(
    database: &SqliteDatabase,
    completion: &Completion,
) -> Result<Completed, StoreError> {
    let mut transaction = database.connections.write().await?;
    if !mark_done(&mut transaction, &completion.batches).await? {
        transaction.rollback().await?;
        // What is not open once never opens again, so this finds at least what stopped the marking.
        let mut connection = database.connections.readers().acquire().await?;
        return Ok(Completed::SomeWereDone(not_mine_to_do(&mut connection, &completion.batches).await?));
    }
    // In key order, as all writers do.
    let mut rows: Vec<(RollupKey, Aggregate)> = completion
        .rollups
        .iter()
        .filter(|(_, added)| added.count > 0)
        .map(|(k, a)| (*k, a.clone()))
        .collect();
    add_stored(&mut transaction, &mut rows).await?;
    let rows: Vec<(&RollupKey, &Aggregate)> = rows.iter().map(|(key, row)| (key, row)).collect();
    write(&mut transaction, &rows).await?;
    for usage in &completion.usage {
        add_usage(&mut transaction, usage).await?;
    }
    transaction.commit().await?;
    Ok(Completed::All)
}

/// Marks batches done; `false` if not every one was this message's and not yet done.
async fn mark_done(connection: &mut SqliteConnection, batches: &[BatchClaim]) -> Result<bool, StoreError> {
    let places = in_key_order(batches);
    for (range, sql) in MARK.cut(places.len()) {
        let places = &places[range];
        let mut query = sqlx::query(sql);
        for &place in places {
            let BatchClaim { client, batch, message } = &batches[place];
            query = query.bind(client.0).bind(batch).bind(bytes(*message));
        }
        if query.execute(&mut *connection).await?.rows_affected() < places.len() as u64 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The places of batches that are done, another message's, unknown, or named a second time.
async fn not_mine_to_do(
    connection: &mut SqliteConnection,
    batches: &[BatchClaim],
) -> Result<Vec<usize>, StoreError> {
    let states = states(connection, batches, &in_key_order(batches)).await?;
    Ok(batches::not_mine_to_do(batches, states))
}

/// Adds to each row what is stored under its key.
async fn add_stored(
    connection: &mut SqliteConnection,
    rows: &mut [(RollupKey, Aggregate)],
) -> Result<(), StoreError> {
    for (range, sql) in TOUCHED.cut(rows.len()) {
        let rows = &mut rows[range];
        let mut query = sqlx::query(sql);
        for (place, (key, _)) in rows.iter().enumerate() {
            query = query
                .bind(place as i64)
                .bind(key.series.0)
                .bind(key.resolution.seconds())
                .bind(key.bucket)
                .bind(i64::from(key.status));
        }
        for row in query.fetch_all(&mut *connection).await? {
            let stored = aggregate(&row, 1)?;
            if let Some((_, aggregate)) = rows.get_mut(row.try_get::<i64, _>(0)? as usize) {
                aggregate.merge(&stored);
            }
        }
    }
    Ok(())
}

/// Writes rows as they are, whatever was stored under their keys.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    rows: &[(&RollupKey, &Aggregate)],
) -> Result<(), StoreError> {
    for (range, sql) in WRITE.cut(rows.len()) {
        let mut query = sqlx::query(sql);
        for (key, row) in &rows[range] {
            query = query
                .bind(key.series.0)
                .bind(key.resolution.seconds())
                .bind(key.bucket)
                .bind(i64::from(key.status))
                .bind(signed(row.count))
                .bind(row.latency_us)
                .bind(row.min_us)
                .bind(row.max_us)
                .bind(signed(row.bytes_in))
                .bind(signed(row.bytes_out))
                .bind(row.sketch.encode());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

async fn add_usage(connection: &mut SqliteConnection, usage: &Usage) -> Result<(), StoreError> {
    sqlx::query(include_str!("../queries/usage/add.sql"))
        .bind(usage.client.0)
        .bind(usage.day)
        .bind(signed(usage.accepted))
        .bind(signed(usage.bytes))
        .execute(&mut *connection)
        .await?;
    for (field, n) in &usage.rejected {
        sqlx::query(include_str!("../queries/usage/add_rejected.sql"))
            .bind(usage.client.0)
            .bind(usage.day)
            .bind(field)
            .bind(signed(*n))
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
