//! What changed against the period before.

use super::{counted, everything, now, range, scope};
use crate::samples::{NOW, Sample};
use store::analytics::{self, AnalyticsQuery};
use telemetry::report::{Changes, EndpointShare};
use telemetry::time::HOUR;

/// `n` hits of an endpoint, within the last hour or in the one before.
fn hits(n: usize, hours_ago: i64, endpoint: &str, status: u16, latency_ms: f64) -> Vec<Sample> {
    let second = NOW - hours_ago * HOUR - 1_800;
    let hit = Sample { endpoint: endpoint.into(), status, latency_ms, ..Sample::at(second) };
    vec![hit; n]
}

async fn changes(samples: &[Sample], ask: impl FnOnce(AnalyticsQuery) -> AnalyticsQuery) -> Changes {
    let (_folder, database) = counted(samples).await;
    let query = ask(everything(range(NOW - HOUR, NOW)));
    analytics::changes(&database, &scope(), &query, now()).await.unwrap()
}

fn named(parts: &[EndpointShare]) -> Vec<(&str, u64, u64)> {
    parts.iter().map(|part| (part.endpoint.as_str(), part.before, part.now)).collect()
}

#[tokio::test]
async fn endpoints_and_codes_are_ranked_by_their_share_in_a_rise() {
    let samples = [
        hits(200, 1, "/cart", 200, 10.0),
        hits(200, 1, "/pay", 200, 10.0),
        hits(10, 1, "/pay", 404, 10.0),
        hits(30, 1, "/old", 500, 10.0),
        // Now: 80 more at one, 20 more at another, fewer at a third, and one that is hardly called.
        hits(200, 0, "/cart", 200, 10.0),
        hits(20, 0, "/cart", 503, 10.0),
        hits(120, 0, "/pay", 200, 10.0),
        hits(80, 0, "/pay", 503, 10.0),
        hits(10, 0, "/pay", 404, 10.0),
        hits(5, 0, "/old", 500, 10.0),
        hits(100, 0, "/old", 200, 10.0),
        hits(19, 0, "/rare", 503, 10.0),
    ]
    .concat();
    let changes = changes(&samples, |query| query).await;
    assert!(changes.has_before);
    assert_eq!((changes.errors.before, changes.errors.now), (40, 134));
    assert_eq!(named(&changes.errors.endpoints), [("/pay", 10, 90), ("/cart", 0, 20)]);
    // Of all that has risen, also at the endpoint that is not named: 80 + 20 + 19.
    assert!((changes.errors.endpoints[0].share - 80.0 / 119.0).abs() < 1e-9);
    let codes: Vec<_> =
        changes.errors.status_codes.iter().map(|code| (code.status, code.before, code.now)).collect();
    assert_eq!(codes, [(503, 0, 119)]);
    assert_eq!(changes.errors.status_codes[0].share, 1.0);
    assert!(changes.slow.endpoints.is_empty());
}

#[tokio::test]
async fn slow_is_what_took_longer_than_most_did_before() {
    let samples = [
        hits(95, 1, "/cart", 200, 10.0),
        hits(5, 1, "/cart", 200, 100.0),
        hits(100, 1, "/pay", 200, 10.0),
        hits(95, 0, "/cart", 200, 10.0),
        hits(5, 0, "/cart", 200, 100.0),
        hits(60, 0, "/pay", 200, 10.0),
        hits(40, 0, "/pay", 200, 250.0),
    ]
    .concat();
    let changes = changes(&samples, |query| query).await;
    let slow_ms = changes.slow_ms.unwrap();
    assert!((slow_ms - 10.0).abs() < 0.06, "{slow_ms}");
    assert_eq!((changes.slow.before, changes.slow.now), (5, 45));
    assert_eq!(named(&changes.slow.endpoints), [("/pay", 0, 40)]);
    assert!(changes.slow.status_codes.is_empty() && changes.errors.endpoints.is_empty());
}

#[tokio::test]
async fn little_is_no_rise_and_a_filter_holds() {
    let quiet = [
        hits(100, 1, "/cart", 200, 10.0),
        hits(100, 1, "/cart", 500, 10.0),
        hits(100, 0, "/cart", 200, 10.0),
        hits(108, 0, "/cart", 500, 10.0),
    ]
    .concat();
    let found = changes(&quiet, |query| query).await;
    assert_eq!((found.errors.before, found.errors.now), (100, 108));
    assert!(found.errors.endpoints.is_empty() && found.errors.status_codes.is_empty());

    let new = [hits(30, 0, "/cart", 500, 10.0), hits(40, 0, "/pay", 503, 10.0)].concat();
    let found = changes(&new, |query| AnalyticsQuery { endpoint: Some("/pay".into()), ..query }).await;
    assert!(!found.has_before && found.slow_ms.is_none());
    assert_eq!(named(&found.errors.endpoints), [("/pay", 0, 40)]);
    assert_eq!(found.errors.status_codes.len(), 1);
}

/// At night there are fewer errors of all kinds, and so fewer in all; what breaks then is told all the same.
#[tokio::test]
async fn what_breaks_while_traffic_falls_is_told() {
    let samples = [
        hits(500, 1, "/cart", 200, 10.0),
        hits(100, 1, "/cart", 404, 10.0),
        hits(50, 1, "/pay", 200, 10.0),
        hits(2, 1, "/me", 404, 10.0),
        hits(200, 0, "/cart", 200, 10.0),
        hits(40, 0, "/cart", 404, 10.0),
        hits(20, 0, "/pay", 200, 10.0),
        hits(30, 0, "/pay", 500, 10.0),
        hits(30, 0, "/me", 200, 10.0),
        hits(4, 0, "/me", 404, 10.0),
    ]
    .concat();
    let found = changes(&samples, |query| query).await;
    assert_eq!((found.errors.before, found.errors.now), (102, 74));
    assert_eq!(named(&found.errors.endpoints), [("/pay", 0, 30)], "two more at /me are none");
    let codes: Vec<_> = found.errors.status_codes.iter().map(|code| (code.status, code.now)).collect();
    assert_eq!(codes, [(500, 30)]);
}

#[tokio::test]
async fn consumers_are_ranked_by_their_share_in_a_rise_of_errors() {
    let by = |consumer: Option<&str>, hits: Vec<Sample>| -> Vec<Sample> {
        let consumer = consumer.map(str::to_owned);
        hits.into_iter().map(|hit| Sample { consumer: consumer.clone(), ..hit }).collect()
    };
    let samples = [
        by(Some("web"), hits(100, 1, "/pay", 200, 10.0)),
        by(Some("web"), hits(10, 1, "/pay", 503, 10.0)),
        by(Some("acme"), hits(30, 1, "/pay", 404, 10.0)),
        // Now: 50 more of one, 20 more of another, fewer of a third, 19 of one that hardly calls, 11 of nobody.
        by(Some("web"), hits(100, 0, "/pay", 200, 10.0)),
        by(Some("web"), hits(60, 0, "/pay", 503, 10.0)),
        by(Some("ios"), hits(15, 0, "/cart", 404, 10.0)),
        by(Some("ios"), hits(5, 0, "/pay", 500, 10.0)),
        by(Some("acme"), hits(5, 0, "/pay", 404, 10.0)),
        by(Some("acme"), hits(50, 0, "/pay", 200, 10.0)),
        by(Some("rare"), hits(19, 0, "/pay", 503, 10.0)),
        by(None, hits(11, 0, "/pay", 503, 10.0)),
    ]
    .concat();
    let found = changes(&samples, |query| query).await;
    let parts: Vec<_> =
        found.errors.consumers.iter().map(|it| (it.consumer.as_str(), it.before, it.now)).collect();
    assert_eq!(parts, [("web", 10, 60), ("ios", 0, 20)]);
    assert_eq!(found.errors.consumers.iter().map(|it| it.server_errors).collect::<Vec<_>>(), [60, 5]);
    // Of all that has risen, also where it is not told: 50 + 20 + 19 + 11.
    assert!((found.errors.consumers[0].share - 0.5).abs() < 1e-9);
    assert!((found.errors.consumers[1].share - 0.2).abs() < 1e-9);
    assert!(found.slow.consumers.is_empty());

    // Rollups know no consumers of an endpoint; a status holds for them too.
    let of_pay = changes(&samples, |query| AnalyticsQuery { endpoint: Some("/pay".into()), ..query }).await;
    assert!(of_pay.errors.consumers.is_empty() && !of_pay.errors.endpoints.is_empty());
    let only = changes(&samples, |query| AnalyticsQuery { status: Some((404, 404)), ..query }).await;
    assert!(only.errors.consumers.is_empty(), "those have fallen");
}
