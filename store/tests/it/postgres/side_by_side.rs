//! Several processes on one database: each a pool of its own, all counting the same clients.

use super::OwnDatabase;
use crate::contract::metrics::{numbers, stored};
use crate::samples::{NOW, Random, Sample, claim, message, rollups};
use sqlx::{Connection as _, PgConnection};
use std::collections::BTreeMap;
use std::sync::Arc;
use store::metrics::{
    Aggregate, BatchClaim, Claimed, Completed, Completion, MetricsRetention, RollupKey, SeriesId, SeriesKey,
    Usage,
};
use store::postgres::{PostgresDatabase, PostgresOptions};
use store::{MetricsStore, StoreError};
use telemetry::report::ClientId;
use telemetry::time::{DAY, MINUTE, Resolution};

/// A batch and its hits.
pub(super) type Batch = (BatchClaim, Vec<Sample>);

/// Counts a group of batches of one message, as a consumer does: what is done already is left out.
pub(super) async fn count_group(metrics: &dyn MetricsStore, group: &[Batch]) -> Result<(), StoreError> {
    let mut keys: Vec<SeriesKey> =
        group.iter().flat_map(|(batch, hits)| hits.iter().flat_map(|hit| hit.series(batch.client))).collect();
    keys.sort_unstable();
    keys.dedup();
    let batches: Vec<BatchClaim> = group.iter().map(|(batch, _)| batch.clone()).collect();
    let claims = metrics.claim(&batches, &keys, NOW).await?;
    let numbers: BTreeMap<&SeriesKey, SeriesId> = keys.iter().zip(claims.series).collect();
    let mut completion = Completion::default();
    for ((batch, hits), claimed) in group.iter().zip(claims.claimed) {
        match claimed {
            Claimed::Mine => {}
            Claimed::Done => continue,
            other => panic!("{batch:?} is {other:?}"),
        }
        for (key, row) in rollups(batch.client, hits, |key| numbers[key]) {
            completion.rollups.entry(key).or_default().merge(&row);
        }
        completion.usage.push(Usage {
            client: batch.client,
            day: Resolution::Day.floor(NOW),
            accepted: hits.len() as u64,
            bytes: 1,
            rejected: [("method".to_owned(), 1)].into(),
        });
        completion.batches.push(batch.clone());
    }
    if completion.batches.is_empty() {
        return Ok(());
    }
    match metrics.complete(&completion).await? {
        Completed::All => Ok(()),
        Completed::SomeWereDone(_) => panic!("nobody else counts for this message"),
    }
}

/// The hits of some clients, divided into groups of three batches; every group touches the same few rows.
pub(super) fn groups(seed: u64, groups: u64, clients: &[ClientId]) -> Vec<Vec<Batch>> {
    let mut random = Random::new(seed);
    (0..groups)
        .map(|group| {
            let batch = |n| {
                let client = *random.of(clients);
                let hits = (0..1 + random.below(8)).map(|_| random.sample(NOW, 3 * MINUTE)).collect();
                (
                    claim(client, &format!("b:{seed}-{group}-{n}"), message(u128::from(seed << 32 | group))),
                    hits,
                )
            };
            (0..3).map(batch).collect()
        })
        .collect()
}

/// That the rollups are a direct group-by of these hits.
pub(super) async fn assert_exact(metrics: &dyn MetricsStore, groups: &[Vec<Batch>], clients: &[ClientId]) {
    for &client in clients {
        let hits: Vec<Sample> = groups
            .iter()
            .flatten()
            .filter(|(batch, _)| batch.client == client)
            .flat_map(|(_, hits)| hits.clone())
            .collect();
        let numbers = numbers(metrics, client, &hits).await;
        let expected: BTreeMap<RollupKey, Aggregate> = rollups(client, &hits, |key| numbers[key]);
        assert_eq!(stored(metrics, client).await, expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_that_count_the_same_rows_never_deadlock() {
    const CLIENTS: [ClientId; 3] = [ClientId(1), ClientId(2), ClientId(3)];
    let database = OwnDatabase::create().await;
    let mut counting = Vec::new();
    let mut all = Vec::new();
    for process in 0..4 {
        let options = PostgresOptions { max_connections: 4, ..PostgresOptions::new(database.url()) };
        let store = Arc::new(PostgresDatabase::open(options).await.unwrap());
        for lane in 0..4 {
            let groups = groups(process * 10 + lane, 8, &CLIENTS);
            all.extend(groups.clone());
            let store = store.clone();
            counting.push(tokio::spawn(async move {
                for group in &groups {
                    count_group(&*store, group).await.unwrap();
                }
            }));
        }
        // Someone prunes all the while, though nothing is old.
        counting.push(tokio::spawn(async move {
            let retention = MetricsRetention { minutes: DAY, ..MetricsRetention::default() };
            for _ in 0..10 {
                assert_eq!(store.prune(&retention, NOW, 100).await.unwrap(), 0);
            }
        }));
    }
    for counting in counting {
        counting.await.unwrap();
    }
    let store = PostgresDatabase::open(PostgresOptions::new(database.url())).await.unwrap();
    assert_exact(&store, &all, &CLIENTS).await;
    let usage = async |client| {
        let scope = store::access::ClientScope::of_the_instance(client);
        let day = Resolution::Day.floor(NOW);
        store
            .usage(&scope, day, day + DAY)
            .await
            .unwrap()
            .iter()
            .map(|usage| usage.rejected["method"])
            .sum::<u64>()
    };
    assert_eq!(
        usage(CLIENTS[0]).await + usage(CLIENTS[1]).await + usage(CLIENTS[2]).await,
        all.len() as u64 * 3
    );

    let mut server = PgConnection::connect(&database.server).await.unwrap();
    let deadlocks: i64 = sqlx::query_scalar("SELECT deadlocks FROM pg_stat_database WHERE datname = $1")
        .bind(&database.name)
        .fetch_one(&mut server)
        .await
        .unwrap();
    assert_eq!(deadlocks, 0);
}
