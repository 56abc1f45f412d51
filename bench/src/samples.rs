//! From several measurements to one figure: medians, and ratios of what was measured right after one another.

use crate::load::Measured;
use serde::Serialize;
use std::time::Duration;

/// What was measured of one server at one point, turn by turn.
#[derive(Default)]
pub(crate) struct Samples {
    hits_per_second: Vec<f64>,
    p50_ms: Vec<f64>,
    p99_ms: Vec<f64>,
    /// Processor time and hits of all rounds together: it is told in ticks, too coarse for one turn.
    cpu: Duration,
    hits: u64,
    refused: u64,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    pub(crate) hits_per_second: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// Microseconds of the server's processor time.
    pub(crate) cpu_us_per_hit: f64,
    /// Requests that were not accepted, in all turns.
    pub(crate) refused: u64,
}

impl Samples {
    pub(crate) fn add(&mut self, measured: &Measured) {
        self.hits_per_second.push(measured.hits_per_second());
        self.p50_ms.push(measured.p50_ms());
        self.p99_ms.push(measured.p99_ms());
        self.cpu += measured.cpu;
        self.hits += measured.hits;
        self.refused += measured.refused;
    }

    pub(crate) fn figures(&self) -> Figures {
        Figures {
            hits_per_second: median(&self.hits_per_second),
            p50_ms: median(&self.p50_ms),
            p99_ms: median(&self.p99_ms),
            cpu_us_per_hit: self.cpu.as_secs_f64() * 1e6 / self.hits.max(1) as f64,
            refused: self.refused,
        }
    }

    /// How many hits a second it took, as a part of what `other` took a moment before or after.
    pub(crate) fn ratio(&self, other: &Self) -> f64 {
        let turns = self.hits_per_second.iter().zip(&other.hits_per_second);
        median(&turns.map(|(mine, its)| mine / its).collect::<Vec<_>>())
    }
}

/// The middle one, or the mean of the two in the middle; 0 where there are none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(sorted[middle - 1], sorted[middle]),
        _ => sorted[middle],
    }
}

/// The value at the nearest rank of `percent`; 0 where there are none.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::{median, percentile};

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!((percentile(&values, 95), percentile(&values, 100)), (19.0, 20.0));
        assert_eq!(percentile(&[], 95), 0.0);
    }

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median(&[]), 0.0);
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
