//! The reading side of the queue: what to deliver next, what is dead.

use super::{Shared, unavailable};
use crate::{Burial, DeadLetter, Delivery, DeliveryTag, Message, QueueError, ReceiveLimit};
use rusqlite::{Connection, OptionalExtension, Row};
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;
use tokio::time::Instant;

pub(super) struct Reader {
    connection: Arc<Mutex<Connection>>,
}

impl Reader {
    pub(super) fn new(connection: Connection) -> Self {
        Self { connection: Arc::new(Mutex::new(connection)) }
    }

    /// Takes messages for `holder`: those that came back first, then new ones.
    pub(super) async fn take(
        &self,
        shared: Arc<Shared>,
        holder: u64,
        limit: ReceiveLimit,
    ) -> Result<Vec<Delivery>, QueueError> {
        let now = Instant::now();
        self.run(move |connection| {
            // The connection is locked here, so no other subscription looks at the same time.
            let (returned, mark) = shared.leases().next(now, limit.messages);
            let mut found = Vec::new();
            let mut gone = Vec::new();
            let mut bytes = 0;
            let mut one = connection.prepare_cached(
                "SELECT sequence, id, client, accepted_at, body FROM messages WHERE sequence = ?1",
            )?;
            for sequence in returned {
                if bytes >= limit.bytes {
                    break;
                }
                match one.query_row([sequence as i64], delivery).optional()? {
                    Some(delivery) => {
                        bytes += delivery.message.body.len();
                        found.push(delivery);
                    }
                    None => gone.push(DeliveryTag(sequence)),
                }
            }
            let mut fresh = connection.prepare_cached(
                "SELECT sequence, id, client, accepted_at, body FROM messages WHERE sequence > ?1 ORDER BY sequence",
            )?;
            let mut rows = fresh.query([mark as i64])?;
            while bytes < limit.bytes && found.len() < limit.messages {
                let Some(row) = rows.next()? else { break };
                let delivery = delivery(row)?;
                bytes += delivery.message.body.len();
                found.push(delivery);
            }
            let mut leases = shared.leases();
            leases.settle(&gone);
            for delivery in &mut found {
                delivery.redelivered = leases.take(delivery.tag.0, holder, now);
            }
            Ok(found)
        })
        .await
    }

    /// When the oldest message was accepted.
    pub(super) async fn oldest(&self) -> Result<Option<i64>, QueueError> {
        self.run(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT accepted_at FROM messages ORDER BY sequence LIMIT 1")?;
            Ok(statement.query_row([], |row| row.get(0)).optional()?)
        })
        .await
    }

    pub(super) async fn dead_letters(
        &self,
        skip: usize,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {DEAD_LETTER} FROM dead_letters ORDER BY sequence LIMIT ?2 OFFSET ?1"
            ))?;
            let bounded = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            let rows = statement.query_map((bounded(skip), bounded(limit)), dead_letter)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    pub(super) async fn dead_letter(&self, id: MessageId) -> Result<Option<DeadLetter>, QueueError> {
        self.run(move |connection| {
            let mut statement = connection.prepare_cached(&format!(
                "SELECT {DEAD_LETTER} FROM dead_letters WHERE id = ?1 ORDER BY sequence LIMIT 1"
            ))?;
            Ok(statement.query_row([id.0.to_be_bytes()], dead_letter).optional()?)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Connection) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let connection = Arc::clone(&self.connection);
        let job = tokio::task::spawn_blocking(move || {
            // SQLite keeps its own state sound if a thread panics between two statements.
            job(&connection.lock().unwrap_or_else(PoisonError::into_inner))
        });
        job.await.map_err(|error| unavailable("reading the queue failed", error))?
    }
}

const DEAD_LETTER: &str = "sequence, id, client, accepted_at, body, cause, attempts, first_seen, buried_at";

/// Reads what [`DEAD_LETTER`] names.
fn dead_letter(row: &Row<'_>) -> rusqlite::Result<DeadLetter> {
    let Delivery { message, .. } = delivery(row)?;
    let burial =
        Burial { cause: row.get(5)?, attempts: row.get(6)?, first_seen: row.get(7)?, buried_at: row.get(8)? };
    Ok(DeadLetter { burial, message })
}

/// Reads sequence, id, client, accepted_at, body.
fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let sequence: i64 = row.get(0)?;
    let message = Message {
        id: MessageId(u128::from_be_bytes(row.get(1)?)),
        client: ClientId(row.get(2)?),
        accepted_at: row.get(3)?,
        body: row.get(4)?,
    };
    Ok(Delivery { tag: DeliveryTag(sequence as u64), redelivered: false, message })
}
