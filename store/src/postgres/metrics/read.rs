//! Reading rollups, series and usage.

use super::rows::Statement;
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{BucketCount, RollupRow, Series, SeriesFilter, SeriesId, StatusSum, Usage};
use crate::postgres::PostgresDatabase;
use crate::sql::aggregates::{aggregate, unsigned};
use crate::sql::kinds;
use futures::TryStreamExt as _;
use sqlx::Row as _;
use telemetry::time::Span;

/// Which rollup rows are wanted, and whether whole.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) filter: &'a SeriesFilter,
    pub(super) spans: &'a [Span],
    pub(super) status: Option<(u16, u16)>,
    pub(super) with_sketches: bool,
}

fn bind_filter(statement: Statement, scope: &ClientScope, filter: &SeriesFilter) -> Statement {
    statement
        .bind(scope.client().0)
        .bind(kinds::text(filter.kind))
        .bind(filter.environment.as_deref())
        .bind(filter.service.as_deref())
        .bind(filter.method.map(|method| method.as_str()))
        .bind(filter.endpoint.as_deref())
}

/// Binds `resolution, start, end` of the spans as arrays.
pub(super) fn bind_spans(statement: Statement, spans: &[Span]) -> Statement {
    statement
        .bind(spans.iter().map(|span| span.resolution.seconds() as i32).collect::<Vec<_>>())
        .bind(spans.iter().map(|span| span.start).collect::<Vec<_>>())
        .bind(spans.iter().map(|span| span.end).collect::<Vec<_>>())
}

fn bind_status(statement: Statement, status: Option<(u16, u16)>) -> Statement {
    let (low, high) = status.unwrap_or((0, u16::MAX));
    statement.bind(i32::from(low)).bind(i32::from(high))
}

pub(super) async fn series(
    database: &PostgresDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
) -> Result<Vec<Series>, StoreError> {
    let statement = bind_filter(sqlx::query(include_str!("../queries/series/list.sql")), scope, filter);
    let rows = statement.fetch_all(database.connections.pool().await?).await?;
    rows.iter().map(|row| kinds::series(scope.client(), filter.kind, row)).collect()
}

pub(super) async fn active_series(
    database: &PostgresDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
    spans: &[Span],
    status: Option<(u16, u16)>,
) -> Result<Vec<Series>, StoreError> {
    let statement = bind_filter(sqlx::query(include_str!("../queries/series/active.sql")), scope, filter);
    let statement = bind_status(bind_spans(statement, spans), status);
    let rows = statement.fetch_all(database.connections.pool().await?).await?;
    rows.iter().map(|row| kinds::series(scope.client(), filter.kind, row)).collect()
}

/// Hands matching rows to `each` as they come.
pub(super) async fn rollups(
    database: &PostgresDatabase,
    scope: &ClientScope,
    asked: Asked<'_>,
    each: &mut (dyn FnMut(RollupRow) + Send),
) -> Result<(), StoreError> {
    let statement =
        bind_filter(sqlx::query(include_str!("../queries/rollups/read.sql")), scope, asked.filter);
    let statement = bind_status(bind_spans(statement, asked.spans), asked.status).bind(asked.with_sketches);
    let mut rows = statement.fetch(database.connections.pool().await?);
    while let Some(row) = rows.try_next().await? {
        each(RollupRow {
            series: SeriesId(row.try_get(0)?),
            bucket: row.try_get(1)?,
            status: status_of(row.try_get(2)?)?,
            aggregate: aggregate(&row, 3)?,
        });
    }
    Ok(())
}

fn status_of(status: i32) -> Result<u16, StoreError> {
    u16::try_from(status).map_err(|_| StoreError::Damaged("a status that is none".to_owned()))
}

pub(super) async fn requests_by_bucket(
    database: &PostgresDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
    spans: &[Span],
    status: Option<(u16, u16)>,
) -> Result<Vec<BucketCount>, StoreError> {
    let statement = bind_filter(sqlx::query(include_str!("../queries/rollups/count.sql")), scope, filter);
    let statement = bind_status(bind_spans(statement, spans), status);
    let rows = statement.fetch_all(database.connections.pool().await?).await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in &rows {
        let requests = unsigned(row.try_get(2)?)?;
        counts.push(BucketCount { series: SeriesId(row.try_get(0)?), bucket: row.try_get(1)?, requests });
    }
    Ok(counts)
}

pub(super) async fn sums_by_status(
    database: &PostgresDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
    spans: &[Span],
    status: Option<(u16, u16)>,
) -> Result<Vec<StatusSum>, StoreError> {
    let statement = bind_filter(sqlx::query(include_str!("../queries/rollups/sum.sql")), scope, filter);
    let statement = bind_status(bind_spans(statement, spans), status);
    let rows = statement.fetch_all(database.connections.pool().await?).await?;
    let mut sums = Vec::with_capacity(rows.len());
    for row in &rows {
        sums.push(StatusSum {
            series: SeriesId(row.try_get(0)?),
            status: status_of(row.try_get(1)?)?,
            requests: unsigned(row.try_get(2)?)?,
            latency_us: row.try_get(3)?,
        });
    }
    Ok(sums)
}

pub(super) async fn usage(
    database: &PostgresDatabase,
    scope: &ClientScope,
    from: i64,
    to: i64,
) -> Result<Vec<Usage>, StoreError> {
    let rows = sqlx::query(include_str!("../queries/usage/list.sql"))
        .bind(scope.client().0)
        .bind(from)
        .bind(to)
        .fetch_all(database.connections.pool().await?)
        .await?;
    crate::sql::usage::days(scope.client(), &rows)
}
