//! Watching what is published: this process publishes all there is, so it hands copies round by itself.

use super::unavailable;
use crate::{Message, QueueError, Tail};
use async_trait::async_trait;
use std::sync::Arc;
use telemetry::report::ClientId;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver, Sender};

/// Messages that a watcher may be behind.
const BEHIND: usize = 256;

type Copied = (ClientId, Arc<[u8]>);

/// Hands copies to whoever watches.
pub(super) struct Tails(Sender<Copied>);

impl Tails {
    pub(super) fn new() -> Self {
        Self(broadcast::channel(BEHIND).0)
    }

    /// Copies of messages about to be published; none while nobody watches.
    pub(super) fn copies(&self, messages: &[Message]) -> Vec<Copied> {
        if self.0.receiver_count() == 0 {
            return Vec::new();
        }
        messages.iter().map(|message| (message.client, message.body.as_slice().into())).collect()
    }

    /// To be called once they are durable.
    pub(super) fn hand_round(&self, copies: Vec<Copied>) {
        for copied in copies {
            // nobody watches any more: nothing is lost
            let _ = self.0.send(copied);
        }
    }

    pub(super) fn of(&self, client: ClientId) -> SqliteTail {
        SqliteTail { client, copies: self.0.subscribe() }
    }
}

pub(super) struct SqliteTail {
    client: ClientId,
    copies: Receiver<Copied>,
}

#[async_trait]
impl Tail for SqliteTail {
    async fn next(&mut self) -> Result<Vec<u8>, QueueError> {
        loop {
            match self.copies.recv().await {
                Ok((client, body)) if client == self.client => return Ok(body.to_vec()),
                Ok(_) | Err(RecvError::Lagged(_)) => {}
                Err(error @ RecvError::Closed) => return Err(unavailable("the queue is closed", error)),
            }
        }
    }
}
