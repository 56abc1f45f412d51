//! Step 1: who owns a batch.
//!
//! The rule: the first message that claims a batch owns it for ever; a later one only learns whose it is.

use super::series::resolve;
use crate::error::StoreError;
use crate::metrics::{BatchClaim, Claimed, Claims, SeriesKey};
use crate::sql::SeriesCache;
use crate::sql::batches::{State, by_age, bytes};
use crate::sqlite::SqliteDatabase;
use crate::sqlite::multi_row::MultiRow;
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use std::collections::BTreeSet;
use std::sync::LazyLock;

static INSERT: LazyLock<MultiRow> = LazyLock::new(|| {
    MultiRow::new(
        "INSERT INTO inbox (client, batch, message, created_at, done) VALUES",
        5,
        "ON CONFLICT DO NOTHING",
    )
});

static STATE: LazyLock<MultiRow> = LazyLock::new(|| {
    let tail = format!(") {}", include_str!("../queries/inbox/state.sql"));
    MultiRow::new("WITH asked (place, client, batch) AS (VALUES", 3, &tail)
});

pub(super) async fn claim(
    database: &SqliteDatabase,
    batches: &[BatchClaim],
    series: &[SeriesKey],
    now: i64,
) -> Result<Claims, StoreError> {
    let cache: &SeriesCache = &database.series;
    let mut numbers = cache.numbers(series);
    let missing: BTreeSet<&SeriesKey> =
        series.iter().zip(&numbers).filter(|(_, number)| number.is_none()).map(|(key, _)| key).collect();

    let mut transaction = database.connections.write().await?;
    let claimed =
        claim_batches(&mut transaction, batches, now, now.saturating_sub(database.inbox_retention)).await?;
    if missing.is_empty() {
        transaction.commit().await?;
    } else {
        let resolved = resolve(&mut transaction, &database.caps, cache, missing).await?;
        transaction.commit().await?;
        for (key, number) in series.iter().zip(&mut numbers) {
            *number = number.or_else(|| resolved.numbers.get(key).copied());
        }
        resolved.committed(cache);
    }
    let series = numbers.into_iter().collect::<Option<Vec<_>>>();
    let series =
        series.ok_or_else(|| StoreError::Damaged("a series was left without a number".to_owned()))?;
    Ok(Claims { claimed, series })
}

async fn claim_batches(
    connection: &mut SqliteConnection,
    batches: &[BatchClaim],
    now: i64,
    remembered_since: i64,
) -> Result<Vec<Claimed>, StoreError> {
    let (old, young) = by_age(batches, remembered_since);

    // The common case first: none of these was seen before, and inserting says so by itself.
    let mut claimed = vec![Claimed::Mine; batches.len()];
    let mut seen = Vec::new();
    for (range, sql) in INSERT.cut(young.len()) {
        let places = &young[range];
        let mut query = sqlx::query(sql);
        for &place in places {
            let BatchClaim { client, batch, message } = &batches[place];
            query = query.bind(client.0).bind(batch).bind(bytes(*message)).bind(now).bind(0_i64);
        }
        if query.execute(&mut *connection).await?.rows_affected() < places.len() as u64 {
            seen.extend_from_slice(places);
        }
    }
    // These had better have a row: to insert one now could count a batch twice whose row was pruned.
    for &place in &old {
        claimed[place] = Claimed::Expired;
    }
    seen.extend(old);
    for (place, state) in states(connection, batches, &seen).await? {
        claimed[place] = state.claimed_by(batches[place].message);
    }
    Ok(claimed)
}

/// The inbox rows of the batches at these places; places without a row are missing.
pub(super) async fn states(
    connection: &mut SqliteConnection,
    batches: &[BatchClaim],
    places: &[usize],
) -> Result<Vec<(usize, State)>, StoreError> {
    let mut states = Vec::with_capacity(places.len());
    for (range, sql) in STATE.cut(places.len()) {
        let mut query = sqlx::query(sql);
        for &place in &places[range] {
            query = query.bind(place as i64).bind(batches[place].client.0).bind(&batches[place].batch);
        }
        for row in query.fetch_all(&mut *connection).await? {
            let state = State::read(row.try_get(1)?, row.try_get(2)?)?;
            states.push((row.try_get::<i64, _>(0)? as usize, state));
        }
    }
    Ok(states)
}
