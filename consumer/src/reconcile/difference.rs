//! Two rollup rows that should be equal, and are not: where they differ, in words.

use std::collections::BTreeMap;
use store::metrics::Aggregate;
use telemetry::sketch::{Sketch, ZERO_BIN};

/// Of so many bins a difference is told.
const TOLD_BINS: usize = 5;

/// Where two rollup rows differ: "count: raw 3, counted 2; bin 512: raw 3, counted 2".
pub(super) fn difference(raw: Option<&Aggregate>, counted: Option<&Aggregate>) -> String {
    let nothing = Aggregate::default();
    let (raw, counted) = (raw.unwrap_or(&nothing), counted.unwrap_or(&nothing));
    let numbers = |sum: &Aggregate| {
        [
            ("count", i128::from(sum.count)),
            ("latency in µs", sum.latency_us.into()),
            ("least latency in µs", sum.min_us.into()),
            ("greatest latency in µs", sum.max_us.into()),
            ("bytes in", sum.bytes_in.into()),
            ("bytes out", sum.bytes_out.into()),
        ]
    };
    let mut words: Vec<String> = Vec::new();
    for ((what, raw), (_, counted)) in numbers(raw).into_iter().zip(numbers(counted)) {
        if raw != counted {
            words.push(format!("{what}: raw {raw}, counted {counted}"));
        }
    }
    let mut bins: BTreeMap<i32, (u64, u64)> = BTreeMap::new();
    let counts = |sketch: &Sketch| sketch.bins().collect::<Vec<_>>();
    counts(&raw.sketch).into_iter().for_each(|(bin, n)| bins.entry(bin).or_default().0 = n);
    counts(&counted.sketch).into_iter().for_each(|(bin, n)| bins.entry(bin).or_default().1 = n);
    bins.retain(|_, (raw, counted)| raw != counted);
    for (bin, (raw, counted)) in bins.iter().take(TOLD_BINS) {
        let bin = if *bin == ZERO_BIN { "of zero".to_owned() } else { bin.to_string() };
        words.push(format!("bin {bin}: raw {raw}, counted {counted}"));
    }
    if bins.len() > TOLD_BINS {
        words.push(format!("and {} more bins", bins.len() - TOLD_BINS));
    }
    words.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(latencies: &[f64]) -> Aggregate {
        let mut sum = Aggregate { count: latencies.len() as u64, ..Aggregate::default() };
        latencies.iter().for_each(|latency| sum.sketch.add(*latency));
        sum
    }

    #[test]
    fn a_difference_of_one_bin_is_told_and_equal_ones_are_not() {
        assert_eq!(
            difference(Some(&sum(&[256.0, 256.0, 1.0])), Some(&sum(&[256.0, 256.0, 256.0]))),
            "bin 0: raw 1, counted 0; bin 512: raw 2, counted 3"
        );
        assert_eq!(
            difference(Some(&sum(&[0.0])), None),
            "count: raw 1, counted 0; bin of zero: raw 1, counted 0"
        );
        let many: Vec<f64> = (0..8).map(|n| f64::from(1 << n)).collect();
        assert!(difference(None, Some(&sum(&many))).ends_with("; and 3 more bins"));
    }
}
