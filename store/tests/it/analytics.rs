//! Reports equal what straight arithmetic over the hits says.

mod changes;
mod consumers;
mod health;
mod log;
mod numbers;
mod shared;

use crate::samples::{NOW, Sample, count, message};
use std::sync::atomic::{AtomicU64, Ordering};
use store::access::ClientScope;
use store::analytics::AnalyticsQuery;
use store::metrics::SeriesCaps;
use store::sqlite::SqliteDatabase;
use telemetry::report::{ClientId, Latency, Totals};
use telemetry::time::{Range, from_second};
use telemetry::zone::Zone;

const CLIENT: ClientId = ClientId(3);

fn scope() -> ClientScope {
    ClientScope::of_the_instance(CLIENT)
}

/// A store that has counted these hits.
async fn counted(samples: &[Sample]) -> (tempfile::TempDir, SqliteDatabase) {
    static BATCH: AtomicU64 = AtomicU64::new(0);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sendry.db");
    let caps = SeriesCaps { services: 50, endpoints: 50, environments: 5, consumers: 20 };
    let database = SqliteDatabase::open_with(&path, caps, 35 * 86_400).await.unwrap();
    for part in samples.chunks(700) {
        let batch = format!("b:{}", BATCH.fetch_add(1, Ordering::Relaxed));
        count(&database, CLIENT, &batch, message(1), part).await;
    }
    (folder, database)
}

fn range(from: i64, to: i64) -> Range {
    Range::new(from_second(from), from_second(to)).unwrap()
}

fn everything(range: Range) -> AnalyticsQuery {
    AnalyticsQuery {
        range,
        service: None,
        endpoint: None,
        method: None,
        environment: None,
        status: None,
        zone: Zone::default(),
    }
}

fn matches(query: &AnalyticsQuery, range: Range, sample: &Sample) -> bool {
    let at = sample.at;
    (range.from.as_millisecond()..range.to.as_millisecond()).contains(&at)
        && query.service.as_deref().is_none_or(|service| service == sample.service)
        && query.endpoint.as_deref().is_none_or(|endpoint| endpoint == sample.endpoint)
        && query.method.is_none_or(|method| method == sample.method)
        && query.environment.as_deref().is_none_or(|environment| environment == sample.environment)
        && query.status.is_none_or(|(low, high)| (low..=high).contains(&sample.status))
}

/// Checks totals against the hits that they are about.
fn assert_totals(totals: &Totals, hits: &[&Sample], context: &str) {
    let n = hits.len() as u64;
    let with =
        |low: u16, high: u16| hits.iter().filter(|hit| (low..=high).contains(&hit.status)).count() as u64;
    assert_eq!(totals.requests, n, "requests {context}");
    assert_eq!(totals.by_status.total(), n, "{context}");
    assert_eq!((totals.client_errors, totals.server_errors), (with(400, 499), with(500, 599)), "{context}");
    assert_eq!(totals.errors, totals.client_errors + totals.server_errors, "{context}");
    assert_eq!(totals.by_status.success, with(200, 299), "{context}");
    assert_eq!(totals.by_status.redirect, with(300, 399), "{context}");
    assert_eq!(totals.error_rate, (n > 0).then(|| totals.errors as f64 / n as f64), "{context}");
    assert_eq!(totals.bytes_in, hits.iter().map(|hit| hit.bytes_in).sum::<u64>(), "{context}");
    assert_eq!(totals.bytes_out, hits.iter().map(|hit| hit.bytes_out).sum::<u64>(), "{context}");
    assert_latency(&totals.latency_ms, hits, context);
}

fn assert_latency(latency: &Latency, hits: &[&Sample], context: &str) {
    if hits.is_empty() {
        assert_eq!(*latency, Latency::default(), "{context}");
        return;
    }
    let mut sorted: Vec<f64> = hits.iter().map(|hit| hit.latency_ms).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    for (p, estimate) in [(50, latency.p50), (95, latency.p95), (99, latency.p99)] {
        let truth = sorted[(p * sorted.len()).div_ceil(100) - 1];
        let estimate = estimate.unwrap();
        assert!((estimate - truth).abs() <= 0.0055 * truth, "p{p} {estimate} is not {truth} {context}");
    }
    // Sums and extremes are kept in whole microseconds.
    let close = |one: Option<f64>, other: f64| (one.unwrap() - other).abs() <= 0.000_501;
    assert!(close(latency.min, sorted[0]) && close(latency.max, sorted[sorted.len() - 1]), "{context}");
    assert!(close(latency.avg, sorted.iter().sum::<f64>() / sorted.len() as f64), "{context}");
}

fn now() -> jiff::Timestamp {
    from_second(NOW)
}
