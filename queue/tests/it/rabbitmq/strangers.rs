//! Messages that are not as ours: from another publisher, without properties, or dead-lettered by the broker itself.

use super::{message, own_names, remove};
use crate::contract::{depth_becomes, take};
use lapin::options::{BasicGetOptions, BasicPublishOptions, BasicRejectOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties};
use queue::rabbitmq::{Names, RabbitOptions, RabbitQueue};
use queue::{Burial, Message, Queue};
use std::sync::Arc;
use telemetry::envelope::{self, MessageId};
use telemetry::report::ClientId;

async fn opened() -> (String, Names, RabbitQueue, Connection, Channel) {
    let url = testbed::shared::amqp().unwrap();
    let names = own_names();
    let options = RabbitOptions { names: names.clone(), ..RabbitOptions::new(&url) };
    let queue = RabbitQueue::open(options).await.unwrap();
    let connection = Connection::connect(&url, ConnectionProperties::default()).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    (url, names, queue, connection, channel)
}

async fn publish(channel: &Channel, exchange: &str, body: &[u8], properties: BasicProperties) {
    let options = BasicPublishOptions::default();
    let sent = channel.basic_publish(exchange.into(), "hits.whoever".into(), options, body, properties).await;
    sent.unwrap().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_are_delivered_with_what_can_be_known_and_can_be_buried_found_and_replayed() {
    let (url, names, queue, _connection, channel) = opened().await;
    let mut odd = FieldTable::default();
    odd.insert("sendry-client".into(), AMQPValue::LongString("no number".into()));
    odd.insert("sendry-accepted-at".into(), AMQPValue::Boolean(true));
    let odd = BasicProperties::default().with_message_id("not hexadecimal".into()).with_headers(odd);
    publish(&channel, &names.exchange, b"", BasicProperties::default()).await;
    publish(&channel, &names.exchange, b"hello", odd).await;
    let mut envelope = Vec::new();
    envelope::begin(MessageId(9), ClientId(4), 77, &mut envelope);
    publish(&channel, &names.exchange, &envelope, BasicProperties::default()).await;

    let mut subscription = queue.subscribe().await.unwrap();
    let got = take(&mut *subscription, 3).await;
    let bodies: Vec<&[u8]> = got.iter().map(|got| &got.message.body[..]).collect();
    assert_eq!(bodies, [b"", &b"hello"[..], &envelope[..]]);
    assert_ne!(got[0].message.id, got[1].message.id);
    let told = Message { id: MessageId(9), client: ClientId(4), accepted_at: 77, body: envelope };
    assert_eq!(got[2].message, told, "an envelope says itself what it is");

    // As long as it may be, and with letters of several bytes at the place where it is cut.
    let cause = "ä€".repeat(20_000);
    for delivery in &got {
        let burial = Burial { cause: cause.clone(), attempts: 1, first_seen: 2, buried_at: 3 };
        subscription.bury(delivery.tag, burial).await.unwrap();
    }
    let letters = queue.dead_letters(0, 10).await.unwrap();
    assert_eq!(letters.len(), 3);
    assert!(got.iter().all(|got| letters.iter().any(|letter| letter.message == got.message)));
    assert!(
        letters.iter().all(|letter| letter.burial.buried_at == 3 && cause.starts_with(&letter.burial.cause))
    );
    let id = letters[1].message.id;
    assert_eq!(queue.dead_letter(id).await.unwrap().as_ref(), Some(&letters[1]));
    assert_eq!(queue.replay(Some(&[id])).await.unwrap(), 1);
    assert_eq!(take(&mut *subscription, 1).await[0].message, letters[1].message);
    remove(&url, &names).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_broker_dead_letters_is_listed_with_the_cause_it_gives() {
    let (url, names, queue, _connection, channel) = opened().await;
    queue.publish(vec![message(1)]).await.unwrap();
    let got =
        channel.basic_get(names.queue.as_str().into(), BasicGetOptions::default()).await.unwrap().unwrap();
    got.delivery.acker.reject(BasicRejectOptions { requeue: false }).await.unwrap();
    depth_becomes(&queue, 0, 1).await;
    // And one that somebody put there by hand.
    publish(&channel, &names.dead_letter_exchange, b"by hand", BasicProperties::default()).await;
    depth_becomes(&queue, 0, 2).await;

    let letters = queue.dead_letters(0, 10).await.unwrap();
    let expected = format!("the broker dead-lettered it from {}: rejected", names.queue);
    assert_eq!(letters[0].burial.cause, "not known: it was not buried by a consumer");
    assert_eq!(letters[1].burial.cause, expected);
    assert!(letters[1].burial.buried_at > 1_600_000_000_000, "{:?}", letters[1].burial);
    assert_eq!(letters[1].message, message(1));
    assert_eq!(queue.prune_dead_letters(i64::MAX).await.unwrap(), 1, "what does not tell its time stays");
    assert_eq!(queue.replay(None).await.unwrap(), 1);
    remove(&url, &names).await;
}

/// More than are asked for at once, looked at again and again, by several at the same time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn looking_at_many_dead_letters_leaves_them_as_they_were() {
    let (url, names, queue, _connection, _channel) = opened().await;
    queue.publish((0..75).map(message).collect()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    for delivery in take(&mut *subscription, 75).await {
        let burial = Burial { cause: "no".to_owned(), attempts: 3, first_seen: 1, buried_at: 2 };
        subscription.bury(delivery.tag, burial).await.unwrap();
    }
    let queue = Arc::new(queue);
    let looking: Vec<_> = (0..4)
        .map(|_| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                assert!(queue.dead_letter(MessageId(5)).await.unwrap().is_some());
                let pages = [(0, 40), (40, 40), (80, 40)];
                let mut seen = Vec::new();
                for (skip, limit) in pages {
                    seen.extend(queue.dead_letters(skip, limit).await.unwrap());
                }
                seen.into_iter().map(|letter| letter.message.id.0).collect::<Vec<_>>()
            })
        })
        .collect();
    for seen in looking {
        assert_eq!(seen.await.unwrap(), (0..75).collect::<Vec<_>>());
    }
    drop(subscription);
    assert_eq!(queue.replay(Some(&[MessageId(70), MessageId(3)])).await.unwrap(), 2);
    depth_becomes(&*queue, 2, 73).await;
    assert_eq!(queue.replay(None).await.unwrap(), 73);
    depth_becomes(&*queue, 75, 0).await;
    remove(&url, &names).await;
}
