//! The writing side of the queue: one thread, one connection, one commit for all that has gathered.
//!
//! While a commit is being synced, further work queues up; the next commit takes all of it. So the rate of fsyncs is the
//! disk's, and the rate of messages is not bound by it.

use super::unavailable;
use crate::{Burial, DeliveryTag, Message, QueueError};
use rusqlite::{Connection, params};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use telemetry::envelope::MessageId;
use tokio::sync::{Notify, mpsc, oneshot};

/// Work that may wait for the writer; more makes callers wait.
const WAITING: usize = 1_024;
/// Pieces of work in one commit, at most.
const GATHERED: usize = 1_024;
/// Bytes of messages in one commit, about: keeps a commit short.
const GATHERED_BYTES: usize = 8 << 20;

/// What the thread can be asked to do. Each task answers with the number of messages it touched.
pub(super) enum Task {
    Publish(Vec<Message>),
    Ack(Vec<DeliveryTag>),
    Bury(DeliveryTag, Burial),
    /// A message that is not in the queue.
    BuryStranger(Message, Burial),
    /// `None`: all dead letters.
    Replay(Option<Vec<MessageId>>),
    /// Dead letters buried before this time, Unix milliseconds.
    PruneDeadLetters(i64),
}

struct Work {
    task: Task,
    reply: oneshot::Sender<Result<u64, QueueError>>,
}

pub(super) struct Writer {
    work: mpsc::Sender<Work>,
    counts: Arc<Counts>,
}

/// What is stored, kept as numbers: counting rows would read the whole file.
struct Counts {
    messages: AtomicI64,
    dead_letters: AtomicI64,
}

impl Writer {
    /// Starts the thread. It ends when the `Writer` is dropped, after the work it was given.
    pub(super) fn start(connection: Connection, arrival: Arc<Notify>) -> Result<Self, QueueError> {
        let (work, queue) = mpsc::channel(WAITING);
        let count = |table: &str| {
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        };
        let counts = Arc::new(Counts {
            messages: AtomicI64::new(count("messages")?),
            dead_letters: AtomicI64::new(count("dead_letters")?),
        });
        let next =
            connection
                .query_row("SELECT coalesce(max(sequence), 0) + 1 FROM messages", [], |row| row.get(0))?;
        let thread = Thread { connection, queue, arrival, counts: Arc::clone(&counts), next };
        std::thread::Builder::new()
            .name("queue-writer".to_owned())
            .spawn(move || thread.run())
            .map_err(|error| unavailable("could not start the queue's thread", error))?;
        Ok(Self { work, counts })
    }

    /// Hands a task to the thread and waits until it is durable.
    pub(super) async fn run(&self, task: Task) -> Result<u64, QueueError> {
        let (reply, answer) = oneshot::channel();
        self.work.send(Work { task, reply }).await.map_err(|_| QueueError::Closed)?;
        answer.await.map_err(|_| QueueError::Closed)?
    }

    /// Messages and dead letters.
    pub(super) fn counts(&self) -> (u64, u64) {
        let read = |counter: &AtomicI64| counter.load(Ordering::Relaxed).max(0) as u64;
        (read(&self.counts.messages), read(&self.counts.dead_letters))
    }
}

struct Thread {
    connection: Connection,
    queue: mpsc::Receiver<Work>,
    arrival: Arc<Notify>,
    counts: Arc<Counts>,
    /// The next sequence number. Kept here and not by SQLite, which would give an emptied table's numbers again.
    next: i64,
}

/// How a commit changes the counts.
#[derive(Default)]
struct Change {
    messages: i64,
    dead_letters: i64,
    arrived: bool,
}

impl Thread {
    fn run(mut self) {
        while let Some(first) = self.queue.blocking_recv() {
            let mut bytes = size(&first.task);
            let mut work = vec![first];
            while work.len() < GATHERED && bytes < GATHERED_BYTES {
                let Ok(next) = self.queue.try_recv() else { break };
                bytes += size(&next.task);
                work.push(next);
            }
            self.commit(work);
        }
    }

    /// Does all the work in one transaction: either every piece of it is durable, or none.
    fn commit(&mut self, work: Vec<Work>) {
        let next = self.next;
        match self.write(&work) {
            Ok((touched, change)) => {
                self.counts.messages.fetch_add(change.messages, Ordering::Relaxed);
                self.counts.dead_letters.fetch_add(change.dead_letters, Ordering::Relaxed);
                for (Work { reply, .. }, touched) in work.into_iter().zip(touched) {
                    // Whoever asked may have gone; what was written stays written.
                    let _ = reply.send(Ok(touched));
                }
                if change.arrived {
                    self.arrival.notify_waiters();
                }
            }
            Err(error) => {
                self.next = next;
                tracing::error!(%error, waiting = work.len(), "a commit of the queue failed");
                for Work { reply, .. } in work {
                    let _ = reply.send(Err(QueueError::Unavailable(error.to_string(), None)));
                }
            }
        }
    }

    fn write(&mut self, work: &[Work]) -> rusqlite::Result<(Vec<u64>, Change)> {
        let transaction = self.connection.transaction()?;
        let next = &mut self.next;
        let mut change = Change::default();
        let mut touched = Vec::with_capacity(work.len());
        for Work { task, .. } in work {
            touched.push(match task {
                Task::Publish(messages) => publish(&transaction, messages, next, &mut change),
                Task::Ack(tags) => ack(&transaction, tags, &mut change),
                Task::Bury(tag, burial) => bury(&transaction, *tag, burial, &mut change),
                Task::BuryStranger(message, burial) => {
                    bury_stranger(&transaction, message, burial, &mut change)
                }
                Task::Replay(ids) => replay(&transaction, ids.as_deref(), next, &mut change),
                Task::PruneDeadLetters(before) => prune(&transaction, *before, &mut change),
            }?);
        }
        transaction.commit()?;
        Ok((touched, change))
    }
}

fn publish(
    connection: &Connection,
    messages: &[Message],
    next: &mut i64,
    change: &mut Change,
) -> rusqlite::Result<u64> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO messages (sequence, id, client, accepted_at, body) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for message in messages {
        let id = message.id.0.to_be_bytes();
        insert.execute(params![*next, id, message.client.0, message.accepted_at, message.body])?;
        *next += 1;
    }
    change.messages += messages.len() as i64;
    change.arrived |= !messages.is_empty();
    Ok(messages.len() as u64)
}

fn ack(connection: &Connection, tags: &[DeliveryTag], change: &mut Change) -> rusqlite::Result<u64> {
    let mut delete = connection.prepare_cached("DELETE FROM messages WHERE sequence = ?1")?;
    for tag in tags {
        change.messages -= delete.execute([tag.0 as i64])? as i64;
    }
    Ok(tags.len() as u64)
}

fn bury(
    connection: &Connection,
    tag: DeliveryTag,
    burial: &Burial,
    change: &mut Change,
) -> rusqlite::Result<u64> {
    let mut copy = connection.prepare_cached(
        "INSERT INTO dead_letters (id, client, accepted_at, body, cause, attempts, first_seen, buried_at)
         SELECT id, client, accepted_at, body, ?2, ?3, ?4, ?5 FROM messages WHERE sequence = ?1",
    )?;
    let Burial { cause, attempts, first_seen, buried_at } = burial;
    let buried = copy.execute(params![tag.0 as i64, cause, attempts, first_seen, buried_at])?;
    change.dead_letters += buried as i64;
    ack(connection, &[tag], change)
}

fn bury_stranger(
    connection: &Connection,
    message: &Message,
    burial: &Burial,
    change: &mut Change,
) -> rusqlite::Result<u64> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO dead_letters (id, client, accepted_at, body, cause, attempts, first_seen, buried_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    let Message { id, client, accepted_at, body } = message;
    let Burial { cause, attempts, first_seen, buried_at } = burial;
    let id = id.0.to_be_bytes();
    insert.execute(params![id, client.0, accepted_at, body, cause, attempts, first_seen, buried_at])?;
    change.dead_letters += 1;
    Ok(1)
}

fn replay(
    connection: &Connection,
    ids: Option<&[MessageId]>,
    next: &mut i64,
    change: &mut Change,
) -> rusqlite::Result<u64> {
    let mut wanted: Vec<i64> = Vec::new();
    match ids {
        Some(ids) => {
            let mut of_id = connection.prepare_cached("SELECT sequence FROM dead_letters WHERE id = ?1")?;
            for id in ids {
                for sequence in of_id.query_map([id.0.to_be_bytes()], |row| row.get(0))? {
                    wanted.push(sequence?);
                }
            }
        }
        None => {
            let mut every =
                connection.prepare_cached("SELECT sequence FROM dead_letters ORDER BY sequence")?;
            for sequence in every.query_map([], |row| row.get(0))? {
                wanted.push(sequence?);
            }
        }
    }
    let mut copy = connection.prepare_cached(
        "INSERT INTO messages (sequence, id, client, accepted_at, body)
         SELECT ?2, id, client, accepted_at, body FROM dead_letters WHERE sequence = ?1",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM dead_letters WHERE sequence = ?1")?;
    let mut replayed = 0;
    for sequence in wanted {
        if copy.execute([sequence, *next])? == 1 {
            *next += 1;
            delete.execute([sequence])?;
            replayed += 1;
        }
    }
    change.messages += replayed;
    change.dead_letters -= replayed;
    change.arrived |= replayed > 0;
    Ok(replayed as u64)
}

fn prune(connection: &Connection, before: i64, change: &mut Change) -> rusqlite::Result<u64> {
    let pruned = connection.execute("DELETE FROM dead_letters WHERE buried_at < ?1", [before])?;
    change.dead_letters -= pruned as i64;
    Ok(pruned as u64)
}

fn size(task: &Task) -> usize {
    match task {
        Task::Publish(messages) => messages.iter().map(|message| message.body.len()).sum(),
        Task::BuryStranger(message, _) => message.body.len(),
        _ => 0,
    }
}
