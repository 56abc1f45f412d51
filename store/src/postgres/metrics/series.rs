//! Giving series their numbers, under the caps.
//!
//! The rule: a name takes a place under its cap in the transaction that admits it, while it holds the scope's counter,
//! which only grows; so a cap is exact, however many ask at once.

use super::rows::place;
use crate::error::StoreError;
use crate::metrics::{SeriesCaps, SeriesId, SeriesKey};
use crate::series_names::{Name, Scope, all_under_caps};
use crate::sql::{Resolved, SeriesCache, kinds};
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Finds or makes the numbers of `keys` inside a transaction.
pub(super) async fn resolve(
    connection: &mut PgConnection,
    caps: &SeriesCaps,
    cache: &SeriesCache,
    keys: BTreeSet<&SeriesKey>,
) -> Result<Resolved, StoreError> {
    let mut resolved = Resolved::default();
    let mut admitted: HashMap<Name, bool> = HashMap::new();
    let effective = loop {
        match all_under_caps(keys.iter().copied(), &admitted) {
            Ok(series) => break series,
            Err(unknown) => {
                admit(connection, caps, cache, unknown, &mut admitted, &mut resolved).await?;
            }
        }
    };
    let numbers = numbers(connection, effective.iter().collect()).await?;
    for (asked, key) in keys.into_iter().zip(&effective) {
        if let Some(id) = numbers.get(key) {
            resolved.numbers.insert(asked.clone(), *id);
        }
    }
    Ok(resolved)
}

/// Says of each name whether it is admitted, and admits it if there is a place left.
async fn admit(
    connection: &mut PgConnection,
    caps: &SeriesCaps,
    cache: &SeriesCache,
    names: BTreeSet<Name>,
    admitted: &mut HashMap<Name, bool>,
    resolved: &mut Resolved,
) -> Result<(), StoreError> {
    let (known, unknown) = divide(connection, names).await?;
    admitted.extend(known.into_iter().map(|name| (name, true)));
    let (full, open): (BTreeSet<Name>, BTreeSet<Name>) = unknown
        .into_iter()
        .partition(|Name { scope, .. }| resolved.full.contains(scope) || cache.is_full(scope));
    admitted.extend(full.into_iter().map(|name| (name, false)));
    if open.is_empty() {
        return Ok(());
    }

    let mut counts = lock_counts(connection, &open).await?;
    // Whoever held the counters before us may have admitted some of them.
    let (known, unknown) = divide(connection, open).await?;
    admitted.extend(known.into_iter().map(|name| (name, true)));
    let mut new = Vec::new();
    for name in unknown {
        let cap = i64::from(name.scope.cap(caps));
        let count = counts
            .get_mut(&name.scope)
            .ok_or_else(|| StoreError::Damaged("a counter of names is missing".to_owned()))?;
        let is_admitted = *count < cap;
        if is_admitted {
            *count += 1;
            new.push(name.clone());
        } else {
            resolved.full.insert(name.scope.clone());
        }
        admitted.insert(name, is_admitted);
    }
    if new.is_empty() {
        return Ok(());
    }
    let (clients, scopes) = scope_columns(new.iter().map(|name| &name.scope));
    sqlx::query(include_str!("../queries/series/add_names.sql"))
        .bind(clients)
        .bind(scopes)
        .bind(new.iter().map(|name| name.name.as_str()).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    let (clients, scopes) = scope_columns(counts.keys());
    sqlx::query(include_str!("../queries/series/raise_counts.sql"))
        .bind(clients)
        .bind(scopes)
        .bind(counts.values().copied().collect::<Vec<_>>())
        .execute(connection)
        .await?;
    Ok(())
}

/// Divides names into those that have been admitted and the others.
async fn divide(
    connection: &mut PgConnection,
    names: BTreeSet<Name>,
) -> Result<(BTreeSet<Name>, BTreeSet<Name>), StoreError> {
    let (clients, scopes) = scope_columns(names.iter().map(|name| &name.scope));
    let rows = sqlx::query(include_str!("../queries/series/names.sql"))
        .bind(clients)
        .bind(scopes)
        .bind(names.iter().map(|name| name.name.as_str()).collect::<Vec<_>>())
        .fetch_all(connection)
        .await?;
    let mut known = vec![false; names.len()];
    for row in &rows {
        if let Some(known) = known.get_mut(place(row.try_get(0)?)) {
            *known = true;
        }
    }
    let mut known = known.into_iter();
    Ok(names.into_iter().partition(|_| known.next() == Some(true)))
}

/// Locks the counters of the names' scopes, in order, making those that are missing.
async fn lock_counts(
    connection: &mut PgConnection,
    names: &BTreeSet<Name>,
) -> Result<BTreeMap<Scope, i64>, StoreError> {
    let scopes: BTreeSet<&Scope> = names.iter().map(|name| &name.scope).collect();
    let (clients, texts) = scope_columns(scopes.iter().copied());
    sqlx::query(include_str!("../queries/series/add_counts.sql"))
        .bind(&clients)
        .bind(&texts)
        .execute(&mut *connection)
        .await?;
    let rows = sqlx::query(include_str!("../queries/series/lock_counts.sql"))
        .bind(&clients)
        .bind(&texts)
        .fetch_all(connection)
        .await?;
    let scopes: Vec<&Scope> = scopes.into_iter().collect();
    let mut counts = BTreeMap::new();
    for row in &rows {
        if let Some(&scope) = scopes.get(place(row.try_get(0)?)) {
            counts.insert(scope.clone(), row.try_get(1)?);
        }
    }
    Ok(counts)
}

fn scope_columns<'s>(scopes: impl Iterator<Item = &'s Scope>) -> (Vec<i64>, Vec<String>) {
    scopes.map(|scope| (scope.client.0, scope.text())).unzip()
}

/// The numbers of series, made where there are none. The order of the set is the order in which rows are inserted.
async fn numbers<'k>(
    connection: &mut PgConnection,
    mut keys: BTreeSet<&'k SeriesKey>,
) -> Result<HashMap<&'k SeriesKey, SeriesId>, StoreError> {
    let mut numbers = find(connection, &keys).await?;
    keys.retain(|key| !numbers.contains_key(key));
    if !keys.is_empty() {
        bind_series(include_str!("../queries/series/insert.sql"), &keys).execute(&mut *connection).await?;
        // Found whoever inserted them.
        numbers.extend(find(connection, &keys).await?);
    }
    Ok(numbers)
}

async fn find<'k>(
    connection: &mut PgConnection,
    keys: &BTreeSet<&'k SeriesKey>,
) -> Result<HashMap<&'k SeriesKey, SeriesId>, StoreError> {
    let rows = bind_series(include_str!("../queries/series/find.sql"), keys).fetch_all(connection).await?;
    let keys: Vec<&SeriesKey> = keys.iter().copied().collect();
    let mut found = HashMap::with_capacity(rows.len());
    for row in &rows {
        if let Some(&key) = keys.get(place(row.try_get(0)?)) {
            found.insert(key, SeriesId(row.try_get(1)?));
        }
    }
    Ok(found)
}

fn bind_series(sql: &'static str, keys: &BTreeSet<&SeriesKey>) -> super::rows::Statement {
    let columns = || keys.iter().map(|key| kinds::columns(&key.kind));
    sqlx::query(sql)
        .bind(keys.iter().map(|key| key.client.0).collect::<Vec<_>>())
        .bind(columns().map(|columns| columns.kind).collect::<Vec<_>>())
        .bind(keys.iter().map(|key| key.environment.as_str()).collect::<Vec<_>>())
        .bind(columns().map(|columns| columns.service).collect::<Vec<_>>())
        .bind(columns().map(|columns| columns.method).collect::<Vec<_>>())
        .bind(columns().map(|columns| columns.endpoint).collect::<Vec<_>>())
        .bind(columns().map(|columns| columns.consumer).collect::<Vec<_>>())
}
