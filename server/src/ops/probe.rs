//! Asks queue and stores whether they answer, the queue how full it is, and the store who counts.

use jiff::Timestamp;
use moka::future::Cache;
use queue::{Depth, Queue};
use std::error::Error;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use store::Stores;
use store::metrics::Worker;

/// The longest that one part may take to answer.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Processes that have been silent for longer are of no interest any more, in milliseconds.
const LATELY_MS: i64 = 600_000;
/// How long an answer is believed: so long nobody is asked again.
const LIFETIME: Duration = Duration::from_secs(1);

/// Whether a part answered, and how long that took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered(Option<Duration>);

impl Answered {
    pub fn is_ok(self) -> bool {
        self.0.is_some()
    }

    /// How long the answer took, in milliseconds.
    pub fn millis(self) -> Option<f64> {
        self.0.map(|took| took.as_secs_f64() * 1e3)
    }
}

/// What was found out.
#[derive(Debug, Clone)]
pub struct Probe {
    pub queue: Answered,
    /// How full the queue is, where it told.
    pub depth: Option<Depth>,
    pub events: Answered,
    pub metrics: Answered,
    pub accounts: Answered,
    /// Processes that count hits, seen lately; none where the store did not tell.
    pub workers: Arc<[Worker]>,
}

impl Probe {
    /// Every part with its name.
    pub fn parts(&self) -> [(&'static str, Answered); 4] {
        [
            ("queue", self.queue),
            ("events", self.events),
            ("metrics", self.metrics),
            ("accounts", self.accounts),
        ]
    }
}

/// Watches the parts of one server.
pub struct Watch {
    started_at: Timestamp,
    latest: Cache<(), Probe>,
    /// Whether each part was down when it was last asked, so that the log has a line per change and not per question.
    down: [AtomicBool; 4],
}

impl Watch {
    pub fn new(started_at: Timestamp) -> Self {
        let latest = Cache::builder().max_capacity(1).time_to_live(LIFETIME).build();
        Self { started_at, latest, down: Default::default() }
    }

    /// When the server was started.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// How the parts are, as of at most a second ago. Of many who ask at once one does the work.
    pub async fn probe(&self, queue: &Arc<dyn Queue>, stores: &Stores, now: Timestamp) -> Probe {
        self.latest.get_with((), self.ask(&**queue, stores, now)).await
    }

    async fn ask(&self, queue: &dyn Queue, stores: &Stores, now: Timestamp) -> Probe {
        let [queue_down, events_down, metrics_down, accounts_down] = &self.down;
        let depth = async { tokio::time::timeout(PATIENCE, queue.depth()).await.ok()?.ok() };
        let workers = stores.metrics.workers(now.as_millisecond() - LATELY_MS);
        let workers = async { tokio::time::timeout(PATIENCE, workers).await.ok()?.ok() };
        let (queue, depth, workers, events, metrics, accounts) = tokio::join!(
            answers("queue", queue_down, queue.ping()),
            depth,
            workers,
            answers("events", events_down, stores.events.ping()),
            answers("metrics", metrics_down, stores.metrics.ping()),
            answers("accounts", accounts_down, stores.accounts.ping()),
        );
        let workers = workers.unwrap_or_default().into();
        Probe { queue, depth, events, metrics, accounts, workers }
    }
}

async fn answers<E>(part: &str, down: &AtomicBool, ping: impl Future<Output = Result<(), E>>) -> Answered
where
    E: Error + 'static,
{
    let began = Instant::now();
    let answer = tokio::time::timeout(PATIENCE, ping).await;
    let was_down = down.swap(!matches!(answer, Ok(Ok(()))), Ordering::Relaxed);
    match answer {
        Ok(Ok(())) => {
            if was_down {
                tracing::info!(part, "a part answers again");
            }
            return Answered(Some(began.elapsed()));
        }
        Ok(Err(error)) if !was_down => {
            tracing::warn!(part, error = &error as &dyn Error, "a part does not answer");
        }
        Err(_) if !was_down => tracing::warn!(part, "a part does not answer in time"),
        _ => {}
    }
    Answered(None)
}
