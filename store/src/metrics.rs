//! Rollups, the inbox that counts each batch once, and usage.
//!
//! The rule: a batch's numbers enter the rollups in the same transaction that marks the batch done, and only if that
//! transaction is the one that marks it. So whatever crashes, and however often a message is delivered, it counts once.

use crate::access::ClientScope;
use crate::error::StoreError;
use async_trait::async_trait;
use std::collections::{BTreeMap, HashSet};
use telemetry::envelope::MessageId;
use telemetry::hit::Method;
use telemetry::report::ClientId;
use telemetry::sketch::Sketch;
use telemetry::time::{Resolution, Span};

/// What a rollup row is about. Environment is part of each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SeriesKind {
    /// All of a client.
    Client,
    /// All of a service.
    Service { service: String },
    /// One endpoint: method + route template of a service.
    Endpoint { service: String, method: Method, endpoint: String },
    /// One consumer of a service: who called it, where its hits say so. Its rows are small: they have no sketch.
    Consumer { service: String, consumer: String },
}

/// The name that stands for everything beyond a cap on services, endpoints or consumers.
pub const OTHER: &str = "(other)";

/// A series before it has a number.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesKey {
    pub client: ClientId,
    pub environment: String,
    pub kind: SeriesKind,
}

/// A stored series.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Series {
    pub id: SeriesId,
    pub key: SeriesKey,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SeriesId(pub i64);

/// How many names a client may make before the rest counts under [`OTHER`].
#[derive(Debug, Clone, Copy)]
pub struct SeriesCaps {
    /// Services of a client.
    pub services: u32,
    /// Endpoints of a service.
    pub endpoints: u32,
    /// Environments of a client.
    pub environments: u32,
    /// Consumers of a service.
    pub consumers: u32,
}

impl Default for SeriesCaps {
    fn default() -> Self {
        Self { services: 100, endpoints: 500, environments: 16, consumers: 200 }
    }
}

/// A batch that a message brings.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BatchClaim {
    pub client: ClientId,
    /// `b:…`, `e:…` or `m:…`.
    pub batch: String,
    pub message: MessageId,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claimed {
    /// This message owns the batch, and it has not been counted yet.
    Mine,
    /// This message owns the batch, and it has been counted: only the ack was lost.
    Done,
    /// Another message owns the batch: nothing to do here, its owner is queued, dead-lettered or done.
    Foreign,
    /// Older than the inbox remembers: whether it was counted can no longer be known, so it is refused.
    Expired,
}

/// The answer to step 1.
#[derive(Debug, Clone)]
pub struct Claims {
    /// In the order of the claims asked.
    pub claimed: Vec<Claimed>,
    /// The number of each series asked, in that order. Beyond the caps several keys share the number of `(other)`.
    pub series: Vec<SeriesId>,
}

/// Where a rollup row lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RollupKey {
    pub series: SeriesId,
    pub resolution: Resolution,
    /// Start of the bucket, Unix seconds.
    pub bucket: i64,
    pub status: u16,
}

/// What a rollup row holds; also what is added to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Aggregate {
    pub count: u64,
    /// Microseconds.
    pub latency_us: i64,
    /// Microseconds; meaningless while `count` is 0.
    pub min_us: i64,
    /// Microseconds.
    pub max_us: i64,
    pub bytes_in: u64,
    pub bytes_out: u64,
    /// Empty in the rows of consumers.
    pub sketch: Sketch,
}

impl Aggregate {
    /// Adds another aggregate. Exact, and independent of order.
    pub fn merge(&mut self, other: &Self) {
        self.merge_sums(other);
        self.sketch.merge(&other.sketch);
    }

    /// Adds all but the sketch of another aggregate.
    pub fn merge_sums(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if self.count == 0 {
            self.min_us = other.min_us;
            self.max_us = other.max_us;
        } else {
            self.min_us = self.min_us.min(other.min_us);
            self.max_us = self.max_us.max(other.max_us);
        }
        self.count += other.count;
        self.latency_us = self.latency_us.saturating_add(other.latency_us);
        self.bytes_in = self.bytes_in.saturating_add(other.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(other.bytes_out);
    }
}

/// What a batch adds to its client's usage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    pub client: ClientId,
    /// Start of the UTC day of acceptance, Unix seconds.
    pub day: i64,
    pub accepted: u64,
    pub bytes: u64,
    /// Refused hits by field.
    pub rejected: BTreeMap<String, u64>,
}

/// Everything that step 3 writes for a set of batches.
#[derive(Debug, Clone, Default)]
pub struct Completion {
    /// The batches whose numbers are in `rollups` and `usage`; all of them were claimed as [`Claimed::Mine`].
    pub batches: Vec<BatchClaim>,
    pub rollups: BTreeMap<RollupKey, Aggregate>,
    /// One entry per client and day.
    pub usage: Vec<Usage>,
}

/// The answer to step 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Completed {
    /// All of it is counted.
    All,
    /// Nothing was written, because these batches (places in [`Completion::batches`]) were done already. The caller
    /// aggregates the others anew and tries again.
    SomeWereDone(Vec<usize>),
}

/// Which series to read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeriesFilter {
    pub kind: SeriesFilterKind,
    pub service: Option<String>,
    pub method: Option<Method>,
    pub endpoint: Option<String>,
    pub environment: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SeriesFilterKind {
    #[default]
    Client,
    Service,
    Endpoint,
    Consumer,
}

impl SeriesFilterKind {
    pub const ALL: [Self; 4] = [Self::Client, Self::Service, Self::Endpoint, Self::Consumer];
}

/// A rollup row as it is read.
#[derive(Debug, Clone, PartialEq)]
pub struct RollupRow {
    pub series: SeriesId,
    /// Start of its bucket, Unix seconds.
    pub bucket: i64,
    pub status: u16,
    pub aggregate: Aggregate,
}

/// The requests of a series in one bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct BucketCount {
    pub series: SeriesId,
    /// Start of the bucket, Unix seconds.
    pub bucket: i64,
    pub requests: u64,
}

/// The requests of a series that were answered with one status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatusSum {
    pub series: SeriesId,
    pub status: u16,
    pub requests: u64,
    /// Microseconds, of all of them together.
    pub latency_us: i64,
}

/// How long each kind of data is kept, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct MetricsRetention {
    pub minutes: i64,
    pub hours: i64,
    /// `None`: for ever.
    pub days: Option<i64>,
    pub inbox: i64,
}

impl Default for MetricsRetention {
    fn default() -> Self {
        const DAY: i64 = 86_400;
        Self { minutes: 2 * DAY, hours: 396 * DAY, days: None, inbox: 35 * DAY }
    }
}

impl MetricsRetention {
    /// The resolutions whose rows are not kept for ever, each with the bucket (Unix seconds) up to which they have
    /// outlived their time at `now`: a bucket has when its end has.
    pub(crate) fn outlived(&self, now: i64) -> impl Iterator<Item = (Resolution, i64)> {
        let kept = [
            (Resolution::Minute, Some(self.minutes)),
            (Resolution::Hour, Some(self.hours)),
            (Resolution::Day, self.days),
        ];
        kept.into_iter().filter_map(move |(resolution, kept)| {
            Some((resolution, now.saturating_sub(kept?).saturating_sub(resolution.seconds())))
        })
    }
}

/// A process that counts hits, as it last told of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Made by the process at its start.
    pub id: String,
    pub host: String,
    pub version: String,
    /// Unix milliseconds.
    pub started_at: i64,
    /// When it told this, Unix milliseconds.
    pub seen_at: i64,
    /// Hits that it has counted since its start.
    pub hits: u64,
    /// How long after its acceptance the newest counted message was counted, milliseconds; `None` before the first.
    pub lag_ms: Option<i64>,
    /// The state of its breaker before the stores: `closed`, `open`, `half-open`.
    pub breaker: String,
}

/// A worker that has been silent for so long (milliseconds) is forgotten.
pub const WORKER_REMEMBERED_MS: i64 = 86_400_000;

/// The rollups of one client while they are written anew from raw events: one transaction, which happens whole with
/// [`Rebuild::commit`] and not at all without it. Nobody claims or completes a batch of that client meanwhile.
#[async_trait]
pub trait Rebuild: Send {
    /// The client's batches that are claimed and not done. Their raw events may be there, and are not to be counted
    /// here: their own completion will count them.
    async fn open_batches(&mut self) -> Result<HashSet<String>, StoreError>;

    /// The numbers of series, in the order asked, given under the caps as by [`MetricsStore::claim`].
    async fn resolve(&mut self, keys: &[SeriesKey]) -> Result<Vec<SeriesId>, StoreError>;

    /// Deletes the client's rows in the spans, and writes `rows`, which lie in these spans and belong to its series.
    async fn replace(
        &mut self,
        spans: &[Span],
        rows: &BTreeMap<RollupKey, Aggregate>,
    ) -> Result<(), StoreError>;

    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
}

/// Rollups, inbox, usage. Every backend passes `tests/it/contract/metrics.rs`.
#[async_trait]
pub trait MetricsStore: Send + Sync {
    /// Step 1, one transaction: claims batches (the first owner stays) and gives series their numbers under the caps.
    /// `now` is Unix seconds and dates new inbox rows.
    async fn claim(
        &self,
        batches: &[BatchClaim],
        series: &[SeriesKey],
        now: i64,
    ) -> Result<Claims, StoreError>;

    /// Step 3, one transaction: marks the batches done and adds their numbers; all or nothing.
    async fn complete(&self, completion: &Completion) -> Result<Completed, StoreError>;

    /// The series of a client that match.
    async fn series(&self, scope: &ClientScope, filter: &SeriesFilter) -> Result<Vec<Series>, StoreError>;

    /// Of the matching series those that have a rollup row in one of the spans, optionally only with a status in the
    /// inclusive bounds.
    async fn active_series(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<Series>, StoreError>;

    /// The rollup rows of matching series in the spans, optionally only with a status in the inclusive bounds. Sketches
    /// are read only where asked for; else they are empty.
    async fn rollups(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
        with_sketches: bool,
    ) -> Result<Vec<RollupRow>, StoreError>;

    /// As [`MetricsStore::rollups`] with sketches, but hands the rows to `each` one by one, in any order: a long range of
    /// many endpoints has more of them than should lie in memory at once. Backends that can do so stream them.
    async fn each_rollup(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
        each: &mut (dyn FnMut(RollupRow) + Send),
    ) -> Result<(), StoreError> {
        self.rollups(scope, filter, spans, status, true).await?.into_iter().for_each(each);
        Ok(())
    }

    /// Requests of the matching series by bucket, in any order; what is absent is 0. Backends add up where the rows lie.
    async fn requests_by_bucket(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<BucketCount>, StoreError> {
        let mut counts: BTreeMap<(SeriesId, i64), u64> = BTreeMap::new();
        for row in self.rollups(scope, filter, spans, status, false).await? {
            *counts.entry((row.series, row.bucket)).or_default() += row.aggregate.count;
        }
        let counts = counts.into_iter();
        Ok(counts.map(|((series, bucket), requests)| BucketCount { series, bucket, requests }).collect())
    }

    /// What the matching series have in all of the spans, by status, in any order; a status of a series may come in several
    /// parts. Backends add up where the rows lie.
    async fn sums_by_status(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<StatusSum>, StoreError> {
        let rows = self.rollups(scope, filter, spans, status, false).await?;
        let sum = |RollupRow { series, status, aggregate, .. }| StatusSum {
            series,
            status,
            requests: aggregate.count,
            latency_us: aggregate.latency_us,
        };
        Ok(rows.into_iter().map(sum).collect())
    }

    /// Usage of the days from `from` to `to` (Unix seconds, `to` exclusive), ascending.
    async fn usage(&self, scope: &ClientScope, from: i64, to: i64) -> Result<Vec<Usage>, StoreError>;

    /// Deletes up to `limit` rows of each kind that have outlived `retention` at `now` (Unix seconds). The number
    /// deleted; a caller repeats until it is 0.
    async fn prune(&self, retention: &MetricsRetention, now: i64, limit: u32) -> Result<u64, StoreError>;

    /// Begins to write the rollups of a client anew. Claims and completions of that client wait until it ends, and are
    /// `Unavailable` where that takes too long; so is this where they do not end in time.
    async fn rebuild(&self, scope: &ClientScope) -> Result<Box<dyn Rebuild>, StoreError>;

    /// Remembers what a worker tells of itself, and forgets those that have been silent for
    /// [`WORKER_REMEMBERED_MS`].
    async fn note_worker(&self, worker: &Worker) -> Result<(), StoreError>;

    /// The workers that were seen at `since` (Unix milliseconds) or later, by host and start.
    async fn workers(&self, since: i64) -> Result<Vec<Worker>, StoreError>;

    /// Answers when the store does.
    async fn ping(&self) -> Result<(), StoreError>;
}
