//! What changed against the period before: which endpoints, status codes and consumers a rise of errors or of slow
//! requests comes from.
//!
//! The rule: a part's share is its own rise in all that has risen; what has fallen takes nothing from that. Numbers of
//! the period before are scaled to the length of the range. Slow is what took longer than 95 of 100 requests did before,
//! counted from the bins of the sketches.

use super::AnalyticsQuery;
use super::consumers::each_sum;
use super::overview::before;
use super::tally::Tally;
use crate::access::ClientScope;
use crate::error::{Failure, StoreError};
use crate::metrics::{MetricsStore, OTHER, RollupRow, SeriesFilter, SeriesId, SeriesKind, StatusSum};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use telemetry::hit::Method;
use telemetry::report::{Changes, ConsumerShare, EndpointShare, Rise, StatusShare};
use telemetry::sketch::bin_of;
use telemetry::time::{Resolution, Span, cover};

/// Parts of a rise that are told.
const PARTS: usize = 5;
/// An endpoint or a consumer with fewer requests is no ground for a conclusion.
const FEW: u64 = 20;
/// A rise of less is none.
const NOTABLE: f64 = 5.0;

type Endpoint = (String, Method, String);

/// The numbers of one period.
#[derive(Default)]
struct Period {
    endpoints: BTreeMap<Endpoint, Tally>,
    errors_by_status: BTreeMap<u16, u64>,
    all: Tally,
}

/// `GET /api/analytics/changes`.
pub async fn changes(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
) -> Result<Changes, Failure> {
    let current = cover(query.range, Resolution::Day, now);
    let previous = before(query.range, &current, now);
    let filter = query.endpoints_filter();
    let names: HashMap<SeriesId, Endpoint> = metrics
        .series(scope, &filter)
        .await?
        .into_iter()
        .filter_map(|series| match series.key.kind {
            SeriesKind::Endpoint { service, method, endpoint } => {
                Some((series.id, (service, method, endpoint)))
            }
            _ => None,
        })
        .collect();
    let read = async |spans: &[Span]| period(metrics, scope, &filter, spans, query.status, &names).await;
    let (then, now) = (read(&previous.spans).await?, read(&current.spans).await?);

    // Rollups know the consumers of a service, not those of an endpoint.
    let of_consumers = query.endpoint.is_none() && query.method.is_none();
    let by_consumer = async |spans: &[Span]| match of_consumers {
        true => errors_by_consumer(metrics, scope, query, spans).await,
        false => Ok(BTreeMap::new()),
    };
    let consumers_then = by_consumer(&previous.spans).await?;
    let consumers_now = by_consumer(&current.spans).await?;

    let scale = current.range.seconds() as f64 / previous.range.seconds().max(1) as f64;
    let slow_ms = then.all.percentile(95.0);
    let slow = |tally: &Tally| slow_ms.map_or(0, |ms| tally.above(bin_of(ms)));
    let mut errors = endpoints(&then, &now, scale, &Tally::errors);
    let risen = is_notable(then.all.errors() as f64 * scale, now.all.errors());
    errors.status_codes = status_codes(&then, &now, scale, risen);
    if of_consumers {
        let nobody = |period: &Period, named: &ByConsumer| {
            period.all.errors().saturating_sub(named.values().map(|errors| errors.all).sum())
        };
        let unnamed = (nobody(&then, &consumers_then), nobody(&now, &consumers_now));
        errors.consumers = consumers(&consumers_then, &consumers_now, unnamed, scale, risen);
    }
    Ok(Changes {
        from: current.range.from,
        to: current.range.to,
        has_before: then.all.requests() > 0,
        slow_ms,
        errors,
        slow: if slow_ms.is_some() { endpoints(&then, &now, scale, &slow) } else { Rise::default() },
    })
}

async fn period(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    filter: &SeriesFilter,
    spans: &[Span],
    status: Option<(u16, u16)>,
    names: &HashMap<SeriesId, Endpoint>,
) -> Result<Period, StoreError> {
    let mut period = Period::default();
    let mut add = |row: RollupRow| {
        // A series made after the names were read is left for the next time.
        let Some(endpoint) = names.get(&row.series) else { return };
        if row.status >= 400 {
            *period.errors_by_status.entry(row.status).or_default() += row.aggregate.count;
        }
        period.all.add(&row);
        match period.endpoints.get_mut(endpoint) {
            Some(tally) => tally.add(&row),
            None => period.endpoints.entry(endpoint.clone()).or_default().add(&row),
        }
    };
    metrics.each_rollup(scope, filter, spans, status, &mut add).await?;
    Ok(period)
}

/// Of a consumer, over all services.
#[derive(Debug, Default)]
struct Errors {
    requests: u64,
    all: u64,
    of_the_server: u64,
}

type ByConsumer = BTreeMap<String, Errors>;

async fn errors_by_consumer(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    spans: &[Span],
) -> Result<ByConsumer, StoreError> {
    let mut found = ByConsumer::new();
    let mut add = |_: &str, consumer: &str, sum: &StatusSum| {
        if !found.contains_key(consumer) {
            found.insert(consumer.to_owned(), Errors::default());
        }
        let Some(errors) = found.get_mut(consumer) else { return };
        let n = sum.requests;
        errors.requests += n;
        errors.all += if sum.status >= 400 { n } else { 0 };
        errors.of_the_server += if sum.status >= 500 { n } else { 0 };
    };
    each_sum(metrics, scope, query, spans, &mut add).await?;
    Ok(found)
}

fn is_notable(before: f64, now: u64) -> bool {
    let rise = now as f64 - before;
    rise >= NOTABLE && rise >= before * 0.1
}

/// A part of a rise before it has a share: what it is, before, now.
type Part<T> = (T, f64, u64);

/// The parts that have risen with their shares, largest first. Where all of it has not risen notably (`risen`), those that have
/// by themselves: an endpoint that breaks while traffic falls must not hide behind it.
fn shares<T>(parts: Vec<Part<T>>, risen: bool) -> impl Iterator<Item = (Part<T>, f64)> {
    let rise = |(_, before, now): &Part<T>| *now as f64 - before;
    let mut parts: Vec<Part<T>> = parts.into_iter().filter(|part| rise(part) > 0.0).collect();
    let all: f64 = parts.iter().map(rise).sum();
    parts.retain(|(_, before, now)| risen || is_notable(*before, *now));
    // Stable: equal rises stay in the order of their names.
    parts.sort_by(|one, other| rise(other).total_cmp(&rise(one)));
    parts.into_iter().map(move |part| {
        let share = rise(&part) / all;
        (part, share)
    })
}

fn endpoints(then: &Period, now: &Period, scale: f64, count: &dyn Fn(&Tally) -> u64) -> Rise {
    let sum = |period: &Period| period.endpoints.values().map(count).sum::<u64>();
    let (before, after) = (sum(then) as f64 * scale, sum(now));
    let mut rise = Rise { before: before.round() as u64, now: after, ..Rise::default() };
    let parts = now.endpoints.iter().map(|(endpoint, tally)| {
        let before = then.endpoints.get(endpoint).map_or(0, count) as f64 * scale;
        ((endpoint, tally.requests()), before, count(tally))
    });
    rise.endpoints = shares(parts.collect(), is_notable(before, after))
        .filter(|(((_, requests), ..), _)| *requests >= FEW)
        .take(PARTS)
        .map(|((((service, method, endpoint), _), before, now), share)| EndpointShare {
            service: service.clone(),
            method: *method,
            endpoint: endpoint.clone(),
            before: before.round() as u64,
            now,
            share,
        })
        .collect();
    rise
}

fn status_codes(then: &Period, now: &Period, scale: f64, risen: bool) -> Vec<StatusShare> {
    let codes: BTreeSet<u16> = now.errors_by_status.keys().copied().collect();
    let parts = codes.into_iter().map(|status| {
        let of = |period: &Period| period.errors_by_status.get(&status).copied().unwrap_or(0);
        (status, of(then) as f64 * scale, of(now))
    });
    shares(parts.collect(), risen)
        .take(PARTS)
        .map(|((status, before, now), share)| StatusShare {
            status,
            before: before.round() as u64,
            now,
            share,
        })
        .collect()
}

/// `unnamed` are the errors of nobody, then and now: they have risen too, though they are not told.
fn consumers(
    then: &ByConsumer,
    now: &ByConsumer,
    unnamed: (u64, u64),
    scale: f64,
    risen: bool,
) -> Vec<ConsumerShare> {
    let named = now.iter().map(|(consumer, errors)| {
        let before = then.get(consumer).map_or(0, |errors| errors.all) as f64 * scale;
        (Some((consumer, errors)), before, errors.all)
    });
    let parts = named.chain([(None, unnamed.0 as f64 * scale, unnamed.1)]);
    shares(parts.collect(), risen)
        .filter_map(|((named, before, now), share)| {
            let (consumer, errors) =
                named.filter(|(name, errors)| *name != OTHER && errors.requests >= FEW)?;
            let (consumer, server_errors) = (consumer.clone(), errors.of_the_server);
            Some(ConsumerShare { consumer, before: before.round() as u64, now, server_errors, share })
        })
        .take(PARTS)
        .collect()
}
