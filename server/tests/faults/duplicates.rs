//! Fault 7: the same again, in another order, by another way.

use crate::hits::hit;
use crate::installation::{Installation, until};
use crate::load::{Ledger, Load};
use jiff::Timestamp;
use queue::{Burial, Delivery, Message, ReceiveLimit, Subscription};
use serde_json::{Value, json};
use std::time::Duration;
use store::access::ClientScope;
use telemetry::envelope::MessageId;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_batch_id_sent_to_two_servers_with_two_contents() {
    let installation = Installation::start(2, 2).await;
    let mut ledger = Ledger::default();
    for round in 0..5_u64 {
        let first = 1 + round * 20;
        let body = |n: u64| json!((n..n + 10).map(|n| hit(n, None)).collect::<Vec<Value>>());
        let id = format!("two-contents-number-{round}");
        // Without timestamps, each server dates them by itself: the contents differ even where the bytes do not.
        for (server, body) in [(0, body(first)), (1, body(first)), (1, body(first + 10)), (0, body(first))] {
            let reply = installation
                .http
                .post(installation.servers[server].url("/api/hits"))
                .header("x-api-key", &installation.key)
                .header("idempotency-key", &id)
                .json(&body)
                .send()
                .await
                .unwrap();
            assert_eq!(reply.status(), 202);
            if server == 0 {
                // Seconds apart, which is what is tested.
                tokio::time::sleep(Duration::from_millis(700)).await;
            }
        }
        ledger.hits.extend((first..first + 10).map(|n| (n, true)));
        ledger.hits.extend((first + 10..first + 20).map(|n| (n, false)));
    }
    let found = installation.settle(&ledger).await;
    assert_eq!(found.times.len(), 50, "the first content counted, the others did not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn deliveries_come_twice_and_in_another_order() {
    let mut installation = Installation::start(1, 0).await;
    let load = Load::start(&installation, 6);
    load.progress(2_000, Duration::from_secs(120)).await;
    let ledger = load.finish().await;

    // Everything that waits is published once more, backwards, under its own message ids.
    let queue = installation.queue().await;
    let mut subscription = queue.subscribe().await.unwrap();
    let mut messages: Vec<Message> = Vec::new();
    while let Some(deliveries) = next(&mut *subscription).await {
        let tags: Vec<_> = deliveries.iter().map(|delivery| delivery.tag).collect();
        messages.extend(deliveries.into_iter().map(|delivery| delivery.message));
        subscription.ack(&tags).await.unwrap();
    }
    drop(subscription);
    assert!(messages.len() > 10, "only {} messages", messages.len());
    messages.reverse();
    for portion in messages.chunks(50) {
        queue.publish(portion.to_vec()).await.unwrap();
    }
    messages.reverse();
    for portion in messages.chunks(50) {
        queue.publish(portion.to_vec()).await.unwrap();
    }
    installation.add_consumer(&[]).await;
    installation.add_consumer(&[]).await;
    installation.settle(&ledger).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_dead_letter_replayed_twice_counts_once() {
    let mut installation = Installation::start(1, 0).await;
    let load = Load::start(&installation, 4);
    load.progress(300, Duration::from_secs(60)).await;
    let ledger = load.finish().await;
    let queue = installation.queue().await;

    // Good messages end as dead letters, as they would after a defect of ours.
    let mut subscription = queue.subscribe().await.unwrap();
    let mut buried: Vec<Message> = Vec::new();
    while let Some(deliveries) = next(&mut *subscription).await {
        for delivery in deliveries {
            let now = Timestamp::now().as_millisecond();
            let burial = Burial { cause: "a defect".into(), attempts: 3, first_seen: now, buried_at: now };
            subscription.bury(delivery.tag, burial).await.unwrap();
            buried.push(delivery.message);
        }
    }
    drop(subscription);
    let ids: Vec<String> = buried.iter().map(|message| message.id.to_string()).collect();
    installation.add_consumer(&[]).await;
    let replayed = installation.post("/api/ops/dead-letters/replay", &json!({"ids": ids})).await;
    assert_eq!(replayed["replayed"], ids.len());
    let stores = installation.stores().await;
    let scope = ClientScope::of_the_instance(installation.client);
    until("they are stored", Duration::from_secs(60), async || {
        stores.events.count(&scope).await.unwrap() >= 300
    })
    .await;
    // The second replay, as when the first one's answer was lost.
    queue.publish(buried).await.unwrap();
    let again = installation.post("/api/ops/dead-letters/replay", &json!({"ids": ids})).await;
    assert_eq!(again["replayed"], 0, "they are in the queue, not among the dead");
    // And one that nobody knows.
    let unknown = MessageId(7).to_string();
    assert_eq!(
        installation.post("/api/ops/dead-letters/replay", &json!({"ids": [unknown]})).await["replayed"],
        0
    );
    installation.settle(&ledger).await;
}

/// The next deliveries; `None` when none has come for a while, as a broker's own count of them lags behind.
async fn next(subscription: &mut dyn Subscription) -> Option<Vec<Delivery>> {
    let limit = ReceiveLimit { messages: 100, bytes: usize::MAX };
    let received = tokio::time::timeout(Duration::from_secs(3), subscription.receive(limit)).await;
    received.ok().map(Result::unwrap)
}
