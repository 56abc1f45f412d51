//! Fault 2: servers are killed under load, while clients repeat what was not acknowledged.

use crate::installation::Installation;
use crate::load::Load;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_are_killed_under_load() {
    let mut installation = Installation::start(2, 1).await;
    // Quick enough that a kill always finds calls under way.
    let load = Load::start_at_pace(&installation, 12, Duration::from_millis(5));
    for kill in 0..6 {
        load.progress(300, Duration::from_secs(60)).await;
        let victim = &mut installation.servers[kill % 2];
        victim.kill().await;
        victim.restart().await;
    }
    load.progress(100, Duration::from_secs(60)).await;
    let ledger = load.finish().await;
    assert!(ledger.calls.iter().any(|call| call.status.is_none()), "no client felt a kill");
    installation.settle(&ledger).await;
}
