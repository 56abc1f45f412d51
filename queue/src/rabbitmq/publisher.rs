//! Publishing: confirmed, or known to have failed, before the deadline.
//!
//! The rule: a publish has a channel to itself while it lasts. So every confirmation and every returned message that
//! comes on it belongs to this publish, and a channel that anything went wrong on is not used again. Anything but a
//! plain ack for each message is a failure.

use super::connection::Connection;
use super::link::Link;
use super::{properties, unavailable};
use crate::QueueError;
use futures::future::join_all;
use lapin::options::BasicPublishOptions;
use lapin::{BasicProperties, Channel, Confirmation};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::Instant;

/// Publishes under way at once, at most; more wait for their turn.
const LANES: usize = 16;
/// How often one that lost its connection looks for another.
const LOOK: Duration = Duration::from_millis(20);

/// A message on its way to an exchange.
pub(super) struct Outgoing<'a> {
    pub(super) routing_key: String,
    pub(super) properties: BasicProperties,
    pub(super) body: &'a [u8],
}

/// Why one try failed.
enum Failure {
    /// The connection or the channel broke: whether the broker has the messages is not known.
    Broken(String),
    /// The broker answered, and not with an ack.
    Refused(String),
}

pub(super) struct Publisher {
    links: Vec<Link>,
    turn: AtomicUsize,
    lanes: Semaphore,
    confirm_timeout: Duration,
}

impl Publisher {
    pub(super) fn new(links: Vec<Link>, confirm_timeout: Duration) -> Self {
        Self { links, turn: AtomicUsize::new(0), lanes: Semaphore::new(LANES), confirm_timeout }
    }

    pub(super) fn links(&self) -> &[Link] {
        &self.links
    }

    pub(super) fn confirm_timeout(&self) -> Duration {
        self.confirm_timeout
    }

    /// Publishes messages and waits until the broker has confirmed each. Without a connection it fails at once; if one
    /// breaks on the way, it publishes again on the next, before the deadline.
    pub(super) async fn publish(&self, exchange: &str, messages: &[Outgoing<'_>]) -> Result<(), QueueError> {
        if messages.is_empty() {
            return Ok(());
        }
        let deadline = Instant::now() + self.confirm_timeout;
        let lane = tokio::time::timeout_at(deadline, self.lanes.acquire()).await;
        let Ok(Ok(_lane)) = lane else { return Err(self.late("other publishes are under way")) };
        let (mut link, mut connection) = self.connection()?;
        loop {
            let trying = publish_once(&connection, exchange, messages);
            match tokio::time::timeout_at(deadline, trying).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(Failure::Refused(why))) => {
                    // A returned message tells that a queue or binding is missing: it is declared again.
                    link.doubt();
                    return Err(unavailable("the broker did not take a message", why));
                }
                Ok(Err(Failure::Broken(why))) => {
                    (link, connection) = loop {
                        if let Ok(next) = self.connection() {
                            break next;
                        }
                        if deadline <= Instant::now() + LOOK {
                            return Err(unavailable("the connection broke before the confirmation", why));
                        }
                        tokio::time::sleep(LOOK).await;
                    };
                    // A broken channel on a sound connection must not become a tight loop.
                    tokio::time::sleep(LOOK).await;
                }
                Err(_) => {
                    link.doubt();
                    return Err(self.late("the broker did not confirm"));
                }
            }
        }
    }

    fn late(&self, what: &str) -> QueueError {
        unavailable(what, format!("waited for {:?}", self.confirm_timeout))
    }

    /// A connection that takes messages now; the links take turns.
    pub(super) fn connection(&self) -> Result<(&Link, Arc<Connection>), QueueError> {
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.links.len().max(1);
        let mut refusal = unavailable("the broker takes no messages", "it is short of memory or disk");
        for link in self.links[first..].iter().chain(&self.links[..first]) {
            match link.connection() {
                Ok(connection) if !connection.is_blocked() => return Ok((link, connection)),
                Ok(_) => {}
                Err(error) => refusal = error,
            }
        }
        Err(refusal)
    }
}

async fn publish_once(
    connection: &Connection,
    exchange: &str,
    messages: &[Outgoing<'_>],
) -> Result<(), Failure> {
    let broken = |error: lapin::Error| Failure::Broken(error.to_string());
    let channel = connection.confirming_channel().await.map_err(broken)?;
    // All are written before the first confirmation is waited for.
    let confirmations = join_all(messages.iter().map(|message| send(&channel, exchange, message))).await;
    let mut failure = None;
    for (message, confirmation) in messages.iter().zip(confirmations) {
        match confirmation {
            Ok(Confirmation::Ack(None)) => {}
            Err(error) if failure.is_none() => failure = Some(broken(error)),
            Err(_) => {}
            Ok(answer) => failure = Some(Failure::Refused(refusal(&message.properties, answer))),
        }
    }
    match failure {
        Some(failure) => Err(failure),
        None => {
            connection.reuse(channel);
            Ok(())
        }
    }
}

async fn send(channel: &Channel, exchange: &str, message: &Outgoing<'_>) -> lapin::Result<Confirmation> {
    let mandatory = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
    let (key, properties) = (message.routing_key.as_str().into(), message.properties.clone());
    channel.basic_publish(exchange.into(), key, mandatory, message.body, properties).await?.await
}

/// Which message the broker refused, and how.
fn refusal(published: &BasicProperties, answer: Confirmation) -> String {
    let named = |properties| match properties::id(properties) {
        Some(id) => format!("message {id}"),
        None => "a message".to_owned(),
    };
    match answer {
        // The driver hands a returned message out with whichever confirmation comes next on the channel.
        Confirmation::Ack(Some(returned)) | Confirmation::Nack(Some(returned)) => {
            format!("{} came back: {}", named(&returned.properties), returned.reply_text)
        }
        _ => format!("{} was not acknowledged", named(published)),
    }
}
