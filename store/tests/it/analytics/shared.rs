//! Reports that share their readings.

use super::{counted, everything, now, range, scope};
use crate::samples::{NOW, Random, Sample};
use std::sync::Arc;
use store::MetricsStore;
use store::analytics::{self, AnalyticsQuery, Shared};
use store::metrics::MetricsRetention;
use telemetry::report::EndpointSort;
use telemetry::time::{DAY, HOUR};

/// All that a page asks, as text.
async fn page(metrics: &dyn MetricsStore, query: &AnalyticsQuery) -> Vec<String> {
    let (scope, now) = (scope(), now());
    let mut said = Vec::new();
    let mut say = |report: String| said.push(report);
    say(format!("{:?}", analytics::overview(metrics, &scope, query, now).await.unwrap()));
    say(format!("{:?}", analytics::timeseries(metrics, &scope, query, None, now).await.unwrap()));
    say(format!("{:?}", analytics::latencies(metrics, &scope, query, now).await.unwrap()));
    say(format!("{:?}", analytics::changes(metrics, &scope, query, now).await.unwrap()));
    say(format!("{:?}", analytics::services(metrics, &scope, query, now).await.unwrap()));
    say(format!("{:?}", analytics::status_codes(metrics, &scope, query, now).await.unwrap()));
    let sort = EndpointSort::Requests;
    say(format!("{:?}", analytics::endpoints(metrics, &scope, query, sort, 50, None, now).await.unwrap()));
    said
}

#[tokio::test]
async fn they_say_what_they_say_alone() {
    let mut random = Random::new(5);
    let samples: Vec<Sample> = (0..2_000).map(|_| random.sample(NOW, 3 * DAY)).collect();
    let (_folder, database) = counted(&samples).await;
    let store: Arc<dyn MetricsStore> = Arc::new(database);
    for length in [HOUR, DAY, 3 * DAY] {
        let any = everything(range(NOW - length, NOW));
        let of_service = AnalyticsQuery { service: Some("shop".into()), ..any.clone() };
        let of_errors = AnalyticsQuery { status: Some((400, 599)), ..any.clone() };
        // One page asks several questions.
        let shared = Shared::new(Arc::clone(&store));
        for query in [any, of_service, of_errors] {
            assert_eq!(page(&shared, &query).await, page(&*store, &query).await);
        }
    }
}

#[tokio::test]
async fn what_has_been_read_is_read_once_a_page() {
    let (_folder, database) = counted(&vec![Sample::at(NOW - HOUR / 2); 10]).await;
    let store: Arc<dyn MetricsStore> = Arc::new(database);
    let query = everything(range(NOW - HOUR, NOW));
    let requests = async |metrics: &Shared| {
        let codes = analytics::status_codes(metrics, &scope(), &query, now()).await.unwrap();
        codes.status_codes.iter().map(|code| code.requests).sum::<u64>()
    };
    let (one, other) = (Shared::new(Arc::clone(&store)), Shared::new(Arc::clone(&store)));
    assert_eq!(requests(&one).await, 10);
    let nothing = MetricsRetention { minutes: 0, hours: 0, days: Some(0), inbox: DAY };
    while store.prune(&nothing, NOW + DAY, 10_000).await.unwrap() > 0 {}
    assert_eq!((requests(&one).await, requests(&other).await), (10, 0));
}
