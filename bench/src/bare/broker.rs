//! Publishing to a quorum queue: at once while fewer than a few publishes are in flight, gathered behind them.

use super::Segment;
use anyhow::{Context, Result};
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{BasicProperties, Channel, Confirmation, Connection, ConnectionProperties};
use std::sync::Arc;
use tokio::sync::{Semaphore, mpsc};

/// Publishes in flight at once.
const IN_FLIGHT: usize = 4;
/// The bench's own queue.
pub(crate) const QUEUE: &str = "bench_bare";

/// A channel that confirms, and the queue.
pub(crate) async fn connect(url: &str) -> Result<Channel> {
    let connection = Connection::connect(url, ConnectionProperties::default()).await.context("no broker")?;
    let channel = connection.create_channel().await?;
    channel.confirm_select(ConfirmSelectOptions::default()).await?;
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
    channel.queue_declare(QUEUE.into(), durable, arguments).await.context("no quorum queue")?;
    Ok(channel)
}

/// Publishes one body; returns when the broker has it durably.
pub(crate) async fn publish_one(channel: &Channel, body: &[u8]) -> Result<()> {
    let persistent = BasicProperties::default().with_delivery_mode(2);
    let published = channel
        .basic_publish("".into(), QUEUE.into(), BasicPublishOptions::default(), body, persistent)
        .await?;
    match published.await? {
        Confirmation::Ack(_) => Ok(()),
        other => anyhow::bail!("not confirmed: {other:?}"),
    }
}

/// Publishes what comes until nothing can come any more.
pub(super) async fn publish(channel: Channel, mut waiting: mpsc::UnboundedReceiver<Segment>) {
    let free = Arc::new(Semaphore::new(IN_FLIGHT));
    while let Some(first) = waiting.recv().await {
        let Ok(turn) = Arc::clone(&free).acquire_owned().await else { return };
        let mut body = first.bytes;
        let mut gathered = vec![first.durable];
        while let Ok(Segment { bytes, durable }) = waiting.try_recv() {
            body.extend_from_slice(&bytes);
            gathered.push(durable);
        }
        let channel = channel.clone();
        tokio::spawn(async move {
            let published = publish_one(&channel, &body).await;
            drop(turn);
            match published {
                Ok(()) => {
                    for durable in gathered {
                        // Whoever sent it may have gone.
                        let _ = durable.send(());
                    }
                }
                Err(error) => {
                    eprintln!("could not publish: {error:#}");
                    std::process::exit(1);
                }
            }
        });
    }
}
