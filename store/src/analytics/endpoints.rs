//! The endpoints of a range, ordered by what hurts.
//!
//! The rule: the order is total (ties by service, endpoint, method), and a cursor is the last row's place in it; so
//! pages neither repeat nor skip an endpoint as long as the numbers stand still.

use super::AnalyticsQuery;
use super::cursor;
use super::tally::Tally;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::{MetricsStore, RollupRow, SeriesId, SeriesKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use telemetry::hit::Method;
use telemetry::report::{EndpointRow, EndpointSort, Endpoints};
use telemetry::time::{Resolution, cover};

/// Rows of a page at most.
const PAGE: usize = 500;

/// A row's place in the order: what is sorted by, largest first, then its name.
///
/// The value is a count or the bits of a number that is not negative, which order as the number does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    value: Reverse<u64>,
    service: String,
    endpoint: String,
    method: Method,
}

#[derive(Serialize, Deserialize)]
struct Cursor {
    sort: EndpointSort,
    after: Place,
}

/// `GET /api/analytics/endpoints`. `limit` is held between 1 and 500.
pub async fn endpoints(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    sort: EndpointSort,
    limit: usize,
    cursor: Option<&str>,
    now: Timestamp,
) -> Result<Endpoints, Failure> {
    let limit = limit.clamp(1, PAGE);
    let after = match cursor.map(cursor::read::<Cursor>).transpose()? {
        Some(cursor) if cursor.sort != sort => return Err(cursor::invalid().into()),
        other => other.map(|cursor| cursor.after),
    };
    let cover = cover(query.range, Resolution::Day, now);
    let filter = query.endpoints_filter();
    let names: HashMap<SeriesId, SeriesKind> = metrics
        .series(scope, &filter)
        .await?
        .into_iter()
        .map(|series| (series.id, series.key.kind))
        .collect();
    // An endpoint is one row, however many environments it runs in.
    let mut tallies: BTreeMap<(&str, &str, Method), Tally> = BTreeMap::new();
    let mut add = |row: RollupRow| {
        // A series made after the names were read is left for the next time.
        if let Some(SeriesKind::Endpoint { service, method, endpoint }) = names.get(&row.series) {
            tallies.entry((service, endpoint, *method)).or_default().add(&row);
        }
    };
    metrics.each_rollup(scope, &filter, &cover.spans, query.status, &mut add).await?;
    let mut places: Vec<(Place, &Tally)> = tallies
        .iter()
        .filter(|(_, tally)| tally.requests() > 0)
        .map(|((service, endpoint, method), tally)| {
            let value = Reverse(value(sort, tally));
            let (service, endpoint) = ((*service).to_owned(), (*endpoint).to_owned());
            (Place { value, service, endpoint, method: *method }, tally)
        })
        .filter(|(place, _)| after.as_ref().is_none_or(|after| place > after))
        .collect();
    places.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));

    let next = match places.get(limit - 1) {
        Some((last, _)) if places.len() > limit => {
            Some(cursor::write(&Cursor { sort, after: last.clone() })?)
        }
        _ => None,
    };
    let endpoints = places
        .into_iter()
        .take(limit)
        .map(|(place, tally)| EndpointRow {
            service: place.service,
            method: place.method,
            endpoint: place.endpoint,
            totals: tally.totals(),
        })
        .collect();
    Ok(Endpoints { from: cover.range.from, to: cover.range.to, endpoints, next })
}

fn value(sort: EndpointSort, tally: &Tally) -> u64 {
    let bits = |number: Option<f64>| number.unwrap_or(0.0).to_bits();
    match sort {
        EndpointSort::Requests => tally.requests(),
        EndpointSort::Errors => tally.errors(),
        EndpointSort::ErrorRate => bits(tally.error_rate()),
        EndpointSort::P50 => bits(tally.percentile(50.0)),
        EndpointSort::P95 => bits(tally.percentile(95.0)),
        EndpointSort::P99 => bits(tally.percentile(99.0)),
        EndpointSort::TotalTime => tally.total_time(),
        EndpointSort::Name => 0,
    }
}
