//! What is kept, under which identity, for whom and how long.

use super::{BUDGET, CLIENT, all_time, event, id, pages, scope};
use crate::samples::{NOW, Random, Sample};
use std::collections::HashSet;
use std::sync::Arc;
use store::EventStore;
use store::access::ClientScope;
use store::events::{Event, EventCursor, EventFilter, Observation};
use telemetry::hit::Hit;
use telemetry::report::ClientId;
use telemetry::time::{Range, from_second};

pub(crate) async fn the_first_content_under_an_identity_stays(store: Arc<dyn EventStore>) {
    let (first, second) = (Sample::at(NOW), Sample { status: 500, ..Sample::at(NOW + 60) });
    store.insert(&[event("b:x", 0, first.hit()), event("b:x", 0, second.hit())]).await.unwrap();
    store.insert(&[event("b:x", 0, second.hit()), event("b:x", 1, second.hit())]).await.unwrap();
    assert_eq!(store.count(&scope()).await.unwrap(), 2);
    let stored = store.get(&scope(), &id("b:x", 0)).await.unwrap().unwrap();
    assert_eq!((stored.row.status, stored.row.timestamp), (200, from_second(NOW)));
    assert_eq!(store.get(&scope(), &id("b:x", 1)).await.unwrap().unwrap().row.status, 500);
}

pub(crate) async fn what_was_stored_comes_back(store: Arc<dyn EventStore>) {
    let sample = Sample { latency_ms: 0.1 + 0.2, endpoint: "/größe/'\"%_\\".into(), ..Sample::at(NOW) };
    let hit = Hit {
        at: NOW * 1_000 + 123,
        consumer: Some("app"),
        trace_id: Some("4bf92f3577b34da6a3ce929d0e0e4736"),
        event_id: Some("evt/1"),
        error: Some("boom\n\u{0}"),
        ip: Some("::1"),
        user_agent: Some("curl"),
        request_headers: Some(r#"{"accept":"*/*"}"#),
        response_headers: Some(r#"{"x":["1","2"]}"#),
        request_body: Some("{}"),
        response_body: Some("ok"),
        attributes: Some(r#"{"a":{"b":[1,2.5,null]}}"#),
        ..sample.hit()
    };
    let bare = Hit { request_size: None, response_size: None, ..sample.hit() };
    store.insert(&[event("e:evt/1", 0, hit), event("m:1", 3, bare)]).await.unwrap();

    let stored = store.get(&scope(), &id("e:evt/1", 0)).await.unwrap().unwrap();
    assert_eq!(stored.row.id, id("e:evt/1", 0));
    assert_eq!(stored.row.timestamp.as_millisecond(), hit.at);
    assert_eq!(
        (stored.row.service.as_str(), stored.row.environment.as_str()),
        (hit.service, hit.environment)
    );
    assert_eq!((stored.row.method, stored.row.endpoint.as_str()), (hit.method, hit.endpoint));
    assert_eq!((stored.row.status, stored.row.latency_ms), (hit.status, hit.latency_ms));
    assert_eq!(
        (stored.row.consumer.as_deref(), stored.row.trace_id.as_deref()),
        (hit.consumer, hit.trace_id)
    );
    assert_eq!((stored.row.event_id.as_deref(), stored.row.error.as_deref()), (hit.event_id, hit.error));
    assert_eq!((stored.ip.as_deref(), stored.user_agent.as_deref()), (hit.ip, hit.user_agent));
    assert_eq!((stored.request_size, stored.response_size), (hit.request_size, hit.response_size));
    let json = |text: Option<&str>| text.map(|text| serde_json::from_str::<serde_json::Value>(text).unwrap());
    assert_eq!(stored.request_headers, json(hit.request_headers));
    assert_eq!(stored.response_headers, json(hit.response_headers));
    assert_eq!(stored.attributes, json(hit.attributes));
    assert_eq!((stored.request_body.as_deref(), stored.response_body.as_deref()), (Some("{}"), Some("ok")));

    let bare = store.get(&scope(), &id("m:1", 3)).await.unwrap().unwrap();
    assert_eq!((bare.request_size, bare.ip, bare.attributes, bare.row.error), (None, None, None, None));
    let rows = pages(&*store, &EventFilter::default(), 10, BUDGET).await;
    assert_eq!(rows, [stored.row, store.get(&scope(), &id("m:1", 3)).await.unwrap().unwrap().row]);
}

pub(crate) async fn positions_and_batches_and_clients_tell_events_apart(store: Arc<dyn EventStore>) {
    let sample = Sample::at(NOW);
    let mut events = Vec::new();
    for batch in ["b:1", "b:1/0", "e:1", "m:1"] {
        events.extend((0..12).map(|position| event(batch, position, sample.hit())));
    }
    let others: Vec<Event<'_>> = events.iter().map(|event| Event { client: ClientId(8), ..*event }).collect();
    store.insert(&events).await.unwrap();
    store.insert(&others).await.unwrap();
    assert_eq!(store.count(&scope()).await.unwrap(), 48);
    let ids: HashSet<String> =
        pages(&*store, &EventFilter::default(), 7, BUDGET).await.into_iter().map(|row| row.id).collect();
    assert_eq!(ids, events.iter().map(|event| id(event.batch, event.position)).collect());
}

pub(crate) async fn many_events_at_once_and_again_at_the_same_time(store: Arc<dyn EventStore>) {
    const EVENTS: u32 = 20_011;
    let tasks = (0..3).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let samples: Vec<Sample> = (0..EVENTS).map(|n| Sample::at(NOW + i64::from(n / 50))).collect();
            let events: Vec<_> =
                (0..).zip(&samples).map(|(n, sample)| event("b:many", n, sample.hit())).collect();
            store.insert(&events).await.unwrap();
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    assert_eq!(store.count(&scope()).await.unwrap(), u64::from(EVENTS));
}

pub(crate) async fn another_client_sees_nothing(store: Arc<dyn EventStore>) {
    let sample = Sample::at(NOW);
    store.insert(&[event("b:x", 0, sample.hit())]).await.unwrap();
    let other = ClientScope::of_the_instance(ClientId(8));
    let page = store.page(&other, all_time(), &EventFilter::default(), None, 10, BUDGET).await.unwrap();
    assert!(page.rows.is_empty() && page.next.is_none());
    assert_eq!(store.get(&other, &id("b:x", 0)).await.unwrap(), None);
    assert_eq!(store.count(&other).await.unwrap(), 0);
    store.each(&other, all_time(), &mut |observation| panic!("{observation:?}")).await.unwrap();
    assert_eq!(store.prune(ClientId(8), i64::MAX, 10).await.unwrap(), 0);
    // Nor with a cursor of the first client's.
    let cursor = EventCursor { at: (NOW + 1) * 1_000, id: id("b:x", 0) };
    let page =
        store.page(&other, all_time(), &EventFilter::default(), Some(&cursor), 10, BUDGET).await.unwrap();
    assert!(page.rows.is_empty());
}

pub(crate) async fn junk_finds_nothing(store: Arc<dyn EventStore>) {
    for junk in
        ["", "/", "7", "7/", "7//", "7/b:x/", "7/b:x/-1", "7/b:x/99999999999", "x/b:x/0", "7/b:x/0\u{0}", "ü"]
    {
        assert_eq!(store.get(&scope(), junk).await.unwrap(), None, "{junk}");
    }
    let cursor = EventCursor { at: NOW * 1_000, id: "junk".into() };
    let page = store.page(&scope(), all_time(), &EventFilter::default(), Some(&cursor), 10, BUDGET).await;
    assert!(page.is_err_and(|error| !error.is_retryable()));
}

pub(crate) async fn each_event_of_a_range_is_handed_over_once_as_it_was_stored(store: Arc<dyn EventStore>) {
    let mut random = Random::new(3);
    let mut samples: Vec<Sample> = (0..2_000).map(|_| random.sample(NOW, 600)).collect();
    // The ends of the range, and a latency that only its own bits are equal to.
    for (sample, at) in samples.iter_mut().zip([NOW - 480, NOW - 60]) {
        sample.at = at * 1_000;
    }
    samples[0].latency_ms = 0.1 + 0.2;
    let mut events: Vec<_> = (0..).zip(&samples).map(|(n, sample)| event("b:g", n, sample.hit())).collect();
    let without_size = Hit { request_size: None, response_size: None, ..samples[0].hit() };
    events.push(event("m:h", 0, without_size));
    store.insert(&events).await.unwrap();

    let range = Range::new(from_second(NOW - 480), from_second(NOW - 60)).unwrap();
    let in_range = |event: &&Event<'_>| ((NOW - 480) * 1_000..(NOW - 60) * 1_000).contains(&event.hit.at);
    let mut expected: Vec<String> = events
        .iter()
        .filter(in_range)
        .map(|event| format!("{:?}", Observation::new(event.batch, &event.hit)))
        .collect();
    let mut found = Vec::new();
    store.each(&scope(), range, &mut |observation| found.push(format!("{observation:?}"))).await.unwrap();
    expected.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, expected);
}

pub(crate) async fn pruning_takes_the_oldest_in_portions(store: Arc<dyn EventStore>) {
    let samples: Vec<Sample> = (0..100).map(|n| Sample::at(NOW - n)).collect();
    let events: Vec<_> = (0..).zip(&samples).map(|(n, sample)| event("b:p", n, sample.hit())).collect();
    store.insert(&events).await.unwrap();
    let before = (NOW - 49) * 1_000;
    assert_eq!(store.prune(CLIENT, before, 20).await.unwrap(), 20);
    let oldest = pages(&*store, &EventFilter::default(), 100, BUDGET).await.pop().unwrap();
    assert_eq!(oldest.timestamp, from_second(NOW - 79));
    assert_eq!(store.prune(CLIENT, before, 40).await.unwrap(), 30);
    assert_eq!(store.prune(CLIENT, before, 40).await.unwrap(), 0);
    assert_eq!(store.count(&scope()).await.unwrap(), 50);
    assert!(store.get(&scope(), &id("b:p", 49)).await.unwrap().is_some(), "the limit itself is kept");
}
