//! The services of a client: what they did in the range, and how they are doing now.
//!
//! The rule: health is about now and about the whole service, so it depends neither on the range nor on the filters by
//! endpoint, method or status; the totals and the sparkline do.

use super::AnalyticsQuery;
use super::health::Vitals;
use super::tally::Tally;
use super::timeseries::Slots;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::{MetricsStore, RollupRow, SeriesFilter, SeriesFilterKind, SeriesId, SeriesKind};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use telemetry::report::{ServiceRow, Services};
use telemetry::time::{DAY, HOUR, MINUTE, Range, Resolution, Span, Step, cover, from_second};

/// How far back health looks.
const RECENT: i64 = 5 * MINUTE;

/// What was found out about a service.
#[derive(Default)]
struct Found {
    range: Tally,
    sparkline: Vec<u64>,
    vitals: Vitals,
}

/// `GET /api/analytics/services`: services with requests in the range, in the last five minutes or in the hour
/// before those; worst health first, then by name.
pub async fn services(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
) -> Result<Services, Failure> {
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    let filter = query.services_filter();
    let names = services_by_series(metrics, scope, &filter).await?;

    // The totals need few wide buckets, the sparkline many narrow ones but only their counts: both span one range.
    let coarse = cover(query.range, Resolution::Day, now);
    let mut add = |row: RollupRow| {
        if let Some(service) = find(&mut found, &names, row.series, row.aggregate.count) {
            service.range.add(&row);
        }
    };
    metrics.each_rollup(scope, &filter, &coarse.spans, query.status, &mut add).await?;

    let step = sparkline_step(query.range, now);
    let slots = Slots::of(query, step, now);
    let empty: Vec<u64> = slots.starts().map(|_| 0).collect();
    for count in metrics.requests_by_bucket(scope, &filter, &slots.cover.spans, query.status).await? {
        let Some(service) = find(&mut found, &names, count.series, count.requests) else { continue };
        service.sparkline.resize(empty.len(), 0);
        if let Some(slot) = service.sparkline.get_mut(slots.place(count.bucket)) {
            *slot += count.requests;
        }
    }
    add_vitals(metrics, scope, query, now, &mut found).await?;

    let mut services: Vec<ServiceRow> = found
        .into_iter()
        .map(|(service, found)| {
            let (health, reason) = found.vitals.judge();
            let sparkline = if found.sparkline.is_empty() { empty.clone() } else { found.sparkline };
            ServiceRow { service, health, reason, totals: found.range.totals(), sparkline }
        })
        .collect();
    // By name they are already.
    services.sort_by_key(|row| row.health);
    Ok(Services { from: coarse.range.from, to: coarse.range.to, services })
}

/// For a day or more hours are fine enough, and a sixtieth of the rows.
fn sparkline_step(range: Range, now: Timestamp) -> Step {
    let auto = Step::auto(range, now);
    if range.seconds() < DAY { auto } else { auto.max(Step::Hour1) }
}

async fn add_vitals(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
    found: &mut BTreeMap<String, Found>,
) -> Result<(), Failure> {
    let filter = SeriesFilter {
        kind: SeriesFilterKind::Service,
        service: query.service.clone(),
        environment: query.environment.clone(),
        ..SeriesFilter::default()
    };
    let names = services_by_series(metrics, scope, &filter).await?;
    let end = Resolution::Minute.floor(now.as_second());
    let recent = Span { resolution: Resolution::Minute, start: end - RECENT, end };
    let hour_before = Span { resolution: Resolution::Minute, start: recent.start - HOUR, end: recent.start };

    let mut add = |row: RollupRow| {
        if let Some(service) = find(found, &names, row.series, row.aggregate.count) {
            service.vitals.recent.add(&row);
        }
    };
    metrics.each_rollup(scope, &filter, &[recent], None, &mut add).await?;
    for count in metrics.requests_by_bucket(scope, &filter, &[hour_before], None).await? {
        if let Some(service) = find(found, &names, count.series, count.requests) {
            service.vitals.hour_before += count.requests;
        }
    }
    if found.values().any(|service| service.vitals.needs_usual_p95()) {
        let day = Range { from: from_second(end - DAY), to: from_second(end) };
        let spans = cover(day, Resolution::Day, now).spans;
        let mut usual: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut add = |row: RollupRow| {
            if let Some(name) = names.get(&row.series) {
                usual.entry(name).or_default().add(&row);
            }
        };
        metrics.each_rollup(scope, &filter, &spans, None, &mut add).await?;
        for (name, tally) in usual {
            if let Some(service) = found.get_mut(name) {
                service.vitals.usual_p95 = tally.percentile(95.0);
            }
        }
    }
    Ok(())
}

/// The service that each matching series belongs to.
async fn services_by_series(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    filter: &SeriesFilter,
) -> Result<HashMap<SeriesId, String>, Failure> {
    let series = metrics.series(scope, filter).await?;
    let named = series.into_iter().filter_map(|series| match series.key.kind {
        SeriesKind::Client => None,
        SeriesKind::Service { service }
        | SeriesKind::Endpoint { service, .. }
        | SeriesKind::Consumer { service, .. } => Some((series.id, service)),
    });
    Ok(named.collect())
}

/// The entry of the service that a row is about, if the row counts anything.
fn find<'a>(
    found: &'a mut BTreeMap<String, Found>,
    names: &HashMap<SeriesId, String>,
    series: SeriesId,
    requests: u64,
) -> Option<&'a mut Found> {
    let name = names.get(&series).filter(|_| requests > 0)?;
    if !found.contains_key(name) {
        found.insert(name.clone(), Found::default());
    }
    found.get_mut(name)
}
