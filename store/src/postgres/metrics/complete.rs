//! Step 3: a batch's numbers enter the rollups, once.
//!
//! The rule: in one transaction the batches are marked done and their numbers added; if one of them was done already,
//! or is another message's, nothing is written. Sketches are merged here, so a rollup row is locked before it is read.

use super::advisory_locks;
use super::claim::states;
use super::rows::{bind_aggregates, bind_batches, bind_keys, bind_messages, place};
use crate::error::StoreError;
use crate::metrics::{Aggregate, BatchClaim, Completed, Completion, RollupKey, SeriesId, Usage};
use crate::postgres::PostgresDatabase;
use crate::sql::aggregates::{aggregate, signed};
use crate::sql::batches::{in_key_order, not_mine_to_do};
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::{BTreeMap, HashSet};
use telemetry::report::ClientId;
use telemetry::time::Resolution;

/// How often a completion is tried whose rows were pruned while it ran. Rows that old are rarely counted into; twice in
/// a row is chance, three times is not.
const ATTEMPTS: usize = 3;

pub(super) async fn complete(
    database: &PostgresDatabase,
    completion: &Completion,
) -> Result<Completed, StoreError> {
    for _ in 0..ATTEMPTS {
        if let Some(completed) = attempt(database, completion).await? {
            return Ok(completed);
        }
    }
    Err(StoreError::Unavailable("rollup rows are being deleted while they are counted into".into()))
}

/// `None` if a row was pruned between being found and being locked: nothing was written.
async fn attempt(
    database: &PostgresDatabase,
    completion: &Completion,
) -> Result<Option<Completed>, StoreError> {
    let batches = &completion.batches;
    let mut transaction = database.connections.begin().await?;
    let places = in_key_order(batches);
    if !mark_done(&mut transaction, batches, &places).await? {
        transaction.rollback().await?;
        // What is not open once never opens again, so this finds at least what stopped the marking.
        let mut connection = database.connections.pool().await?.acquire().await?;
        let states = states(&mut connection, batches, &places).await?;
        return Ok(Some(Completed::SomeWereDone(not_mine_to_do(batches, states))));
    }
    if !add_rollups(&mut transaction, &completion.rollups).await? {
        transaction.rollback().await?;
        return Ok(None);
    }
    add_usage(&mut transaction, &completion.usage).await?;
    transaction.commit().await?;
    Ok(Some(Completed::All))
}

/// Marks batches done; `false` if not every one was this message's and not yet done.
async fn mark_done(
    connection: &mut PgConnection,
    batches: &[BatchClaim],
    places: &[usize],
) -> Result<bool, StoreError> {
    let statement = sqlx::query(include_str!("../queries/inbox/complete.sql"));
    let statement = bind_messages(bind_batches(statement, batches, places), batches, places);
    let statement = statement.bind(advisory_locks(batches.iter().map(|batch| batch.client)));
    Ok(statement.execute(connection).await?.rows_affected() == places.len() as u64)
}

/// Adds rollups to what is stored; `false` if a row went away meanwhile.
async fn add_rollups(
    connection: &mut PgConnection,
    rollups: &BTreeMap<RollupKey, Aggregate>,
) -> Result<bool, StoreError> {
    let rows = || rollups.iter().filter(|(_, added)| added.count > 0);
    let inserted = insert(connection, rows()).await?;
    let mut rest: Vec<(RollupKey, Aggregate)> =
        rows().filter(|(key, _)| !inserted.contains(key)).map(|(key, added)| (*key, added.clone())).collect();
    if rest.is_empty() {
        return Ok(true);
    }
    let lock = sqlx::query(include_str!("../queries/rollups/lock.sql"));
    let stored = bind_keys(lock, rest.iter().map(|(key, _)| key)).fetch_all(&mut *connection).await?;
    if stored.len() < rest.len() {
        return Ok(false);
    }
    for row in &stored {
        if let Some((_, sum)) = rest.get_mut(place(row.try_get(0)?)) {
            sum.merge(&aggregate(row, 1)?);
        }
    }
    let update = sqlx::query(include_str!("../queries/rollups/update.sql"));
    let update = bind_keys(update, rest.iter().map(|(key, _)| key));
    bind_aggregates(update, rest.iter().map(|(_, sum)| sum)).execute(connection).await?;
    Ok(true)
}

/// Inserts the rows, given in key order, that are not there yet; returns their keys.
pub(super) async fn insert<'r>(
    connection: &mut PgConnection,
    rows: impl Iterator<Item = (&'r RollupKey, &'r Aggregate)> + Clone,
) -> Result<HashSet<RollupKey>, StoreError> {
    if rows.clone().next().is_none() {
        return Ok(HashSet::new());
    }
    let statement = sqlx::query(include_str!("../queries/rollups/insert.sql"));
    let statement = bind_keys(statement, rows.clone().map(|(key, _)| key));
    let inserted = bind_aggregates(statement, rows.map(|(_, row)| row)).fetch_all(connection).await?;
    inserted
        .iter()
        .map(|row| {
            let (resolution, status): (i32, i32) = (row.try_get(1)?, row.try_get(3)?);
            let resolution = Resolution::ALL.into_iter().find(|r| r.seconds() == i64::from(resolution));
            let damaged = || StoreError::Damaged("a rollup row came back under another key".to_owned());
            Ok(RollupKey {
                series: SeriesId(row.try_get(0)?),
                resolution: resolution.ok_or_else(damaged)?,
                bucket: row.try_get(2)?,
                status: u16::try_from(status).map_err(|_| damaged())?,
            })
        })
        .collect()
}

async fn add_usage(connection: &mut PgConnection, usage: &[Usage]) -> Result<(), StoreError> {
    // In key order, each row once: these are wanted by every completion of a client.
    let mut days: BTreeMap<(ClientId, i64), (i64, i64)> = BTreeMap::new();
    let mut rejects: BTreeMap<(ClientId, i64, &str), i64> = BTreeMap::new();
    for Usage { client, day, accepted, bytes, rejected } in usage {
        let sums = days.entry((*client, *day)).or_default();
        sums.0 = sums.0.saturating_add(signed(*accepted));
        sums.1 = sums.1.saturating_add(signed(*bytes));
        for (field, n) in rejected {
            let sum = rejects.entry((*client, *day, field)).or_default();
            *sum = sum.saturating_add(signed(*n));
        }
    }
    if !days.is_empty() {
        sqlx::query(include_str!("../queries/usage/add.sql"))
            .bind(days.keys().map(|(client, _)| client.0).collect::<Vec<_>>())
            .bind(days.keys().map(|(_, day)| *day).collect::<Vec<_>>())
            .bind(days.values().map(|(accepted, _)| *accepted).collect::<Vec<_>>())
            .bind(days.values().map(|(_, bytes)| *bytes).collect::<Vec<_>>())
            .execute(&mut *connection)
            .await?;
    }
    if !rejects.is_empty() {
        sqlx::query(include_str!("../queries/usage/add_rejected.sql"))
            .bind(rejects.keys().map(|(client, ..)| client.0).collect::<Vec<_>>())
            .bind(rejects.keys().map(|(_, day, _)| *day).collect::<Vec<_>>())
            .bind(rejects.keys().map(|(.., field)| *field).collect::<Vec<_>>())
            .bind(rejects.values().copied().collect::<Vec<_>>())
            .execute(connection)
            .await?;
    }
    Ok(())
}
