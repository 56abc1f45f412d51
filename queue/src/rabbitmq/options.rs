//! How to reach the broker, and what things are called there.

use std::fmt::{self, Debug};
use std::path::PathBuf;
use std::time::Duration;

/// The settings of a [`super::RabbitQueue`].
#[derive(Clone)]
pub struct RabbitOptions {
    /// `amqp://` or `amqps://`. It may hold a password, so it is never printed.
    pub url: String,
    /// Connections that publish; one more reads.
    pub publishing_connections: usize,
    /// Messages that a subscription is sent before it acks, at most.
    pub prefetch: u16,
    /// How long a publish may take until it is confirmed, a broken connection and a second try included.
    pub confirm_timeout: Duration,
    /// How long connecting may take, or any question to the broker that is not a publish.
    pub connect_timeout: Duration,
    /// Certificates (PEM) that the broker may show beside the system's.
    pub tls_ca_file: Option<PathBuf>,
    pub names: Names,
}

impl RabbitOptions {
    /// The defaults towards the broker at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            publishing_connections: 2,
            prefetch: 300,
            confirm_timeout: Duration::from_secs(2),
            connect_timeout: Duration::from_secs(5),
            tls_ca_file: None,
            names: Names::default(),
        }
    }
}

impl Debug for RabbitOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RabbitOptions").field("names", &self.names).finish_non_exhaustive()
    }
}

/// What exchanges and queues are called. At most 255 bytes each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The topic exchange that hits are published to, with the routing key `hits.<client>`.
    pub exchange: String,
    /// The queue that consumers read.
    pub queue: String,
    pub dead_letter_exchange: String,
    pub dead_letter_queue: String,
}

impl Default for Names {
    fn default() -> Self {
        Self::prefixed("")
    }
}

impl Names {
    /// The default names behind a prefix, so that several installations can share a broker.
    pub fn prefixed(prefix: &str) -> Self {
        let name = |name: &str| format!("{prefix}{name}");
        Self {
            exchange: name("sendry.hits"),
            queue: name("api_hits"),
            dead_letter_exchange: name("sendry.dlx"),
            dead_letter_queue: name("api_hits.dlq"),
        }
    }

    pub(super) fn all(&self) -> [&str; 4] {
        [&self.exchange, &self.queue, &self.dead_letter_exchange, &self.dead_letter_queue]
    }
}
