//! Sums of many sketches.

use super::{Sketch, ZERO_BIN, percentile};

/// What many sketches add up to. A [`Sketch`] would be rewritten with each; this one has a place for every bin between
/// its lowest and its highest, and only adds.
#[derive(Debug, Clone, Default)]
pub struct SketchSum {
    /// The bin that `counts` begins with; meaningless while that is empty.
    first: i16,
    counts: Vec<u64>,
    zeros: u64,
    /// Of all bins and `zeros`.
    total: u64,
}

impl SketchSum {
    /// Adds all counts of a sketch. Exact, and the same in whatever order sketches are added.
    pub fn add(&mut self, sketch: &Sketch) {
        self.zeros = self.zeros.saturating_add(sketch.zeros);
        self.total = self.total.saturating_add(sketch.total);
        let (Some(&low), Some(&high)) = (sketch.bins.first(), sketch.bins.last()) else { return };
        self.make_room(low, high);
        for (&bin, &n) in sketch.bins.iter().zip(&sketch.counts) {
            let count = &mut self.counts[usize::from(bin.abs_diff(self.first))];
            *count = count.saturating_add(n);
        }
    }

    fn make_room(&mut self, low: i16, high: i16) {
        if self.counts.is_empty() {
            self.first = low;
        } else if low < self.first {
            let more = usize::from(self.first.abs_diff(low));
            self.counts.splice(0..0, std::iter::repeat_n(0, more));
            self.first = low;
        }
        let room = usize::from(high.abs_diff(self.first)) + 1;
        if high >= self.first && room > self.counts.len() {
            self.counts.resize(room, 0);
        }
    }

    /// As [`Sketch::percentile`].
    pub fn percentile(&self, p: f64) -> Option<f64> {
        percentile(p, self.total, self.bins())
    }

    /// Every bin that counts something with its count, ascending, [`ZERO_BIN`] first.
    pub fn bins(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        let zeros = (self.zeros > 0).then_some((ZERO_BIN, self.zeros));
        let counts = (i32::from(self.first)..).zip(self.counts.iter().copied());
        zeros.into_iter().chain(counts.filter(|(_, n)| *n > 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_sum_is_what_merging_one_by_one_gives(
            sketches in prop::collection::vec(
                prop::collection::vec(prop_oneof![Just(0.0), 1e-9..1e-3, 0.01..10.0, 1e3..1e12], 0..40),
                0..12,
            ),
            p in 0.0..100.0,
        ) {
            let (mut sum, mut merged) = (SketchSum::default(), Sketch::new());
            for values in sketches {
                let mut sketch = Sketch::new();
                values.into_iter().for_each(|ms| sketch.add(ms));
                sum.add(&sketch);
                merged.merge(&sketch);
            }
            prop_assert!(sum.bins().eq(merged.bins()));
            prop_assert_eq!(sum.percentile(p), merged.percentile(p));
        }
    }

    #[test]
    fn counts_stop_at_their_end() {
        let mut sketch = Sketch::new();
        sketch.add_n(5, u64::MAX);
        let mut sum = SketchSum::default();
        sum.add(&sketch);
        sum.add(&sketch);
        assert!(sum.bins().eq([(5, u64::MAX)]));
        assert_eq!(sum.percentile(100.0), sketch.percentile(100.0));
    }
}
