//! The requests of a range by consumer.
//!
//! The rule: no request is lost between the rows: those of the largest, of all others and of nobody add up to all. Rollups
//! know the consumers of a service, not those of an endpoint; a question about one is answered from the newest raw
//! events, and the report says of how many.

use super::{AnalyticsQuery, RequestsQuery};
use crate::access::ClientScope;
use crate::error::{Failure, StoreError};
use crate::events::EventStore;
use crate::metrics::{MetricsStore, OTHER, SeriesFilterKind, SeriesId, SeriesKind, StatusSum};
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;
use telemetry::hit::latency_us;
use telemetry::report::{ConsumerCounts, ConsumerRow, ConsumerSample, Consumers, OtherConsumers};
use telemetry::time::{Resolution, Span, cover};

/// Consumers that have a row of their own.
const ROWS: usize = 10;
/// Raw events that are looked at.
const LOOKED_AT: usize = 5_000;
/// How long reading them may take; then it is fewer.
const SCAN: Duration = Duration::from_millis(150);

/// `GET /api/analytics/consumers`.
pub async fn consumers(
    metrics: &dyn MetricsStore,
    events: &dyn EventStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
) -> Result<Consumers, Failure> {
    if query.endpoint.is_some() || query.method.is_some() {
        return sampled(events, scope, query).await;
    }
    let cover = cover(query.range, Resolution::Day, now);
    let mut by_name = BTreeMap::new();
    let mut add = |service: &str, consumer: &str, sum: &StatusSum| {
        count(&mut by_name, service, consumer).add(sum.status, sum.requests, sum.latency_us);
    };
    each_sum(metrics, scope, query, &cover.spans, &mut add).await?;
    // After the consumers: nobody of theirs is missing in it.
    let all = metrics.requests_by_bucket(scope, &query.totals_filter(), &cover.spans, query.status).await?;
    let all: u64 = all.iter().map(|bucket| bucket.requests).sum();
    let named: u64 = by_name.values().map(|count| count.requests).sum();
    let (consumers, others) = rows(by_name);
    let (from, to) = (cover.range.from, cover.range.to);
    Ok(Consumers { from, to, consumers, others, unnamed: all.saturating_sub(named), sample: None })
}

async fn sampled(
    events: &dyn EventStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
) -> Result<Consumers, Failure> {
    let filter = RequestsQuery::of(query.clone()).filter();
    let page = events.page(scope, query.range, &filter, None, LOOKED_AT, SCAN).await?;
    let sample = ConsumerSample { looked_at: page.rows.len() as u64, complete: page.next.is_none() };
    let (mut by_name, mut unnamed) = (BTreeMap::new(), 0);
    for row in &page.rows {
        match &row.consumer {
            Some(consumer) => {
                count(&mut by_name, &row.service, consumer).add(row.status, 1, latency_us(row.latency_ms))
            }
            None => unnamed += 1,
        }
    }
    let (consumers, others) = rows(by_name);
    let (from, to) = (query.range.from, query.range.to);
    Ok(Consumers { from, to, consumers, others, unnamed, sample: Some(sample) })
}

/// Hands what the consumers that match have in all of the spans to `each`, by service, consumer and status.
pub(super) async fn each_sum(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    spans: &[Span],
    each: &mut (dyn FnMut(&str, &str, &StatusSum) + Send),
) -> Result<(), StoreError> {
    let filter = query.filter(SeriesFilterKind::Consumer);
    let names: HashMap<SeriesId, (String, String)> = metrics
        .series(scope, &filter)
        .await?
        .into_iter()
        .filter_map(|series| match series.key.kind {
            SeriesKind::Consumer { service, consumer } => Some((series.id, (service, consumer))),
            _ => None,
        })
        .collect();
    for sum in metrics.sums_by_status(scope, &filter, spans, query.status).await? {
        // A series made after the names were read is left for the next time.
        if let Some((service, consumer)) = names.get(&sum.series) {
            each(service, consumer, &sum);
        }
    }
    Ok(())
}

/// What is known of one consumer.
#[derive(Debug, Default)]
struct Count {
    requests: u64,
    client_errors: u64,
    server_errors: u64,
    latency_us: i64,
    /// The first service seen, and whether there was another.
    service: Option<String>,
    elsewhere: bool,
}

impl Count {
    fn add(&mut self, status: u16, requests: u64, latency_us: i64) {
        self.requests += requests;
        match status {
            500.. => self.server_errors += requests,
            400.. => self.client_errors += requests,
            _ => {}
        }
        self.latency_us = self.latency_us.saturating_add(latency_us);
    }

    fn merge(&mut self, other: &Self) {
        self.requests += other.requests;
        self.client_errors += other.client_errors;
        self.server_errors += other.server_errors;
        self.latency_us = self.latency_us.saturating_add(other.latency_us);
    }

    fn counts(&self) -> ConsumerCounts {
        let &Self { requests, client_errors, server_errors, latency_us, .. } = self;
        let errors = client_errors + server_errors;
        let by_request = |value: f64| (requests > 0).then(|| value / requests as f64);
        ConsumerCounts {
            requests,
            errors,
            client_errors,
            server_errors,
            error_rate: by_request(errors as f64),
            avg_latency_ms: by_request(latency_us as f64 / 1_000.0),
        }
    }
}

/// The entry of a consumer.
fn count<'c>(by_name: &'c mut BTreeMap<String, Count>, service: &str, consumer: &str) -> &'c mut Count {
    if !by_name.contains_key(consumer) {
        let first = Count { service: Some(service.to_owned()), ..Count::default() };
        by_name.insert(consumer.to_owned(), first);
    }
    let count = by_name.entry(consumer.to_owned()).or_default();
    count.elsewhere |= count.service.as_deref() != Some(service);
    count
}

/// The largest, and all others as one. What counts beyond the cap of a service is among the others, however much it is.
fn rows(mut by_name: BTreeMap<String, Count>) -> (Vec<ConsumerRow>, Option<OtherConsumers>) {
    by_name.retain(|_, count| count.requests > 0);
    let beyond = by_name.remove(OTHER);
    let mut named: Vec<(String, Count)> = by_name.into_iter().collect();
    // Stable: equal ones stay in the order of their names.
    named.sort_by_key(|(_, count)| Reverse(count.requests));
    let rest = named.split_off(named.len().min(ROWS));
    let rows = named.into_iter().map(|(consumer, count)| ConsumerRow {
        consumer,
        counts: count.counts(),
        service: count.service.filter(|_| !count.elsewhere),
    });
    let rows = rows.collect();
    if rest.is_empty() && beyond.is_none() {
        return (rows, None);
    }
    let mut sum = Count::default();
    rest.iter().map(|(_, count)| count).chain(&beyond).for_each(|count| sum.merge(count));
    let consumers = beyond.is_none().then_some(rest.len() as u64);
    (rows, Some(OtherConsumers { consumers, counts: sum.counts() }))
}
