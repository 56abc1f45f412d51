//! A consumer that dies between any two steps, at any number of them, leaves the numbers right.

use crate::failing::{Fate, Fault};
use crate::house::{ALL, House, hit, hits};
use proptest::prelude::*;
use serde_json::json;
use std::sync::atomic::Ordering;
use tokio_util::sync::CancellationToken;

const BATCH: &str = "0123456789abcdef";

/// Lets a consumer run into its death, then drops it.
async fn run_until_death(house: &House, fault: &std::sync::Arc<Fault>) {
    let consumer = house.consumer(fault.over(&house.stores));
    let mut subscription = house.queue.subscribe().await.unwrap();
    let deliveries = subscription.receive(ALL).await.unwrap();
    let shutdown = CancellationToken::new();
    tokio::select! {
        () = fault.died.notified() => {}
        consumed = consumer.consume(&mut *subscription, deliveries, &shutdown) => panic!("it did not die: {consumed:?}"),
    }
    assert_eq!(fault.struck.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn every_hit_counts_once_wherever_the_consumer_dies() {
    for fate in [Fate::DieBefore, Fate::DieAfter] {
        for call in 0..3 {
            let house = House::new().await;
            house.publish(1, Some(BATCH), &hits(0..40)).await;
            house.publish(2, None, &hits(40..70)).await;
            // The same batch once more: a client that retried.
            house.publish(3, Some(BATCH), &hits(0..40)).await;
            run_until_death(&house, &Fault::new(fate, call, 1)).await;
            house.drain(&house.consumer(house.stores.clone())).await;
            house.expect(70).await;
        }
    }
}

#[tokio::test]
async fn an_ack_lost_in_a_crash_counts_nothing_twice() {
    let house = House::new().await;
    house.publish(1, Some(BATCH), &hits(0..10)).await;
    let consumer = house.consumer(house.stores.clone());
    for _ in 0..3 {
        // Delivered and counted; the subscription ends before the ack, as a crash would end it.
        let mut subscription = house.queue.subscribe().await.unwrap();
        let deliveries = subscription.receive(ALL).await.unwrap();
        let mut unheard = Unheard(subscription);
        consumer.consume(&mut unheard, deliveries, &CancellationToken::new()).await.unwrap_err();
        house.expect(10).await;
    }
    house.drain(&house.consumer(house.stores.clone())).await;
    house.expect(10).await;
}

/// A subscription whose acks never arrive.
struct Unheard(Box<dyn queue::Subscription>);

#[async_trait::async_trait]
impl queue::Subscription for Unheard {
    async fn receive(
        &mut self,
        limit: queue::ReceiveLimit,
    ) -> Result<Vec<queue::Delivery>, queue::QueueError> {
        self.0.receive(limit).await
    }
    async fn ack(&mut self, _: &[queue::DeliveryTag]) -> Result<(), queue::QueueError> {
        Err(queue::QueueError::Closed)
    }
    async fn bury(
        &mut self,
        tag: queue::DeliveryTag,
        burial: queue::Burial,
    ) -> Result<(), queue::QueueError> {
        self.0.bury(tag, burial).await
    }
}

#[tokio::test]
async fn the_first_content_under_an_id_wins() {
    let house = House::new().await;
    house.publish(1, Some(BATCH), &[hit(1)]).await;
    house.publish(2, Some(BATCH), &[hit(2), hit(3)]).await;
    let mut own_id = hit(4);
    own_id["eventId"] = json!("evt-4");
    house.publish(3, None, &[own_id.clone()]).await;
    own_id["statusCode"] = json!(500);
    house.publish(4, None, &[own_id, hit(5)]).await;
    house.drain(&house.consumer(house.stores.clone())).await;
    house.expect(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_side_by_side_count_each_batch_once() {
    let house = House::new().await;
    for message in 0..60u64 {
        let batch = format!("{BATCH}-{}", message % 20);
        house
            .publish(u128::from(message), Some(&batch), &hits(message % 20 * 10..message % 20 * 10 + 10))
            .await;
    }
    let shutdown = CancellationToken::new();
    let running: Vec<_> = (0..3)
        .map(|_| {
            let (consumer, shutdown) = (house.consumer(house.stores.clone()), shutdown.clone());
            tokio::spawn(async move { consumer.run(shutdown).await })
        })
        .collect();
    while house.queue.depth().await.unwrap().messages() > 0 {
        tokio::task::yield_now().await;
    }
    shutdown.cancel();
    for task in running {
        task.await.unwrap();
    }
    house.expect(200).await;
}

/// One consumer's life: which messages are there, and where it dies.
#[derive(Debug, Clone)]
struct Life {
    /// Batch numbers published before it starts; a number that comes again is a client's retry.
    batches: Vec<u64>,
    fate: Fate,
    call: usize,
}

fn lives() -> impl Strategy<Value = Vec<Life>> {
    let fate = prop::sample::select(vec![Fate::DieBefore, Fate::DieAfter]);
    let life = (prop::collection::vec(0..12u64, 1..6), fate, 0..3usize);
    prop::collection::vec(life.prop_map(|(batches, fate, call)| Life { batches, fate, call }), 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Any sequence of deaths and retries ends in the same numbers.
    #[test]
    fn any_sequence_of_deaths_ends_in_the_same_numbers(lives in lives()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let house = House::new().await;
            let mut message = 0;
            let mut distinct = std::collections::BTreeSet::new();
            for life in &lives {
                for batch in &life.batches {
                    message += 1;
                    distinct.insert(*batch);
                    house.publish(message, Some(&format!("{BATCH}-{batch}")), &hits(batch * 9..batch * 9 + 9)).await;
                }
                let fault = Fault::new(life.fate, life.call, 1);
                let consumer = house.consumer(fault.over(&house.stores));
                let mut subscription = house.queue.subscribe().await.unwrap();
                let deliveries = subscription.receive(ALL).await.unwrap();
                let shutdown = CancellationToken::new();
                // It may have nothing left to do for which it would have to call the store where it would die.
                tokio::select! {
                    () = fault.died.notified() => {}
                    consumed = consumer.consume(&mut *subscription, deliveries, &shutdown) => consumed.unwrap(),
                }
            }
            house.drain(&house.consumer(house.stores.clone())).await;
            house.expect(distinct.len() as u64 * 9).await;
        });
    }
}
