//! Fault 3: RabbitMQ is killed and away under load.

use crate::installation::{Installation, absent, until};
use crate::lengths::{CONFIRM, SLACK, cool_down, outage};
use crate::load::{Call, Load};
use reqwest::StatusCode;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_broker_is_killed_and_away() {
    let mut installation = Installation::start(1, 1).await;
    let load = Load::start(&installation, 8);
    load.progress(300, Duration::from_secs(60)).await;
    let killed = Instant::now();
    absent(&mut installation.engines.rabbitmq, outage()).await;
    let back = Instant::now();

    // The breaker lets a probe through within its cool-down; from then on clients have a few seconds to be served again.
    let patience = cool_down() + Duration::from_secs(5) + SLACK;
    load.progress(1, patience).await;
    load.progress(300, Duration::from_secs(60)).await;
    let ledger = load.finish().await;

    let during: Vec<&Call> = ledger.calls.iter().filter(|call| call.at > killed && call.at < back).collect();
    let refused: Vec<&&Call> =
        during.iter().filter(|call| call.status == Some(StatusCode::SERVICE_UNAVAILABLE)).collect();
    assert!(
        refused.len() > 20,
        "the outage was not felt: {} refusals in {} calls",
        refused.len(),
        during.len()
    );
    let longest = ledger.calls.iter().map(|call| call.took).max().unwrap();
    assert!(longest < CONFIRM + SLACK, "a client waited {longest:?}");
    // Most calls met an open breaker, and those do not wait for a time-out.
    let mut waits: Vec<Duration> = refused.iter().map(|call| call.took).collect();
    waits.sort_unstable();
    let median = waits[waits.len() / 2];
    assert!(median < CONFIRM / 4, "refusals took {median:?}");
    eprintln!("{} calls refused, median {median:?}, longest call {longest:?}", refused.len());
    installation.settle(&ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_breaker_is_open_its_state_is_visible() {
    let mut installation = Installation::start(1, 1).await;
    let load = Load::start(&installation, 4);
    load.progress(50, Duration::from_secs(60)).await;
    crate::installation::blocking(|| installation.engines.rabbitmq.kill());
    let ready = installation.servers[0].url("/readyz");
    until("readiness names the open breaker", Duration::from_secs(20), async || {
        let reply = reqwest::get(&ready).await.unwrap();
        reply.status() == StatusCode::SERVICE_UNAVAILABLE
            && reply.text().await.unwrap().contains(r#""breaker":"open""#)
    })
    .await;
    let metrics = reqwest::get(installation.servers[0].url("/metrics")).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("breaker"), "{metrics}");
    let pipeline = installation.get("/api/ops/pipeline").await;
    assert!(pipeline.to_string().contains("open"), "{pipeline}");
    crate::installation::blocking(|| installation.engines.rabbitmq.restart().unwrap());
    until("the server is ready again", cool_down() + Duration::from_secs(20), async || {
        reqwest::get(&ready).await.unwrap().status() == StatusCode::OK
    })
    .await;
    let ledger = load.finish().await;
    installation.settle(&ledger).await;
}
