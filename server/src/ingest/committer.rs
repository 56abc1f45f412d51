//! Group commit: publishes at once while few publishes are in flight, and gathers behind them.
//!
//! There is no timer. A hit that comes alone is published alone and at once; hits that come while a publish is under
//! way are gathered, per client, into one envelope, which goes out as soon as a lane is free. Each waiting call is
//! answered when its own envelope is confirmed. A breaker stands before the queue: once it is open, calls are refused
//! at once, without trying.

use crate::config::Config;
use crate::reply::{Answer, ErrorReply};
use queue::breaker::{Breaker, BreakerConfig, BreakerState};
use queue::{Message, Queue};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use telemetry::envelope::{self, MessageId, Segment};
use telemetry::error::ApiError;
use telemetry::report::ClientId;
use telemetry::time::Clock;
use tokio::sync::oneshot;

/// An envelope that has grown to this is not added to any more: messages stay small for brokers and consumers.
const ENVELOPE_BYTES: usize = 256 << 10;

/// Publishes hits and tells each call when its hits are durable.
#[derive(Clone)]
pub struct Committer {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Arc<dyn Queue>,
    lanes: usize,
    confirm_timeout: Duration,
    max_waiting_bytes: usize,
    clock: Clock,
    state: Mutex<State>,
    breaker: Mutex<Breaker>,
    stats: CommitterStats,
}

/// What the committer has done since the start.
#[derive(Debug, Default)]
pub struct CommitterStats {
    pub envelopes: AtomicU64,
    pub failed: AtomicU64,
    pub refused: AtomicU64,
}

#[derive(Default)]
struct State {
    gathering: HashMap<ClientId, Gathering>,
    /// Envelopes that are full before a lane was free.
    full: Vec<(ClientId, Gathering)>,
    lanes_busy: usize,
    /// Bytes gathered and in flight.
    bytes: usize,
}

/// An envelope in the making.
#[derive(Default)]
struct Gathering {
    segments: Vec<u8>,
    waiting: Vec<oneshot::Sender<Outcome>>,
}

/// What becomes of a call's hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Durable,
    /// The queue did not confirm.
    Failed,
    /// The breaker did not let it through; come again after this.
    Refused(Duration),
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Committer {
    pub fn new(queue: Arc<dyn Queue>, config: &Config, clock: Clock) -> Self {
        let shared = Shared {
            lanes: queue.publish_lanes().max(1),
            queue,
            confirm_timeout: config.confirm_timeout(),
            max_waiting_bytes: config.max_waiting_bytes,
            clock,
            state: Mutex::default(),
            breaker: Mutex::new(Breaker::new(BreakerConfig::default())),
            stats: CommitterStats::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub fn stats(&self) -> &CommitterStats {
        &self.shared.stats
    }

    pub fn breaker_state(&self) -> BreakerState {
        lock(&self.shared.breaker).state()
    }

    /// Refuses at once while the breaker is open or too much is waiting.
    pub fn check_open(&self) -> Answer<()> {
        let open_for = lock(&self.shared.breaker).open_for(Instant::now());
        if !open_for.is_zero() {
            self.shared.stats.refused.fetch_add(1, Ordering::Relaxed);
            return Err(unavailable(open_for));
        }
        if lock(&self.shared.state).bytes > self.shared.max_waiting_bytes {
            self.shared.stats.refused.fetch_add(1, Ordering::Relaxed);
            return Err(ErrorReply::from(ApiError::unavailable("too many hits are waiting for the queue"))
                .retry_after(1));
        }
        Ok(())
    }

    /// Makes hits durable; returns when they are, or fails within the confirm time-out.
    pub async fn commit(&self, client: ClientId, segment: &Segment) -> Answer<()> {
        let (confirm, confirmed) = oneshot::channel();
        let lane_free = {
            let mut state = lock(&self.shared.state);
            state.add(client, segment, confirm);
            let free = state.lanes_busy < self.shared.lanes;
            state.lanes_busy += usize::from(free);
            free
        };
        if lane_free {
            // A task of its own: others' hits travel in the same envelope, so a caller that goes away must not stop it.
            tokio::spawn(Arc::clone(&self.shared).publish_gathered());
        }
        match tokio::time::timeout(self.shared.confirm_timeout, confirmed).await {
            Ok(Ok(Outcome::Durable)) => Ok(()),
            Ok(Ok(Outcome::Refused(wait))) => Err(unavailable(wait)),
            Ok(Ok(Outcome::Failed) | Err(_)) | Err(_) => Err(unavailable(Duration::from_secs(1))),
        }
    }
}

impl State {
    fn add(&mut self, client: ClientId, segment: &Segment, confirm: oneshot::Sender<Outcome>) {
        let gathering = self.gathering.entry(client).or_default();
        gathering.segments.extend_from_slice(segment.as_bytes());
        gathering.waiting.push(confirm);
        self.bytes += segment.as_bytes().len();
        if gathering.segments.len() >= ENVELOPE_BYTES {
            self.full.push((client, std::mem::take(gathering)));
        }
    }

    fn take(&mut self) -> Vec<(ClientId, Gathering)> {
        let mut taken = std::mem::take(&mut self.full);
        taken.extend(self.gathering.drain().filter(|(_, gathering)| !gathering.waiting.is_empty()));
        taken
    }
}

impl Shared {
    /// One lane: publishes what has gathered until nothing has.
    async fn publish_gathered(self: Arc<Self>) {
        loop {
            let gathered = {
                let mut state = lock(&self.state);
                let gathered = state.take();
                if gathered.is_empty() {
                    state.lanes_busy -= 1;
                    return;
                }
                gathered
            };
            let bytes: usize = gathered.iter().map(|(_, gathering)| gathering.segments.len()).sum();
            let outcome = self.publish(&gathered).await;
            lock(&self.state).bytes -= bytes;
            for (_, gathering) in gathered {
                for confirm in gathering.waiting {
                    // A caller that has gone does not need the answer.
                    let _ = confirm.send(outcome);
                }
            }
        }
    }

    async fn publish(&self, gathered: &[(ClientId, Gathering)]) -> Outcome {
        if let Err(wait) = lock(&self.breaker).admit(Instant::now()) {
            self.stats.refused.fetch_add(1, Ordering::Relaxed);
            return Outcome::Refused(wait);
        }
        let accepted_at = (self.clock)().as_millisecond();
        let messages = gathered
            .iter()
            .map(|(client, gathering)| {
                let id = MessageId(uuid::Uuid::now_v7().as_u128());
                let mut body = Vec::with_capacity(gathering.segments.len() + 48);
                envelope::begin(id, *client, accepted_at, &mut body);
                body.extend_from_slice(&gathering.segments);
                Message { id, client: *client, accepted_at, body }
            })
            .collect();
        self.stats.envelopes.fetch_add(gathered.len() as u64, Ordering::Relaxed);
        let published = tokio::time::timeout(self.confirm_timeout, self.queue.publish(messages)).await;
        let failure = match published {
            Ok(Ok(())) => {
                lock(&self.breaker).succeeded();
                return Outcome::Durable;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no confirmation within {:?}", self.confirm_timeout),
        };
        tracing::error!(failure, "hits could not be made durable; their senders were told to try again");
        self.stats.failed.fetch_add(1, Ordering::Relaxed);
        lock(&self.breaker).failed(Instant::now());
        Outcome::Failed
    }
}

fn unavailable(wait: Duration) -> ErrorReply {
    let error = ApiError::unavailable(
        "the queue does not take hits at the moment; nothing was stored, send again later",
    );
    ErrorReply::from(error).retry_after(wait.as_secs_f64().ceil() as u64)
}
