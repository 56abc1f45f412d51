//! Reading rollups, series and usage.

use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{BucketCount, RollupRow, Series, SeriesFilter, SeriesId, StatusSum, Usage};
use crate::sql::aggregates::{aggregate, unsigned};
use crate::sql::kinds;
use crate::sqlite::SqliteDatabase;
use futures::TryStreamExt as _;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Row as _, Sqlite};
use telemetry::time::Span;

/// Spans in one statement: as many as a cover has at most.
const SPANS: usize = 5;

type Statement = Query<'static, Sqlite, SqliteArguments>;

fn bind_filter(statement: Statement, scope: &ClientScope, filter: &SeriesFilter) -> Statement {
    statement
        .bind(scope.client().0)
        .bind(kinds::text(filter.kind))
        .bind(filter.environment.as_deref())
        .bind(filter.service.as_deref())
        .bind(filter.method.map(|method| method.as_str()))
        .bind(filter.endpoint.as_deref())
}

fn bind_spans(mut statement: Statement, spans: &[Span], status: Option<(u16, u16)>) -> Statement {
    for place in 0..SPANS {
        let (resolution, start, end) =
            spans.get(place).map_or((0, 0, 0), |span| (span.resolution.seconds(), span.start, span.end));
        statement = statement.bind(resolution).bind(start).bind(end);
    }
    let (low, high) = status.unwrap_or((0, u16::MAX));
    statement.bind(i64::from(low)).bind(i64::from(high))
}

pub(super) async fn series(
    database: &SqliteDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
) -> Result<Vec<Series>, StoreError> {
    let statement = bind_filter(sqlx::query(include_str!("../queries/series/list.sql")), scope, filter);
    let rows = statement.fetch_all(database.connections.readers()).await?;
    rows.iter().map(|row| kinds::series(scope.client(), filter.kind, row)).collect()
}

pub(super) async fn active_series(
    database: &SqliteDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
    spans: &[Span],
    status: Option<(u16, u16)>,
) -> Result<Vec<Series>, StoreError> {
    let mut found: Vec<Series> = Vec::new();
    for spans in spans.chunks(SPANS) {
        let statement = bind_filter(sqlx::query(include_str!("../queries/series/active.sql")), scope, filter);
        let rows = bind_spans(statement, spans, status).fetch_all(database.connections.readers()).await?;
        for row in &rows {
            found.push(kinds::series(scope.client(), filter.kind, row)?);
        }
    }
    found.sort_unstable_by_key(|series| series.id);
    found.dedup_by_key(|series| series.id);
    Ok(found)
}

/// Hands matching rows to `each` as SQLite finds them.
pub(super) async fn rollups(
    database: &SqliteDatabase,
    scope: &ClientScope,
    asked: Asked<'_>,
    each: &mut (dyn FnMut(RollupRow) + Send),
) -> Result<(), StoreError> {
    for spans in asked.spans.chunks(SPANS) {
        let statement =
            bind_filter(sqlx::query(include_str!("../queries/rollups/read.sql")), scope, asked.filter);
        let statement = bind_spans(statement, spans, asked.status).bind(asked.with_sketches);
        let mut rows = statement.fetch(database.connections.readers());
        while let Some(row) = rows.try_next().await? {
            each(RollupRow {
                series: SeriesId(row.try_get(0)?),
                bucket: row.try_get(1)?,
                status: row.try_get(2)?,
                aggregate: aggregate(&row, 3)?,
            });
        }
    }
    Ok(())
}

/// Which rollup rows are wanted, and whether whole.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) filter: &'a SeriesFilter,
    pub(super) spans: &'a [Span],
    pub(super) status: Option<(u16, u16)>,
    pub(super) with_sketches: bool,
}

pub(super) async fn requests_by_bucket(
    database: &SqliteDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
    spans: &[Span],
    status: Option<(u16, u16)>,
) -> Result<Vec<BucketCount>, StoreError> {
    let mut counts = Vec::new();
    for spans in spans.chunks(SPANS) {
        let statement = bind_filter(sqlx::query(include_str!("../queries/rollups/count.sql")), scope, filter);
        let rows = bind_spans(statement, spans, status).fetch_all(database.connections.readers()).await?;
        for row in &rows {
            let requests = unsigned(row.try_get(2)?)?;
            counts.push(BucketCount { series: SeriesId(row.try_get(0)?), bucket: row.try_get(1)?, requests });
        }
    }
    Ok(counts)
}

pub(super) async fn sums_by_status(
    database: &SqliteDatabase,
    scope: &ClientScope,
    filter: &SeriesFilter,
    spans: &[Span],
    status: Option<(u16, u16)>,
) -> Result<Vec<StatusSum>, StoreError> {
    let mut sums = Vec::new();
    for spans in spans.chunks(SPANS) {
        let statement = bind_filter(sqlx::query(include_str!("../queries/rollups/sum.sql")), scope, filter);
        let rows = bind_spans(statement, spans, status).fetch_all(database.connections.readers()).await?;
        for row in &rows {
            sums.push(StatusSum {
                series: SeriesId(row.try_get(0)?),
                status: row.try_get(1)?,
                requests: unsigned(row.try_get(2)?)?,
                latency_us: row.try_get(3)?,
            });
        }
    }
    Ok(sums)
}

pub(super) async fn usage(
    database: &SqliteDatabase,
    scope: &ClientScope,
    from: i64,
    to: i64,
) -> Result<Vec<Usage>, StoreError> {
    let rows = sqlx::query(include_str!("../queries/usage/list.sql"))
        .bind(scope.client().0)
        .bind(from)
        .bind(to)
        .fetch_all(database.connections.readers())
        .await?;
    crate::sql::usage::days(scope.client(), &rows)
}
