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
//! An outage is waited out with the deliveries in hand, and nothing more is taken meanwhile ([`Consumer::run`]); a message
//! that cannot be processed though everything answers is buried with its cause, alone: a failing group is split until
//! the message stands alone.
//!
//! [`process`] is all of that as a process of its own, `sendry-consumer`.

mod aggregate;
mod fail_points;
mod failure;
mod group;
mod lane;
mod outage;
pub mod process;
mod recent;
pub mod reconcile;
mod retention;
pub mod stats;
mod steps;
pub mod sweeper;

pub use failure::StepError;

use outage::Outage;
use prometheus_client::registry::Registry;
use queue::breaker::{Breaker, BreakerConfig, BreakerState};
use queue::retry::Backoff;
use queue::{Queue, ReceiveLimit};
use recent::Recent;
use retention::Retentions;
use runtime::config::Config;
use stats::Stats;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use store::Stores;
use telemetry::report::ClientId;
use telemetry::time::Clock;

/// The figures of a consumer.
#[derive(Debug, Clone, Copy)]
pub struct ConsumerConfig {
    /// How much one group may hold: it bounds memory, and how long a transaction lasts.
    pub group: ReceiveLimit,
    /// How often a message is tried, once it stands alone and nothing is down, before it is buried.
    pub attempts: u32,
    /// The longest that one store call may take before it counts as an outage.
    pub step_timeout: Duration,
    /// How long a lane waits out an outage with messages in hand; then it gives them back, and takes new ones when the
    /// stores answer. Shorter than the patience of queues with a consumer that does not ack.
    pub hold: Duration,
    pub backoff: Backoff,
    pub breaker: BreakerConfig,
}

impl Default for ConsumerConfig {
    fn default() -> Self {
        Self {
            group: ReceiveLimit { messages: 300, bytes: 2 << 20 },
            attempts: 3,
            step_timeout: Duration::from_secs(30),
            hold: Duration::from_secs(240),
            backoff: Backoff::OUTAGE,
            breaker: BreakerConfig { cool_down: COOL_DOWN, ..BreakerConfig::default() },
        }
    }
}

/// The longest that the breaker before the stores stays open. Nobody waits behind it as callers do behind the one of
/// ingest: it only spares a store that comes back, and a probe every two seconds does not press on it.
const COOL_DOWN: Duration = Duration::from_secs(2);

impl ConsumerConfig {
    /// As the settings say.
    pub fn of(config: &Config) -> Self {
        let breaker = config.breaker();
        Self {
            step_timeout: config.store_timeout(),
            breaker: BreakerConfig { cool_down: breaker.cool_down.min(COOL_DOWN), ..breaker },
            ..Self::default()
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
    /// A memory of what the store said within the last minute.
    retentions: Mutex<Retentions>,
    breaker: Mutex<Breaker>,
    stores_outage: Outage,
    queue_outage: Outage,
    stats: Stats,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Neither a cache nor a breaker nor an outage can be left in a state that loses or doubles a hit.
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
            retentions: Mutex::default(),
            breaker: Mutex::new(Breaker::new(config.breaker)),
            stores_outage: Outage::new(
                "the stores do not take hits; waiting with the messages in hand",
                "the stores take hits again",
            ),
            queue_outage: Outage::new("the queue does not deliver; trying again", "the queue delivers again"),
            stats: Stats::default(),
        };
        Self { queue, stores, config, clock, on_counted, shared: Arc::new(shared) }
    }

    pub fn stats(&self) -> &Stats {
        &self.shared.stats
    }

    /// Whether the stores behind it answer.
    pub fn breaker_state(&self) -> BreakerState {
        lock(&self.shared.breaker).state(Instant::now())
    }

    /// Whether some of its lanes wait for a store or the queue.
    pub fn is_paused(&self) -> bool {
        self.shared.stats.paused.get() > 0
    }

    /// Adds what it has done and how it fares to a registry.
    pub fn register(&self, registry: &mut Registry) {
        self.shared.stats.register(registry, self.breaker_state());
    }
}
