//! Fault 1: consumers are killed, many times, at random moments and between any two steps.

use crate::installation::Installation;
use crate::load::Load;
use std::time::Duration;

const KILLS: u32 = 8;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_consumer_is_killed_at_random_moments() {
    let mut installation = Installation::start(1, 2).await;
    let load = Load::start(&installation, 8);
    for kill in 0..KILLS {
        // By the work done, not by the clock; how far it goes differs from kill to kill.
        load.progress(150 + 97 * u64::from(kill % 3), Duration::from_secs(60)).await;
        let victim = &mut installation.consumers[kill as usize % 2];
        victim.kill().await;
        victim.restart().await;
    }
    let ledger = load.finish().await;
    installation.settle(&ledger).await;
}

/// Where a consumer can be told to die.
const BOUNDARIES: [&str; 4] = ["after_claim", "after_raw", "after_complete", "after_ack"];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_consumer_dies_between_any_two_steps() {
    let mut installation = Installation::start(1, 0).await;
    // Slowly: most of the time nobody counts, and what gathers has to be counted in the end.
    let load = Load::start_at_pace(&installation, 2, Duration::from_millis(50));
    for boundary in BOUNDARIES {
        for pass in [1, 3] {
            load.progress(100, Duration::from_secs(60)).await;
            // One group less one goes through; the next one kills.
            let setting = format!("consumer::{boundary}={}*off->1*return", pass - 1);
            installation.add_consumer(&[("FAILPOINTS", &setting), ("SENDRY_CONSUMER_LANES", "1")]).await;
            let victim = installation.consumers.last_mut().unwrap();
            victim.ended(Duration::from_secs(30)).await;
            installation.consumers.pop();
        }
    }
    installation.add_consumer(&[]).await;
    let ledger = load.finish().await;
    installation.settle(&ledger).await;
}
