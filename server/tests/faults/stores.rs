//! Fault 4: the stores are killed, away, frozen, one after the other and together; hits go on being taken.

use crate::installation::{Installation, absent, blocking};
use crate::lengths::{CONFIRM, KEY_LIFETIME, outage};
use crate::load::{Call, Ledger, Load};
use reqwest::StatusCode;
use std::time::{Duration, Instant};

/// While stores are away, the queue takes what comes: nobody is refused, but where the busy machine itself keeps a confirm
/// waiting for longer than it may.
fn nobody_was_refused(ledger: &Ledger, since: Instant) {
    let confirm_was_late = |call: &Call| call.refusal.starts_with("the queue") && call.took >= CONFIRM;
    let refused: Vec<&Call> = ledger
        .calls
        .iter()
        .filter(|call| call.at > since && call.status != Some(StatusCode::ACCEPTED))
        .filter(|call| !confirm_was_late(call))
        .collect();
    assert!(refused.is_empty(), "ingest does not depend on the stores: {refused:#?}");
}

/// The fault must have been felt by the consumer, and told in few words.
fn the_consumer_felt_it(installation: &Installation) {
    let log = installation.consumers[0].log();
    let told = log.iter().filter(|line| line.contains("stores do not take hits")).count();
    assert!(told > 0, "the consumer did not notice:\n{}", log.join("\n"));
    assert!(log.len() < 200, "the consumer wrote {} lines", log.len());
}

/// Takes hits while `away` keeps stores from answering and brings them back; then everything taken must be counted.
async fn hits_are_taken_while(away: impl AsyncFnOnce(&mut Installation)) {
    let mut installation = Installation::start(1, 1).await;
    let load = Load::start(&installation, 6);
    load.progress(200, Duration::from_secs(60)).await;
    let since = Instant::now();
    away(&mut installation).await;
    load.progress(100, Duration::from_secs(60)).await;
    let ledger = load.finish().await;
    nobody_was_refused(&ledger, since);
    the_consumer_felt_it(&installation);
    installation.settle(&ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_is_killed_and_away() {
    // Long enough that what the server knows of the key has run out.
    let time = outage().max(KEY_LIFETIME + Duration::from_secs(2));
    hits_are_taken_while(async |it| absent(&mut it.engines.postgres, time).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mongodb_is_killed_and_away() {
    hits_are_taken_while(async |it| absent(&mut it.engines.mongodb, outage()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn mongodb_is_frozen() {
    hits_are_taken_while(async |it| {
        it.engines.mongodb.freeze();
        // The outage itself, not a wait for something.
        tokio::time::sleep(outage()).await;
        it.engines.mongodb.thaw();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn both_stores_are_away_at_once() {
    hits_are_taken_while(async |it| {
        blocking(|| it.engines.postgres.kill());
        absent(&mut it.engines.mongodb, outage()).await;
        blocking(|| it.engines.postgres.restart().unwrap());
    })
    .await;
}
