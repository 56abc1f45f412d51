//! A PostgreSQL that is killed, absent or frozen: calls are `Unavailable` in time, and nothing is lost or counted twice.

use super::OwnDatabase;
use super::side_by_side::{Batch, assert_exact, count_group, groups};
use crate::samples::{NOW, claim, message};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use store::MetricsStore;
use store::metrics::{Claimed, Completion};
use store::postgres::{PostgresDatabase, PostgresOptions};
use telemetry::report::ClientId;
use testbed::Postgres;
use tokio::task::block_in_place;

const CLIENTS: [ClientId; 2] = [ClientId(1), ClientId(2)];

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

fn options(postgres: &Postgres) -> PostgresOptions {
    PostgresOptions {
        connect_timeout: Duration::from_secs(1),
        call_timeout: Duration::from_secs(3),
        max_connections: 4,
        ..PostgresOptions::new(postgres.url("postgres"))
    }
}

/// Tries until it succeeds; whatever fails meanwhile must be an outage.
async fn until_it_answers(store: &PostgresDatabase) {
    let start = Instant::now();
    while let Err(error) = store.ping().await {
        assert!(error.is_retryable() && start.elapsed() < PATIENCE, "{error:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_of_completions_it_has_counted_each_batch_once() {
    let mut postgres = block_in_place(Postgres::start).unwrap();
    let store = Arc::new(PostgresDatabase::open(options(&postgres)).await.unwrap());
    let counted = Arc::new(AtomicUsize::new(0));
    let failed = Arc::new(AtomicUsize::new(0));
    let mut all: Vec<Vec<Batch>> = Vec::new();
    let mut counting = Vec::new();
    for lane in 0..4 {
        let groups = groups(lane, 60, &CLIENTS);
        all.extend(groups.clone());
        let (store, counted, failed) = (store.clone(), counted.clone(), failed.clone());
        counting.push(tokio::spawn(async move {
            for group in &groups {
                // Again from the claim, as a consumer does after an outage.
                while let Err(error) = count_group(&*store, group).await {
                    assert!(error.is_retryable(), "{error:?}");
                    failed.fetch_add(1, Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                counted.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for kill in 1..=3 {
        let start = Instant::now();
        while counted.load(Ordering::Relaxed) < kill * 50 {
            assert!(start.elapsed() < PATIENCE);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        block_in_place(|| postgres.kill());
        block_in_place(|| postgres.restart()).unwrap();
    }
    for counting in counting {
        counting.await.unwrap();
    }
    assert!(failed.load(Ordering::Relaxed) > 0, "the kills came in between");
    until_it_answers(&store).await;
    assert_exact(&*store, &all, &CLIENTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_may_start_before_the_database_and_outlast_its_freezing() {
    let mut postgres = block_in_place(Postgres::start).unwrap();
    block_in_place(|| postgres.kill());
    let store = PostgresDatabase::open(options(&postgres)).await.unwrap();
    assert!(store.ping().await.is_err_and(|error| error.is_retryable()));
    block_in_place(|| postgres.restart()).unwrap();
    until_it_answers(&store).await;

    let groups = groups(1, 8, &CLIENTS);
    let (before, during) = groups.split_at(4);
    for group in before {
        count_group(&store, group).await.unwrap();
    }
    postgres.freeze();
    for group in during {
        let start = Instant::now();
        assert!(count_group(&store, group).await.is_err_and(|error| error.is_retryable()));
        assert!(start.elapsed() < Duration::from_secs(6), "no call outlasts its time-outs by much");
    }
    postgres.thaw();
    until_it_answers(&store).await;
    for group in during {
        count_group(&store, group).await.unwrap();
    }
    assert_exact(&store, &groups, &CLIENTS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abandoned_call_leaves_no_transaction_to_the_next_one() {
    let database = OwnDatabase::create().await;
    let options =
        || PostgresOptions { call_timeout: Duration::from_secs(3), ..PostgresOptions::new(database.url()) };
    let store = PostgresDatabase::open(PostgresOptions { max_connections: 1, ..options() }).await.unwrap();
    let witness = PostgresDatabase::open(options()).await.unwrap();
    let unknown =
        Completion { batches: vec![claim(CLIENTS[0], "b:unknown", message(1))], ..Completion::default() };
    for n in 0..150 {
        let _ = tokio::time::timeout(Duration::from_micros(n * 10), store.complete(&unknown)).await;
        let batch = format!("b:{n}");
        let claimed = store.claim(&[claim(CLIENTS[0], &batch, message(1))], &[], NOW).await.unwrap().claimed;
        assert_eq!(claimed, [Claimed::Mine]);
        // What was acknowledged is there for everybody.
        let claimed =
            witness.claim(&[claim(CLIENTS[0], &batch, message(2))], &[], NOW).await.unwrap().claimed;
        assert_eq!(claimed, [Claimed::Foreign]);
    }
}
