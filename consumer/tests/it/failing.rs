//! Stores that die or fail at a chosen call, over real ones.

use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use store::access::ClientScope;
use store::events::{Event, EventCursor, EventFilter, EventPage, Observation};
use store::metrics::{
    BatchClaim, Claims, Completed, Completion, MetricsRetention, Rebuild, RollupRow, Series, SeriesFilter,
    SeriesKey, Usage, Worker,
};
use store::{EventStore, MetricsStore, StoreError, Stores};
use telemetry::report::{ClientId, RequestDetail};
use telemetry::time::{Range, Span};
use tokio::sync::Notify;

/// What happens at the chosen call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The process dies before the call reaches the store.
    DieBefore,
    /// The store has done its work, and the process dies before it learns so.
    DieAfter,
    /// The store is down for this call.
    Unavailable,
    /// The store did its work, but the answer was lost.
    AnswerLost,
    /// The store refuses, now and always.
    Refuse,
    /// Our own code has a fault.
    Panic,
}

/// Counts the calls of the three steps, and lets fate strike from call `strike_at` on, for `times` calls.
pub(crate) struct Fault {
    fate: Fate,
    strike_at: usize,
    times: usize,
    calls: AtomicUsize,
    pub(crate) struck: AtomicUsize,
    pub(crate) died: Notify,
}

impl Fault {
    pub(crate) fn new(fate: Fate, strike_at: usize, times: usize) -> Arc<Self> {
        let (calls, struck) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { fate, strike_at, times, calls, struck, died: Notify::new() })
    }

    pub(crate) fn over(self: &Arc<Self>, stores: &Stores) -> Stores {
        Stores {
            events: Arc::new(Failing { inner: Arc::clone(&stores.events), fault: Arc::clone(self) }),
            metrics: Arc::new(Failing { inner: Arc::clone(&stores.metrics), fault: Arc::clone(self) }),
            accounts: Arc::clone(&stores.accounts),
        }
    }

    async fn around<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        if !(self.strike_at..self.strike_at.saturating_add(self.times)).contains(&number) {
            return call.await;
        }
        self.struck.fetch_add(1, Ordering::SeqCst);
        match self.fate {
            Fate::DieBefore => self.die().await,
            Fate::DieAfter => {
                call.await?;
                self.die().await
            }
            Fate::Unavailable => Err(StoreError::Unavailable("down for the test".into())),
            Fate::AnswerLost => {
                call.await?;
                Err(StoreError::Unavailable("the answer was lost".into()))
            }
            Fate::Refuse => Err(StoreError::Refused("refused for the test".into())),
            Fate::Panic => panic!("a fault for the test"),
        }
    }

    /// Never comes back; whoever waits for `died` then drops the consumer, as a kill would.
    async fn die<T>(&self) -> T {
        self.died.notify_one();
        std::future::pending().await
    }
}

struct Failing<S: ?Sized> {
    inner: Arc<S>,
    fault: Arc<Fault>,
}

#[async_trait]
impl EventStore for Failing<dyn EventStore> {
    async fn insert(&self, events: &[Event<'_>]) -> Result<(), StoreError> {
        self.fault.around(self.inner.insert(events)).await
    }
    async fn page(
        &self,
        scope: &ClientScope,
        range: Range,
        filter: &EventFilter,
        after: Option<&EventCursor>,
        limit: usize,
        budget: Duration,
    ) -> Result<EventPage, StoreError> {
        self.inner.page(scope, range, filter, after, limit, budget).await
    }
    async fn get(&self, scope: &ClientScope, id: &str) -> Result<Option<RequestDetail>, StoreError> {
        self.inner.get(scope, id).await
    }
    async fn count(&self, scope: &ClientScope) -> Result<u64, StoreError> {
        self.inner.count(scope).await
    }
    async fn each(
        &self,
        scope: &ClientScope,
        range: Range,
        each: &mut (dyn for<'e> FnMut(Observation<'e>) + Send),
    ) -> Result<(), StoreError> {
        self.inner.each(scope, range, each).await
    }
    async fn prune(&self, client: ClientId, before: i64, limit: u32) -> Result<u64, StoreError> {
        self.inner.prune(client, before, limit).await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

#[async_trait]
impl MetricsStore for Failing<dyn MetricsStore> {
    async fn claim(
        &self,
        batches: &[BatchClaim],
        series: &[SeriesKey],
        now: i64,
    ) -> Result<Claims, StoreError> {
        self.fault.around(self.inner.claim(batches, series, now)).await
    }
    async fn complete(&self, completion: &Completion) -> Result<Completed, StoreError> {
        self.fault.around(self.inner.complete(completion)).await
    }
    async fn series(&self, scope: &ClientScope, filter: &SeriesFilter) -> Result<Vec<Series>, StoreError> {
        self.inner.series(scope, filter).await
    }
    async fn active_series(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<Series>, StoreError> {
        self.inner.active_series(scope, filter, spans, status).await
    }
    async fn rollups(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
        with_sketches: bool,
    ) -> Result<Vec<RollupRow>, StoreError> {
        self.inner.rollups(scope, filter, spans, status, with_sketches).await
    }
    async fn usage(&self, scope: &ClientScope, from: i64, to: i64) -> Result<Vec<Usage>, StoreError> {
        self.inner.usage(scope, from, to).await
    }
    async fn prune(&self, retention: &MetricsRetention, now: i64, limit: u32) -> Result<u64, StoreError> {
        self.inner.prune(retention, now, limit).await
    }
    async fn rebuild(&self, scope: &ClientScope) -> Result<Box<dyn Rebuild>, StoreError> {
        self.inner.rebuild(scope).await
    }
    async fn note_worker(&self, worker: &Worker) -> Result<(), StoreError> {
        self.inner.note_worker(worker).await
    }
    async fn workers(&self, since: i64) -> Result<Vec<Worker>, StoreError> {
        self.inner.workers(since).await
    }
    async fn ping(&self) -> Result<(), StoreError> {
        self.inner.ping().await
    }
}

/// Not used by the faults; keeps the clock's type in one place.
pub(crate) fn at(second: i64) -> Timestamp {
    telemetry::time::from_second(second)
}
