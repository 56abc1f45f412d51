//! What the reports of one page read in common is read once.
//!
//! The rule: a reading lives no longer than what made it, one page, so no number grows old here; and reports that share one
//! agree with each other. What is too much to lie in memory is not kept, and read again.

use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{
    BatchClaim, BucketCount, Claims, Completed, Completion, MetricsRetention, MetricsStore, Rebuild,
    RollupRow, Series, SeriesFilter, SeriesKey, StatusSum, Usage, Worker,
};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use telemetry::report::ClientId;
use telemetry::time::Span;

/// Rows of one reading that are kept at most: some 10 MB.
const KEPT: usize = 40_000;

/// A store of rollups for the time that it takes to make a page.
pub struct Shared {
    store: Arc<dyn MetricsStore>,
    readings: Mutex<Vec<(Question, Reading)>>,
}

#[derive(Clone, PartialEq, Eq)]
struct Question {
    client: ClientId,
    filter: SeriesFilter,
    spans: Vec<Span>,
    status: Option<(u16, u16)>,
}

/// Held by whoever reads; those that ask the same meanwhile wait for it. `None`: nobody has read, or it is too much.
type Reading = Arc<tokio::sync::Mutex<Option<Vec<RollupRow>>>>;

impl Shared {
    pub fn new(store: Arc<dyn MetricsStore>) -> Self {
        Self { store, readings: Mutex::default() }
    }

    fn reading(&self, question: Question) -> Reading {
        // Nothing panics while it is held.
        let mut readings = self.readings.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, reading)) = readings.iter().find(|(asked, _)| *asked == question) {
            return Arc::clone(reading);
        }
        let reading = Reading::default();
        readings.push((question, Arc::clone(&reading)));
        reading
    }
}

#[async_trait]
impl MetricsStore for Shared {
    async fn each_rollup(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
        each: &mut (dyn FnMut(RollupRow) + Send),
    ) -> Result<(), StoreError> {
        let spans_asked = spans.to_vec();
        let question =
            Question { client: scope.client(), filter: filter.clone(), spans: spans_asked, status };
        let reading = self.reading(question);
        let mut reading = reading.lock().await;
        if let Some(rows) = &*reading {
            rows.iter().cloned().for_each(each);
            return Ok(());
        }
        let mut rows = Vec::new();
        let mut keep = |row: RollupRow| {
            if rows.len() <= KEPT {
                rows.push(row.clone());
            }
            each(row);
        };
        self.store.each_rollup(scope, filter, spans, status, &mut keep).await?;
        *reading = (rows.len() <= KEPT).then_some(rows);
        Ok(())
    }

    async fn claim(
        &self,
        batches: &[BatchClaim],
        series: &[SeriesKey],
        now: i64,
    ) -> Result<Claims, StoreError> {
        self.store.claim(batches, series, now).await
    }

    async fn complete(&self, completion: &Completion) -> Result<Completed, StoreError> {
        self.store.complete(completion).await
    }

    async fn series(&self, scope: &ClientScope, filter: &SeriesFilter) -> Result<Vec<Series>, StoreError> {
        self.store.series(scope, filter).await
    }

    async fn active_series(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<Series>, StoreError> {
        self.store.active_series(scope, filter, spans, status).await
    }

    async fn rollups(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
        with_sketches: bool,
    ) -> Result<Vec<RollupRow>, StoreError> {
        self.store.rollups(scope, filter, spans, status, with_sketches).await
    }

    async fn requests_by_bucket(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<BucketCount>, StoreError> {
        self.store.requests_by_bucket(scope, filter, spans, status).await
    }

    async fn sums_by_status(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<StatusSum>, StoreError> {
        self.store.sums_by_status(scope, filter, spans, status).await
    }

    async fn usage(&self, scope: &ClientScope, from: i64, to: i64) -> Result<Vec<Usage>, StoreError> {
        self.store.usage(scope, from, to).await
    }

    async fn prune(&self, retention: &MetricsRetention, now: i64, limit: u32) -> Result<u64, StoreError> {
        self.store.prune(retention, now, limit).await
    }

    async fn rebuild(&self, scope: &ClientScope) -> Result<Box<dyn Rebuild>, StoreError> {
        self.store.rebuild(scope).await
    }

    async fn note_worker(&self, worker: &Worker) -> Result<(), StoreError> {
        self.store.note_worker(worker).await
    }

    async fn workers(&self, since: i64) -> Result<Vec<Worker>, StoreError> {
        self.store.workers(since).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}
