//! Looking through the dead letters, which AMQP has no question for: each is got without an ack, and whatever is to stay
//! is given back at the end.
//!
//! The rule: a walk takes nothing away unless it was told to, whatever ends it, and holds few bodies beyond those it
//! hands out. The broker gives letters back in any order, so a list brings its own. While a walk lasts, nobody else sees
//! the letters it has passed: so walks come one after the other, in one process by a mutex, among processes by the
//! [`Turn`].

use super::connection::Connection;
use super::topology::routing_key;
use super::{Outgoing, Shared, properties, unavailable};
use crate::{DeadLetter, Message, QueueError};
use futures::future::try_join_all;
use lapin::message::Delivery;
use lapin::options::{
    BasicAckOptions, BasicConsumeOptions, BasicGetOptions, BasicNackOptions, QueueDeclareOptions,
};
use lapin::protocol::AMQPSoftError;
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Consumer, ErrorKind};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;
use telemetry::envelope::MessageId;
use tokio::sync::MutexGuard;

/// Bytes of letters in hand, about, at most: a page of a list ends there, and a replay publishes.
const BYTES: usize = 16 << 20;
/// Letters that a replay publishes together.
const TOGETHER: usize = 100;
/// Letters asked for at once.
const AHEAD: usize = 16;
/// Deletions that the broker is told of before it is made to carry them out: it keeps what goes beyond 32 for later,
/// and forgets it when the channel is closed.
const UNSETTLED: usize = 16;
/// A list or a pruning looks at no more letters than this.
const FAR: usize = 10_000;

/// A walk through the dead letters.
struct Walk<'a> {
    shared: &'a Shared,
    channel: Channel,
    got: VecDeque<Letter>,
    /// Letters there were when it began and that were not got yet: those that come back meanwhile are not seen twice.
    left: Option<usize>,
    /// Deletions that may not have been carried out yet.
    unsettled: usize,
    _turn: Turn,
    _walking: MutexGuard<'a, ()>,
}

/// The right to walk, which one process has at a time: a queue that the broker keeps for one connection alone, and
/// deletes when its only consumer goes, with the channel at the latest. So it cannot outlive who holds it.
struct Turn(#[expect(dead_code, reason = "held, not read")] Consumer);

/// How long another process's walk is left alone before the turn is asked for again.
const NOT_YET: Duration = Duration::from_millis(10);

impl Turn {
    /// Waits for the turn; the channel that it is held on.
    async fn take(shared: &Shared, connection: &Connection) -> lapin::Result<(Self, Channel)> {
        let name = format!("{}.turn", shared.names.dead_letter_queue);
        let alone =
            QueueDeclareOptions { exclusive: true, auto_delete: true, ..QueueDeclareOptions::default() };
        loop {
            // A refusal closes the channel.
            let channel = connection.channel().await?;
            match channel.queue_declare(name.as_str().into(), alone, FieldTable::default()).await {
                Ok(_) => {
                    let (tag, options) = (ShortString::default(), BasicConsumeOptions::default());
                    let held =
                        channel.basic_consume(name.into(), tag, options, FieldTable::default()).await?;
                    return Ok((Self(held), channel));
                }
                Err(error) if is_locked(&error) => tokio::time::sleep(NOT_YET).await,
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_locked(error: &lapin::Error) -> bool {
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    error.get_id() == AMQPSoftError::RESOURCELOCKED.get_id()
}

/// A letter that a walk has come to.
struct Letter {
    tag: u64,
    properties: BasicProperties,
    body: Vec<u8>,
}

impl From<Delivery> for Letter {
    fn from(delivery: Delivery) -> Self {
        Self { tag: delivery.delivery_tag, properties: delivery.properties, body: delivery.data }
    }
}

impl Letter {
    fn into_dead_letter(self) -> DeadLetter {
        let burial = properties::burial(&self.properties);
        DeadLetter { burial, message: properties::message(&self.properties, self.body) }
    }
}

impl<'a> Walk<'a> {
    async fn begin(shared: &'a Shared) -> Result<Self, QueueError> {
        let busy = |_| unavailable("the dead letters are busy", "another walk goes on");
        let walking = tokio::time::timeout(shared.answer_timeout, shared.walking.lock()).await;
        let walking = walking.map_err(busy)?;
        let connection = shared.reading.connection()?;
        let turn = tokio::time::timeout(shared.answer_timeout, Turn::take(shared, &connection)).await;
        let (turn, channel) =
            turn.map_err(busy)?.map_err(|error| unavailable("could not look at the dead letters", error))?;
        Ok(Self {
            shared,
            channel,
            got: VecDeque::new(),
            left: None,
            unsettled: 0,
            _turn: turn,
            _walking: walking,
        })
    }

    async fn next(&mut self) -> Result<Option<Letter>, QueueError> {
        if self.got.is_empty() {
            // The first one tells how many there are.
            let ahead = self.left.map_or(1, |left| left.min(AHEAD));
            let queue = self.shared.names.dead_letter_queue.as_str();
            let get = || self.channel.basic_get(queue.into(), BasicGetOptions::default());
            let asking = try_join_all(std::iter::repeat_with(get).take(ahead));
            let got = self.shared.answered("could not look at the dead letters", asking).await?;
            let answers = got.len();
            for got in got.into_iter().flatten() {
                self.left.get_or_insert(got.message_count as usize + 1);
                self.got.push_back(Letter::from(got.delivery));
            }
            self.left = match self.left {
                Some(left) if self.got.len() == answers => Some(left.saturating_sub(answers)),
                _ => Some(0),
            };
        }
        Ok(self.got.pop_front())
    }

    async fn delete(&mut self, tag: u64) -> Result<(), QueueError> {
        let deleting = self.channel.basic_ack(tag, BasicAckOptions::default());
        self.shared.answered("could not delete a dead letter", deleting).await?;
        self.unsettled += 1;
        if self.unsettled >= UNSETTLED { self.settle().await } else { Ok(()) }
    }

    /// Waits until all deletions are carried out. An ack has no answer; but a get is answered after all before it.
    async fn settle(&mut self) -> Result<(), QueueError> {
        let queue = self.shared.names.dead_letter_queue.as_str().into();
        let getting = self.channel.basic_get(queue, BasicGetOptions::default());
        if let Some(got) = self.shared.answered("could not delete dead letters", getting).await? {
            self.left = self.left.map(|left| left.saturating_sub(1));
            self.got.push_back(Letter::from(got.delivery));
        }
        self.unsettled = 0;
        Ok(())
    }

    /// Gives back what was not deleted. Dropping the walk does the same, but does not wait for it.
    async fn end(mut self) -> Result<(), QueueError> {
        if self.unsettled > 0 {
            self.settle().await?;
        }
        let ending = async {
            // Tag 0 means all that were got and not deleted.
            self.channel.basic_nack(0, BasicNackOptions { multiple: true, requeue: true }).await?;
            self.channel.close(200, "OK".into()).await
        };
        self.shared.answered("could not give the dead letters back", ending).await
    }
}

/// A page of letters, oldest first. The first walk finds out which they are, the second brings them.
pub(super) async fn list(shared: &Shared, skip: usize, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
    let mut walk = Walk::begin(shared).await?;
    let mut all = BTreeMap::new();
    while all.len() < FAR
        && let Some(letter) = walk.next().await?
    {
        let letter = letter.into_dead_letter();
        all.insert(place(&letter), letter.message.body.len());
    }
    walk.end().await?;
    let mut bytes = 0;
    let page = all.into_iter().skip(skip).take(limit).take_while(|(_, body)| {
        let fits = bytes < BYTES;
        bytes += body;
        fits
    });
    let mut wanted: BTreeSet<Place> = page.map(|(place, _)| place).collect();
    let mut listed = Vec::with_capacity(wanted.len());
    if !wanted.is_empty() {
        let mut walk = Walk::begin(shared).await?;
        while !wanted.is_empty()
            && let Some(letter) = walk.next().await?
        {
            let letter = letter.into_dead_letter();
            if wanted.remove(&place(&letter)) {
                listed.push(letter);
            }
        }
        walk.end().await?;
    }
    listed.sort_by_key(place);
    Ok(listed)
}

/// Where a letter stands in a list: by its age.
type Place = (i64, MessageId);

fn place(letter: &DeadLetter) -> Place {
    (letter.burial.buried_at, letter.message.id)
}

pub(super) async fn find(shared: &Shared, id: MessageId) -> Result<Option<DeadLetter>, QueueError> {
    let mut walk = Walk::begin(shared).await?;
    let mut found = None;
    while found.is_none()
        && let Some(letter) = walk.next().await?
    {
        found = Some(letter.into_dead_letter()).filter(|letter| letter.message.id == id);
    }
    walk.end().await?;
    Ok(found)
}

/// Publishes letters again and deletes them when that is confirmed. A crash in between leaves them in both places, and
/// the consumer counts them once.
pub(super) async fn replay(shared: &Shared, ids: Option<&[MessageId]>) -> Result<u64, QueueError> {
    let mut walk = Walk::begin(shared).await?;
    let mut replayed = 0;
    let mut bytes = 0;
    let mut in_hand = Vec::new();
    while let Some(letter) = walk.next().await? {
        let tag = letter.tag;
        let message = letter.into_dead_letter().message;
        if ids.is_none_or(|ids| ids.contains(&message.id)) {
            bytes += message.body.len();
            in_hand.push((tag, message));
        }
        if in_hand.len() >= TOGETHER || bytes >= BYTES {
            replayed += publish_and_delete(&mut walk, &mut in_hand).await?;
            bytes = 0;
        }
    }
    replayed += publish_and_delete(&mut walk, &mut in_hand).await?;
    walk.end().await?;
    Ok(replayed)
}

async fn publish_and_delete(
    walk: &mut Walk<'_>,
    in_hand: &mut Vec<(u64, Message)>,
) -> Result<u64, QueueError> {
    let outgoing: Vec<Outgoing<'_>> = in_hand
        .iter()
        .map(|(_, message)| Outgoing {
            routing_key: routing_key(message.client),
            properties: properties::write(message, None),
            body: &message.body,
        })
        .collect();
    walk.shared.publisher.publish(&walk.shared.names.exchange, &outgoing).await?;
    let replayed = in_hand.len() as u64;
    for (tag, _) in in_hand.drain(..) {
        walk.delete(tag).await?;
    }
    Ok(replayed)
}

/// Deletes what was buried before a time. A letter that does not tell when it was buried stays.
pub(super) async fn prune(shared: &Shared, before: i64) -> Result<u64, QueueError> {
    let mut walk = Walk::begin(shared).await?;
    let mut pruned = 0;
    let mut looked_at = 0;
    while looked_at < FAR
        && let Some(letter) = walk.next().await?
    {
        if properties::buried_at(&letter.properties).is_some_and(|buried_at| buried_at < before) {
            walk.delete(letter.tag).await?;
            pruned += 1;
        }
        looked_at += 1;
    }
    walk.end().await?;
    Ok(pruned)
}
