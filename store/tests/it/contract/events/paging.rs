//! Pages, filters, searches.

use super::{BUDGET, all_time, event, id, pages, scope};
use crate::samples::{NOW, Random, Sample};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;
use store::EventStore;
use store::events::{Event, EventFilter};
use telemetry::hit::{Hit, Method};
use telemetry::time::Range;

pub(crate) async fn pages_are_complete_and_without_repeats_even_within_one_millisecond(
    store: Arc<dyn EventStore>,
) {
    let mut random = Random::new(1);
    let mut samples: Vec<Sample> = (0..400).map(|_| random.sample(NOW, 40)).collect();
    for sample in &mut samples {
        // Ten to a hundred events share each time.
        sample.at -= sample.at % 4_000;
    }
    let batches = ["b:one", "b:two", "m:three"];
    let events: Vec<Event<'_>> = (0..)
        .zip(&samples)
        .map(|(n, sample)| event(batches[n as usize % batches.len()], n, sample.hit()))
        .collect();
    store.insert(&events).await.unwrap();
    let whole = pages(&*store, &EventFilter::default(), 1_000, BUDGET).await;
    assert_eq!(whole.len(), events.len());
    assert!(whole.windows(2).all(|pair| pair[0].timestamp >= pair[1].timestamp), "newest first");
    assert_eq!(whole.iter().map(|row| &row.id).collect::<HashSet<_>>().len(), events.len());
    for limit in [1, 3, 50, 399, 400] {
        assert_eq!(pages(&*store, &EventFilter::default(), limit, BUDGET).await, whole, "pages of {limit}");
    }
}

pub(crate) async fn a_page_holds_its_range_only(store: Arc<dyn EventStore>) {
    let samples: Vec<Sample> = (0..5).map(|n| Sample { at: NOW * 1_000 + n, ..Sample::at(NOW) }).collect();
    let events: Vec<_> = (0..).zip(&samples).map(|(n, sample)| event("b:x", n, sample.hit())).collect();
    store.insert(&events).await.unwrap();
    let at = |us: i64| jiff::Timestamp::from_microsecond(NOW * 1_000_000 + us).unwrap();
    // From is inclusive, to exclusive, also between two milliseconds.
    for (from, to, found) in
        [(1_000, 3_000, 2), (1, 3_000, 2), (1_000, 3_001, 3), (999, 1_000, 0), (0, 5_000, 5)]
    {
        let range = Range::new(at(from), at(to)).unwrap();
        let page = store.page(&scope(), range, &EventFilter::default(), None, 10, BUDGET).await.unwrap();
        assert_eq!((page.rows.len(), page.next), (found, None), "{from}..{to}");
    }
}

pub(crate) async fn filters_let_pass_what_matches(store: Arc<dyn EventStore>) {
    let mut random = Random::new(2);
    let samples: Vec<Sample> = (0..300).map(|_| random.sample(NOW, 3_600)).collect();
    let traces: Vec<String> = (0..300).map(|n| format!("{:032x}", n % 40)).collect();
    let events: Vec<Event<'_>> = (0..)
        .zip(samples.iter().zip(&traces))
        .map(|(n, (sample, trace))| {
            let consumer = Some(if n % 3 == 0 { "acme" } else { "acme-2" });
            event("b:f", n, Hit { trace_id: Some(trace), consumer, ..sample.hit() })
        })
        .collect();
    store.insert(&events).await.unwrap();

    let any = EventFilter::default;
    let filters = [
        EventFilter { service: Some("cart".into()), ..any() },
        EventFilter { environment: Some("test".into()), ..any() },
        EventFilter { method: Some(Method::Post), ..any() },
        EventFilter { endpoint: Some("/orders/:id".into()), ..any() },
        EventFilter { status: Some((500, 599)), ..any() },
        EventFilter { status: Some((404, 404)), ..any() },
        EventFilter { trace_id: Some(format!("{:032x}", 7)), ..any() },
        EventFilter { consumer: Some("acme".into()), ..any() },
        EventFilter { min_latency_ms: Some(samples[0].hit().latency_ms), ..any() },
        EventFilter { min_latency_ms: Some(1e9), ..any() },
        EventFilter {
            service: Some("shop".into()),
            status: Some((200, 299)),
            method: Some(Method::Get),
            ..any()
        },
        EventFilter { service: Some("nobody".into()), ..any() },
    ];
    for filter in filters {
        let matches = |event: &&Event<'_>| {
            let hit = &event.hit;
            filter.service.as_deref().is_none_or(|service| service == hit.service)
                && filter.environment.as_deref().is_none_or(|environment| environment == hit.environment)
                && filter.method.is_none_or(|method| method == hit.method)
                && filter.endpoint.as_deref().is_none_or(|endpoint| endpoint == hit.endpoint)
                && filter.status.is_none_or(|(low, high)| (low..=high).contains(&hit.status))
                && filter.trace_id.as_deref().is_none_or(|trace| Some(trace) == hit.trace_id)
                && filter.consumer.as_deref().is_none_or(|consumer| Some(consumer) == hit.consumer)
                && filter.min_latency_ms.is_none_or(|least| hit.latency_ms >= least)
        };
        // What is told as it arrives is what is listed later.
        assert!(events.iter().all(|event| filter.matches(&event.hit) == matches(&event)), "{filter:?}");
        let expected: HashSet<String> =
            events.iter().filter(matches).map(|event| id(event.batch, event.position)).collect();
        let found = pages(&*store, &filter, 20, BUDGET).await;
        assert_eq!(found.len(), expected.len(), "{filter:?}");
        assert_eq!(found.into_iter().map(|row| row.id).collect::<HashSet<_>>(), expected, "{filter:?}");
    }
}

pub(crate) async fn a_search_finds_parts_in_any_case(store: Arc<dyn EventStore>) {
    let sample = Sample::at(NOW);
    let hits = [
        Hit { endpoint: r"/Orders/100%_done\n", ..sample.hit() },
        Hit { error: Some("Connection RESET by peer"), ..sample.hit() },
        Hit { trace_id: Some("abcdef00000000000000000000000000"), ..sample.hit() },
        Hit { event_id: Some("Evt-42"), ..sample.hit() },
        Hit { consumer: Some("Mobile App"), ..sample.hit() },
        Hit { user_agent: Some("reset"), ..sample.hit() },
    ];
    let events: Vec<_> = (0..).zip(hits).map(|(n, hit)| event("b:q", n, hit)).collect();
    store.insert(&events).await.unwrap();
    let cases = [
        ("0%_D", 0),
        ("reset", 1),
        ("ABCDEF", 2),
        ("evt-4", 3),
        ("le app", 4),
        ("%", 0),
        (r"E\N", 0),
        (r"\%", 9),
        ("é", 9),
        ("orders/1", 0),
    ];
    for (text, position) in cases {
        let filter = EventFilter { text: Some(text.into()), ..EventFilter::default() };
        let found: Vec<String> =
            pages(&*store, &filter, 10, BUDGET).await.into_iter().map(|row| row.id).collect();
        let expected: Vec<String> = (position < 6).then(|| id("b:q", position)).into_iter().collect();
        assert_eq!(found, expected, "{text}");
        let matched: Vec<String> = (0..)
            .zip(&events)
            .filter(|(_, event)| filter.matches(&event.hit))
            .map(|(n, _)| id("b:q", n))
            .collect();
        assert_eq!(matched, expected, "{text}");
    }
}

pub(crate) async fn a_scan_stops_when_its_time_is_up_and_goes_on_where_it_stopped(
    store: Arc<dyn EventStore>,
) {
    const EVENTS: u32 = 9_000;
    let samples: Vec<Sample> = (0..EVENTS).map(|n| Sample::at(NOW - i64::from(n / 3))).collect();
    let events: Vec<_> = (0..)
        .zip(&samples)
        .map(|(n, sample)| {
            let error = (n % 4_000 == 1).then_some("needle");
            let consumer = (n % 3 == 0).then_some("third");
            event("b:s", n, Hit { error, consumer, ..sample.hit() })
        })
        .collect();
    store.insert(&events).await.unwrap();
    let filter = EventFilter { text: Some("needle".into()), ..EventFilter::default() };
    let first = store.page(&scope(), all_time(), &filter, None, 10, Duration::ZERO).await.unwrap();
    assert!(first.next.is_some(), "the scan was cut short");
    let found: Vec<String> =
        pages(&*store, &filter, 10, Duration::ZERO).await.into_iter().map(|row| row.id).collect();
    assert_eq!(found, [id("b:s", 1), id("b:s", 4_001), id("b:s", 8_001)]);
    // Wherever a scan stops, also between events of one millisecond, the next goes on with the very next event.
    for budget in [Duration::ZERO, BUDGET] {
        let filter = EventFilter { text: Some("third".into()), ..EventFilter::default() };
        let found: HashSet<String> =
            pages(&*store, &filter, 600, budget).await.into_iter().map(|row| row.id).collect();
        assert_eq!(found, (0..EVENTS).step_by(3).map(|n| id("b:s", n)).collect());
    }
}
