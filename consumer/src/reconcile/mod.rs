//! Holds the rollups against the raw events they were made from, and writes them anew from these.
//!
//! The rule that it checks: for every bucket wholly inside both retentions, at every resolution and for every kind of
//! series, a rollup row equals the sum over raw events as the consumer adds them up: count, latency, extremes, bytes,
//! and each bin of the sketch.
//!
//! [`reconcile`] compares as things are, so nothing must be counted meanwhile. [`reconcile_at_rest`] makes consumers of
//! the client wait for it, and leaves out what they had begun: it is exact also while hits come in. [`rebuild`] does the
//! same, and writes.

mod difference;
mod known;
mod rebuild;

pub use rebuild::{Rebuilt, rebuild};

use crate::aggregate::{SeriesOfHits, Sums};
use difference::difference;
use known::KnownSeries;
use std::collections::HashSet;
use store::access::ClientScope;
use store::metrics::{Aggregate, MetricsRetention, RollupKey, SeriesFilter, SeriesFilterKind, SeriesId};
use store::{StoreError, Stores};
use telemetry::report::ClientId;
use telemetry::time::{DAY, HOUR, Range, Resolution, Span};

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Reconciliation {
    /// Hits in raw events of the range, but for the open ones.
    pub raw: u64,
    /// Hits in the client's own rollups of the range: by minutes, or by days where minutes are not kept so long.
    pub counted: u64,
    /// Hits stored and not counted yet: their messages are in a consumer's hands, in the queue, or dead letters.
    pub open: u64,
    /// Rollup rows that raw events come to.
    pub buckets: usize,
    /// The first few differences, in words.
    pub differences: Vec<String>,
    /// All of them.
    pub different: usize,
}

impl Reconciliation {
    pub fn is_exact(&self) -> bool {
        self.different == 0
    }

    /// Notes it if the two are not equal. Absent is `None`.
    fn compare(
        &mut self,
        series: &KnownSeries,
        row: &RollupKey,
        raw: Option<&Aggregate>,
        counted: Option<&Aggregate>,
    ) {
        if raw == counted {
            return;
        }
        self.different += 1;
        if self.differences.len() < TOLD {
            self.differences.push(format!("{}: {}", series.words(row), difference(raw, counted)));
        }
    }
}

/// How many differences are told in words.
const TOLD: usize = 20;

/// Compares all of `range` of a client. Its ends should be edges of days, and nothing of the client be in the queue. As
/// many rollup rows as the range has lie in memory: compare a long one day by day.
pub async fn reconcile(
    stores: &Stores,
    client: ClientId,
    range: Range,
) -> Result<Reconciliation, StoreError> {
    let scope = ClientScope::of_the_instance(client);
    compare(stores, &scope, range, &every_span(range), &HashSet::new()).await
}

/// As [`reconcile`], but only what is kept at `now` (Unix seconds), and while nobody counts hits of the client: consumers
/// wait until it is done.
pub async fn reconcile_at_rest(
    stores: &Stores,
    client: ClientId,
    range: Range,
    kept: &MetricsRetention,
    now: i64,
) -> Result<Reconciliation, StoreError> {
    let scope = ClientScope::of_the_instance(client);
    let mut at_rest = stores.metrics.rebuild(&scope).await?;
    let open = at_rest.open_batches().await?;
    compare(stores, &scope, range, &kept_spans(range, kept, now), &open).await
}

/// The first UTC day whose raw events are all still there at `now`, Unix seconds, where they are kept for `days`.
pub fn first_day_kept(days: u32, now: i64) -> i64 {
    // An hour to spare: what is kept now should be kept until it has been read.
    Resolution::Day.ceil(now - i64::from(days) * DAY + HOUR)
}

/// The range at every resolution.
fn every_span(range: Range) -> Vec<Span> {
    let span = |resolution: Resolution| Span {
        resolution,
        start: resolution.floor(range.from.as_second()),
        end: resolution.ceil(range.to.as_second()),
    };
    Resolution::ALL.map(span).into()
}

/// The range at every resolution, without the buckets that may have been swept away at `now`, or soon.
fn kept_spans(range: Range, kept: &MetricsRetention, now: i64) -> Vec<Span> {
    let mut spans = every_span(range);
    for span in &mut spans {
        let seconds = match span.resolution {
            Resolution::Minute => Some(kept.minutes),
            Resolution::Hour => Some(kept.hours),
            Resolution::Day => kept.days,
        };
        if let Some(seconds) = seconds {
            span.start = span.start.max(span.resolution.ceil(now - seconds + HOUR));
        }
    }
    spans.retain(|span| span.start < span.end);
    spans
}

/// Compares raw events of the range, but for those of the batches `open`, with the rollups in the spans.
async fn compare(
    stores: &Stores,
    scope: &ClientScope,
    range: Range,
    spans: &[Span],
    open: &HashSet<String>,
) -> Result<Reconciliation, StoreError> {
    let mut found = Reconciliation::default();
    let Raw { series, sums, hits, open } = Raw::read(stores, scope, range, open).await?;
    (found.raw, found.open) = (hits, open);
    // After the raw events: what they are counted under is there by now.
    let mut known = KnownSeries::read(stores, scope).await?;
    let numbers: Vec<SeriesId> = series.series.iter().map(|key| known.number(key)).collect();
    let mut expected = sums.rollups(&series, &numbers);
    expected.retain(|key, _| lies_in(key, spans));
    found.buckets = expected.len();
    // The finest that reaches back to the beginning of the range tells how much was counted.
    let whole = spans.iter().find(|span| span.start <= range.from.as_second()).map(|span| span.resolution);
    for kind in SeriesFilterKind::ALL {
        let filter = SeriesFilter { kind, ..SeriesFilter::default() };
        for span in spans {
            let resolution = span.resolution;
            let each = &mut |row: store::metrics::RollupRow| {
                if kind == SeriesFilterKind::Client && Some(resolution) == whole {
                    found.counted += row.aggregate.count;
                }
                let key =
                    RollupKey { series: row.series, resolution, bucket: row.bucket, status: row.status };
                let raw = expected.remove(&key);
                found.compare(&known, &key, raw.as_ref(), Some(&row.aggregate));
            };
            stores.metrics.each_rollup(scope, &filter, &[*span], None, each).await?;
        }
    }
    for (key, raw) in &expected {
        found.compare(&known, key, Some(raw), None);
    }
    Ok(found)
}

fn lies_in(key: &RollupKey, spans: &[Span]) -> bool {
    spans.iter().any(|span| span.resolution == key.resolution && (span.start..span.end).contains(&key.bucket))
}

/// Raw events of a range, added up.
struct Raw {
    series: SeriesOfHits,
    sums: Sums,
    /// Those that were added up.
    hits: u64,
    /// Those that were left out.
    open: u64,
}

impl Raw {
    /// Adds up all but those of the batches `open`.
    async fn read(
        stores: &Stores,
        scope: &ClientScope,
        range: Range,
        open: &HashSet<String>,
    ) -> Result<Self, StoreError> {
        let mut raw = Self { series: SeriesOfHits::default(), sums: Sums::default(), hits: 0, open: 0 };
        let each = &mut |observation: store::events::Observation<'_>| {
            if open.contains(observation.batch) {
                raw.open += 1;
                return;
            }
            raw.hits += 1;
            let target = raw.series.target(scope.client(), &observation);
            raw.sums.add(target, &observation);
        };
        stores.events.each(scope, range, each).await?;
        Ok(raw)
    }
}
