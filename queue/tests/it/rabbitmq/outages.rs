//! A broker that is killed, hangs, is absent, refuses or is missing a queue; a consumer that is killed.

use super::{message, own_names, remove};
use crate::contract::{depth_becomes, soon, take};
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};
use queue::rabbitmq::{RabbitOptions, RabbitQueue};
use queue::{Message, Queue, QueueError, ReceiveLimit};
use std::collections::BTreeSet;
use std::future::Future;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use testbed::RabbitMq;

const ALL: ReceiveLimit = ReceiveLimit { messages: 1_000, bytes: usize::MAX };
const CONFIRM_TIMEOUT: Duration = Duration::from_secs(1);
/// What a busy machine may add to a time-out.
const SLACK: Duration = Duration::from_secs(2);
/// RabbitMQ writes the name of a new quorum queue down within a second of its making; killed before, it comes back with
/// an empty one that has no leader.
const SETTLED: Duration = Duration::from_secs(3);
/// What a call takes, at most, that does not wait for the broker.
const AT_ONCE: Duration = Duration::from_millis(500);

fn options(url: &str) -> RabbitOptions {
    RabbitOptions {
        confirm_timeout: CONFIRM_TIMEOUT,
        connect_timeout: Duration::from_secs(1),
        names: own_names(),
        ..RabbitOptions::new(url)
    }
}

/// Tries until it succeeds, within reason.
async fn eventually<T, Fut: Future<Output = Result<T, QueueError>>>(try_once: impl Fn() -> Fut) -> T {
    let start = Instant::now();
    loop {
        match try_once().await {
            Ok(done) => return done,
            Err(error) => assert!(start.elapsed() < Duration::from_secs(60), "not within a minute: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The error of a call that has to fail within a limit, and to be worth trying again.
async fn fails<T>(within: Duration, call: impl Future<Output = Result<T, QueueError>>) -> String {
    let start = Instant::now();
    let Err(error) = call.await else { panic!("it should have failed") };
    assert!(start.elapsed() <= within, "took {:?}: {error}", start.elapsed());
    assert!(error.is_retryable(), "{error}");
    error.to_string()
}

/// Waits until publishing fails at once: with words that hold `words`.
async fn fails_at_once(queue: &RabbitQueue, words: &str) {
    let start = Instant::now();
    loop {
        let before = Instant::now();
        let result = queue.publish(vec![message(0)]).await;
        if let Err(error) = &result
            && before.elapsed() < Duration::from_millis(50)
            && error.to_string().contains(words)
        {
            return;
        }
        assert!(start.elapsed() < Duration::from_secs(60), "still {result:?} after {:?}", before.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_dies_or_hangs() {
    let mut broker = RabbitMq::start().unwrap();
    what_was_confirmed_survives_a_kill(&mut broker).await;
    a_queue_opens_while_the_broker_is_down(&mut broker).await;
    a_frozen_broker_makes_nobody_wait(&broker).await;
}

async fn what_was_confirmed_survives_a_kill(broker: &mut RabbitMq) {
    let opened = Instant::now();
    let queue = RabbitQueue::open(options(&broker.url())).await.unwrap();
    queue.publish((0..5).map(message).collect()).await.unwrap();
    let mut early = queue.subscribe().await.unwrap();
    let held = take(&mut *early, 5).await;

    let confirmed: Arc<Mutex<BTreeSet<u128>>> = Arc::new(Mutex::new((0..5).collect()));
    let failed = Arc::new(AtomicU64::new(0));
    let stop = Arc::new(AtomicBool::new(false));
    let publishers: Vec<_> = (1..=4u128)
        .map(|publisher| {
            let (queue, confirmed) = (queue.clone(), Arc::clone(&confirmed));
            let (failed, stop) = (Arc::clone(&failed), Arc::clone(&stop));
            tokio::spawn(async move {
                let mut next = publisher << 32;
                while !stop.load(Ordering::Relaxed) {
                    let ids = next..next + 3;
                    next = ids.end;
                    let start = Instant::now();
                    let result = queue.publish(ids.clone().map(message).collect()).await;
                    assert!(start.elapsed() < CONFIRM_TIMEOUT + SLACK, "waited {:?}", start.elapsed());
                    if result.is_ok() {
                        confirmed.lock().unwrap().extend(ids);
                    } else {
                        failed.fetch_add(1, Ordering::Relaxed);
                        // Callers of a dead broker come at the pace of its time-outs.
                        tokio::time::sleep(Duration::from_millis(20)).await;
                    }
                }
            })
        })
        .collect();
    let grows_to = async |count: usize| {
        let start = Instant::now();
        while confirmed.lock().unwrap().len() < count {
            assert!(start.elapsed() < Duration::from_secs(60), "publishing does not go on");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    grows_to(200).await;
    while opened.elapsed() < SETTLED {
        let so_far = confirmed.lock().unwrap().len();
        grows_to(so_far + 1).await;
    }
    broker.kill();
    let told = fails(CONFIRM_TIMEOUT + SLACK, queue.publish(vec![message(u128::MAX)])).await;
    assert!(!told.contains("guest"), "{told}");
    assert!(soon(early.receive(ALL)).await.is_err_and(|error| error.is_retryable()));
    fails(AT_ONCE, early.ack(&[held[0].tag])).await;
    fails(AT_ONCE, queue.subscribe()).await;
    fails(AT_ONCE, queue.depth()).await;

    broker.restart().unwrap();
    let before = confirmed.lock().unwrap().len();
    grows_to(before + 100).await;
    stop.store(true, Ordering::Relaxed);
    for publisher in publishers {
        publisher.await.unwrap();
    }
    assert!(failed.load(Ordering::Relaxed) > 0, "the kill was noticed");

    // Neither an ack of before nor one to another subscription takes a message away.
    let mut late = eventually(|| queue.subscribe()).await;
    let mut missing = confirmed.lock().unwrap().clone();
    fails(AT_ONCE, early.ack(&[held[0].tag])).await;
    while !missing.is_empty() {
        let got = soon(late.receive(ALL)).await.unwrap();
        late.ack(&held.iter().map(|delivery| delivery.tag).collect::<Vec<_>>()).await.unwrap();
        late.ack(&got.iter().map(|delivery| delivery.tag).collect::<Vec<_>>()).await.unwrap();
        for delivery in got {
            assert_eq!(delivery.message, message(delivery.message.id.0));
            missing.remove(&delivery.message.id.0);
        }
    }
}

async fn a_queue_opens_while_the_broker_is_down(broker: &mut RabbitMq) {
    broker.kill();
    let start = Instant::now();
    let queue = RabbitQueue::open(options(&broker.url())).await.unwrap();
    assert!(start.elapsed() < Duration::from_secs(1) + SLACK);
    let told = fails(AT_ONCE, queue.ping()).await;
    assert!(told.contains(&format!("127.0.0.1:{}", broker.port())) && !told.contains("guest"), "{told}");
    fails(AT_ONCE, queue.publish(vec![message(1)])).await;
    broker.restart().unwrap();
    eventually(|| queue.ping()).await;
    queue.publish(vec![message(1)]).await.unwrap();
    // Reading has a connection of its own.
    eventually(|| queue.depth()).await;
    depth_becomes(&queue, 1, 0).await;
}

async fn a_frozen_broker_makes_nobody_wait(broker: &RabbitMq) {
    let queue = RabbitQueue::open(options(&broker.url())).await.unwrap();
    queue.publish(vec![message(1)]).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let got = take(&mut *subscription, 1).await;
    broker.freeze();
    for number in 2..4 {
        fails(CONFIRM_TIMEOUT + SLACK, queue.publish(vec![message(number)])).await;
    }
    let limit = Duration::from_secs(1) + SLACK;
    fails(limit, queue.ping()).await;
    fails(limit, queue.depth()).await;
    fails(limit, queue.subscribe()).await;
    fails(limit, queue.dead_letters(0, 10)).await;
    fails_at_once(&queue, "no connection").await;
    // Tries to connect hang too. Each has a thread of the driver's, and must take it along when it is given up.
    let most = (0..40).map(|_| async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let _ = queue.publish(vec![message(4)]).await;
        driver_threads()
    });
    let mut threads = 0;
    for count in most {
        threads = threads.max(count.await);
    }
    assert!(threads <= 9, "{threads} threads for three connections");
    broker.thaw();
    eventually(|| queue.publish(vec![message(5)])).await;
    // The one that was in hand comes again, and so does whatever the frozen broker had been sent.
    fails(limit, subscription.ack(&[got[0].tag])).await;
    let mut subscription = eventually(|| queue.subscribe()).await;
    let mut seen = BTreeSet::new();
    while !(seen.contains(&1) && seen.contains(&5)) {
        seen.extend(soon(subscription.receive(ALL)).await.unwrap().iter().map(|got| got.message.id.0));
    }
}

/// Threads that the AMQP driver runs in this process.
fn driver_threads() -> usize {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().flatten();
    tasks
        .filter(|task| {
            std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with("lapin-io"))
        })
        .count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_refuses() {
    let broker = RabbitMq::start().unwrap();
    an_alarm_blocks_publishers_and_nobody_waits(&broker).await;
    a_delivery_held_too_long_comes_back_by_a_new_subscription(&broker).await;
}

async fn an_alarm_blocks_publishers_and_nobody_waits(broker: &RabbitMq) {
    let queue = RabbitQueue::open(options(&broker.url())).await.unwrap();
    queue.publish(vec![message(1), message(2)]).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let got = take(&mut *subscription, 1).await;

    broker.control(&["set_disk_free_limit", "1000000GB"]).unwrap();
    fails(CONFIRM_TIMEOUT + SLACK, queue.publish(vec![message(3)])).await;
    fails_at_once(&queue, "short of memory or disk").await;
    fails(AT_ONCE, queue.ping()).await;
    // Reading goes on: it is what frees memory and disk.
    assert_eq!(take(&mut *subscription, 1).await[0].message.id.0, 2);
    subscription.ack(&[got[0].tag]).await.unwrap();
    queue.depth().await.unwrap();

    broker.control(&["set_disk_free_limit", "50MB"]).unwrap();
    eventually(|| queue.publish(vec![message(4)])).await;
    let mut seen = BTreeSet::new();
    while !seen.contains(&4) {
        seen.extend(soon(subscription.receive(ALL)).await.unwrap().iter().map(|got| got.message.id.0));
    }
}

async fn a_delivery_held_too_long_comes_back_by_a_new_subscription(broker: &RabbitMq) {
    let shorten = "application:set_env(rabbit, consumer_timeout, 1000), application:set_env(rabbit, channel_tick_interval, 500).";
    broker.control(&["eval", shorten]).unwrap();
    let queue = RabbitQueue::open(options(&broker.url())).await.unwrap();
    queue.publish(vec![message(1)]).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let held = take(&mut *subscription, 1).await;
    assert!(soon(subscription.receive(ALL)).await.is_err_and(|error| error.is_retryable()));
    fails(AT_ONCE, subscription.ack(&[held[0].tag])).await;
    let mut again = queue.subscribe().await.unwrap();
    let back = take(&mut *again, 1).await;
    assert_eq!((&back[0].message, back[0].redelivered), (&message(1), true));
    again.ack(&[back[0].tag]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_queue_takes_is_not_confirmed_and_the_queue_is_made_again() {
    let url = testbed::shared::amqp().unwrap();
    let options = options(&url);
    let names = options.names.clone();
    let queue = RabbitQueue::open(options).await.unwrap();
    queue.publish(vec![message(1)]).await.unwrap();

    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    channel.queue_delete(names.queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    let two: Vec<Message> = vec![message(2), message(3)];
    let told = fails(CONFIRM_TIMEOUT + SLACK, queue.publish(two)).await;
    assert!(told.contains("NO_ROUTE") && told.contains("message 0000"), "{told}");

    eventually(|| queue.publish(vec![message(4)])).await;
    eventually(|| queue.depth()).await;
    depth_becomes(&queue, 1, 0).await;
    remove(&url, &names).await;
}

/// The test runs itself as the process that is to be killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_consumer_loses_nothing() {
    const PREFIX: &str = "SENDRY_TEST_CONSUMER_PREFIX";
    let url = testbed::shared::amqp().unwrap();
    if let Ok(prefix) = std::env::var(PREFIX) {
        let names = queue::rabbitmq::Names::prefixed(&prefix);
        let queue = RabbitQueue::open(RabbitOptions { names, ..RabbitOptions::new(&url) }).await.unwrap();
        let mut subscription = queue.subscribe().await.unwrap();
        let got = take(&mut *subscription, 10).await;
        subscription.ack(&got[..3].iter().map(|got| got.tag).collect::<Vec<_>>()).await.unwrap();
        println!("holding");
        std::future::pending::<()>().await;
    }
    let options = options(&url);
    let names = options.names.clone();
    let queue = RabbitQueue::open(options).await.unwrap();
    queue.publish((0..10).map(message).collect()).await.unwrap();
    let mut consumer = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "rabbitmq::outages::a_killed_consumer_loses_nothing", "--nocapture"])
        .env(PREFIX, names.queue.trim_end_matches("api_hits"))
        .env(testbed::AMQP, &url)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(consumer.stdout.take().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line.contains("holding")));
    consumer.kill().unwrap();
    consumer.wait().unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let mut got = take(&mut *subscription, 7).await;
    got.sort_by_key(|delivery| delivery.message.id);
    assert!(got.iter().all(|delivery| delivery.redelivered));
    // The acks went before the kill, on the same wire.
    assert_eq!(got.iter().map(|got| got.message.id.0).collect::<Vec<_>>(), (3..10).collect::<Vec<_>>());
    remove(&url, &names).await;
}
