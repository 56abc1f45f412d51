//! Overview, time series, endpoints and status codes.

use super::{assert_latency, assert_totals, counted, everything, matches, now, range, scope};
use crate::samples::{NOW, Random, Sample};
use std::collections::{BTreeMap, BTreeSet};
use store::analytics::{self, AnalyticsQuery};
use store::metrics::MetricsRetention;
use store::sqlite::SqliteDatabase;
use store::{Failure, MetricsStore};
use telemetry::hit::Method;
use telemetry::report::{EndpointRow, EndpointSort, LatencyBand};
use telemetry::time::{DAY, HOUR, MINUTE, MINUTES_READ, Range, Step};
use telemetry::zone::Zone;

/// Hits over forty days, denser towards the end, with what `change` makes of them; and what the sweeper has left of
/// their minutes.
pub(super) async fn forty_days(
    change: impl FnOnce(&mut [Sample]),
) -> (tempfile::TempDir, SqliteDatabase, Vec<Sample>) {
    let mut random = Random::new(11);
    let mut samples = Vec::new();
    for (hits, seconds) in [(700, 40 * DAY), (700, 4 * DAY), (700, DAY), (700, 2 * HOUR)] {
        samples.extend((0..hits).map(|_| random.sample(NOW, seconds)));
    }
    change(&mut samples);
    let (folder, database) = counted(&samples).await;
    while database.prune(&MetricsRetention::default(), NOW, 10_000).await.unwrap() > 0 {}
    (folder, database, samples)
}

pub(super) fn queries(range: Range) -> Vec<AnalyticsQuery> {
    let any = || everything(range);
    vec![
        any(),
        AnalyticsQuery { service: Some("cart".into()), ..any() },
        AnalyticsQuery { environment: Some("test".into()), ..any() },
        AnalyticsQuery { endpoint: Some("/orders/:id".into()), ..any() },
        AnalyticsQuery { method: Some(Method::Post), service: Some("shop".into()), ..any() },
        AnalyticsQuery { status: Some((500, 599)), ..any() },
        AnalyticsQuery { status: Some((404, 404)), service: Some("mail".into()), ..any() },
        AnalyticsQuery { service: Some("nobody".into()), ..any() },
    ]
}

pub(super) fn ranges() -> Vec<Range> {
    vec![
        range(NOW - HOUR, NOW),
        range(NOW - 3 * HOUR - 7, NOW - 1_001),
        range(NOW - DAY, NOW),
        range(NOW - 46 * HOUR - 13, NOW - 30 * MINUTE),
        // On either side of the age at which minutes are no longer read.
        range(NOW - MINUTES_READ, NOW),
        range(NOW - MINUTES_READ + 30, NOW - 10 * HOUR),
        range(NOW - MINUTES_READ - 1, NOW - HOUR),
        range(NOW - 7 * DAY - 5_000, NOW),
        range(NOW - 20 * DAY, NOW - 9 * DAY),
        range(NOW - 39 * DAY, NOW + HOUR),
        range(NOW + HOUR, NOW + 2 * HOUR),
    ]
}

#[tokio::test]
async fn an_overview_equals_straight_arithmetic() {
    let (_folder, database, samples) = forty_days(|_| {}).await;
    for query in ranges().into_iter().flat_map(queries) {
        let overview = analytics::overview(&database, &scope(), &query, now()).await.unwrap();
        let context = format!("{query:?}");
        let effective = Range { from: overview.from, to: overview.to };
        assert!(effective.from <= query.range.from && effective.to >= query.range.to, "{context}");
        let hits: Vec<&Sample> = samples.iter().filter(|hit| matches(&query, effective, hit)).collect();
        assert_totals(&overview.totals, &hits, &context);
        let services: BTreeSet<_> = hits.iter().map(|hit| &hit.service).collect();
        let endpoints: BTreeSet<_> =
            hits.iter().map(|hit| (&hit.service, hit.method, &hit.endpoint)).collect();
        assert_eq!((overview.services, overview.endpoints), (services.len() as u64, endpoints.len() as u64));

        let previous = Range { from: overview.previous.from, to: overview.previous.to };
        assert_eq!(previous.to, effective.from, "{context}");
        assert!((0..=HOUR).contains(&(previous.seconds() - effective.seconds())), "{context}");
        let hits: Vec<&Sample> = samples.iter().filter(|hit| matches(&query, previous, hit)).collect();
        assert_totals(&overview.previous.totals, &hits, &format!("previous of {context}"));
    }
}

#[tokio::test]
async fn a_time_series_is_whole_and_adds_up_to_the_overview() {
    let (_folder, database, samples) = forty_days(|_| {}).await;
    let steps = [
        None,
        Some(Step::Minute1),
        Some(Step::Minute15),
        Some(Step::Hour1),
        Some(Step::Hour6),
        Some(Step::Day1),
    ];
    for query in ranges().into_iter().flat_map(|range| queries(range).into_iter().take(3)) {
        let overview = analytics::overview(&database, &scope(), &query, now()).await.unwrap();
        for step in steps {
            let context = format!("{query:?} {step:?}");
            let series = analytics::timeseries(&database, &scope(), &query, step, now()).await.unwrap();
            assert_eq!((series.from, series.to), (overview.from, overview.to), "{context}");
            assert!(series.buckets.len() <= 1_502, "{context}");
            assert!(step.is_none_or(|step| series.step >= step), "{context}");
            let width = series.step.seconds();
            let starts: Vec<i64> = series.buckets.iter().map(|bucket| bucket.start.as_second()).collect();
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == width), "no slot is missing {context}");
            assert!(starts[0] <= series.from.as_second() && series.from.as_second() < starts[0] + width);
            let end = starts[starts.len() - 1] + width;
            assert!(end - width < series.to.as_second() && series.to.as_second() <= end, "{context}");

            let sum = |of: fn(&telemetry::report::Totals) -> u64| {
                series.buckets.iter().map(|b| of(&b.totals)).sum::<u64>()
            };
            assert_eq!(sum(|totals| totals.requests), overview.totals.requests, "{context}");
            assert_eq!(sum(|totals| totals.errors), overview.totals.errors, "{context}");
            assert_eq!(sum(|totals| totals.bytes_out), overview.totals.bytes_out, "{context}");
            // Slot by slot, where there are few enough to look.
            if starts.len() < 50 {
                let effective = Range { from: series.from, to: series.to };
                for bucket in &series.buckets {
                    let slot = bucket.start.as_second()..bucket.start.as_second() + width;
                    let inside =
                        |hit: &&Sample| matches(&query, effective, hit) && slot.contains(&hit.second());
                    let hits: Vec<&Sample> = samples.iter().filter(inside).collect();
                    assert_totals(&bucket.totals, &hits, &context);
                }
            }
        }
    }
}

/// In a zone whose clocks change inside the range, and in one that is off by half an hour.
#[tokio::test]
async fn local_days_hold_their_hits_and_their_sum_is_the_total() {
    let (_folder, database, samples) = forty_days(|_| {}).await;
    let range = range(NOW - 39 * DAY - 5_000, NOW);
    for name in ["UTC", "America/Santiago", "Asia/Kolkata"] {
        let zone = Zone::named(name, NOW - 50 * DAY, NOW + DAY).unwrap();
        let query = AnalyticsQuery { zone: zone.clone(), ..everything(range) };
        let overview = analytics::overview(&database, &scope(), &query, now()).await.unwrap();
        for step in [None, Some(Step::Day1)] {
            let series = analytics::timeseries(&database, &scope(), &query, step, now()).await.unwrap();
            assert_eq!((series.from, series.to), (overview.from, overview.to));
            let sum: u64 = series.buckets.iter().map(|bucket| bucket.totals.requests).sum();
            assert_eq!(sum, overview.totals.requests, "{name} {step:?}");
            let effective = Range { from: series.from, to: series.to };
            let mut ends = series.buckets.iter().skip(1).map(|bucket| bucket.start).chain([series.end]);
            let mut widths = BTreeSet::new();
            for bucket in &series.buckets {
                let slot = bucket.start.as_second()..ends.next().unwrap().as_second();
                widths.insert((slot.end - slot.start) / HOUR);
                // A local day begins at the first whole UTC hour in it.
                let local = (slot.start + i64::from(zone.offset(slot.start))).rem_euclid(DAY);
                // In Santiago clocks skip the first hour of one.
                assert!(series.step != Step::Day1 || local <= HOUR, "{name}: a day begins at {local}");
                let inside = |hit: &&Sample| matches(&query, effective, hit) && slot.contains(&hit.second());
                let hits: Vec<&Sample> = samples.iter().filter(inside).collect();
                assert_totals(&bucket.totals, &hits, &format!("{name} {slot:?}"));
            }
            let clocks_change = name == "America/Santiago";
            let day = if series.step == Step::Day1 { 24 } else { 6 };
            let expected = if clocks_change { BTreeSet::from([day - 1, day]) } else { BTreeSet::from([day]) };
            assert_eq!(widths, expected, "{name} {step:?}");
            if step.is_none() {
                let spread = analytics::latencies(&database, &scope(), &query, now()).await.unwrap();
                let spread = spread.slots.iter().map(|slot| slot.start).chain([spread.end]);
                assert!(spread.eq(series.buckets.iter().map(|bucket| bucket.start).chain([series.end])));
            }
        }
    }
}

#[tokio::test]
async fn latencies_are_in_the_bands_that_hold_them() {
    let (_folder, database, samples) = forty_days(|_| {}).await;
    for query in ranges().into_iter().flat_map(|range| queries(range).into_iter().take(3)) {
        let context = format!("{query:?}");
        let report = analytics::latencies(&database, &scope(), &query, now()).await.unwrap();
        let series = analytics::timeseries(&database, &scope(), &query, None, now()).await.unwrap();
        assert_eq!((report.from, report.to, report.step), (series.from, series.to, series.step), "{context}");
        let effective = Range { from: report.from, to: report.to };
        let hits: Vec<&Sample> = samples.iter().filter(|hit| matches(&query, effective, hit)).collect();
        assert!(report.bands.len() <= 49, "{context}");
        assert!(report.bands.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms || pair[0].to_ms == 0.0));
        let holds = |band: &LatencyBand, ms: f64| {
            if band.to_ms == 0.0 { ms == 0.0 } else { band.from_ms <= ms && ms < band.to_ms }
        };
        for band in &report.bands {
            let inside = hits.iter().filter(|hit| holds(band, hit.latency_ms)).count() as u64;
            assert_eq!(band.requests, inside, "{band:?} {context}");
        }
        assert_eq!(
            report.bands.iter().map(|band| band.requests).sum::<u64>(),
            hits.len() as u64,
            "{context}"
        );
        for (slot, bucket) in report.slots.iter().zip(&series.buckets) {
            assert_eq!(
                (slot.start, slot.requests.iter().sum::<u64>()),
                (bucket.start, bucket.totals.requests)
            );
        }
        assert_eq!(report.slots.len(), series.buckets.len());
    }
}

#[tokio::test]
async fn status_codes_equal_straight_arithmetic() {
    let (_folder, database, samples) = forty_days(|_| {}).await;
    for query in queries(range(NOW - 2 * DAY, NOW)) {
        let report = analytics::status_codes(&database, &scope(), &query, now()).await.unwrap();
        let effective = Range { from: report.from, to: report.to };
        let hits: Vec<&Sample> = samples.iter().filter(|hit| matches(&query, effective, hit)).collect();
        let statuses: BTreeSet<u16> = hits.iter().map(|hit| hit.status).collect();
        assert_eq!(report.status_codes.iter().map(|row| row.status).collect::<BTreeSet<_>>(), statuses);
        assert!(report.status_codes.windows(2).all(|pair| pair[0].requests >= pair[1].requests));
        for row in &report.status_codes {
            let of_status: Vec<&Sample> =
                hits.iter().copied().filter(|hit| hit.status == row.status).collect();
            assert_eq!(row.requests, of_status.len() as u64);
            assert_eq!(row.share, of_status.len() as f64 / hits.len() as f64);
            assert_latency(&row.latency_ms, &of_status, &format!("{query:?}"));
        }
    }
}

async fn pages(
    database: &SqliteDatabase,
    query: &AnalyticsQuery,
    sort: EndpointSort,
    limit: usize,
) -> Vec<EndpointRow> {
    let mut rows = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let page = analytics::endpoints(database, &scope(), query, sort, limit, cursor.as_deref(), now())
            .await
            .unwrap();
        assert!(page.endpoints.len() <= limit.max(1));
        rows.extend(page.endpoints);
        cursor = page.next;
        if cursor.is_none() {
            return rows;
        }
    }
}

const SORTS: [EndpointSort; 8] = [
    EndpointSort::Requests,
    EndpointSort::Errors,
    EndpointSort::ErrorRate,
    EndpointSort::P50,
    EndpointSort::P95,
    EndpointSort::P99,
    EndpointSort::TotalTime,
    EndpointSort::Name,
];

#[tokio::test]
async fn endpoints_equal_straight_arithmetic_and_their_pages_are_whole() {
    let (_folder, database, samples) = forty_days(|_| {}).await;
    for query in queries(range(NOW - 3 * DAY, NOW)) {
        let report = analytics::endpoints(&database, &scope(), &query, EndpointSort::Name, 500, None, now())
            .await
            .unwrap();
        let effective = Range { from: report.from, to: report.to };
        let mut groups: BTreeMap<(&str, &str, Method), Vec<&Sample>> = BTreeMap::new();
        for hit in samples.iter().filter(|hit| matches(&query, effective, hit)) {
            groups.entry((&hit.service, &hit.endpoint, hit.method)).or_default().push(hit);
        }
        let names: Vec<_> = report
            .endpoints
            .iter()
            .map(|row| (row.service.as_str(), row.endpoint.as_str(), row.method))
            .collect();
        assert_eq!(names, groups.keys().copied().collect::<Vec<_>>(), "by name, ascending");
        for (row, hits) in report.endpoints.iter().zip(groups.values()) {
            assert_totals(&row.totals, hits, &format!("{query:?}"));
        }
        for sort in SORTS {
            let whole = pages(&database, &query, sort, 500).await;
            assert_eq!(whole.len(), groups.len());
            for limit in [1, 4, 23, 24] {
                assert_eq!(pages(&database, &query, sort, limit).await, whole, "{sort:?} by {limit}");
            }
            let value = |row: &EndpointRow| match sort {
                EndpointSort::Requests => row.totals.requests as f64,
                EndpointSort::Errors => row.totals.errors as f64,
                EndpointSort::ErrorRate => row.totals.error_rate.unwrap(),
                EndpointSort::P50 => row.totals.latency_ms.p50.unwrap(),
                EndpointSort::P95 => row.totals.latency_ms.p95.unwrap(),
                EndpointSort::P99 => row.totals.latency_ms.p99.unwrap(),
                // Rounded, since it is a product here and a sum there.
                EndpointSort::TotalTime => {
                    (row.totals.requests as f64 * row.totals.latency_ms.avg.unwrap()).round()
                }
                EndpointSort::Name => 0.0,
            };
            assert!(
                whole.windows(2).all(|pair| value(&pair[0]) >= value(&pair[1])),
                "{sort:?}, largest first"
            );
        }
    }
}

#[tokio::test]
async fn a_cursor_of_another_list_is_refused_by_name() {
    let (_folder, database) =
        counted(&[Sample::at(NOW), Sample { method: Method::Put, ..Sample::at(NOW) }]).await;
    let query = everything(range(NOW - HOUR, NOW + 1));
    let ask = async |sort, cursor: Option<&str>| {
        analytics::endpoints(&database, &scope(), &query, sort, 1, cursor, now()).await
    };
    let next = ask(EndpointSort::Requests, None).await.unwrap().next.unwrap();
    assert!(ask(EndpointSort::Requests, Some(&next)).await.is_ok());
    for (sort, cursor) in [
        (EndpointSort::P95, next.as_str()),
        (EndpointSort::Requests, ""),
        (EndpointSort::Requests, "e30"),
        (EndpointSort::Requests, "ä"),
    ] {
        let Err(Failure::Refused(error)) = ask(sort, Some(cursor)).await else {
            panic!("{cursor} was taken")
        };
        assert_eq!(error.field.as_deref(), Some("cursor"));
    }
}
