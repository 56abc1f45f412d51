//! The requests of a range by status code.

use super::AnalyticsQuery;
use super::tally::Tally;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::{MetricsStore, RollupRow};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use telemetry::report::{StatusCodes, StatusRow};
use telemetry::time::{Resolution, cover};

/// `GET /api/analytics/status-codes`. Shares are of the requests that the query counts: with a status filter, of
/// those it lets pass.
pub async fn status_codes(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
) -> Result<StatusCodes, Failure> {
    let cover = cover(query.range, Resolution::Day, now);
    let mut tallies: BTreeMap<u16, Tally> = BTreeMap::new();
    let mut add = |row: RollupRow| tallies.entry(row.status).or_default().add(&row);
    metrics.each_rollup(scope, &query.totals_filter(), &cover.spans, query.status, &mut add).await?;
    let all: u64 = tallies.values().map(Tally::requests).sum();
    let mut status_codes: Vec<StatusRow> = tallies
        .iter()
        .filter(|(_, tally)| tally.requests() > 0)
        .map(|(status, tally)| StatusRow {
            status: *status,
            requests: tally.requests(),
            share: tally.requests() as f64 / all as f64,
            latency_ms: tally.latency(),
        })
        .collect();
    status_codes.sort_by_key(|row| Reverse(row.requests));
    Ok(StatusCodes { from: cover.range.from, to: cover.range.to, status_codes })
}
