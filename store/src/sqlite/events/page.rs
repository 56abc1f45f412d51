//! Pages of the request log: a scan back in time that stops when the page is full or its time is up.
//!
//! The rule: the cursor handed back is where the scan stopped, so no event is shown twice and none is passed over,
//! however many share a millisecond; and each call scans at least one run, so paging always gets on.

use super::Key;
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::events::{EventCursor, EventFilter, EventPage, milliseconds};
use crate::sqlite::connections::Connections;
use sqlx::Row as _;
use std::time::{Duration, Instant};
use telemetry::time::Range;

/// Events scanned before the clock is looked at for the first time; then twice as many, up to the maximum: between
/// two looks lie some milliseconds.
const RUN: usize = 1_000;
const LONGEST_RUN: usize = 16_000;

/// Rows of a page at most.
const LARGEST_PAGE: usize = 10_000;

pub(super) async fn page(
    connections: &Connections,
    scope: &ClientScope,
    range: Range,
    filter: &EventFilter,
    after: Option<&EventCursor>,
    limit: usize,
    budget: Duration,
) -> Result<EventPage, StoreError> {
    let started = Instant::now();
    let limit = limit.clamp(1, LARGEST_PAGE);
    let client = scope.client();
    let (from, to) = milliseconds(range);
    let mut bound = Key::before(to);
    if let Some(cursor) = after {
        bound = bound.min(Key::of_cursor(cursor)?);
    }
    let status = filter.status.map(|(low, high)| (i64::from(low), i64::from(high)));
    // The texts are made once: each run binds them anew.
    let text = filter.text.as_deref().map(pattern);

    let mut rows = Vec::new();
    let mut run = RUN.max(limit + 1);
    loop {
        let end = sqlx::query(include_str!("../queries/events/chunk_end.sql"))
            .bind(client.0)
            .bind(from)
            .bind(bound.at)
            .bind(&bound.batch)
            .bind(bound.position)
            .bind(run as i64 - 1)
            .fetch_optional(connections.readers())
            .await?
            .map(|row| Key::of_row(&row))
            .transpose()?;
        let stop = end.clone().unwrap_or_else(|| Key::before(from));
        let wanted = limit + 1 - rows.len();
        let found = sqlx::query(include_str!("../queries/events/page.sql"))
            .bind(client.0)
            .bind(bound.at)
            .bind(&bound.batch)
            .bind(bound.position)
            .bind(stop.at)
            .bind(&stop.batch)
            .bind(stop.position)
            .bind(filter.service.as_deref())
            .bind(filter.environment.as_deref())
            .bind(filter.method.map(|method| method.as_str()))
            .bind(filter.endpoint.as_deref())
            .bind(status.map(|(low, _)| low))
            .bind(status.map(|(_, high)| high))
            .bind(filter.trace_id.as_deref())
            .bind(text.as_deref())
            .bind(filter.consumer.as_deref())
            .bind(filter.min_latency_ms)
            .bind(wanted as i64)
            .fetch_all(connections.readers())
            .await?;
        for row in &found {
            rows.push((Key::of_row(row)?, super::request_row(client, row)?));
        }
        if rows.len() > limit {
            rows.truncate(limit);
            let next = rows.last().map(|(key, _)| key.cursor(client));
            return Ok(EventPage { rows: rows.into_iter().map(|(_, row)| row).collect(), next });
        }
        match end {
            Some(end) if started.elapsed() < budget => bound = end,
            end => {
                let next = end.map(|key| key.cursor(client));
                return Ok(EventPage { rows: rows.into_iter().map(|(_, row)| row).collect(), next });
            }
        }
        run = (run * 2).min(LONGEST_RUN.max(run));
    }
}

/// What finds a text as it stands, wherever it is. `LIKE` ignores the case of ASCII letters, and copies nothing to do so.
fn pattern(text: &str) -> String {
    let escaped = text.replace('\\', r"\\").replace('%', r"\%").replace('_', r"\_");
    format!("%{escaped}%")
}

impl Key {
    fn of_row(row: &sqlx::sqlite::SqliteRow) -> Result<Self, StoreError> {
        Ok(Self { at: row.try_get("at")?, batch: row.try_get("batch")?, position: row.try_get("position")? })
    }
}
