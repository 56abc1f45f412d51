//! How latencies are spread: bins of the sketches, gathered into bands.
//!
//! The rule: bands are whole bins, so every request is in exactly one band, and no band is split or guessed.

use super::AnalyticsQuery;
use super::tally::Tally;
use super::timeseries::{Slots, readable};
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::{MetricsStore, RollupRow};
use jiff::Timestamp;
use std::collections::BTreeMap;
use telemetry::report::{Latencies, LatencyBand, LatencySlot};
use telemetry::sketch::{BINS_PER_DOUBLING, ZERO_BIN, bounds};
use telemetry::time::{Range, from_second};

/// Bins of the narrowest bands: four bands a doubling.
const NARROWEST: i32 = BINS_PER_DOUBLING / 4;
/// More rows than this nobody can tell apart: then bands are twice, four or eight times as wide.
const BANDS: i32 = 48;

/// Requests by narrowest band: bin ÷ [`NARROWEST`], or [`ZERO_BIN`].
type Counts = BTreeMap<i32, u64>;

/// `GET /api/analytics/latencies`. Slots are as wide as suits the range.
pub async fn latencies(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
) -> Result<Latencies, Failure> {
    let places = Slots::of(query, readable(None, query.range, now), now);
    let mut slots: Vec<Counts> = places.starts().map(|_| Counts::new()).collect();
    let mut all = Tally::default();
    let mut add = |row: RollupRow| {
        all.add(&row);
        let Some(counts) = slots.get_mut(places.place(row.bucket)) else { return };
        for (bin, n) in row.aggregate.sketch.bins() {
            let band = if bin == ZERO_BIN { ZERO_BIN } else { bin.div_euclid(NARROWEST) };
            *counts.entry(band).or_default() += n;
        }
    };
    metrics.each_rollup(scope, &query.totals_filter(), &places.cover.spans, query.status, &mut add).await?;

    let bands = Bands::of(&slots);
    let mut sums = bands.list();
    let slots = places
        .starts()
        .zip(&slots)
        .map(|(start, counts)| {
            let (first, requests) = bands.gather(counts);
            sums.iter_mut().skip(first).zip(&requests).for_each(|(band, n)| band.requests += n);
            LatencySlot { start: from_second(start), first, requests }
        })
        .collect();
    let Range { from, to } = places.cover.range;
    let (step, end) = (places.step, places.end());
    Ok(Latencies { from, to, step, end, latency_ms: all.latency(), bands: sums, slots })
}

/// Which bands there are.
struct Bands {
    zero: bool,
    /// Narrowest bands in one.
    width: i32,
    /// The lowest and the one after the highest, in bands of that width.
    low: i32,
    end: i32,
}

impl Bands {
    fn of(slots: &[Counts]) -> Self {
        let seen = || slots.iter().flat_map(Counts::keys).copied();
        let zero = seen().any(|band| band == ZERO_BIN);
        let seen = || seen().filter(|band| *band != ZERO_BIN);
        let (Some(low), Some(high)) = (seen().min(), seen().max()) else {
            return Self { zero, width: 1, low: 0, end: 0 };
        };
        let ends = |width: i32| (low.div_euclid(width), high.div_euclid(width) + 1);
        let fits = |width: &i32| ends(*width).1 - ends(*width).0 <= BANDS;
        // All bins there are make 29 of the widest bands.
        let width = [1, 2, 4, 8].into_iter().find(fits).unwrap_or(8);
        Self { zero, width, low: ends(width).0, end: ends(width).1 }
    }

    /// All of them, empty.
    fn list(&self) -> Vec<LatencyBand> {
        let band = |from_ms, to_ms| LatencyBand { from_ms, to_ms, requests: 0 };
        let bins = self.width * NARROWEST;
        let wide = (self.low..self.end).map(|n| band(bounds(n * bins).0, bounds((n + 1) * bins - 1).1));
        self.zero.then(|| band(0.0, 0.0)).into_iter().chain(wide).collect()
    }

    /// The first band that has any, and the requests from there on.
    fn gather(&self, counts: &Counts) -> (usize, Vec<u64>) {
        let place = |band: i32| match band {
            ZERO_BIN => 0,
            band => {
                usize::from(self.zero) + usize::try_from(band.div_euclid(self.width) - self.low).unwrap_or(0)
            }
        };
        // Ascending, as the counts are.
        let first = counts.first_key_value().map_or(0, |(band, _)| place(*band));
        let mut requests = Vec::new();
        for (band, n) in counts {
            let place = place(*band) - first;
            if requests.len() <= place {
                requests.resize(place + 1, 0);
            }
            requests[place] += n;
        }
        (first, requests)
    }
}
