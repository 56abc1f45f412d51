//! Fault 6: messages that cannot be processed, among good ones.

use crate::hits::hit;
use crate::installation::{Installation, until};
use crate::load::Ledger;
use queue::Message;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use store::access::ClientScope;
use telemetry::envelope::MessageId;

const GOOD: u64 = 200;
const POISONOUS: u128 = 6;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn six_poison_messages_among_two_hundred_good_ones() {
    let mut installation = Installation::start(1, 0).await;
    let queue = installation.queue().await;
    let mut ledger = Ledger::default();
    for n in 1..=GOOD {
        if n.is_multiple_of(GOOD / POISONOUS as u64) && n / (GOOD / POISONOUS as u64) <= POISONOUS as u64 {
            let id = MessageId(u128::from(n));
            let body = format!("poison {n}").into_bytes();
            queue
                .publish(vec![Message { id, client: installation.client, accepted_at: 1, body }])
                .await
                .unwrap();
        }
        let reply = installation
            .http
            .post(installation.servers[0].url("/api/hit"))
            .header("x-api-key", &installation.key)
            .json(&hit(n, None))
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 202);
        ledger.hits.insert(n, true);
    }
    installation.add_consumer(&[]).await;
    let start = Instant::now();
    let stores = installation.stores().await;
    let scope = ClientScope::of_the_instance(installation.client);
    until("the good ones are through", Duration::from_secs(10), async || {
        stores.events.count(&scope).await.unwrap() == GOOD
    })
    .await;
    eprintln!("the good ones were through {:?} after the consumer was up", start.elapsed());
    until("the six are dead letters", Duration::from_secs(10), async || {
        queue.depth().await.unwrap().dead_letters == POISONOUS as u64
    })
    .await;

    let dead = queue.dead_letters(0, 100).await.unwrap();
    assert_eq!(dead.len(), POISONOUS as usize);
    for letter in &dead {
        assert_eq!(
            letter.message.body,
            format!("poison {}", letter.message.id.0).into_bytes(),
            "byte for byte"
        );
        assert!(letter.burial.cause.contains("envelope"), "{}", letter.burial.cause);
        assert!(letter.burial.attempts >= 1 && letter.burial.first_seen > 0);
    }
    let log = installation.consumers[0].log();
    assert!((POISONOUS as usize..100).contains(&log.len()), "{} lines:\n{}", log.len(), log.join("\n"));

    // Looked at and sent through again, they are dead letters again, and nothing is counted.
    let listed = installation.get("/api/ops/dead-letters").await;
    assert_eq!(listed["deadLetters"].as_array().map(Vec::len), Some(POISONOUS as usize), "{listed}");
    let replayed: Value = installation.post("/api/ops/dead-letters/replay", &json!({"all": true})).await;
    assert_eq!(replayed["replayed"], POISONOUS as u64);
    until("they are dead letters again", Duration::from_secs(20), async || {
        let depth = queue.depth().await.unwrap();
        depth.dead_letters == POISONOUS as u64 && depth.waiting == 0
    })
    .await;
    let found = installation.settle(&ledger).await;
    assert_eq!(found.times.len() as u64, GOOD);
}
