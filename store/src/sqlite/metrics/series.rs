//! Giving series their numbers, under the caps.
//!
//! The rule: a name takes a place under its cap in the transaction that admits it, by raising a counter that only
//! grows; so a cap is exact, however many ask at once.

use crate::error::StoreError;
use crate::metrics::{SeriesCaps, SeriesId, SeriesKey};
use crate::series_names::{Name, Scope, all_under_caps};
use crate::sql::{Resolved, SeriesCache, kinds};
use crate::sqlite::multi_row::MultiRow;
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

static KNOWN_NAMES: LazyLock<MultiRow> = LazyLock::new(|| {
    let tail = format!(") {}", include_str!("../queries/series/names.sql"));
    MultiRow::new("WITH asked (place, client, scope, name) AS (VALUES", 4, &tail)
});

/// Finds or makes the numbers of `keys` inside a writing transaction.
pub(super) async fn resolve(
    connection: &mut SqliteConnection,
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
                let names = unknown.into_iter().collect();
                admit(connection, caps, cache, names, &mut admitted, &mut resolved.full).await?;
            }
        }
    };

    let mut numbers: BTreeMap<&SeriesKey, SeriesId> = BTreeMap::new();
    for (asked, key) in keys.into_iter().zip(&effective) {
        let id = match numbers.get(key) {
            Some(id) => *id,
            None => number(connection, key).await?,
        };
        numbers.insert(key, id);
        resolved.numbers.insert(asked.clone(), id);
    }
    Ok(resolved)
}

/// Says of each name whether it is admitted, and admits it if there is a place left.
async fn admit(
    connection: &mut SqliteConnection,
    caps: &SeriesCaps,
    cache: &SeriesCache,
    names: Vec<Name>,
    admitted: &mut HashMap<Name, bool>,
    full: &mut HashSet<Scope>,
) -> Result<(), StoreError> {
    let mut known = vec![false; names.len()];
    for (range, sql) in KNOWN_NAMES.cut(names.len()) {
        let mut query = sqlx::query(sql);
        for place in range {
            let Name { scope, name } = &names[place];
            query = query.bind(place as i64).bind(scope.client.0).bind(scope.text()).bind(name);
        }
        for row in query.fetch_all(&mut *connection).await? {
            if let Some(known) = known.get_mut(row.try_get::<i64, _>(0)? as usize) {
                *known = true;
            }
        }
    }
    for (name, known) in names.into_iter().zip(known) {
        let is_admitted = known || take_place(connection, caps, cache, &name, full).await?;
        admitted.insert(name, is_admitted);
    }
    Ok(())
}

async fn take_place(
    connection: &mut SqliteConnection,
    caps: &SeriesCaps,
    cache: &SeriesCache,
    name: &Name,
    full: &mut HashSet<Scope>,
) -> Result<bool, StoreError> {
    let scope = &name.scope;
    if full.contains(scope) || cache.is_full(scope) {
        return Ok(false);
    }
    let raised = sqlx::query(include_str!("../queries/series/admit.sql"))
        .bind(scope.client.0)
        .bind(scope.text())
        .bind(i64::from(scope.cap(caps)))
        .execute(&mut *connection)
        .await?
        .rows_affected();
    if raised == 0 {
        full.insert(scope.clone());
        return Ok(false);
    }
    sqlx::query("INSERT INTO series_names (client, scope, name) VALUES (?, ?, ?)")
        .bind(scope.client.0)
        .bind(scope.text())
        .bind(&name.name)
        .execute(&mut *connection)
        .await?;
    Ok(true)
}

async fn number(connection: &mut SqliteConnection, key: &SeriesKey) -> Result<SeriesId, StoreError> {
    let columns = kinds::columns(&key.kind);
    for sql in [include_str!("../queries/series/find.sql"), include_str!("../queries/series/insert.sql")] {
        let id: Option<i64> = sqlx::query_scalar(sql)
            .bind(key.client.0)
            .bind(columns.kind)
            .bind(&key.environment)
            .bind(columns.service)
            .bind(columns.method)
            .bind(columns.endpoint)
            .bind(columns.consumer)
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(id) = id {
            return Ok(SeriesId(id));
        }
    }
    Err(StoreError::Damaged("a series was made but has no number".to_owned()))
}
