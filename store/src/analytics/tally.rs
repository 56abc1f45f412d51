//! Adding rollup rows up to totals.
//!
//! The rule: percentiles are read from merged sketches, by nearest rank; nothing is ever averaged that is not a sum
//! divided by a count.

use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{Aggregate, MetricsStore, RollupRow, SeriesFilter};
use telemetry::report::{Latency, StatusClasses, Totals};
use telemetry::sketch::SketchSum;
use telemetry::time::Span;

/// Rollup rows of any series, buckets and statuses, added up.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// Without its sketch, which lies apart: thousands are added up.
    aggregate: Aggregate,
    sketch: SketchSum,
    by_status: StatusClasses,
}

impl Tally {
    pub(super) fn add(&mut self, row: &RollupRow) {
        self.by_status.add(row.status, row.aggregate.count);
        self.aggregate.merge_sums(&row.aggregate);
        self.sketch.add(&row.aggregate.sketch);
    }

    /// The matching rows of the spans, added up.
    pub(super) async fn read(
        metrics: &dyn MetricsStore,
        scope: &ClientScope,
        filter: &SeriesFilter,
        spans: &[Span],
        status: Option<(u16, u16)>,
    ) -> Result<Self, StoreError> {
        let mut tally = Self::default();
        metrics.each_rollup(scope, filter, spans, status, &mut |row| tally.add(&row)).await?;
        Ok(tally)
    }

    #[cfg(test)]
    pub(super) fn of(rows: &[RollupRow]) -> Self {
        let mut tally = Self::default();
        rows.iter().for_each(|row| tally.add(row));
        tally
    }

    pub(super) fn requests(&self) -> u64 {
        self.aggregate.count
    }

    pub(super) fn errors(&self) -> u64 {
        self.by_status.client_error + self.by_status.server_error
    }

    pub(super) fn server_errors(&self) -> u64 {
        self.by_status.server_error
    }

    /// Microseconds.
    pub(super) fn total_time(&self) -> u64 {
        self.aggregate.latency_us.unsigned_abs()
    }

    /// errors ÷ requests; `None` without requests.
    pub(super) fn error_rate(&self) -> Option<f64> {
        (self.requests() > 0).then(|| self.errors() as f64 / self.requests() as f64)
    }

    /// Milliseconds; `None` without requests.
    pub(super) fn percentile(&self, p: f64) -> Option<f64> {
        let Aggregate { min_us, max_us, .. } = &self.aggregate;
        let mut estimate = self.sketch.percentile(p)?;
        // An estimate may lie up to half a bin outside what was measured; inside is nearer to the truth. Below a
        // millisecond the bounds themselves, kept in whole microseconds, may be further off than the estimate.
        if *max_us >= 1_000 {
            estimate = estimate.min(milliseconds(*max_us));
        }
        if *min_us >= 1_000 {
            estimate = estimate.max(milliseconds(*min_us));
        }
        Some(estimate)
    }

    /// Requests in higher bins than this one.
    pub(super) fn above(&self, bin: i32) -> u64 {
        self.sketch.bins().filter(|(other, _)| *other > bin).map(|(_, n)| n).sum()
    }

    pub(super) fn latency(&self) -> Latency {
        if self.requests() == 0 {
            return Latency::default();
        }
        Latency {
            avg: Some(milliseconds(self.aggregate.latency_us) / self.requests() as f64),
            min: Some(milliseconds(self.aggregate.min_us)),
            max: Some(milliseconds(self.aggregate.max_us)),
            p50: self.percentile(50.0),
            p95: self.percentile(95.0),
            p99: self.percentile(99.0),
        }
    }

    pub(super) fn totals(&self) -> Totals {
        Totals {
            requests: self.requests(),
            errors: self.errors(),
            client_errors: self.by_status.client_error,
            server_errors: self.by_status.server_error,
            error_rate: self.error_rate(),
            latency_ms: self.latency(),
            by_status: self.by_status,
            bytes_in: self.aggregate.bytes_in,
            bytes_out: self.aggregate.bytes_out,
        }
    }
}

fn milliseconds(us: i64) -> f64 {
    us as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::SeriesId;
    use telemetry::sketch::Sketch;

    fn row(status: u16, latencies_ms: &[f64]) -> RollupRow {
        let mut sketch = Sketch::new();
        let us: Vec<i64> = latencies_ms.iter().map(|ms| telemetry::hit::latency_us(*ms)).collect();
        latencies_ms.iter().for_each(|ms| sketch.add(*ms));
        let aggregate = Aggregate {
            count: us.len() as u64,
            latency_us: us.iter().sum(),
            min_us: *us.iter().min().unwrap(),
            max_us: *us.iter().max().unwrap(),
            bytes_in: 1,
            bytes_out: 2,
            sketch,
        };
        RollupRow { series: SeriesId(1), bucket: 0, status, aggregate }
    }

    #[test]
    fn nothing_is_null_and_not_zero() {
        let totals = Tally::default().totals();
        assert_eq!((totals.requests, totals.error_rate, totals.latency_ms), (0, None, Latency::default()));
    }

    #[test]
    fn errors_are_client_and_server_errors() {
        let totals = Tally::of(&[row(200, &[1.0, 2.0]), row(404, &[3.0]), row(503, &[4.0])]).totals();
        assert_eq!(
            (totals.requests, totals.errors, totals.client_errors, totals.server_errors),
            (4, 2, 1, 1)
        );
        assert_eq!((totals.error_rate, totals.bytes_in, totals.bytes_out), (Some(0.5), 3, 6));
        assert_eq!(
            (totals.latency_ms.avg, totals.latency_ms.min, totals.latency_ms.max),
            (Some(2.5), Some(1.0), Some(4.0))
        );
    }

    #[test]
    fn a_percentile_never_leaves_what_was_measured() {
        for ms in [1.0, 7.3, 100.0, 812.0, 59_999.0] {
            let latency = Tally::of(&[row(200, &[ms])]).latency();
            assert_eq!((latency.p50, latency.p99), (Some(ms), Some(ms)));
        }
    }
}
