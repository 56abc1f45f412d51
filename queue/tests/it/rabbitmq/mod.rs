//! The queue on RabbitMQ: the contract; what a broker that goes away may not do ([`outages`]); what others put into our
//! queues ([`strangers`]).

mod outages;
mod strangers;

use crate::contract;
use lapin::options::{ExchangeDeleteOptions, QueueDeleteOptions};
use lapin::{Connection, ConnectionProperties};
use queue::rabbitmq::{Names, RabbitOptions, RabbitQueue};
use queue::{Burial, Message, Queue};
use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;

/// Names that no other test has.
fn own_names() -> Names {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    Names::prefixed(&format!("test-{}-{number}.", std::process::id()))
}

fn message(number: u128) -> Message {
    Message {
        id: MessageId(number),
        client: ClientId(7),
        accepted_at: number as i64,
        body: format!("body of {number}").into_bytes(),
    }
}

/// Takes everything of these names from a shared broker.
async fn remove(url: &str, names: &Names) {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    for queue in [&names.queue, &names.dead_letter_queue] {
        channel.queue_delete(queue.as_str().into(), QueueDeleteOptions::default()).await.unwrap();
    }
    for exchange in [&names.exchange, &names.dead_letter_exchange] {
        channel.exchange_delete(exchange.as_str().into(), ExchangeDeleteOptions::default()).await.unwrap();
    }
    connection.close(200, "OK".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_the_contract() {
    let url = testbed::shared::amqp().unwrap();
    let opened = RefCell::new(Vec::new());
    contract::every_queue(|| {
        let names = own_names();
        opened.borrow_mut().push(names.clone());
        let options = RabbitOptions { names, ..RabbitOptions::new(&url) };
        async { Arc::new(RabbitQueue::open(options).await.unwrap()) as Arc<dyn Queue> }
    })
    .await;
    for names in opened.take() {
        remove(&url, &names).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_finds_every_letter_while_another_process_looks_at_them() {
    const LETTERS: u128 = 40;
    let url = testbed::shared::amqp().unwrap();
    let names = own_names();
    let open = || RabbitQueue::open(RabbitOptions { names: names.clone(), ..RabbitOptions::new(&url) });
    let (queue, other) = (open().await.unwrap(), open().await.unwrap());
    queue.publish((0..LETTERS).map(message).collect()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    for delivery in contract::take(&mut *subscription, LETTERS as usize).await {
        let burial = Burial { cause: "a defect".into(), attempts: 1, first_seen: 2, buried_at: 3 };
        subscription.bury(delivery.tag, burial).await.unwrap();
    }
    drop(subscription);
    let looking = tokio::spawn(async move {
        loop {
            other.prune_dead_letters(0).await.unwrap();
            // The turn has no line to stand in: whoever never rests would always have it.
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    });
    for round in 0..5 {
        assert_eq!(queue.dead_letters(0, 100).await.unwrap().len(), LETTERS as usize, "round {round}");
    }
    assert_eq!(queue.replay(None).await.unwrap(), LETTERS as u64);
    looking.abort();
    remove(&url, &names).await;
}
