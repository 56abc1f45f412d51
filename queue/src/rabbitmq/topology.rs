//! Exchanges and queues: declared on each connection, so that a broker that lost them has them again.
//!
//! Quorum queues, because classic ones do not sync before they confirm. Their delivery limit is set far away: newer
//! brokers would drop a message after twenty deliveries, and an outage of a store must not do that.

use super::options::Names;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind};
use telemetry::report::ClientId;

const DELIVERY_LIMIT: i64 = 1_000_000;

/// The routing key of a client's hits.
pub(super) fn routing_key(client: ClientId) -> String {
    format!("hits.{client}")
}

/// Makes what is missing; fails where something of that name is different.
pub(super) async fn declare(channel: &Channel, names: &Names) -> lapin::Result<()> {
    let durable = ExchangeDeclareOptions { durable: true, ..ExchangeDeclareOptions::default() };
    for (exchange, kind) in
        [(&names.exchange, ExchangeKind::Topic), (&names.dead_letter_exchange, ExchangeKind::Topic)]
    {
        channel.exchange_declare(exchange.as_str().into(), kind, durable, FieldTable::default()).await?;
    }
    // Where the broker itself gives a message up, it goes to the dead letters too, and leaves only once it is there.
    let mut dead_lettering = quorum();
    for (name, value) in [
        ("x-dead-letter-exchange", names.dead_letter_exchange.as_str()),
        ("x-dead-letter-strategy", "at-least-once"),
        ("x-overflow", "reject-publish"),
    ] {
        dead_lettering.insert(name.into(), AMQPValue::LongString(value.into()));
    }
    for (queue, arguments, exchange, keys) in [
        (&names.dead_letter_queue, quorum(), &names.dead_letter_exchange, "#"),
        (&names.queue, dead_lettering, &names.exchange, "hits.*"),
    ] {
        let durable = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(queue.as_str().into(), durable, arguments).await?;
        let bind = QueueBindOptions::default();
        let (queue, exchange) = (queue.as_str().into(), exchange.as_str().into());
        channel.queue_bind(queue, exchange, keys.into(), bind, FieldTable::default()).await?;
    }
    Ok(())
}

fn quorum() -> FieldTable {
    let mut arguments = FieldTable::default();
    arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
    arguments.insert("x-delivery-limit".into(), AMQPValue::LongLongInt(DELIVERY_LIMIT));
    arguments
}

/// How many messages of a queue no consumer holds.
pub(super) async fn waiting(channel: &Channel, queue: &str) -> lapin::Result<u64> {
    let look = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
    let queue = channel.queue_declare(queue.into(), look, FieldTable::default()).await?;
    Ok(u64::from(queue.message_count()))
}
