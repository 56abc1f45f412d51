//! Rollups, inbox and usage in SQLite.
//!
//! The rule: each of the two steps that count a batch is one transaction of the one writing connection.

mod claim;
mod complete;
mod read;
mod rebuild;
mod series;
mod workers;

use super::SqliteDatabase;
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{
    BatchClaim, BucketCount, Claims, Completed, Completion, MetricsRetention, MetricsStore, Rebuild,
    RollupRow, Series, SeriesFilter, SeriesKey, StatusSum, Usage, Worker,
};
use async_trait::async_trait;
use read::Asked;
use telemetry::time::Span;

#[async_trait]
impl MetricsStore for SqliteDatabase {
    async fn claim(
        &self,
        batches: &[BatchClaim],
        series: &[SeriesKey],
        now: i64,
    ) -> Result<Claims, StoreError> {
        claim::claim(self, batches, series, now).await
    }

    async fn complete(&self, completion: &Completion) -> Result<Completed, StoreError> {
        complete::complete(self, completion).await
    }

    async fn series(&self, scope: &ClientScope, filter: &SeriesFilter) -> Result<Vec<Series>, StoreError> {
        read::series(self, scope, filter).await
    }

    async fn active_series(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<Series>, StoreError> {
        read::active_series(self, scope, filter, spans, status).await
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
        read::rollups(self, scope, asked, &mut |row| rows.push(row)).await?;
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
        read::rollups(self, scope, Asked { filter, spans, status, with_sketches: true }, each).await
    }

    async fn requests_by_bucket(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<BucketCount>, StoreError> {
        read::requests_by_bucket(self, scope, filter, spans, status).await
    }

    async fn sums_by_status(
        &self,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Vec<StatusSum>, StoreError> {
        read::sums_by_status(self, scope, filter, spans, status).await
    }

    async fn usage(&self, scope: &ClientScope, from: i64, to: i64) -> Result<Vec<Usage>, StoreError> {
        read::usage(self, scope, from, to).await
    }

    async fn prune(&self, retention: &MetricsRetention, now: i64, limit: u32) -> Result<u64, StoreError> {
        let mut deleted = 0;
        for (resolution, before) in retention.outlived(now) {
            let mut transaction = self.connections.write().await?;
            deleted += sqlx::query(include_str!("../queries/rollups/prune.sql"))
                .bind(resolution.seconds())
                .bind(before)
                .bind(i64::from(limit))
                .execute(&mut *transaction)
                .await?
                .rows_affected();
            transaction.commit().await?;
        }
        let mut transaction = self.connections.write().await?;
        deleted += sqlx::query(include_str!("../queries/inbox/prune.sql"))
            .bind(now.saturating_sub(retention.inbox))
            .bind(i64::from(limit))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        transaction.commit().await?;
        Ok(deleted)
    }

    async fn rebuild(&self, scope: &ClientScope) -> Result<Box<dyn Rebuild>, StoreError> {
        Ok(Box::new(rebuild::begin(self, scope).await?))
    }

    async fn note_worker(&self, worker: &Worker) -> Result<(), StoreError> {
        workers::note(self, worker).await
    }

    async fn workers(&self, since: i64) -> Result<Vec<Worker>, StoreError> {
        workers::list(self, since).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }
}
