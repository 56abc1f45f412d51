//! A consumer's side: one channel with manual acks.
//!
//! The rule: a subscription lives as long as its channel. When that dies, every call says so, the broker hands the
//! messages out again, and the consumer subscribes anew. A tag names a delivery of one subscription only, so an ack that
//! comes too late can never meet another message.

use super::topology::routing_key;
use super::{Outgoing, Shared, properties, unavailable};
use crate::{Burial, Delivery, DeliveryTag, Message, QueueError, ReceiveLimit, Subscription};
use async_trait::async_trait;
use futures::future::{FutureExt, join_all};
use futures::stream::StreamExt;
use lapin::options::{BasicAckOptions, BasicConsumeOptions, BasicQosOptions};
use lapin::types::FieldTable;
use lapin::{Channel, Consumer};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A tag is the subscription's number and the broker's tag, which counts from 1 on each channel.
const BROKER_BITS: u32 = 40;

pub(super) struct RabbitSubscription {
    shared: Arc<Shared>,
    channel: Channel,
    consumer: Consumer,
    number: u64,
    /// The broker has ended it: nothing will come any more.
    ended: bool,
    /// What was received and neither acked nor buried, by the broker's tag.
    held: BTreeMap<u64, Message>,
}

impl RabbitSubscription {
    pub(super) async fn begin(shared: Arc<Shared>) -> Result<Self, QueueError> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let connection = shared.reading.connection()?;
        let beginning = async {
            let channel = connection.channel().await?;
            channel.basic_qos(shared.prefetch, BasicQosOptions::default()).await?;
            let (queue, options) = (shared.names.queue.as_str().into(), BasicConsumeOptions::default());
            let consumer = channel.basic_consume(queue, "".into(), options, FieldTable::default()).await?;
            Ok((channel, consumer))
        };
        let (channel, consumer) = shared.answered("could not subscribe", beginning).await?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self { shared, channel, consumer, number, ended: false, held: BTreeMap::new() })
    }

    fn tag(&self, broker: u64) -> DeliveryTag {
        DeliveryTag(self.number << BROKER_BITS | broker)
    }

    /// The broker's tag, if this is a delivery of ours that is not settled.
    fn broker_tag(&self, tag: DeliveryTag) -> Option<u64> {
        let broker = tag.0 & ((1 << BROKER_BITS) - 1);
        (self.tag(broker) == tag && self.held.contains_key(&broker)).then_some(broker)
    }

    fn check(&self) -> Result<(), QueueError> {
        if self.channel.status().connected() && !self.ended {
            return Ok(());
        }
        Err(unavailable("the subscription has ended", "its channel is closed or its queue is gone"))
    }

    async fn ack_broker_tags(&mut self, tags: &BTreeSet<u64>) -> Result<(), QueueError> {
        self.check()?;
        // All up to the first that stays can go with one frame.
        let all_to = self.held.keys().take_while(|tag| tags.contains(tag)).last().copied();
        let channel = &self.channel;
        let ack = |tag, multiple| channel.basic_ack(tag, BasicAckOptions { multiple });
        let single = tags.iter().filter(|tag| all_to.is_none_or(|all_to| **tag > all_to));
        let acks: Vec<_> =
            all_to.iter().map(|tag| ack(*tag, true)).chain(single.map(|tag| ack(*tag, false))).collect();
        let acking = async { join_all(acks).await.into_iter().collect::<lapin::Result<()>>() };
        self.shared.answered("could not ack", acking).await?;
        self.held.retain(|tag, _| !tags.contains(tag));
        Ok(())
    }
}

#[async_trait]
impl Subscription for RabbitSubscription {
    async fn receive(&mut self, limit: ReceiveLimit) -> Result<Vec<Delivery>, QueueError> {
        let mut received = Vec::new();
        let mut bytes = 0;
        self.check()?;
        // The only wait; nothing is taken from the channel before it ends.
        let mut next = self.consumer.next().await;
        loop {
            let delivery = match next {
                Some(Ok(delivery)) => delivery,
                Some(Err(error)) => {
                    self.ended = true;
                    return Err(unavailable("the subscription has ended", error));
                }
                None => {
                    self.ended = true;
                    return Err(unavailable("the subscription has ended", "the broker cancelled it"));
                }
            };
            // What a dead channel still holds is the broker's again, and so is what was taken here before.
            self.check()?;
            let message = properties::message(&delivery.properties, delivery.data);
            bytes += message.body.len();
            self.held.insert(delivery.delivery_tag, message.clone());
            let tag = self.tag(delivery.delivery_tag);
            received.push(Delivery { tag, redelivered: delivery.redelivered, message });
            if received.len() >= limit.messages || bytes >= limit.bytes {
                return Ok(received);
            }
            next = match self.consumer.next().now_or_never() {
                Some(next) => next,
                None => return Ok(received),
            };
        }
    }

    async fn ack(&mut self, tags: &[DeliveryTag]) -> Result<(), QueueError> {
        let tags: BTreeSet<u64> = tags.iter().filter_map(|tag| self.broker_tag(*tag)).collect();
        if tags.is_empty() {
            return self.check();
        }
        self.ack_broker_tags(&tags).await
    }

    async fn bury(&mut self, tag: DeliveryTag, burial: Burial) -> Result<(), QueueError> {
        self.check()?;
        let Some(tag) = self.broker_tag(tag) else { return Ok(()) };
        let Some(message) = self.held.get(&tag) else { return Ok(()) };
        let letter = Outgoing {
            routing_key: routing_key(message.client),
            properties: properties::write(message, Some(&burial)),
            body: &message.body,
        };
        self.shared.publisher.publish(&self.shared.names.dead_letter_exchange, &[letter]).await?;
        // In builds for tests: the process may be told to die here (consumer/src/fail_points.rs).
        fail::fail_point!("queue::in_bury", |_| std::process::abort());
        self.ack_broker_tags(&BTreeSet::from([tag])).await
    }
}
