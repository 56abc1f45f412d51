//! Step 1: who owns a batch.
//!
//! The rule: the first message that claims a batch owns it for ever; a later one only learns whose it is.

use super::advisory_locks;
use super::rows::{bind_batches, bind_messages, place};
use super::series::resolve;
use crate::error::StoreError;
use crate::metrics::{BatchClaim, Claimed, Claims, SeriesKey};
use crate::postgres::PostgresDatabase;
use crate::sql::batches::{State, by_age};
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::BTreeSet;

pub(super) async fn claim(
    database: &PostgresDatabase,
    batches: &[BatchClaim],
    series: &[SeriesKey],
    now: i64,
) -> Result<Claims, StoreError> {
    let cache = &database.series;
    let remembered_since = now.saturating_sub(database.inbox_retention);
    let mut numbers = cache.numbers(series);
    let missing: BTreeSet<&SeriesKey> =
        series.iter().zip(&numbers).filter(|(_, number)| number.is_none()).map(|(key, _)| key).collect();

    let claimed;
    if missing.is_empty() {
        // The one statement that writes is its own transaction.
        let mut connection = database.connections.pool().await?.acquire().await?;
        claimed = claim_batches(&mut connection, batches, now, remembered_since).await?;
    } else {
        let mut transaction = database.connections.begin().await?;
        claimed = claim_batches(&mut transaction, batches, now, remembered_since).await?;
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
    connection: &mut PgConnection,
    batches: &[BatchClaim],
    now: i64,
    remembered_since: i64,
) -> Result<Vec<Claimed>, StoreError> {
    let (old, young) = by_age(batches, remembered_since);
    let mut claimed = vec![Claimed::Mine; batches.len()];
    // The common case first: none of these was seen before, and inserting says so by itself.
    let mut seen = Vec::new();
    if !young.is_empty() {
        let statement = sqlx::query(include_str!("../queries/inbox/claim.sql"));
        let statement = bind_batches(statement, batches, &young);
        let clients = advisory_locks(young.iter().map(|&place| batches[place].client));
        let statement = bind_messages(statement, batches, &young).bind(now).bind(clients);
        if statement.execute(&mut *connection).await?.rows_affected() < young.len() as u64 {
            seen = young;
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
    connection: &mut PgConnection,
    batches: &[BatchClaim],
    places: &[usize],
) -> Result<Vec<(usize, State)>, StoreError> {
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let statement = sqlx::query(include_str!("../queries/inbox/state.sql"));
    let rows = bind_batches(statement, batches, places).fetch_all(connection).await?;
    let mut states = Vec::with_capacity(rows.len());
    for row in &rows {
        if let Some(&place) = places.get(place(row.try_get(0)?)) {
            states.push((place, State::read(row.try_get(1)?, row.try_get(2)?)?));
        }
    }
    Ok(states)
}
