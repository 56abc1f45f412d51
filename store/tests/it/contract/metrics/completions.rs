//! How a batch's numbers enter the rollups.

use super::{CLIENT, all, minutes, of_kind, requests, scope};
use crate::samples::{NOW, Random, Sample, claim, count, message, prepare, rollups, today};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;
use store::MetricsStore;
use store::metrics::{
    Aggregate, Claimed, Completed, RollupKey, SeriesFilterKind, SeriesId, SeriesKey, Usage,
};
use telemetry::report::ClientId;
use telemetry::time::{DAY, Resolution};

pub(crate) async fn a_completed_batch_counts_once(metrics: Arc<dyn MetricsStore>) {
    let batch = claim(CLIENT, "b:1", message(1));
    let (claimed, completion) = prepare(&*metrics, &batch, &[Sample::at(NOW), Sample::at(NOW)]).await;
    assert_eq!(claimed, Claimed::Mine);
    assert_eq!(metrics.complete(&completion).await.unwrap(), Completed::All);
    let counted = minutes(&*metrics).await;
    assert_eq!(requests(&counted), 2);
    assert_eq!(metrics.complete(&completion).await.unwrap(), Completed::SomeWereDone(vec![0]));
    assert_eq!(minutes(&*metrics).await, counted);
}

pub(crate) async fn a_completion_is_all_or_nothing(metrics: Arc<dyn MetricsStore>) {
    count(&*metrics, CLIENT, "b:1", message(1), &[Sample::at(NOW)]).await;
    let counted = minutes(&*metrics).await;
    let done = claim(CLIENT, "b:1", message(1));
    let (_, mut completion) =
        prepare(&*metrics, &claim(CLIENT, "b:0", message(1)), &[Sample::at(NOW), Sample::at(NOW)]).await;
    let open = claim(CLIENT, "b:2", message(1));
    metrics.claim(std::slice::from_ref(&open), &[], NOW).await.unwrap();
    let never_claimed = claim(CLIENT, "b:3", message(1));
    completion.batches.extend([done, open.clone(), open, never_claimed]);

    let answer = metrics.complete(&completion).await.unwrap();
    // Done; the same batch named again; never claimed.
    assert_eq!(answer, Completed::SomeWereDone(vec![1, 3, 4]));
    assert_eq!(minutes(&*metrics).await, counted, "nothing was written");
    let (from, to) = today();
    assert_eq!(metrics.usage(&scope(), from, to).await.unwrap()[0].accepted, 1);
    // Without those it goes through.
    completion.batches = vec![completion.batches[0].clone(), completion.batches[2].clone()];
    assert_eq!(metrics.complete(&completion).await.unwrap(), Completed::All);
    assert_eq!(requests(&minutes(&*metrics).await), 3);
}

pub(crate) async fn concurrent_completions_count_once(metrics: Arc<dyn MetricsStore>) {
    let mut tasks = Vec::new();
    for n in 0..10 {
        let batch = claim(CLIENT, &format!("b:{n}"), message(n));
        let (_, completion) = prepare(&*metrics, &batch, &[Sample::at(NOW), Sample::at(NOW)]).await;
        for _ in 0..4 {
            let (metrics, completion) = (metrics.clone(), completion.clone());
            tasks.push(tokio::spawn(async move { metrics.complete(&completion).await.unwrap() }));
        }
    }
    let mut completed = 0;
    for task in tasks {
        completed += usize::from(task.await.unwrap() == Completed::All);
    }
    assert_eq!((completed, requests(&minutes(&*metrics).await)), (10, 20));
    let (from, to) = today();
    assert_eq!(metrics.usage(&scope(), from, to).await.unwrap()[0].accepted, 20);
}

/// A caller that stops waiting (a time-out, a shutdown) does not know what happened; asking again finds out, and counts
/// nothing twice.
pub(crate) async fn an_abandoned_completion_happened_whole_or_not_at_all(metrics: Arc<dyn MetricsStore>) {
    for n in 0..60_u64 {
        let batch = claim(CLIENT, &format!("b:{n}"), message(1));
        let (_, completion) = prepare(&*metrics, &batch, &[Sample::at(NOW), Sample::at(NOW - DAY)]).await;
        let patience = Duration::from_micros(n * 25);
        let abandoned = tokio::time::timeout(patience, metrics.complete(&completion)).await;
        let again = metrics.complete(&completion).await.unwrap();
        match abandoned {
            Ok(completed) => {
                assert_eq!((completed.unwrap(), again), (Completed::All, Completed::SomeWereDone(vec![0])))
            }
            Err(_) => assert!(matches!(again, Completed::All | Completed::SomeWereDone(_))),
        }
        assert_eq!(requests(&minutes(&*metrics).await), 2 * (n + 1));
    }
}

pub(crate) async fn a_batch_of_another_message_cannot_be_completed(metrics: Arc<dyn MetricsStore>) {
    let (_, completion) = prepare(&*metrics, &claim(CLIENT, "b:1", message(1)), &[Sample::at(NOW)]).await;
    let mut stolen = completion.clone();
    stolen.batches[0].message = message(2);
    assert_eq!(metrics.complete(&stolen).await.unwrap(), Completed::SomeWereDone(vec![0]));
    assert_eq!(requests(&minutes(&*metrics).await), 0);
    assert_eq!(metrics.complete(&completion).await.unwrap(), Completed::All);
}

/// All rollup rows of a client.
pub(crate) async fn stored(metrics: &dyn MetricsStore, client: ClientId) -> BTreeMap<RollupKey, Aggregate> {
    let scope = store::access::ClientScope::of_the_instance(client);
    let mut rows = BTreeMap::new();
    for kind in SeriesFilterKind::ALL {
        for resolution in Resolution::ALL {
            let spans = [all(resolution)];
            for row in metrics.rollups(&scope, &of_kind(kind), &spans, None, true).await.unwrap() {
                let key =
                    RollupKey { series: row.series, resolution, bucket: row.bucket, status: row.status };
                assert!(rows.insert(key, row.aggregate).is_none(), "one row per key");
            }
        }
    }
    rows
}

/// The numbers that series have been given.
pub(crate) async fn numbers(
    metrics: &dyn MetricsStore,
    client: ClientId,
    samples: &[Sample],
) -> BTreeMap<SeriesKey, SeriesId> {
    let keys: Vec<SeriesKey> = samples.iter().flat_map(|sample| sample.series(client)).collect();
    let claims = metrics.claim(&[], &keys, NOW).await.unwrap();
    keys.into_iter().zip(claims.series).collect()
}

/// Whatever hits there are, and however they are divided into batches and completed at once: the rollups are a direct
/// group-by of the hits, sketches included.
pub(crate) async fn numbers_do_not_depend_on_how_hits_were_divided(metrics: Arc<dyn MetricsStore>) {
    let runtime = tokio::runtime::Handle::current();
    let client = AtomicI64::new(100);
    let run = move || {
        let mut runner =
            TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
        let strategy = (any::<u64>(), 1usize..120, 1usize..12);
        let result = runner.run(&strategy, |(seed, hits, batches)| {
            // Each case counts for a client of its own.
            let client = ClientId(client.fetch_add(1, Ordering::Relaxed));
            runtime.block_on(divided(&metrics, client, seed, hits, batches));
            Ok(())
        });
        result.unwrap();
    };
    tokio::task::spawn_blocking(run).await.unwrap();
}

async fn divided(metrics: &Arc<dyn MetricsStore>, client: ClientId, seed: u64, hits: usize, batches: usize) {
    let mut random = Random::new(seed);
    let samples: Vec<Sample> = (0..hits).map(|_| random.sample(NOW, 3 * DAY)).collect();
    let mut parts = vec![Vec::new(); batches];
    for sample in &samples {
        parts[random.below(batches as u64) as usize].push(sample.clone());
    }
    let tasks: Vec<_> = parts
        .into_iter()
        .enumerate()
        .map(|(n, part)| {
            let metrics = metrics.clone();
            tokio::spawn(async move {
                count(&*metrics, client, &format!("b:{n}"), message(n as u128), &part).await;
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let numbers = numbers(&**metrics, client, &samples).await;
    assert_eq!(stored(&**metrics, client).await, rollups(client, &samples, |key| numbers[key]));
}

pub(crate) async fn usage_adds_up_by_day_and_field(metrics: Arc<dyn MetricsStore>) {
    let days = [(0, 2, "latencyMs"), (0, 3, "method"), (1, 5, "latencyMs"), (1, 7, "latencyMs"), (2, 11, "")];
    let (today, _) = today();
    for (n, (day, accepted, field)) in days.into_iter().enumerate() {
        let batch = claim(CLIENT, &format!("b:{n}"), message(1));
        let (_, mut completion) = prepare(&*metrics, &batch, &[]).await;
        let rejected = (!field.is_empty()).then(|| (field.to_owned(), accepted * 10)).into_iter().collect();
        completion.usage =
            vec![Usage { client: CLIENT, day: today + day * DAY, accepted, bytes: accepted * 100, rejected }];
        assert_eq!(metrics.complete(&completion).await.unwrap(), Completed::All);
    }
    let usage = |day: i64, accepted, rejected: &[(&str, u64)]| Usage {
        client: CLIENT,
        day: today + day * DAY,
        accepted,
        bytes: accepted * 100,
        rejected: rejected.iter().map(|(field, n)| ((*field).to_owned(), *n)).collect(),
    };
    let expected = [
        usage(0, 5, &[("latencyMs", 20), ("method", 30)]),
        usage(1, 12, &[("latencyMs", 120)]),
        usage(2, 11, &[]),
    ];
    assert_eq!(metrics.usage(&scope(), today, today + 3 * DAY).await.unwrap(), expected);
    assert_eq!(metrics.usage(&scope(), today + DAY, today + 2 * DAY).await.unwrap(), expected[1..2]);
}
