//! Rollups, inbox and usage in PostgreSQL, for any number of processes at once.
//!
//! The rule: whatever several transactions may want, each takes in one order, so none ever waits in a circle:
//!
//! 1. advisory locks of clients, ascending: shared by claims and completions, alone by a rebuild ([`rebuild`]);
//! 2. inbox rows by (client, batch);
//! 3. counters of names by (environments and services before endpoints and consumers, client, scope), then series by key;
//! 4. *new* rollup rows by (series, resolution, bucket, status): inserted, not yet committed;
//! 5. *existing* rollup rows in the same order: committed by someone, locked before they are read;
//! 6. usage rows by (client, day), then the rejects by (client, day, field).
//!
//! A transaction that waits in one step waits for one that holds something of that step and is there or further on.
//! So a circle would lie within one step, where all go upwards. Two points need a closer look.
//!
//! An insert waits for whoever has the row uncommitted: one that inserted it (step 4, upwards), or one that writes it
//! after step 5, which waits for no rollup row any more. And nobody in step 5 waits for a new row: what is not committed
//! cannot be seen to be locked.
//!
//! Whoever prunes skips what is locked and never waits. It may delete a row between steps 4 and 5; then the completion
//! begins anew ([`complete`]).

mod claim;
mod complete;
mod prune;
mod read;
mod rebuild;
mod rows;
mod series;
mod workers;

use super::PostgresDatabase;
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{
    BatchClaim, BucketCount, Claims, Completed, Completion, MetricsRetention, MetricsStore, Rebuild,
    RollupRow, Series, SeriesFilter, SeriesKey, StatusSum, Usage, Worker,
};
use async_trait::async_trait;
use read::Asked;
use telemetry::report::ClientId;
use telemetry::time::Span;

/// Beside other advisory locks in the same database: ours begin with these bits.
const ADVISORY: i64 = 0x5e7d << 48;

/// The advisory locks of clients, each once, in the order in which they are taken.
fn advisory_locks(clients: impl IntoIterator<Item = ClientId>) -> Vec<i64> {
    let mut keys: Vec<i64> = clients.into_iter().map(|client| ADVISORY ^ client.0).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[async_trait]
impl MetricsStore for PostgresDatabase {
    async fn claim(
        &self,
        batches: &[BatchClaim],
        series: &[SeriesKey],
        now: i64,
    ) -> Result<Claims, StoreError> {
        self.connections.bounded(claim::claim(self, batches, series, now)).await
    }

    async fn complete(&self, completion: &Completion) -> Result<Completed, StoreError> {
        self.connections.bounded(complete::complete(self, completion)).await
    }

    async fn series(&self, scope: &ClientScope, filter: &SeriesFilter) -> Result<Vec<Series>, StoreError> {
        self.connections.bounded(read::series(self, scope, filter)).await
    }

    async fn active_series(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<Series>, StoreError> {
        self.connections.bounded(read::active_series(self, scope, filter, spans, status)).await
    }

    async fn rollups(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
        with_sketches: bool,
    ) -> Result<Vec<RollupRow>, StoreError> {
        let mut rows = Vec::new();
        let asked = Asked { filter, spans, status, with_sketches };
        self.connections.bounded(read::rollups(self, scope, asked, &mut |row| rows.push(row))).await?;
        Ok(rows)
    }

    async fn each_rollup(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
        each: &mut (dyn FnMut(RollupRow) + Send),
    ) -> Result<(), StoreError> {
        let asked = Asked { filter, spans, status, with_sketches: true };
        self.connections.bounded(read::rollups(self, scope, asked, each)).await
    }

    async fn requests_by_bucket(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<BucketCount>, StoreError> {
        self.connections.bounded(read::requests_by_bucket(self, scope, filter, spans, status)).await
    }

    async fn sums_by_status(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<StatusSum>, StoreError> {
        self.connections.bounded(read::sums_by_status(self, scope, filter, spans, status)).await
    }

    async fn usage(&self, scope: &ClientScope, from: i64, to: i64) -> Result<Vec<Usage>, StoreError> {
        self.connections.bounded(read::usage(self, scope, from, to)).await
    }

    async fn prune(&self, retention: &MetricsRetention, now: i64, limit: u32) -> Result<u64, StoreError> {
        self.connections.bounded(prune::prune(self, retention, now, limit)).await
    }

    async fn rebuild(&self, scope: &ClientScope) -> Result<Box<dyn Rebuild>, StoreError> {
        Ok(Box::new(self.connections.bounded(rebuild::begin(self, scope)).await?))
    }

    async fn note_worker(&self, worker: &Worker) -> Result<(), StoreError> {
        self.connections.bounded(workers::note(self, worker)).await
    }

    async fn workers(&self, since: i64) -> Result<Vec<Worker>, StoreError> {
        self.connections.bounded(workers::list(self, since)).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }
}
