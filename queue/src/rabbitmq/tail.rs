//! Watching what is published: a queue of its own beside the one that is consumed, which ends with its connection.
//!
//! The rule: it can never press on ingest. The broker keeps little of it, in memory only, and drops the oldest.

use super::topology::routing_key;
use super::{Shared, unavailable};
use crate::{QueueError, Tail};
use async_trait::async_trait;
use futures::stream::StreamExt;
use lapin::options::{BasicConsumeOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, Consumer};
use telemetry::report::ClientId;

/// Messages that the broker keeps for a watcher who is behind.
const BEHIND: i64 = 256;

pub(super) struct RabbitTail {
    consumer: Consumer,
    /// Its end is the end of the queue.
    channel: Channel,
}

impl RabbitTail {
    pub(super) async fn begin(shared: &Shared, client: ClientId) -> Result<Self, QueueError> {
        let connection = shared.reading.connection()?;
        let beginning = async {
            let channel = connection.channel().await?;
            let own =
                QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
            let mut arguments = FieldTable::default();
            arguments.insert("x-max-length".into(), AMQPValue::LongLongInt(BEHIND));
            let queue = channel.queue_declare("".into(), own, arguments).await?;
            let (name, exchange) = (queue.name().clone(), shared.names.exchange.as_str().into());
            let (bind, key) = (QueueBindOptions::default(), routing_key(client));
            channel
                .queue_bind(name.clone(), exchange, key.as_str().into(), bind, FieldTable::default())
                .await?;
            let unacked = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
            let consumer = channel.basic_consume(name, "".into(), unacked, FieldTable::default()).await?;
            Ok(Self { consumer, channel })
        };
        shared.answered("could not watch what is published", beginning).await
    }
}

#[async_trait]
impl Tail for RabbitTail {
    async fn next(&mut self) -> Result<Vec<u8>, QueueError> {
        match self.consumer.next().await {
            Some(Ok(delivery)) => Ok(delivery.data),
            Some(Err(error)) => Err(unavailable("watching has ended", error)),
            None => Err(unavailable("watching has ended", "the broker cancelled it")),
        }
    }
}

impl Drop for RabbitTail {
    fn drop(&mut self) {
        let channel = self.channel.clone();
        // where there is no runtime any more, the connection's end closes it
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { channel.close(200, "".into()).await });
        }
    }
}
