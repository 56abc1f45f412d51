//! Rollups written anew from raw events: whatever was damaged, and whoever counts meanwhile.

use crate::failing::{Fate, Fault};
use crate::house::{ALL, House, NOW, hits};
use consumer::reconcile::{Rebuilt, Reconciliation, first_day_kept, rebuild, reconcile_at_rest};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use store::access::ClientScope;
use store::metrics::{Aggregate, MetricsRetention, RollupKey, SeriesFilter, SeriesFilterKind};
use store::postgres::{PostgresDatabase, PostgresOptions};
use telemetry::time::{DAY, HOUR, Range, Resolution, Span, from_second};
use testbed::Postgres;
use tokio_util::sync::CancellationToken;

/// All that the hits of the tests touch, by whole days.
fn days() -> Range {
    let today = Resolution::Day.floor(NOW);
    Range::new(from_second(today - 2 * DAY), from_second(today + DAY)).unwrap()
}

fn spans() -> [Span; 3] {
    Resolution::ALL.map(|resolution| Span {
        resolution,
        start: days().from.as_second(),
        end: days().to.as_second(),
    })
}

async fn at_rest(house: &House) -> Reconciliation {
    let kept = MetricsRetention::default();
    reconcile_at_rest(&house.stores, house.client, days(), &kept, NOW).await.unwrap()
}

async fn rebuilt(house: &House) -> Rebuilt {
    rebuild(&house.stores, house.client, days(), &everything(), NOW).await.unwrap()
}

/// Minutes are kept as long as the hits of the tests are old.
fn everything() -> MetricsRetention {
    MetricsRetention { minutes: 30 * DAY, ..MetricsRetention::default() }
}

/// Every rollup row of the house.
async fn rows(house: &House) -> BTreeMap<RollupKey, Aggregate> {
    let scope = ClientScope::of_the_instance(house.client);
    let mut rows = BTreeMap::new();
    for kind in SeriesFilterKind::ALL {
        for span in spans() {
            let filter = SeriesFilter { kind, ..SeriesFilter::default() };
            let found = house.stores.metrics.rollups(&scope, &filter, &[span], None, true).await.unwrap();
            rows.extend(found.into_iter().map(|row| {
                let resolution = span.resolution;
                let key =
                    RollupKey { series: row.series, resolution, bucket: row.bucket, status: row.status };
                (key, row.aggregate)
            }));
        }
    }
    rows
}

/// One way to spoil a row.
#[derive(Debug, Clone, Copy)]
enum Damage {
    Lost,
    Doubled,
    OtherStatus,
    EmptySketch,
}

/// Spoils rows by their place.
async fn damage(house: &House, damages: &[(usize, Damage)]) {
    let mut rows = rows(house).await;
    for (place, damage) in damages {
        let key = *rows.keys().nth(place % rows.len()).unwrap();
        let mut row = rows.remove(&key).unwrap();
        match damage {
            Damage::Lost => continue,
            Damage::Doubled => row.merge(&row.clone()),
            Damage::OtherStatus => {
                rows.insert(RollupKey { status: 599, ..key }, row);
                continue;
            }
            // The rows of consumers have none to lose.
            Damage::EmptySketch if row.sketch.count() == 0 => row.max_us += 1,
            Damage::EmptySketch => row.sketch = telemetry::sketch::Sketch::default(),
        }
        rows.insert(key, row);
    }
    let scope = ClientScope::of_the_instance(house.client);
    let mut spoiling = house.stores.metrics.rebuild(&scope).await.unwrap();
    spoiling.replace(&spans(), &rows).await.unwrap();
    spoiling.commit().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_damaged_a_rebuild_makes_right(
        damages in prop::collection::vec(
            (any::<usize>(), prop::sample::select(vec![
                Damage::Lost, Damage::Doubled, Damage::OtherStatus, Damage::EmptySketch,
            ])),
            1..12,
        ),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let house = House::new().await;
            house.publish(1, None, &hits(0..60)).await;
            house.drain(&house.consumer(house.stores.clone())).await;
            let right = rows(&house).await;
            damage(&house, &damages).await;
            let found = house.reconcile().await;
            assert!(!found.is_exact(), "{damages:?}");

            assert!(matches!(rebuilt(&house).await, Rebuilt::Done { open: 0, .. }));
            assert_eq!(rows(&house).await, right);
            house.expect(60).await;
        });
    }
}

#[tokio::test]
async fn what_was_begun_and_not_counted_is_left_to_whoever_began() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..20)).await;
    house.drain(&house.consumer(house.stores.clone())).await;
    house.publish(2, None, &hits(20..50)).await;
    // It dies with its raw events stored.
    let fault = Fault::new(Fate::DieAfter, 1, 1);
    {
        let dying = house.consumer(fault.over(&house.stores));
        let mut subscription = house.queue.subscribe().await.unwrap();
        let deliveries = subscription.receive(ALL).await.unwrap();
        let shutdown = CancellationToken::new();
        tokio::select! {
            () = fault.died.notified() => {}
            _ = dying.consume(&mut *subscription, deliveries, &shutdown) => panic!("it did not die"),
        }
    }
    assert!(!house.reconcile().await.is_exact(), "raw events are ahead");
    let found = at_rest(&house).await;
    assert!(found.is_exact(), "{:#?}", found.differences);
    assert_eq!((found.raw, found.counted, found.open), (20, 20, 30));

    assert!(matches!(rebuilt(&house).await, Rebuilt::Done { open: 30, .. }));
    assert_eq!(at_rest(&house).await.counted, 20);
    house.drain(&house.consumer(house.stores.clone())).await;
    house.expect(50).await;
}

#[tokio::test]
async fn rollups_without_any_raw_event_are_left_as_they_are() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..20)).await;
    house.drain(&house.consumer(house.stores.clone())).await;
    let right = rows(&house).await;
    while house.stores.events.prune(house.client, i64::MAX / 2, 1_000).await.unwrap() > 0 {}
    assert_eq!(rebuilt(&house).await, Rebuilt::NoRawEvents);
    assert_eq!(rows(&house).await, right);
}

#[test]
fn a_day_counts_as_kept_when_all_of_it_is() {
    let midnight = Resolution::Day.floor(NOW);
    for (now, first) in [
        (midnight + 12 * HOUR, midnight - 29 * DAY),
        (midnight, midnight - 29 * DAY),
        (midnight - 2 * HOUR, midnight - 30 * DAY),
    ] {
        assert_eq!(first_day_kept(30, now), first);
    }
}

/// Rebuilds and compares again and again while two consumers count; everything must be right at the end, and each
/// comparison on the way.
async fn rebuild_while_others_count(house: &House) {
    for message in 0..80u64 {
        let batch = format!("0123456789abcdef-{}", message % 60);
        let first = message % 60 * 10;
        house.publish(u128::from(message), Some(&batch), &hits(first..first + 10)).await;
    }
    let shutdown = CancellationToken::new();
    let counting: Vec<_> = (0..2)
        .map(|_| {
            // A few messages at a time, so that there is something to come in between of.
            let consumer = house.consumer_that(house.stores.clone(), |config| config.group.messages = 3);
            let shutdown = shutdown.clone();
            tokio::spawn(async move { consumer.run(shutdown).await })
        })
        .collect();
    let mut rounds = 0;
    while house.queue.depth().await.unwrap().messages() > 0 {
        rebuilt(house).await;
        let found = at_rest(house).await;
        assert!(found.is_exact(), "{:#?}", found.differences);
        assert_eq!(found.raw, found.counted);
        rounds += 1;
    }
    assert!(rounds > 1, "nothing was counted meanwhile");
    shutdown.cancel();
    for counting in counting {
        counting.await.unwrap();
    }
    rebuilt(house).await;
    house.expect(600).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_while_others_count_ends_exact() {
    rebuild_while_others_count(&House::new().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuild_in_postgresql_while_others_count_ends_exact() {
    let postgres = tokio::task::spawn_blocking(|| Postgres::start().unwrap()).await.unwrap();
    let mut house = House::new().await;
    let options = PostgresOptions::new(postgres.url("postgres"));
    house.stores.metrics = Arc::new(PostgresDatabase::open(options).await.unwrap());
    rebuild_while_others_count(&house).await;
}
