//! Outages are waited out, poison is buried alone.

use crate::failing::{Fate, Fault, at};
use crate::house::{ALL, House, NOW, clock, hits};
use consumer::stats::Step;
use consumer::sweeper::{SweeperConfig, sweep};
use queue::ReceiveLimit;
use queue::breaker::BreakerState;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn an_outage_is_waited_out_with_nothing_lost_or_buried() {
    for fate in [Fate::Unavailable, Fate::AnswerLost] {
        for call in 0..3 {
            let house = House::new().await;
            house.publish(1, None, &hits(0..25)).await;
            house.publish(2, Some("0123456789abcdef"), &hits(25..50)).await;
            let fault = Fault::new(fate, call, 2);
            let consumer = house.consumer(fault.over(&house.stores));
            house.drain(&consumer).await;
            assert_eq!(fault.struck.load(Ordering::SeqCst), 2, "the outage did happen");
            let steps = [Step::Claim, Step::Raw, Step::Complete, Step::Ack];
            assert_eq!(steps.map(|step| consumer.stats().retries_of(step)).iter().sum::<u64>(), 2);
            assert_eq!(house.queue.depth().await.unwrap().dead_letters, 0);
            house.expect(50).await;
        }
    }
}

#[tokio::test]
async fn a_long_outage_opens_the_breaker_and_it_closes_again() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..5)).await;
    let fault = Fault::new(Fate::Unavailable, 0, 5);
    let consumer = house.consumer(fault.over(&house.stores));
    house.drain(&consumer).await;
    assert_eq!(fault.struck.load(Ordering::SeqCst), 5);
    // Open for its cool-down after the fifth error; the probe that succeeded leaves it half-open for the second.
    assert_eq!(consumer.breaker_state(), BreakerState::HalfOpen);
    house.expect(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_an_outage_lasts_a_lane_holds_what_it_has_and_says_so() {
    let house = House::new().await;
    for message in 1..=3 {
        house.publish(message, None, &hits(message as u64 * 5..message as u64 * 5 + 5)).await;
    }
    let fault = Fault::new(Fate::Unavailable, 0, usize::MAX);
    let one_at_a_time = ReceiveLimit { messages: 1, bytes: usize::MAX };
    let consumer = house.consumer_that(fault.over(&house.stores), |config| config.group = one_at_a_time);
    let shutdown = CancellationToken::new();
    let running = {
        let (consumer, shutdown) = (consumer.clone(), shutdown.clone());
        tokio::spawn(async move { consumer.run(shutdown).await })
    };
    // Until the breaker has opened.
    let opened = async {
        while consumer.breaker_state() != BreakerState::Open || !consumer.is_paused() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), opened).await.unwrap();
    assert_eq!(house.queue.depth().await.unwrap().leased, Some(1), "it holds one and takes no more");
    assert_eq!(consumer.stats().in_hand.get(), 1);

    // Told to stop meanwhile, it gives the message back at once.
    shutdown.cancel();
    tokio::time::timeout(Duration::from_secs(20), running).await.unwrap().unwrap();
    assert_eq!(house.queue.depth().await.unwrap().leased, Some(0));
    assert_eq!((consumer.stats().in_hand.get(), consumer.is_paused()), (0, false));
    house.drain(&house.consumer(house.stores.clone())).await;
    house.expect(15).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_that_outlasts_its_patience_gives_the_messages_back_until_it_is_over() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..10)).await;
    let fault = Fault::new(Fate::Unavailable, 0, 3);
    let consumer = house.consumer_that(fault.over(&house.stores), |config| config.hold = Duration::ZERO);
    // Given back after each failure; the next subscription brings it again.
    for _ in 0..3 {
        let mut subscription = house.queue.subscribe().await.unwrap();
        let deliveries = subscription.receive(ALL).await.unwrap();
        consumer.consume(&mut *subscription, deliveries, &CancellationToken::new()).await.unwrap();
        assert_eq!(house.queue.depth().await.unwrap().messages(), 1);
    }
    house.drain(&consumer).await;
    house.expect(10).await;
}

#[tokio::test]
async fn a_fault_in_counting_is_poison_and_takes_no_lane_with_it() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..5)).await;
    house.drain(&house.consumer(Fault::new(Fate::Panic, 0, usize::MAX).over(&house.stores))).await;
    let dead = house.queue.dead_letters(0, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].burial.attempts, &*dead[0].burial.cause), (3, "counting panicked"));
    assert_eq!(house.queue.replay(None).await.unwrap(), 1);
    house.drain(&house.consumer(house.stores.clone())).await;
    house.expect(5).await;
}

#[tokio::test]
async fn bytes_that_are_no_envelope_are_buried_and_the_others_are_counted() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..10)).await;
    house.publish_bytes(2, b"not an envelope".to_vec()).await;
    house.publish(3, None, &hits(10..20)).await;
    house.drain(&house.consumer(house.stores.clone())).await;
    house.expect(20).await;
    let dead = house.queue.dead_letters(0, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!(dead[0].message.body, b"not an envelope");
    assert_eq!(dead[0].burial.attempts, 1);
    assert!(dead[0].burial.cause.contains("not an envelope"), "{}", dead[0].burial.cause);
    assert_eq!(dead[0].burial.first_seen, NOW * 1_000);
}

#[tokio::test]
async fn a_store_that_refuses_gets_every_message_buried_alone_and_replay_counts_it() {
    let house = House::new().await;
    for message in 1..=4 {
        house.publish(message, None, &hits(message as u64 * 5..message as u64 * 5 + 5)).await;
    }
    let fault = Fault::new(Fate::Refuse, 0, usize::MAX);
    house.drain(&house.consumer(fault.over(&house.stores))).await;
    let dead = house.queue.dead_letters(0, 10).await.unwrap();
    assert_eq!(dead.len(), 4);
    assert!(dead.iter().all(|dead| dead.burial.attempts == 3 && dead.burial.cause.contains("refused")));

    assert_eq!(house.queue.replay(None).await.unwrap(), 4);
    house.drain(&house.consumer(house.stores.clone())).await;
    house.expect(20).await;
}

#[tokio::test]
async fn replaying_what_was_counted_already_counts_nothing() {
    let house = House::new().await;
    house.publish(1, Some("0123456789abcdef"), &hits(0..10)).await;
    house.drain(&house.consumer(house.stores.clone())).await;
    // The same message again, as a replay brings it: with a consumer that remembers it, and with one that does not.
    let remembering = house.consumer(house.stores.clone());
    for _ in 0..2 {
        house.publish(1, Some("0123456789abcdef"), &hits(0..10)).await;
        house.drain(&remembering).await;
    }
    house.expect(10).await;
}

#[tokio::test]
async fn what_has_outlived_its_retention_is_swept_and_the_rest_stays() {
    let house = House::new().await;
    house.publish(1, None, &hits(0..30)).await;
    house.drain(&house.consumer(house.stores.clone())).await;
    let config = SweeperConfig { chunk: 7, ..SweeperConfig::default() };
    assert_eq!(sweep(&house.stores, &*house.queue, &config, &clock()).await.unwrap(), 0);
    house.expect(30).await;

    let later: telemetry::time::Clock = Arc::new(|| at(NOW + 40 * 86_400));
    assert!(sweep(&house.stores, &*house.queue, &config, &later).await.unwrap() > 0);
    let found = house.reconcile().await;
    assert_eq!((found.raw, found.counted), (0, 0), "raw events and minutes are gone");
    assert!(found.different > 0, "hours and days are kept");
}
