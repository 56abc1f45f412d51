//! What a consumer has done and how it fares, counted where it happens, for metrics and the pipeline page.
//!
//! The rule: counting costs no lock that anybody waits for, and no label is what a user named.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use queue::breaker::BreakerState;
use runtime::metrics::{BREAKER_STATES, SECONDS, breaker_gauge};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

/// A step that a group of messages goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Claim,
    /// Asking how long raw events are kept: once a minute.
    Retention,
    Raw,
    Complete,
    Ack,
}

impl Step {
    /// Its name as a label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Claim => "claim",
            Self::Retention => "retention",
            Self::Raw => "raw",
            Self::Complete => "complete",
            Self::Ack => "ack",
        }
    }

    fn label(self) -> Label {
        [("step", self.name())]
    }
}

/// One label with its value.
type Label = [(&'static str, &'static str); 1];

/// Seconds from acceptance to counting: a moment, while all is well; hours, after an outage.
const LAGS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0, 3_600.0, 86_400.0];

/// Messages in a group.
const GROUP_SIZES: [f64; 9] = [1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 200.0, 300.0];

/// The counters of a consumer, since it started. All its lanes add to the same ones.
pub struct Stats {
    /// Hits added to the rollups.
    pub hits: Counter,
    /// Messages acked.
    pub messages: Counter,
    /// Batches that were counted before, or belong to another message.
    pub duplicates: Counter,
    /// Messages moved to the dead letters.
    pub buried: Counter,
    /// Steps that failed and were tried again.
    pub retries: Family<Label, Counter>,
    /// Messages in a group.
    pub groups: Histogram,
    /// Seconds that a step took, also where it failed.
    pub steps: Family<Label, Histogram>,
    /// Seconds from a message's acceptance until its hits were counted.
    pub lag: Histogram,
    /// Messages that lanes have in their hands.
    pub in_hand: Gauge,
    /// Lanes that wait for a store or the queue.
    pub paused: Gauge,
    /// See [`Self::last_lag_ms`]; negative before the first message.
    last_lag_ms: AtomicI64,
}

impl Default for Stats {
    fn default() -> Self {
        Self {
            hits: Counter::default(),
            messages: Counter::default(),
            duplicates: Counter::default(),
            buried: Counter::default(),
            retries: Family::default(),
            groups: Histogram::new(GROUP_SIZES),
            steps: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            lag: Histogram::new(LAGS),
            in_hand: Gauge::default(),
            paused: Gauge::default(),
            last_lag_ms: AtomicI64::new(-1),
        }
    }
}

impl Stats {
    /// Steps that failed and were tried again.
    pub fn retries_of(&self, step: Step) -> u64 {
        self.retries.get(&step.label()).map_or(0, |retries| retries.get())
    }

    /// How long after its acceptance the newest of the messages counted last was counted, in milliseconds.
    pub fn last_lag_ms(&self) -> Option<i64> {
        Some(self.last_lag_ms.load(Ordering::Relaxed)).filter(|lag| *lag >= 0)
    }

    pub(crate) fn retried(&self, step: Step) {
        self.retries.get_or_create(&step.label()).inc();
    }

    pub(crate) fn took(&self, step: Step, time: Duration) {
        self.steps.get_or_create(&step.label()).observe(time.as_secs_f64());
    }

    /// Notes messages accepted at these times, in Unix milliseconds, as counted at `now`.
    pub(crate) fn counted(&self, accepted: impl Iterator<Item = i64>, now: i64) {
        for accepted in accepted {
            // The server's clock may be ahead of this one.
            let lag = now.saturating_sub(accepted).max(0);
            self.lag.observe(lag as f64 / 1e3);
            self.last_lag_ms.store(lag, Ordering::Relaxed);
        }
    }

    /// Adds them to a registry, beside the state of the breaker before the stores.
    pub fn register(&self, registry: &mut Registry, breaker: BreakerState) {
        registry.register("hits_counted", "Hits added to the rollups", self.hits.clone());
        let registry = registry.sub_registry_with_prefix("consumer");
        registry.register("messages_acked", "Messages counted and acked", self.messages.clone());
        let help = "Batches that were counted before, or belong to another message";
        registry.register("duplicate_batches", help, self.duplicates.clone());
        registry.register("messages_buried", "Messages moved to the dead letters", self.buried.clone());
        let help = "Steps that failed for an outage and were tried again, by step";
        registry.register("retries", help, self.retries.clone());
        registry.register("group_messages", "Messages counted together", self.groups.clone());
        let help = "How long a step of a group took";
        registry.register_with_unit("step", help, Unit::Seconds, self.steps.clone());
        let help = "How long after its acceptance a message was counted";
        registry.register_with_unit("lag", help, Unit::Seconds, self.lag.clone());
        let help = "Messages that consumer lanes have in their hands";
        registry.register("messages_in_hand", help, self.in_hand.clone());
        let help =
            "Consumer lanes that hold what they have and wait for a store or the queue; 0: nothing is paused";
        registry.register("paused_lanes", help, self.paused.clone());
        let help = format!("The breaker before the stores: {BREAKER_STATES}");
        registry.register("breaker_state", help, ConstGauge::new(breaker_gauge(breaker)));
    }
}

/// Adds to a gauge for as long as it lives.
pub(crate) struct Raised<'a> {
    gauge: &'a Gauge,
    by: i64,
}

impl<'a> Raised<'a> {
    pub(crate) fn new(gauge: &'a Gauge, by: i64) -> Self {
        gauge.inc_by(by);
        Self { gauge, by }
    }
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.gauge.dec_by(self.by);
    }
}
