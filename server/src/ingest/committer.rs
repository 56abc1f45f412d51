//! Group commit: publishes at once while few publishes are in flight, and gathers behind them.
//!
//! There is no timer. A hit that comes alone is published alone and at once; hits that come while a publish is under
//! way are gathered, per client, into one envelope, which goes out as soon as a lane is free. Each waiting call is
//! answered when its own envelope is confirmed. A breaker stands before the queue: once it is open, calls are refused
//! at once, without trying.

use super::confirms::Confirms;
use crate::reply::{Answer, ErrorReply};
use prometheus_client::metrics::counter::Counter;
use queue::breaker::{Breaker, BreakerState};
use queue::{Message, Queue};
use runtime::config::Config;
use std::collections::HashMap;
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
    /// Envelopes that the queue has confirmed.
    pub envelopes: Counter,
    /// Publishes that it has not confirmed, or not in time.
    pub failed: Counter,
    /// Calls and publishes refused without trying: the breaker was open, or too much was waiting.
    pub refused: Counter,
    pub confirms: Confirms,
}

/// The breaker before the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerReport {
    pub state: BreakerState,
    /// For how long it has not been closed.
    pub broken_for: Option<Duration>,
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
            breaker: Mutex::new(Breaker::new(config.breaker())),
            stats: CommitterStats::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    pub fn stats(&self) -> &CommitterStats {
        &self.shared.stats
    }

    pub fn breaker(&self) -> BreakerReport {
        let (breaker, now) = (lock(&self.shared.breaker), Instant::now());
        let broken_for = breaker.broken_since().map(|since| now.saturating_duration_since(since));
        BreakerReport { state: breaker.state(now), broken_for }
    }

    /// Bytes of hits that wait for the queue, and how many may.
    pub fn waiting_bytes(&self) -> (usize, usize) {
        (lock(&self.shared.state).bytes, self.shared.max_waiting_bytes)
    }

    /// Refuses at once while the breaker is open or too much is waiting.
    pub fn check_open(&self) -> Answer<()> {
        let open_for = lock(&self.shared.breaker).open_for(Instant::now());
        if !open_for.is_zero() {
            self.shared.stats.refused.inc();
            return Err(unavailable(open_for));
        }
        if lock(&self.shared.state).bytes > self.shared.max_waiting_bytes {
            self.shared.stats.refused.inc();
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
            Ok(Ok(outcome)) => outcome.answer(),
            Ok(Err(_)) | Err(_) => Outcome::Failed.answer(),
        }
    }

    /// Makes whole messages durable as they are, for somebody who has wrapped their hits already; else as
    /// [`Committer::commit`].
    pub async fn pass_on(&self, messages: Vec<Message>) -> Answer<()> {
        self.check_open()?;
        let bytes: usize = messages.iter().map(|message| message.body.len()).sum();
        lock(&self.shared.state).bytes += bytes;
        let shared = Arc::clone(&self.shared);
        // A task of its own, so that the bytes are given back also where the caller goes away.
        let publishing = tokio::spawn(async move {
            let outcome = shared.confirm(messages).await;
            lock(&shared.state).bytes -= bytes;
            outcome
        });
        publishing.await.unwrap_or(Outcome::Failed).answer()
    }
}

impl Outcome {
    fn answer(self) -> Answer<()> {
        match self {
            Self::Durable => Ok(()),
            Self::Refused(wait) => Err(unavailable(wait)),
            Self::Failed => Err(unavailable(Duration::from_secs(1))),
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
        self.confirm(messages).await
    }

    /// Publishes messages, if the breaker lets them through, and waits until they are durable.
    async fn confirm(&self, messages: Vec<Message>) -> Outcome {
        if let Err(wait) = lock(&self.breaker).admit(Instant::now()) {
            self.stats.refused.inc();
            return Outcome::Refused(wait);
        }
        let envelopes = messages.len() as u64;
        let began = Instant::now();
        let published = tokio::time::timeout(self.confirm_timeout, self.queue.publish(messages)).await;
        let failure = match published {
            Ok(Ok(())) => {
                lock(&self.breaker).succeeded();
                let now = Instant::now();
                self.stats.envelopes.inc_by(envelopes);
                self.stats.confirms.note(now, now.saturating_duration_since(began));
                return Outcome::Durable;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no confirmation within {:?}", self.confirm_timeout),
        };
        tracing::error!(failure, "hits could not be made durable; their senders were told to try again");
        self.stats.failed.inc();
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
