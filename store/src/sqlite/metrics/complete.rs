//! Step 3: a batch's numbers enter the rollups, once.
//!
//! The rule: in one transaction the batches are marked done and their numbers added; if one of them was done already,
//! or is another message's, nothing is written.

use super::claim::{bytes, in_key_order, states};
use crate::error::StoreError;
use crate::metrics::{Aggregate, BatchClaim, Completed, Completion, RollupKey, Usage};
use crate::sqlite::SqliteDatabase;
use crate::sqlite::multi_row::MultiRow;
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use std::collections::HashSet;
use std::sync::LazyLock;
use telemetry::sketch::Sketch;

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
    write_back(&mut transaction, &rows).await?;
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
    let all = in_key_order(batches);
    let mut open = vec![false; batches.len()];
    for (place, state) in states(connection, batches, &all).await? {
        open[place] = state.owner == batches[place].message && !state.done;
    }
    let mut named = HashSet::new();
    Ok((0..batches.len()).filter(|&place| !(open[place] && named.insert(&batches[place]))).collect())
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

async fn write_back(
    connection: &mut SqliteConnection,
    rows: &[(RollupKey, Aggregate)],
) -> Result<(), StoreError> {
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
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
    let signed = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
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

/// The columns `count, latency_us, min_us, max_us, bytes_in, bytes_out, sketch`, beginning at `first`. A sketch that
/// was not read is an empty one.
pub(super) fn aggregate(row: &SqliteRow, first: usize) -> Result<Aggregate, StoreError> {
    let unsigned =
        |n: i64| u64::try_from(n).map_err(|_| StoreError::Damaged("a count below zero".to_owned()));
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
