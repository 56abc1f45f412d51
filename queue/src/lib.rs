//! The durable buffer between ingest and consumer.
//!
//! The rule: [`Queue::publish`] returns only when every message would survive the process and the machine, and a message
//! leaves the queue only by an ack or into the dead letters. So delivery is at least once; that each hit counts once is
//! the consumer's work.
//!
//! Every backend passes the contract suite in `tests/it/contract.rs`. Beside them stand two values that their callers
//! need: [`breaker::Breaker`] and [`retry::Backoff`].

pub mod breaker;
pub mod rabbitmq;
pub mod retry;
pub mod sqlite;

use async_trait::async_trait;
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;

/// A message to be published: an envelope and what the queue must know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub client: ClientId,
    /// When its hits were accepted, Unix milliseconds.
    pub accepted_at: i64,
    /// The encoded envelope.
    pub body: Vec<u8>,
}

/// A message handed to a consumer, leased to it until it acks or buries it, or its subscription ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    pub tag: DeliveryTag,
    /// Whether it may have been handed out before.
    pub redelivered: bool,
    pub message: Message,
}

/// Names a delivery towards the subscription it came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryTag(pub u64);

/// How much one [`Subscription::receive`] may bring.
#[derive(Debug, Clone, Copy)]
pub struct ReceiveLimit {
    pub messages: usize,
    /// Reached by the sum of the bodies: the message that reaches it is the last.
    pub bytes: usize,
}

/// Why a message was buried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Burial {
    /// One sentence.
    pub cause: String,
    /// How often it was tried.
    pub attempts: u32,
    /// When this consumer first saw it, Unix milliseconds.
    pub first_seen: i64,
    /// When it was given up, Unix milliseconds.
    pub buried_at: i64,
}

/// A message that could not be processed. It is named by its message id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    pub burial: Burial,
    /// The original, byte for byte.
    pub message: Message,
}

/// How full a queue is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages that no consumer holds.
    pub waiting: u64,
    /// Messages handed out and not yet acked, where the queue can tell.
    pub leased: Option<u64>,
    /// When the oldest message not yet acked was accepted, Unix milliseconds, where the queue can tell.
    pub oldest: Option<i64>,
    pub dead_letters: u64,
}

impl Depth {
    /// Messages not yet acked, as far as the queue can tell.
    pub fn messages(&self) -> u64 {
        self.waiting + self.leased.unwrap_or(0)
    }
}

/// Why a queue call did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The queue does not answer, or could not make the messages durable; later it may.
    #[error("the queue is not available: {0}")]
    Unavailable(String, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// The queue has been closed by this process.
    #[error("the queue is closed")]
    Closed,
}

impl QueueError {
    /// Whether waiting can help.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable(..))
    }
}

/// A queue of envelopes.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Publishes messages and waits until all are durable. After an error any part of them may have been published;
    /// publishing the same ids again is safe.
    async fn publish(&self, messages: Vec<Message>) -> Result<(), QueueError>;

    /// Puts a message that never was in the queue among the dead letters; returns when that is durable.
    async fn bury(&self, message: Message, burial: Burial) -> Result<(), QueueError>;

    /// How many `publish` calls in flight at once this queue makes use of.
    fn publish_lanes(&self) -> usize;

    /// Begins to consume. Several subscriptions share the messages.
    async fn subscribe(&self) -> Result<Box<dyn Subscription>, QueueError>;

    /// Begins to watch one client's messages as they are published, beside those who consume them.
    async fn tail(&self, client: ClientId) -> Result<Box<dyn Tail>, QueueError>;

    async fn depth(&self) -> Result<Depth, QueueError>;

    /// Dead letters, oldest first, beginning behind the first `skip`.
    async fn dead_letters(&self, skip: usize, limit: usize) -> Result<Vec<DeadLetter>, QueueError>;

    /// One dead letter.
    async fn dead_letter(&self, id: MessageId) -> Result<Option<DeadLetter>, QueueError>;

    /// Puts dead letters back into the queue under their own message ids; the number put back. `None`: all.
    async fn replay(&self, ids: Option<&[MessageId]>) -> Result<u64, QueueError>;

    /// Deletes dead letters buried before `before` (Unix milliseconds); the number deleted.
    async fn prune_dead_letters(&self, before: i64) -> Result<u64, QueueError>;

    /// Answers when the queue can take messages.
    async fn ping(&self) -> Result<(), QueueError>;
}

/// Copies of a client's messages, for somebody who watches. It never presses on ingest: of what comes faster than it is
/// read, the oldest is dropped.
#[async_trait]
pub trait Tail: Send {
    /// Waits for the next message; its body. After an error nothing comes any more: begin anew.
    async fn next(&mut self) -> Result<Vec<u8>, QueueError>;
}

/// A consumer's side of a queue. Dropping it gives back what was not acked.
#[async_trait]
pub trait Subscription: Send {
    /// Waits until there is at least one message, then takes what is there, oldest first, up to the limit.
    /// Cancelling the future loses nothing.
    async fn receive(&mut self, limit: ReceiveLimit) -> Result<Vec<Delivery>, QueueError>;

    /// Removes processed messages. An ack lost in a crash means redelivery.
    async fn ack(&mut self, tags: &[DeliveryTag]) -> Result<(), QueueError>;

    /// Moves a message to the dead letters; returns when that is durable.
    async fn bury(&mut self, tag: DeliveryTag, burial: Burial) -> Result<(), QueueError>;
}
