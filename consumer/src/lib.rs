//! From the queue into raw events and rollups, each hit counted exactly once.
//!
//! A group of deliveries goes four steps ([`steps`]):
//!
//! 1. SQL, one transaction: claim each batch in the inbox (its first owner stays), number its series;
//! 2. raw events: insert those of the batches this message owns, ignoring what is stored already;
//! 3. SQL, one transaction: mark done what is not yet done, add up exactly that;
//! 4. ack.
//!
//! The rule: a process may die between any two steps, or in one, and the next delivery goes the same way to the same
//! numbers. Nothing in here remembers anything that correctness needs.
//!
//! An outage is waited out with the deliveries in hand ([`Consumer::run`]); a message that cannot be processed though
//! everything answers is buried with its cause, alone: a failing group is split until the message stands alone.

mod aggregate;
mod failure;
mod group;
mod recent;
pub mod reconcile;
mod steps;
pub mod sweeper;

pub use failure::StepError;

use failure::Verdict;
use group::Group;
use queue::breaker::{Breaker, BreakerConfig, BreakerState};
use queue::retry::Backoff;
use queue::{Burial, Delivery, Queue, QueueError, ReceiveLimit, Subscription};
use recent::Recent;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Stores;
use telemetry::report::ClientId;
use telemetry::time::Clock;
use tokio_util::sync::CancellationToken;

/// The figures of a consumer.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerConfig {
    /// How much one group may hold: it bounds memory, and how long a transaction lasts.
    pub group: ReceiveLimit,
    /// How often a message is tried, once it stands alone and nothing is down, before it is buried.
    pub attempts: u32,
    /// The longest that one store call may take before it counts as an outage.
    pub step_timeout: Duration,
    pub backoff: Backoff,
    pub breaker: BreakerConfig,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            group: ReceiveLimit { messages: 300, bytes: 2 << 20 },
            attempts: 3,
            step_timeout: Duration::from_secs(30),
            backoff: Backoff::OUTAGE,
            breaker: BreakerConfig { cool_down: Duration::from_secs(2), ..BreakerConfig::default() },
        }
    }
}

/// Told after each counted batch: the client, and how many hits were added.
pub type OnCounted = Arc<dyn Fn(ClientId, u64) + Send + Sync>;

/// A consumer. Clones share its state: run as many side by side as there are lanes to fill.
#[derive(Clone)]
pub struct Consumer {
    queue: Arc<dyn Queue>,
    stores: Stores,
    config: ConsumerConfig,
    clock: Clock,
    on_counted: OnCounted,
    shared: Arc<Shared>,
}

/// What all clones of a consumer share.
struct Shared {
    /// A fast path only: what is not in it is asked from the store.
    recent: Mutex<Recent>,
    breaker: Mutex<Breaker>,
    stats: Stats,
}

/// What a consumer has done since it started.
#[derive(Debug, Default)]
pub struct Stats {
    pub hits: AtomicU64,
    pub messages: AtomicU64,
    /// Batches that were counted before.
    pub duplicates: AtomicU64,
    pub buried: AtomicU64,
    pub retries: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Neither a cache nor a breaker can be left in a state that loses or doubles a hit.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Consumer {
    pub fn new(
        queue: Arc<dyn Queue>,
        stores: Stores,
        config: ConsumerConfig,
        clock: Clock,
        on_counted: OnCounted,
    ) -> Self {
        let shared = Shared {
            recent: Mutex::new(Recent::new()),
            breaker: Mutex::new(Breaker::new(config.breaker)),
            stats: Stats::default(),
        };
        Self { queue, stores, config, clock, on_counted, shared: Arc::new(shared) }
    }

    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// Whether the stores behind it answer.
    pub fn breaker_state(&self) -> BreakerState {
        lock(&self.shared.breaker).state()
    }

    /// Consumes until `shutdown`; what is in hand then is finished if the stores answer, else given back.
    pub async fn run(&self, shutdown: CancellationToken) {
        let mut failures = 0;
        while !shutdown.is_cancelled() {
            match self.subscribe_and_consume(&shutdown).await {
                Ok(()) => failures = 0,
                Err(error) => {
                    tracing::warn!(error = %error, failures, "the queue does not deliver; trying again");
                    self.pause(failures, &shutdown).await;
                    failures += 1;
                }
            }
        }
    }

    async fn subscribe_and_consume(&self, shutdown: &CancellationToken) -> Result<(), QueueError> {
        let mut subscription = self.queue.subscribe().await?;
        loop {
            let deliveries = tokio::select! {
                biased;
                () = shutdown.cancelled() => return Ok(()),
                received = subscription.receive(self.config.group) => received?,
            };
            self.consume(&mut *subscription, deliveries, shutdown).await?;
        }
    }

    /// Brings a group of deliveries to their end: acked or buried. Returns early, with some of them unsettled, only on
    /// shutdown during an outage, or when the queue itself fails.
    pub async fn consume(
        &self,
        subscription: &mut dyn Subscription,
        deliveries: Vec<Delivery>,
        shutdown: &CancellationToken,
    ) -> Result<(), QueueError> {
        let first_seen = (self.clock)().as_millisecond();
        let stats = &self.shared.stats;
        let mut pieces = VecDeque::from([(deliveries, 0u32)]);
        let mut outages = 0;
        while let Some((deliveries, attempts)) = pieces.pop_front() {
            let (group, undecodable) = Group::decode(&deliveries);
            for (delivery, cause) in undecodable {
                self.bury(subscription, delivery, cause, 1, first_seen).await?;
            }
            let Err(error) = self.settle(subscription, &group).await? else {
                continue;
            };
            match error.verdict() {
                Verdict::Outage => {
                    stats.retries.fetch_add(1, Ordering::Relaxed);
                    tracing::warn!(error = %error.chain(), outages, "the stores do not take hits; waiting with them in hand");
                    self.pause(outages, shutdown).await;
                    if shutdown.is_cancelled() {
                        return Ok(());
                    }
                    outages += 1;
                    pieces.push_front((group.into_deliveries(), attempts));
                }
                Verdict::Poison => {
                    let mut unsettled = group.into_deliveries();
                    if unsettled.len() > 1 {
                        let second = unsettled.split_off(unsettled.len() / 2);
                        pieces.push_front((second, attempts));
                        pieces.push_front((unsettled, attempts));
                    } else if attempts + 1 < self.config.attempts {
                        self.pause(attempts, shutdown).await;
                        pieces.push_front((unsettled, attempts + 1));
                    } else if let [delivery] = &unsettled[..] {
                        self.bury(subscription, delivery, error.chain(), attempts + 1, first_seen).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Steps 1 to 4. The outer error is the queue's, the inner one the stores'.
    async fn settle(
        &self,
        subscription: &mut dyn Subscription,
        group: &Group<'_>,
    ) -> Result<Result<(), StepError>, QueueError> {
        if group.is_empty() {
            return Ok(Ok(()));
        }
        let now = Instant::now();
        if let Err(wait) = lock(&self.shared.breaker).admit(now) {
            return Ok(Err(StepError::BreakerOpen(wait)));
        }
        let counted = self.count(group).await;
        {
            let mut breaker = lock(&self.shared.breaker);
            match &counted {
                Err(error) if error.verdict() == Verdict::Outage => breaker.failed(Instant::now()),
                _ => breaker.succeeded(),
            }
        }
        let counted = match counted {
            Ok(counted) => counted,
            Err(error) => return Ok(Err(error)),
        };
        subscription.ack(&group.tags()).await?;
        let stats = &self.shared.stats;
        stats.messages.fetch_add(group.len() as u64, Ordering::Relaxed);
        stats.duplicates.fetch_add(counted.duplicates, Ordering::Relaxed);
        for (client, hits) in counted.hits {
            stats.hits.fetch_add(hits, Ordering::Relaxed);
            (self.on_counted)(client, hits);
        }
        Ok(Ok(()))
    }

    async fn bury(
        &self,
        subscription: &mut dyn Subscription,
        delivery: &Delivery,
        cause: String,
        attempts: u32,
        first_seen: i64,
    ) -> Result<(), QueueError> {
        let id = delivery.message.id;
        tracing::error!(message = %id, client = %delivery.message.client, cause, attempts, "buried a message");
        let burial = Burial { cause, attempts, first_seen, buried_at: (self.clock)().as_millisecond() };
        subscription.bury(delivery.tag, burial).await?;
        self.shared.stats.buried.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Waits as the backoff says, or until shutdown.
    async fn pause(&self, attempt: u32, shutdown: &CancellationToken) {
        // Spread by the clock's fine digits: consumers that fail together need not come back together.
        let random = f64::from((self.clock)().subsec_nanosecond().unsigned_abs() % 1_000_000) / 1e6;
        let delay = self.config.backoff.delay(attempt, random);
        let _ = tokio::time::timeout(delay, shutdown.cancelled()).await;
    }
}
