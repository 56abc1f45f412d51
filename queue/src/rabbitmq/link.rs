//! A connection that is kept up: a task connects, declares exchanges and queues, watches, and connects again.
//!
//! The rule: whoever wants the connection gets it at once or learns at once that there is none; only the task waits, and
//! never without a limit.

use super::connection::{Connection, Endpoint};
use super::options::Names;
use super::{topology, unavailable};
use crate::QueueError;
use crate::retry::Backoff;
use futures::StreamExt;
use lapin::Event;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Short, because whoever waits for the broker has a breaker of its own with longer pauses.
const RECONNECT: Backoff =
    Backoff { base: Duration::from_millis(100), cap: Duration::from_secs(1), jitter: 0.25 };
/// How often a connection is looked at beside what the driver tells.
const LOOK: Duration = Duration::from_millis(500);

#[derive(Clone)]
enum State {
    /// Not yet, or not any more, and why.
    Down(Arc<str>),
    Up(Arc<Connection>),
}

/// A connection that comes back by itself.
pub(super) struct Link {
    endpoint: Arc<Endpoint>,
    state: watch::Receiver<State>,
    doubt: Arc<Notify>,
}

impl Link {
    /// Starts the task. It ends when the link is dropped.
    pub(super) fn start(endpoint: Arc<Endpoint>, names: Arc<Names>, name: String, timeout: Duration) -> Self {
        let (sender, state) = watch::channel(State::Down("connecting".into()));
        let doubt = Arc::new(Notify::new());
        let task = Task {
            endpoint: Arc::clone(&endpoint),
            names,
            name,
            timeout,
            doubt: Arc::clone(&doubt),
            state: sender,
        };
        tokio::spawn(task.run());
        Self { endpoint, state, doubt }
    }

    /// The connection, if there is one now.
    pub(super) fn connection(&self) -> Result<Arc<Connection>, QueueError> {
        let why: Arc<str> = match &*self.state.borrow() {
            State::Up(connection) if connection.is_open() => return Ok(Arc::clone(connection)),
            State::Up(_) => "it has just broken".into(),
            State::Down(why) => Arc::clone(why),
        };
        Err(unavailable(&format!("no connection to {}", self.endpoint), why))
    }

    /// Waits until the first try to connect has ended, well or badly.
    pub(super) async fn tried(&self) {
        let mut state = self.state.clone();
        // An error means that the task has ended, so there is nothing to wait for.
        let _ = state.changed().await;
    }

    /// Has the connection looked at: something came late or back. If it does not answer, it is replaced.
    pub(super) fn doubt(&self) {
        self.doubt.notify_one();
    }
}

struct Task {
    endpoint: Arc<Endpoint>,
    names: Arc<Names>,
    name: String,
    timeout: Duration,
    doubt: Arc<Notify>,
    state: watch::Sender<State>,
}

impl Task {
    async fn run(self) {
        let mut failures = 0;
        loop {
            let connected = tokio::select! {
                connected = self.connect() => connected,
                () = self.state.closed() => return,
            };
            let why = match connected {
                Ok(connection) => {
                    tracing::info!(broker = %self.endpoint, connection = self.name, "connected to the broker");
                    failures = 0;
                    let connection = Arc::new(connection);
                    self.state.send_replace(State::Up(Arc::clone(&connection)));
                    tokio::select! {
                        why = self.watch(&connection) => {
                            connection.cut();
                            tracing::warn!(broker = %self.endpoint, connection = self.name, why, "lost the connection to the broker");
                            why
                        }
                        () = self.state.closed() => {
                            connection.close().await;
                            return;
                        }
                    }
                }
                Err(why) => {
                    // Once, not at each try: an outage may last.
                    if failures == 0 {
                        tracing::warn!(broker = %self.endpoint, connection = self.name, why, "no connection to the broker; trying on");
                    }
                    failures += 1;
                    why
                }
            };
            self.state.send_replace(State::Down(why.into()));
            tokio::select! {
                () = tokio::time::sleep(RECONNECT.delay(failures, random())) => {}
                () = self.state.closed() => return,
            }
        }
    }

    async fn connect(&self) -> Result<Connection, String> {
        let connection = self.endpoint.connect(&self.name).await?;
        self.declare(&connection).await?;
        Ok(connection)
    }

    async fn declare(&self, connection: &Connection) -> Result<(), String> {
        let declaring = async {
            let channel = connection.channel().await?;
            topology::declare(&channel, &self.names).await
        };
        match tokio::time::timeout(self.timeout, declaring).await {
            Ok(declared) => declared.map_err(|error| error.to_string()),
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        }
    }

    /// Watches a connection until it is broken; why it is.
    async fn watch(&self, connection: &Connection) -> String {
        let mut events = Box::pin(connection.events());
        let mut last_error = None;
        loop {
            tokio::select! {
                event = events.next() => match event {
                    Some(Event::Error(error)) => last_error = Some(error.to_string()),
                    Some(Event::ConnectionBlocked(reason)) => {
                        tracing::warn!(broker = %self.endpoint, connection = self.name, reason, "the broker takes no messages");
                    }
                    Some(Event::ConnectionUnblocked) => {
                        tracing::info!(broker = %self.endpoint, connection = self.name, "the broker takes messages again");
                    }
                    Some(_) => {}
                    None => tokio::time::sleep(LOOK).await,
                },
                // A blocked connection is not read by the broker, so it cannot answer; that is no reason to replace it.
                () = self.doubt.notified(), if !connection.is_blocked() => {
                    if let Err(why) = self.declare(connection).await
                        && !connection.is_blocked()
                    {
                        return why;
                    }
                }
                () = tokio::time::sleep(LOOK) => {}
            }
            if !connection.is_open() {
                return last_error.unwrap_or_else(|| "it was closed".to_owned());
            }
        }
    }
}

/// Uniform in 0..1, for jitter.
fn random() -> f64 {
    // Each state of the standard library's maps is seeded anew.
    (RandomState::new().build_hasher().finish() >> 11) as f64 / (1u64 << 53) as f64
}
