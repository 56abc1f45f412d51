//! Time series for tests.

use crate::clock::Clock;
use jiff::Timestamp;
use telemetry::report::{
    Bucket, Latencies, Latency, LatencyBand, LatencySlot, StatusClasses, Timeseries, Totals,
};
use telemetry::time::Step;
use telemetry::zone::Zone;

const START: i64 = 1_795_392_000; // 2026-11-23T00:00:00Z

/// `n` slots without requests.
pub(crate) fn quiet(step: Step, n: usize) -> Timeseries {
    let start = |place: usize| Timestamp::from_second(START + place as i64 * step.seconds()).unwrap();
    let bucket = |place| Bucket { start: start(place), totals: Totals::default() };
    let (from, to, end) = (start(0), start(n), start(n));
    Timeseries { from, to, step, end, buckets: (0..n).map(bucket).collect() }
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

/// Three slots: 9 fast and 99 slow requests, none, and one slow one.
pub(crate) fn two_modes() -> Latencies {
    let start = |place: i64| Timestamp::from_second(START + place * 60).unwrap();
    let band = |n: i32, requests| {
        let ms = |n: i32| 2f64.powf(f64::from(n) / 4.0);
        LatencyBand { from_ms: ms(n), to_ms: ms(n + 1), requests }
    };
    let slot = |place, first, requests: &[u64]| LatencySlot {
        start: start(place),
        first,
        requests: requests.into(),
    };
    Latencies {
        from: start(0),
        to: start(3),
        step: Step::Minute1,
        end: start(3),
        latency_ms: Latency {
            avg: Some(16.0),
            min: Some(8.5),
            max: Some(18.0),
            p50: Some(17.0),
            p95: Some(17.0),
            p99: Some(18.0),
        },
        bands: vec![band(12, 9), band(13, 0), band(14, 0), band(15, 0), band(16, 100)],
        slots: vec![slot(0, 0, &[9, 0, 0, 0, 99]), slot(1, 0, &[]), slot(2, 4, &[1])],
    }
}

/// A time long after all slots, in UTC.
pub(crate) fn later() -> Clock {
    clock_at(START + 10_000_000_000)
}

pub(crate) fn clock_at(second: i64) -> Clock {
    Clock::new(Timestamp::from_second(second).unwrap(), Zone::default())
}
