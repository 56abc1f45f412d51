//! Time series for tests.

use jiff::Timestamp;
use telemetry::report::{Bucket, Latency, StatusClasses, Timeseries, Totals};
use telemetry::time::Step;

const START: i64 = 1_795_392_000; // 2026-11-23T00:00:00Z

/// `n` slots without requests.
pub(crate) fn quiet(step: Step, n: usize) -> Timeseries {
    let start = |place: usize| Timestamp::from_second(START + place as i64 * step.seconds()).unwrap();
    let bucket = |place| Bucket { start: start(place), totals: Totals::default() };
    Timeseries { from: start(0), to: start(n), step, buckets: (0..n).map(bucket).collect() }
}

/// Slots with so many good answers and server errors each.
pub(crate) fn busy(step: Step, slots: &[(u64, u64)]) -> Timeseries {
    let mut series = quiet(step, slots.len());
    for (bucket, (good, bad)) in series.buckets.iter_mut().zip(slots) {
        let requests = good + bad;
        let latency = |ms: f64| (requests > 0).then_some(ms);
        bucket.totals = Totals {
            requests,
            errors: *bad,
            server_errors: *bad,
            error_rate: (requests > 0).then(|| *bad as f64 / requests as f64),
            by_status: StatusClasses { success: *good, server_error: *bad, ..StatusClasses::default() },
            latency_ms: Latency {
                p50: latency(10.0),
                p95: latency(40.0),
                p99: latency(90.0),
                ..Latency::default()
            },
            ..Totals::default()
        };
    }
    series
}

/// A time long after all slots.
pub(crate) fn later() -> Timestamp {
    Timestamp::from_second(START + 10_000_000_000).unwrap()
}
