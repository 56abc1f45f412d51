//! The queue as one SQLite file: for one process, with nothing beside it.
//!
//! One thread owns the writing connection and commits whatever has gathered while the last commit was syncing, so many
//! publishers share one fsync. Reading has a connection of its own. Leases live in memory: one process owns the file, so
//! those of an earlier process are void at start, and whatever was not acked is delivered again.

mod leases;
mod reader;
mod schema;
mod tail;
mod writer;

use crate::{
    Burial, DeadLetter, Delivery, DeliveryTag, Depth, Message, Queue, QueueError, ReceiveLimit, Subscription,
    Tail,
};
use async_trait::async_trait;
use leases::Leases;
use reader::Reader;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tail::Tails;
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;
use tokio::sync::Notify;
use writer::{Task, Writer};

/// How long a subscription may keep a message before it is handed to another one.
const LEASE: Duration = Duration::from_secs(300);

/// A queue in a SQLite file.
#[derive(Clone)]
pub struct SqliteQueue {
    shared: Arc<Shared>,
}

struct Shared {
    writer: Writer,
    reader: Reader,
    leases: Mutex<Leases>,
    tails: Tails,
    /// Told when there is something to deliver.
    arrival: Arc<Notify>,
    subscribers: AtomicU64,
}

impl Shared {
    /// The lease book. A thread that panicked while holding it cannot have left it half-changed in a way that loses
    /// a message: at worst one is delivered again.
    fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SqliteQueue {
    /// Opens the file, and makes it and its folder if they are missing.
    pub async fn open(path: &Path) -> Result<Self, QueueError> {
        let path = path.to_owned();
        let opened = tokio::task::spawn_blocking(move || -> Result<Shared, QueueError> {
            let arrival = Arc::new(Notify::new());
            let connection = schema::open_for_writing(&path)?;
            let writer = Writer::start(connection, Arc::clone(&arrival))?;
            let reader = Reader::new(schema::open_for_reading(&path)?);
            let (leases, tails, subscribers) = (Mutex::default(), Tails::new(), AtomicU64::new(0));
            Ok(Shared { writer, reader, leases, tails, arrival, subscribers })
        });
        let shared = opened.await.map_err(|error| unavailable("opening the queue failed", error))??;
        Ok(Self { shared: Arc::new(shared) })
    }
}

#[async_trait]
impl Queue for SqliteQueue {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), QueueError> {
        let copies = self.shared.tails.copies(&messages);
        self.shared.writer.run(Task::Publish(messages)).await?;
        self.shared.tails.hand_round(copies);
        Ok(())
    }

    async fn bury(&self, message: Message, burial: Burial) -> Result<(), QueueError> {
        self.shared.writer.run(Task::BuryStranger(message, burial)).await.map(drop)
    }

    /// One commit can be gathered while another one syncs.
    fn publish_lanes(&self) -> usize {
        2
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, QueueError> {
        let holder = self.shared.subscribers.fetch_add(1, Ordering::Relaxed);
        Ok(Box::new(SqliteSubscription { shared: Arc::clone(&self.shared), holder }))
    }

    async fn tail(&self, client: ClientId) -> Result<Box<dyn Tail>, QueueError> {
        Ok(Box::new(self.shared.tails.of(client)))
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let (messages, dead_letters) = self.shared.writer.counts();
        let leased = self.shared.leases().held().min(messages);
        let oldest = if messages == 0 { None } else { self.shared.reader.oldest().await? };
        Ok(Depth { waiting: messages - leased, leased: Some(leased), oldest, dead_letters })
    }

    async fn dead_letters(&self, skip: usize, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        self.shared.reader.dead_letters(skip, limit).await
    }

    async fn dead_letter(&self, id: MessageId) -> Result<Option<DeadLetter>, QueueError> {
        self.shared.reader.dead_letter(id).await
    }

    async fn replay(&self, ids: Option<&[MessageId]>) -> Result<u64, QueueError> {
        let ids = ids.map(<[MessageId]>::to_vec);
        self.shared.writer.run(Task::Replay(ids)).await
    }

    async fn prune_dead_letters(&self, before: i64) -> Result<u64, QueueError> {
        self.shared.writer.run(Task::PruneDeadLetters(before)).await
    }

    async fn ping(&self) -> Result<(), QueueError> {
        self.shared.writer.run(Task::Publish(Vec::new())).await.map(drop)
    }
}

struct SqliteSubscription {
    shared: Arc<Shared>,
    holder: u64,
}

#[async_trait]
impl Subscription for SqliteSubscription {
    async fn receive(&mut self, limit: ReceiveLimit) -> Result<Vec<Delivery>, QueueError> {
        loop {
            // Registered before looking, so that an arrival in between is not missed.
            let arrival = self.shared.arrival.notified();
            let deliveries = self.shared.reader.take(Arc::clone(&self.shared), self.holder, limit).await?;
            if !deliveries.is_empty() {
                return Ok(deliveries);
            }
            // Beside arrivals, leases of others may run out.
            let _ = tokio::time::timeout(LEASE / 10, arrival).await;
        }
    }

    async fn ack(&mut self, tags: &[DeliveryTag]) -> Result<(), QueueError> {
        if tags.is_empty() {
            return Ok(());
        }
        self.shared.writer.run(Task::Ack(tags.to_vec())).await?;
        self.shared.leases().settle(tags);
        Ok(())
    }

    async fn bury(&mut self, tag: DeliveryTag, burial: Burial) -> Result<(), QueueError> {
        self.shared.writer.run(Task::Bury(tag, burial)).await?;
        self.shared.leases().settle(&[tag]);
        Ok(())
    }
}

impl Drop for SqliteSubscription {
    fn drop(&mut self) {
        self.shared.leases().give_back(self.holder);
        self.shared.arrival.notify_waiters();
    }
}

fn unavailable(what: &str, source: impl std::error::Error + Send + Sync + 'static) -> QueueError {
    QueueError::Unavailable(what.to_owned(), Some(Box::new(source)))
}

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        unavailable("SQLite refused", error)
    }
}
