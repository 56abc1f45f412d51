//! The queue on RabbitMQ: for any number of servers and consumers.
//!
//! The rule: every wait has a limit, and what is not known to be durable has failed. Connections are kept up in the
//! background ([`link`]): while there is none, calls say so at once, and nobody has to open the queue again.
//!
//! Publishing connections and the reading one are apart, because a broker that is short of memory stops reading from
//! those that publish. [`publisher`]: confirmed publishes. [`subscription`]: consuming. [`dead_letters`]: what was given
//! up. [`topology`]: exchanges and queues. [`properties`]: what travels beside a body.

mod connection;
mod dead_letters;
mod link;
mod options;
mod properties;
mod publisher;
mod subscription;
mod tail;
mod topology;

pub use options::{Names, RabbitOptions};

use crate::{Burial, DeadLetter, Depth, Message, Queue, QueueError, Subscription, Tail};
use async_trait::async_trait;
use connection::Endpoint;
use link::Link;
use publisher::{Outgoing, Publisher};
use std::fmt::Display;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use subscription::RabbitSubscription;
use tail::RabbitTail;
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;

/// A queue on RabbitMQ.
#[derive(Clone)]
pub struct RabbitQueue {
    shared: Arc<Shared>,
}

struct Shared {
    publisher: Publisher,
    reading: Link,
    names: Arc<Names>,
    prefetch: u16,
    answer_timeout: Duration,
    /// Held while somebody walks through the dead letters.
    walking: tokio::sync::Mutex<()>,
}

impl Shared {
    /// A question to the broker, with a limit to its answer. One that does not answer has its connection looked at.
    async fn answered<T>(
        &self,
        what: &str,
        asking: impl Future<Output = lapin::Result<T>>,
    ) -> Result<T, QueueError> {
        match tokio::time::timeout(self.answer_timeout, asking).await {
            Ok(answer) => answer.map_err(|error| unavailable(what, error)),
            Err(_) => {
                self.reading.doubt();
                Err(unavailable(what, format!("no answer within {:?}", self.answer_timeout)))
            }
        }
    }
}

impl RabbitQueue {
    /// Opens the queue, and declares what is missing on the broker. A broker that does not answer is no error: calls
    /// fail until it does. An error is only what waiting cannot heal: a URL or a certificate file that cannot be read.
    pub async fn open(options: RabbitOptions) -> Result<Self, QueueError> {
        let endpoint = Arc::new(Endpoint::new(&options)?);
        if options.names.all().iter().any(|name| name.len() > 255) {
            return Err(unavailable("the queue cannot be opened", "a name is longer than 255 bytes"));
        }
        let names = Arc::new(options.names);
        let link = |name: String| {
            Link::start(Arc::clone(&endpoint), Arc::clone(&names), name, options.connect_timeout)
        };
        let reading = link("sendry reading".to_owned());
        let publishing = (1..=options.publishing_connections.max(1))
            .map(|number| link(format!("sendry publishing {number}")));
        let publisher = Publisher::new(publishing.collect(), options.confirm_timeout);
        // Where the broker is up, the first call finds a connection.
        let tried = futures::future::join_all(publisher.links().iter().chain([&reading]).map(Link::tried));
        let _ = tokio::time::timeout(options.connect_timeout, tried).await;
        let shared = Shared {
            publisher,
            reading,
            names,
            prefetch: options.prefetch,
            answer_timeout: options.connect_timeout,
            walking: tokio::sync::Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    async fn publish(&self, messages: Vec<Message>) -> Result<(), QueueError> {
        let outgoing: Vec<Outgoing<'_>> = messages
            .iter()
            .map(|message| Outgoing {
                routing_key: topology::routing_key(message.client),
                properties: properties::write(message, None),
                body: &message.body,
            })
            .collect();
        self.shared.publisher.publish(&self.shared.names.exchange, &outgoing).await
    }

    async fn bury(&self, message: Message, burial: Burial) -> Result<(), QueueError> {
        let letter = Outgoing {
            routing_key: topology::routing_key(message.client),
            properties: properties::write(&message, Some(&burial)),
            body: &message.body,
        };
        self.shared.publisher.publish(&self.shared.names.dead_letter_exchange, &[letter]).await
    }

    /// More only makes smaller envelopes: the broker syncs for all that have come meanwhile.
    fn publish_lanes(&self) -> usize {
        4
    }

    async fn subscribe(&self) -> Result<Box<dyn Subscription>, QueueError> {
        Ok(Box::new(RabbitSubscription::begin(Arc::clone(&self.shared)).await?))
    }

    async fn tail(&self, client: ClientId) -> Result<Box<dyn Tail>, QueueError> {
        Ok(Box::new(RabbitTail::begin(&self.shared, client).await?))
    }

    async fn depth(&self) -> Result<Depth, QueueError> {
        let connection = self.shared.reading.connection()?;
        let names = &self.shared.names;
        let counting = async {
            let channel = connection.channel().await?;
            let waiting = topology::waiting(&channel, &names.queue).await?;
            let dead_letters = topology::waiting(&channel, &names.dead_letter_queue).await?;
            Ok(Depth { waiting, leased: None, oldest: None, dead_letters })
        };
        self.shared.answered("could not count messages", counting).await
    }

    async fn dead_letters(&self, skip: usize, limit: usize) -> Result<Vec<DeadLetter>, QueueError> {
        dead_letters::list(&self.shared, skip, limit).await
    }

    async fn dead_letter(&self, id: MessageId) -> Result<Option<DeadLetter>, QueueError> {
        dead_letters::find(&self.shared, id).await
    }

    async fn replay(&self, ids: Option<&[MessageId]>) -> Result<u64, QueueError> {
        dead_letters::replay(&self.shared, ids).await
    }

    async fn prune_dead_letters(&self, before: i64) -> Result<u64, QueueError> {
        dead_letters::prune(&self.shared, before).await
    }

    async fn ping(&self) -> Result<(), QueueError> {
        let (link, connection) = self.shared.publisher.connection()?;
        let asking = async {
            let channel = connection.channel().await?;
            topology::waiting(&channel, &self.shared.names.queue).await
        };
        match tokio::time::timeout(self.shared.publisher.confirm_timeout(), asking).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                link.doubt();
                Err(unavailable("the broker refused", error))
            }
            Err(_) => {
                link.doubt();
                Err(unavailable("the broker does not answer", "waited as long as for a confirmation"))
            }
        }
    }
}

fn unavailable(what: &str, why: impl Display) -> QueueError {
    QueueError::Unavailable(format!("{what}: {why}"), None)
}
