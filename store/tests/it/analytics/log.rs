//! The request log as the API shows it.

use super::{CLIENT, everything, range, scope};
use crate::contract::events::NEVER;
use crate::samples::{NOW, Sample};
use store::access::ClientScope;
use store::analytics::{self, AnalyticsQuery, RequestsQuery};
use store::events::Event;
use store::sqlite::SqliteDatabase;
use store::{EventStore, Failure};
use telemetry::error::ErrorCode;
use telemetry::hit::{Hit, Method};
use telemetry::report::{ClientId, ConsumerSample};
use telemetry::time::{DAY, HOUR, from_second};

/// Names a backend's tests.
macro_rules! over {
    ($backend:ident, [$($test:ident),* $(,)?]) => {
        mod $backend {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $test() {
                    let opened = crate::$backend::open_events().await;
                    super::fill(&*opened.store).await;
                    super::$test(&*opened.store).await;
                }
            )*
        }
    };
}

over!(
    sqlite,
    [
        every_row_leads_to_its_request_by_an_id_fit_for_urls,
        traces_and_parts_of_texts_are_found,
        junk_is_refused_or_finds_nothing,
        failures_are_grouped_by_what_went_wrong,
        the_consumers_of_an_endpoint_are_counted_from_its_newest_requests
    ]
);
over!(
    mongodb,
    [
        every_row_leads_to_its_request_by_an_id_fit_for_urls,
        traces_and_parts_of_texts_are_found,
        junk_is_refused_or_finds_nothing,
        failures_are_grouped_by_what_went_wrong,
        the_consumers_of_an_endpoint_are_counted_from_its_newest_requests
    ]
);

/// Stores ten hits.
async fn fill(events: &dyn EventStore) {
    let sample = Sample::at(NOW);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let list: Vec<Event<'_>> = (0..10)
        .map(|position| {
            let trace_id = (position == 4).then_some(trace);
            let error = (position == 5).then_some("Out of paper");
            Event {
                client: CLIENT,
                batch: "b:printer/1 ?&",
                position,
                expire_at: NEVER,
                hit: Hit { trace_id, error, ..sample.hit() },
            }
        })
        .collect();
    events.insert(&list).await.unwrap();
}

fn query() -> RequestsQuery {
    let analytics = everything(range(NOW - DAY, NOW + HOUR));
    RequestsQuery {
        analytics,
        trace_id: None,
        consumer: None,
        min_latency_ms: None,
        text: None,
        limit: 3,
        cursor: None,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Failure>) -> ErrorCode {
    match result {
        Err(Failure::Refused(error)) => error.code,
        other => panic!("{other:?}"),
    }
}

async fn every_row_leads_to_its_request_by_an_id_fit_for_urls(events: &dyn EventStore) {
    let mut asked = query();
    let mut ids = Vec::new();
    loop {
        let page = analytics::requests(events, &scope(), &asked).await.unwrap();
        assert!(page.requests.len() <= 3);
        for row in page.requests {
            assert!(row.id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'));
            let detail = analytics::request(events, &scope(), &row.id).await.unwrap();
            assert_eq!(detail.row, row);
            ids.push(row.id);
        }
        asked.cursor = page.next;
        if asked.cursor.is_none() {
            break;
        }
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 10);

    let other = ClientScope::of_the_instance(ClientId(4));
    assert_eq!(code(analytics::request(events, &other, &ids[0]).await), ErrorCode::NotFound);
    assert!(analytics::requests(events, &other, &query()).await.unwrap().requests.is_empty());
}

async fn traces_and_parts_of_texts_are_found(events: &dyn EventStore) {
    let find = async |query| analytics::requests(events, &scope(), &query).await.unwrap().requests;
    let trace_id = Some("4BF92F3577B34DA6A3CE929D0E0E4736".to_owned());
    assert_eq!(find(RequestsQuery { trace_id, ..query() }).await.len(), 1);
    assert_eq!(find(RequestsQuery { text: Some("PAPER".into()), ..query() }).await.len(), 1);
    assert_eq!(find(RequestsQuery { text: Some("ink".into()), ..query() }).await.len(), 0);
    let empty = Some(String::new());
    assert_eq!(
        find(RequestsQuery { text: empty.clone(), trace_id: empty, limit: 0, ..query() }).await.len(),
        1
    );
}

async fn junk_is_refused_or_finds_nothing(events: &dyn EventStore) {
    for junk in ["", "a", "MQ", "äöü", "e30", "WzEsIngiXQ", "////"] {
        assert_eq!(code(analytics::request(events, &scope(), junk).await), ErrorCode::NotFound, "{junk}");
        let asked = RequestsQuery { cursor: Some(junk.into()), ..query() };
        assert_eq!(code(analytics::requests(events, &scope(), &asked).await), ErrorCode::Invalid, "{junk}");
    }
    for (length, refused) in
        [(256, None), (257, Some(ErrorCode::Invalid)), (100_000, Some(ErrorCode::Invalid))]
    {
        let asked = RequestsQuery { text: Some("%".repeat(length)), ..query() };
        let found = analytics::requests(events, &scope(), &asked).await;
        assert_eq!(refused, found.is_err().then(|| code(found)), "{length}");
    }
}

async fn failures_are_grouped_by_what_went_wrong(events: &dyn EventStore) {
    let failed = |position: u32, status: u16, endpoint: &str, error: Option<&str>| {
        let at = (NOW - 600 + i64::from(position)) * 1_000;
        (
            position,
            Sample { at, status, endpoint: endpoint.into(), ..Sample::at(NOW) },
            error.map(str::to_owned),
        )
    };
    let samples = [
        failed(0, 503, "/pay", Some("payment 17 timed out after 3000 ms")),
        failed(1, 503, "/pay", Some("payment 18 timed out after 3001 ms")),
        failed(2, 503, "/cart", Some("payment 19 timed out after 3002 ms")),
        failed(3, 502, "/cart", Some("payment 20 timed out after 3002 ms")),
        failed(4, 404, "/cart", None),
        failed(5, 404, "/cart", None),
        failed(6, 200, "/cart", Some("a warning")),
    ];
    let list: Vec<Event<'_>> = samples
        .iter()
        .map(|(position, sample, error)| {
            let hit = Hit { error: error.as_deref(), ..sample.hit() };
            Event { client: CLIENT, batch: "b:failed", position: *position, expire_at: NEVER, hit }
        })
        .collect();
    events.insert(&list).await.unwrap();
    let query = everything(range(NOW - 700, NOW - 500));
    let found = analytics::failures(events, &scope(), &query).await.unwrap();
    assert_eq!((found.looked_at, found.complete), (6, true));
    let groups: Vec<_> = found
        .groups
        .iter()
        .map(|group| (group.status, group.error.as_deref(), group.requests, group.endpoints))
        .collect();
    let timed_out = Some("payment # timed out after # ms");
    assert_eq!(groups, [(503, timed_out, 3, 2), (404, None, 2, 1), (502, timed_out, 1, 1)]);
    let sample = &found.groups[0].sample;
    assert_eq!(sample.error.as_deref(), Some("payment 19 timed out after 3002 ms"));
    assert_eq!(found.groups[0].first.as_second(), NOW - 600);
    assert_eq!(analytics::request(events, &scope(), &sample.id).await.unwrap().row, *sample);
    let only = |status| AnalyticsQuery { status: Some(status), ..query.clone() };
    assert_eq!(analytics::failures(events, &scope(), &only((200, 299))).await.unwrap().looked_at, 0);
    assert_eq!(analytics::failures(events, &scope(), &only((502, 502))).await.unwrap().looked_at, 1);
    let foreign = ClientScope::of_the_instance(ClientId(99));
    assert_eq!(analytics::failures(events, &foreign, &query).await.unwrap().looked_at, 0);
}

async fn the_consumers_of_an_endpoint_are_counted_from_its_newest_requests(events: &dyn EventStore) {
    let samples: Vec<Sample> = (0..5_400)
        .map(|n: i64| {
            // The oldest 400 are by one that has not called since.
            let (consumer, status) = match n {
                0..400 => (Some("old"), 200),
                n if n % 10 == 0 => (None, 200),
                n if n % 10 < 7 => (Some("web"), 200),
                _ => (Some("ios"), 503),
            };
            let at = (NOW - 6_000 + n) * 1_000;
            Sample {
                at,
                status,
                consumer: consumer.map(str::to_owned),
                endpoint: "/pay".into(),
                ..Sample::at(NOW)
            }
        })
        .collect();
    let list: Vec<Event<'_>> = (0..)
        .zip(&samples)
        .map(|(position, sample)| Event {
            client: CLIENT,
            batch: "b:called",
            position,
            expire_at: NEVER,
            hit: sample.hit(),
        })
        .collect();
    events.insert(&list).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let metrics = SqliteDatabase::open(&folder.path().join("sendry.db")).await.unwrap();
    let query = AnalyticsQuery { endpoint: Some("/pay".into()), ..everything(range(NOW - 2 * HOUR, NOW)) };
    let ask = async |query: &AnalyticsQuery| {
        analytics::consumers(&metrics, events, &scope(), query, from_second(NOW)).await.unwrap()
    };
    let found = ask(&query).await;
    let sample = found.sample.unwrap();
    // Fewer, where reading them takes longer than it may.
    assert!(!sample.complete && (1..=5_000).contains(&sample.looked_at), "{sample:?}");
    let names: Vec<&str> = found.consumers.iter().map(|row| row.consumer.as_str()).collect();
    assert_eq!((names, found.others), (vec!["web", "ios"], None));
    let counted: u64 = found.consumers.iter().map(|row| row.counts.requests).sum();
    assert_eq!(counted + found.unnamed, sample.looked_at);
    let ios = &found.consumers[1];
    assert_eq!((ios.service.as_deref(), ios.counts.errors), (Some("shop"), ios.counts.requests));
    assert_eq!((ios.counts.error_rate, ios.counts.avg_latency_ms), (Some(1.0), Some(12.5)));

    let few = AnalyticsQuery { range: range(NOW - 6_000, NOW - 5_900), ..query.clone() };
    let found = ask(&few).await;
    assert_eq!(found.sample, Some(ConsumerSample { looked_at: 100, complete: true }));
    assert_eq!((found.consumers[0].consumer.as_str(), found.consumers[0].counts.requests), ("old", 100));
    // A method alone is no question for rollups either; a status still holds.
    let posted = AnalyticsQuery { endpoint: None, method: Some(Method::Post), ..query.clone() };
    assert_eq!(ask(&posted).await.sample.map(|sample| sample.looked_at), Some(0));
    let failed = AnalyticsQuery { status: Some((500, 599)), range: range(NOW - 2_000, NOW), ..query };
    let found = ask(&failed).await;
    assert_eq!((found.consumers.len(), found.consumers[0].consumer.as_str()), (1, "ios"));
}
