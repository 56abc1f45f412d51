//! What is happening just now: events for `GET /api/live`, as long as somebody listens.
//!
//! The rule: listening never presses on ingest. A listener reads copies, within bounds of its own: few listeners at once, few
//! rows at a time, and an end after a while, when the browser comes again and is asked anew who it is.

mod feed;
mod window;

pub use feed::{Feed, Told};

use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

/// Listeners at once.
const LISTENERS: usize = 256;

/// How long one is listened to before it has to come again.
const LONGEST: Duration = Duration::from_secs(300);

/// Lets listeners in.
pub struct Live {
    places: Arc<Semaphore>,
    /// The server's: streams would keep it from ending.
    shutdown: CancellationToken,
}

/// Held by a listener.
pub struct Place {
    _held: OwnedSemaphorePermit,
    pub(crate) shutdown: CancellationToken,
    pub(crate) end: tokio::time::Instant,
}

impl Live {
    pub fn new(shutdown: CancellationToken) -> Self {
        Self { places: Arc::new(Semaphore::new(LISTENERS)), shutdown }
    }

    /// `None` where too many listen already.
    pub fn enter(&self) -> Option<Place> {
        let held = Arc::clone(&self.places).try_acquire_owned().ok()?;
        let end = tokio::time::Instant::now() + LONGEST;
        Some(Place { _held: held, shutdown: self.shutdown.clone(), end })
    }
}
