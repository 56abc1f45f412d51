//! Fault 5: three consumers are told to stop while they drain.

use crate::installation::Installation;
use crate::load::Load;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn three_consumers_are_told_to_stop_during_a_drain() {
    let mut installation = Installation::start(1, 0).await;
    let load = Load::start(&installation, 8);
    load.progress(6_000, Duration::from_secs(120)).await;
    for _ in 0..3 {
        // Small groups, so that there is something left when they are told.
        installation.add_consumer(&[("SENDRY_PREFETCH", "5"), ("SENDRY_CONSUMER_LANES", "1")]).await;
    }
    for consumer in &mut installation.consumers {
        consumer.terminate(Duration::from_secs(20)).await;
    }
    let waiting = installation.queue().await.depth().await.unwrap().waiting;
    assert!(waiting > 0, "they were through before they were told");
    load.progress(50, Duration::from_secs(60)).await;
    for consumer in &mut installation.consumers {
        consumer.restart().await;
    }
    let ledger = load.finish().await;
    installation.settle(&ledger).await;
}
