//! Reading what was counted, and forgetting it.

use super::{CLIENT, all, minutes, of_kind, requests, scope};
use crate::samples::{NOW, Random, Sample, claim, count, message, today};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::MetricsStore;
use store::access::ClientScope;
use store::metrics::{Claimed, MetricsRetention, SeriesFilter, SeriesFilterKind, SeriesKind};
use telemetry::report::ClientId;
use telemetry::sketch::Sketch;
use telemetry::time::{DAY, HOUR, MINUTE, Resolution, Span};

pub(crate) async fn rows_are_read_by_span_and_status(metrics: Arc<dyn MetricsStore>) {
    let start = Resolution::Minute.floor(NOW) - 10 * MINUTE;
    let samples: Vec<Sample> = (0..10)
        .flat_map(|n| [200, 404, 503].map(|status| Sample { status, ..Sample::at(start + n * MINUTE + 59) }))
        .collect();
    count(&*metrics, CLIENT, "b:1", message(1), &samples).await;
    let minute = |from: i64, to: i64| Span {
        resolution: Resolution::Minute,
        start: start + from * MINUTE,
        end: start + to * MINUTE,
    };
    let day = Span { resolution: Resolution::Day, start: today().0, end: today().1 };
    // More spans than any cover has.
    let single: Vec<Span> = (0..8).map(|n| minute(n, n + 1)).collect();
    let cases = [
        (&[minute(0, 10)][..], None, 30),
        (&[minute(0, 1)], None, 3),
        (&[minute(2, 4), minute(7, 8)], None, 9),
        (&[minute(0, 10)], Some((500, 599)), 10),
        (&[minute(0, 10)], Some((404, 404)), 10),
        (&[day], Some((400, 599)), 20),
        (&single, Some((200, 299)), 8),
        (&[], None, 0),
    ];
    for (spans, status, expected) in cases {
        let rows = metrics.rollups(&scope(), &SeriesFilter::default(), spans, status, true).await.unwrap();
        assert_eq!(requests(&rows), expected, "{spans:?} {status:?}");
    }
}

pub(crate) async fn sketches_are_read_where_asked_for(metrics: Arc<dyn MetricsStore>) {
    count(&*metrics, CLIENT, "b:1", message(1), &[Sample::at(NOW)]).await;
    let spans = [all(Resolution::Hour)];
    let with = metrics.rollups(&scope(), &SeriesFilter::default(), &spans, None, true).await.unwrap();
    let mut without = metrics.rollups(&scope(), &SeriesFilter::default(), &spans, None, false).await.unwrap();
    assert_eq!((with[0].aggregate.sketch.count(), &without[0].aggregate.sketch), (1, &Sketch::new()));
    without[0].aggregate.sketch = with[0].aggregate.sketch.clone();
    assert_eq!(with, without);
}

pub(crate) async fn streamed_rows_and_bucket_counts_equal_the_rows(metrics: Arc<dyn MetricsStore>) {
    let mut random = Random::new(4);
    let samples: Vec<Sample> = (0..300).map(|_| random.sample(NOW, 30 * HOUR)).collect();
    count(&*metrics, CLIENT, "b:1", message(1), &samples).await;
    let spans = [all(Resolution::Hour)];
    for kind in SeriesFilterKind::ALL {
        for status in [None, Some((400, 599))] {
            let filter = of_kind(kind);
            let mut rows = metrics.rollups(&scope(), &filter, &spans, status, true).await.unwrap();
            let mut streamed = Vec::new();
            metrics
                .each_rollup(&scope(), &filter, &spans, status, &mut |row| streamed.push(row))
                .await
                .unwrap();
            rows.sort_unstable_by_key(|row| (row.series, row.bucket, row.status));
            streamed.sort_unstable_by_key(|row| (row.series, row.bucket, row.status));
            assert_eq!(streamed, rows);

            let mut expected: BTreeMap<_, u64> = BTreeMap::new();
            for row in &rows {
                *expected.entry((row.series, row.bucket)).or_default() += row.aggregate.count;
            }
            let counts = metrics.requests_by_bucket(&scope(), &filter, &spans, status).await.unwrap();
            let found: BTreeMap<_, u64> = counts.iter().map(|c| ((c.series, c.bucket), c.requests)).collect();
            assert_eq!((found, counts.len()), (expected.clone(), expected.len()));

            let mut expected: BTreeMap<_, (u64, i64)> = BTreeMap::new();
            for row in &rows {
                let sum = expected.entry((row.series, row.status)).or_default();
                *sum = (sum.0 + row.aggregate.count, sum.1 + row.aggregate.latency_us);
            }
            let mut found: BTreeMap<_, (u64, i64)> = BTreeMap::new();
            for part in metrics.sums_by_status(&scope(), &filter, &spans, status).await.unwrap() {
                let sum = found.entry((part.series, part.status)).or_default();
                *sum = (sum.0 + part.requests, sum.1 + part.latency_us);
            }
            assert_eq!(found, expected);
        }
    }
}

pub(crate) async fn series_without_rows_are_not_active(metrics: Arc<dyn MetricsStore>) {
    let old = Sample { service: "old".into(), ..Sample::at(NOW - 2 * HOUR) };
    let failing = Sample { service: "failing".into(), status: 500, ..Sample::at(NOW) };
    count(&*metrics, CLIENT, "b:1", message(1), &[Sample::at(NOW), old, failing]).await;
    let recent = Span { resolution: Resolution::Hour, start: Resolution::Hour.floor(NOW), end: NOW + HOUR };
    for (status, expected) in [(None, vec!["failing", "shop"]), (Some((500, 599)), vec!["failing"])] {
        let filter = of_kind(SeriesFilterKind::Service);
        let mut names: Vec<String> = metrics
            .active_series(&scope(), &filter, &[recent], status)
            .await
            .unwrap()
            .into_iter()
            .filter_map(|series| match series.key.kind {
                SeriesKind::Service { service } => Some(service),
                _ => None,
            })
            .collect();
        names.sort_unstable();
        assert_eq!(names, expected);
    }
}

pub(crate) async fn another_client_reads_nothing(metrics: Arc<dyn MetricsStore>) {
    let hit = Sample { consumer: Some("web".into()), ..Sample::at(NOW) };
    count(&*metrics, CLIENT, "b:1", message(1), &[hit]).await;
    let other = ClientScope::of_the_instance(ClientId(8));
    for kind in SeriesFilterKind::ALL {
        let (filter, spans) = (of_kind(kind), [all(Resolution::Day)]);
        assert!(metrics.series(&other, &filter).await.unwrap().is_empty());
        assert!(metrics.active_series(&other, &filter, &spans, None).await.unwrap().is_empty());
        assert!(metrics.rollups(&other, &filter, &spans, None, true).await.unwrap().is_empty());
        assert_eq!(metrics.rollups(&scope(), &filter, &spans, None, true).await.unwrap().len(), 1);
    }
    let (from, to) = today();
    assert!(metrics.usage(&other, from, to).await.unwrap().is_empty());
}

pub(crate) async fn what_has_outlived_its_time_is_pruned_in_portions(metrics: Arc<dyn MetricsStore>) {
    // One hit an hour for three days, each in a batch of its own, claimed at the tests' clock.
    let first = Resolution::Hour.floor(NOW) - 72 * HOUR;
    for n in 0..72 {
        count(&*metrics, CLIENT, &format!("b:{n}"), message(1), &[Sample::at(first + n * HOUR)]).await;
    }
    let retention = MetricsRetention { minutes: DAY, hours: 2 * DAY, days: Some(2 * DAY), inbox: 35 * DAY };
    let mut deleted = 0;
    loop {
        let portion = metrics.prune(&retention, NOW, 7).await.unwrap();
        // Up to seven of each kind: minutes, hours, days, inbox.
        assert!(portion <= 4 * 7);
        deleted += portion;
        if portion == 0 {
            break;
        }
    }
    assert!(deleted > 0);
    let read = async |resolution| {
        let rows = metrics
            .rollups(&scope(), &SeriesFilter::default(), &[all(resolution)], None, true)
            .await
            .unwrap();
        rows.iter().map(|row| row.bucket).collect::<Vec<_>>()
    };
    let kept = |retention: i64, width: i64| {
        (0..72)
            .map(|n| first + n * HOUR)
            .filter(|bucket| bucket + width > NOW - retention)
            .collect::<Vec<_>>()
    };
    assert_eq!(read(Resolution::Minute).await, kept(DAY, MINUTE));
    assert_eq!(read(Resolution::Hour).await, kept(2 * DAY, HOUR));
    assert!(read(Resolution::Day).await.iter().all(|bucket| bucket + DAY > NOW - 2 * DAY));
    assert_eq!(requests(&minutes(&*metrics).await), kept(DAY, MINUTE).len() as u64);

    // The inbox still knows them; a month later it does not.
    let again = [claim(CLIENT, "b:0", message(1))];
    assert_eq!(metrics.claim(&again, &[], NOW).await.unwrap().claimed, [Claimed::Done]);
    while metrics.prune(&retention, NOW + 35 * DAY + 1, 50).await.unwrap() > 0 {}
    assert_eq!(metrics.claim(&again, &[], NOW + 35 * DAY + 1).await.unwrap().claimed, [Claimed::Mine]);
}
