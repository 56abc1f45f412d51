//! Services and how they are doing.

use super::{assert_totals, counted, everything, matches, now, range, scope};
use crate::samples::{NOW, Random, Sample};
use store::analytics::{self, AnalyticsQuery};
use telemetry::report::Health;
use telemetry::time::{DAY, HOUR, MINUTE, Range, Resolution};

fn hits(service: &str, n: usize, second: i64, status: u16, latency_ms: f64) -> Vec<Sample> {
    vec![Sample { service: service.into(), status, latency_ms, ..Sample::at(second) }; n]
}

#[tokio::test]
async fn services_are_judged_by_their_last_five_minutes() {
    // The minute that has begun does not count yet.
    let end = Resolution::Minute.floor(NOW);
    let (last, first, hour_before) = (end - 1, end - 5 * MINUTE, end - 5 * MINUTE - 1);
    let samples = [
        hits("failing", 376, first, 200, 10.0),
        hits("failing", 34, last, 503, 10.0),
        hits("degraded", 99, last, 200, 10.0),
        hits("degraded", 1, last, 500, 10.0),
        hits("slow", 30, last, 200, 900.0),
        hits("slow", 9_000, NOW - 6 * HOUR, 200, 200.0),
        hits("silent", 1_240, hour_before, 200, 10.0),
        hits("silent", 3, end, 200, 10.0),
        hits("refusing", 410, last, 404, 10.0),
        hits("fine", 410, first, 200, 10.0),
        hits("gone", 5, NOW - 3 * HOUR, 500, 10.0),
        hits("long gone", 5, NOW - 3 * DAY, 500, 10.0),
    ]
    .concat();
    let (_folder, database) = counted(&samples).await;
    let query = everything(range(NOW - 4 * HOUR, NOW));
    let report = analytics::services(&database, &scope(), &query, now()).await.unwrap();
    let found: Vec<(&str, Health, &str)> =
        report.services.iter().map(|row| (row.service.as_str(), row.health, row.reason.as_str())).collect();
    let expected = [
        ("failing", Health::Failing, "5xx 8.2 % of 410 requests in 5 min"),
        ("degraded", Health::Degraded, "5xx 1.0 % of 100 requests in 5 min"),
        // 201 is how the sketch reads back 200.
        ("slow", Health::Degraded, "p95 900 ms, more than twice the 24 h p95 of 201 ms"),
        ("silent", Health::Silent, "no request in 5 min; 1,240 in the hour before"),
        ("fine", Health::Healthy, "5xx 0.0 % of 410 requests in 5 min"),
        ("gone", Health::Healthy, "no request in 5 min, none in the hour before"),
        ("refusing", Health::Healthy, "5xx 0.0 % of 410 requests in 5 min"),
    ];
    assert_eq!(found, expected);

    // The range and the filters by endpoint, method and status decide what is counted, not what is judged.
    let last_week =
        AnalyticsQuery { status: Some((500, 599)), ..everything(range(NOW - 7 * DAY, NOW - 2 * DAY)) };
    let report = analytics::services(&database, &scope(), &last_week, now()).await.unwrap();
    let found: Vec<_> = report.services.iter().map(|row| (row.service.as_str(), row.health)).collect();
    let still = expected[..5].iter().map(|(service, health, _)| (*service, *health));
    let rest = [("long gone", Health::Healthy), ("refusing", Health::Healthy)];
    assert_eq!(found, still.chain(rest).collect::<Vec<_>>());
    let counts: Vec<u64> = report.services.iter().map(|row| row.totals.requests).collect();
    assert_eq!(counts, [0, 0, 0, 0, 0, 5, 0]);
}

#[tokio::test]
async fn services_equal_straight_arithmetic() {
    let mut random = Random::new(5);
    let samples: Vec<Sample> = (0..1_500).map(|_| random.sample(NOW, 30 * HOUR)).collect();
    let (_folder, database) = counted(&samples).await;
    let any = || everything(range(NOW - DAY, NOW));
    for query in [
        any(),
        AnalyticsQuery { service: Some("cart".into()), ..any() },
        AnalyticsQuery { environment: Some("live".into()), status: Some((200, 299)), ..any() },
        AnalyticsQuery { endpoint: Some("/".into()), ..any() },
    ] {
        let report = analytics::services(&database, &scope(), &query, now()).await.unwrap();
        let effective = Range { from: report.from, to: report.to };
        assert_eq!(report.services.len(), if query.service.is_some() { 1 } else { 3 });
        for row in &report.services {
            let of_service = |hit: &&Sample| matches(&query, effective, hit) && hit.service == row.service;
            let hits: Vec<&Sample> = samples.iter().filter(of_service).collect();
            assert_totals(&row.totals, &hits, &format!("{query:?}"));
            assert_eq!(row.sparkline.iter().sum::<u64>(), hits.len() as u64);
            // A day by the hour, beginning within one.
            assert_eq!(row.sparkline.len(), 25);
        }
    }
}
