//! Consumers: from rollups exactly, of an endpoint from the newest raw events.

use super::numbers::{forty_days, queries, ranges};
use super::{counted, everything, matches, now, range, scope};
use crate::samples::{NOW, Sample};
use std::collections::{BTreeMap, BTreeSet};
use store::MetricsStore;
use store::analytics::{self, AnalyticsQuery};
use store::sqlite::SqliteEvents;
use telemetry::report::{ConsumerCounts, Consumers};
use telemetry::time::{HOUR, Range};

/// A question that rollups answer: there are no raw events.
async fn ask(metrics: &dyn MetricsStore, query: &AnalyticsQuery) -> Consumers {
    let folder = tempfile::tempdir().unwrap();
    let events = SqliteEvents::open(&folder.path().join("events.db")).await.unwrap();
    analytics::consumers(metrics, &events, &scope(), query, now()).await.unwrap()
}

fn assert_counts(counts: &ConsumerCounts, hits: &[&Sample], context: &str) {
    let n = hits.len() as u64;
    let with = |low, high| hits.iter().filter(|hit| (low..=high).contains(&hit.status)).count() as u64;
    assert_eq!((counts.requests, counts.errors), (n, with(400, 599)), "{context}");
    assert_eq!((counts.client_errors, counts.server_errors), (with(400, 499), with(500, 599)), "{context}");
    assert_eq!(counts.error_rate, (n > 0).then(|| counts.errors as f64 / n as f64), "{context}");
    let mean = hits.iter().map(|hit| hit.latency_ms).sum::<f64>() / n as f64;
    assert!(n == 0 || (counts.avg_latency_ms.unwrap() - mean).abs() <= 0.000_501, "{context}");
}

/// Hits by fourteen consumers, the first of which call most; a few name none.
fn called(samples: &mut [Sample]) {
    for (n, sample) in samples.iter_mut().enumerate() {
        let of = |choices: usize| (n * 7_919) % choices.max(1);
        sample.consumer = (n % 9 > 0).then(|| format!("consumer {:02}", of(1 + n % 14)));
    }
}

#[tokio::test]
async fn consumers_equal_straight_arithmetic() {
    let (_folder, database, samples) = forty_days(called).await;
    for query in ranges().into_iter().flat_map(queries) {
        if query.endpoint.is_some() || query.method.is_some() {
            continue;
        }
        let context = format!("{query:?}");
        let report = ask(&database, &query).await;
        assert_eq!(report.sample, None);
        let overview = analytics::overview(&database, &scope(), &query, now()).await.unwrap();
        assert_eq!((report.from, report.to), (overview.from, overview.to), "{context}");

        let effective = Range { from: report.from, to: report.to };
        let mut by_name: BTreeMap<Option<&str>, Vec<&Sample>> = BTreeMap::new();
        for hit in samples.iter().filter(|hit| matches(&query, effective, hit)) {
            by_name.entry(hit.consumer.as_deref()).or_default().push(hit);
        }
        assert_eq!(report.unnamed, by_name.remove(&None).map_or(0, |hits| hits.len() as u64), "{context}");
        assert_eq!(report.consumers.len(), by_name.len().min(10), "{context}");
        let order = |row: &telemetry::report::ConsumerRow| {
            (std::cmp::Reverse(row.counts.requests), row.consumer.clone())
        };
        assert!(report.consumers.is_sorted_by_key(order), "{context}");
        for row in &report.consumers {
            let hits = by_name.remove(&Some(row.consumer.as_str())).unwrap();
            assert_counts(&row.counts, &hits, &context);
            let services: BTreeSet<&str> = hits.iter().map(|hit| hit.service.as_str()).collect();
            let service = services.first().filter(|_| services.len() == 1);
            assert_eq!(row.service.as_deref(), service.copied(), "{context}");
        }
        let least = report.consumers.last().map_or(0, |row| row.counts.requests);
        assert!(by_name.values().all(|hits| hits.len() as u64 <= least), "{context}");
        let rest: Vec<&Sample> = by_name.values().flatten().copied().collect();
        match &report.others {
            None => assert!(rest.is_empty(), "{context}"),
            Some(others) => {
                assert_eq!(others.consumers, Some(by_name.len() as u64), "{context}");
                assert_counts(&others.counts, &rest, &context);
            }
        }
    }
}

#[tokio::test]
async fn beyond_the_cap_of_a_service_nothing_is_lost_and_nobody_knows_how_many_they_are() {
    let by = |n: usize| Sample { consumer: Some(format!("{n}")), ..Sample::at(NOW - 60) };
    // The tests' cap is 20.
    let samples: Vec<Sample> = (0..30).flat_map(|n| vec![by(n); 30 - n]).collect();
    let (_folder, database) = counted(&samples).await;
    let report = ask(&database, &everything(range(NOW - HOUR, NOW))).await;
    let requests: u64 = report.consumers.iter().map(|row| row.counts.requests).sum();
    let others = report.others.unwrap();
    assert_eq!((report.consumers.len(), others.consumers, report.unnamed), (10, None, 0));
    assert!(report.consumers.iter().all(|row| row.consumer != "(other)"));
    assert_eq!(requests + others.counts.requests, samples.len() as u64);
    let names = BTreeSet::from_iter(report.consumers.iter().map(|row| &row.consumer));
    assert_eq!(names.len(), 10);
}
