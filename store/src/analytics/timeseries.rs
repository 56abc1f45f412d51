//! The numbers of a range, slot by slot.
//!
//! The rule: every slot of the range is there, and their sum is the overview of the same range: the first and the
//! last slot hold only what lies inside it.

use super::AnalyticsQuery;
use super::tally::Tally;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::{MetricsStore, RollupRow};
use jiff::Timestamp;
use telemetry::report::{Bucket, Timeseries};
use telemetry::time::{Range, Step, cover, from_second};

/// A finer step than this many slots need is made coarser: nobody can see more, and a reply stays small. Only days,
/// the coarsest step, may be more (ten years of them are 3,653).
const SLOTS: i64 = 1_500;

/// `GET /api/analytics/timeseries`. Without a step, the one that suits the range. A step that is too fine, because
/// its buckets have expired or because the range would have too many slots, is made coarser; the reply says which
/// it is.
pub async fn timeseries(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    step: Option<Step>,
    now: Timestamp,
) -> Result<Timeseries, Failure> {
    let step = readable(step, query.range, now);
    let cover = cover(query.range, step.resolution(), now);
    let slots = Slots::of(cover.range, step);
    let mut tallies: Vec<Tally> = slots.starts().map(|_| Tally::default()).collect();
    let mut add = |row: RollupRow| {
        if let Some(tally) = tallies.get_mut(slots.place(row.bucket)) {
            tally.add(&row);
        }
    };
    metrics.each_rollup(scope, &query.totals_filter(), &cover.spans, query.status, &mut add).await?;
    let buckets = slots.starts().zip(&tallies);
    let buckets =
        buckets.map(|(start, tally)| Bucket { start: from_second(start), totals: tally.totals() }).collect();
    Ok(Timeseries { from: cover.range.from, to: cover.range.to, step, buckets })
}

/// The asked step, or the one that suits, made as coarse as it has to be.
pub(super) fn readable(asked: Option<Step>, range: Range, now: Timestamp) -> Step {
    let finest = asked.unwrap_or_else(|| Step::auto(range, now)).max(Step::finest(range, now));
    let fits = |step: &Step| range.seconds() / step.seconds() <= SLOTS;
    Step::ALL.into_iter().find(|step| *step >= finest && fits(step)).unwrap_or(Step::Day1)
}

/// The slots of a range: whole steps, the first and the last perhaps beginning before it and ending after it.
pub(super) struct Slots {
    first: i64,
    end: i64,
    width: i64,
}

impl Slots {
    pub(super) fn of(range: Range, step: Step) -> Self {
        let width = step.seconds();
        let start = range.from.as_second();
        Self { first: start - start.rem_euclid(width), end: range.to.as_second(), width }
    }

    /// Where each slot begins, Unix seconds.
    pub(super) fn starts(&self) -> impl Iterator<Item = i64> + use<> {
        let Self { first, end, width } = *self;
        (0..).map(move |n| first + n * width).take_while(move |start| *start < end)
    }

    /// The slot that holds a bucket of the range.
    pub(super) fn place(&self, bucket: i64) -> usize {
        usize::try_from((bucket - self.first).div_euclid(self.width)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::time::{DAY, HOUR};

    const NOW: i64 = 1_790_000_000;

    #[test]
    fn a_step_that_is_too_fine_becomes_coarser() {
        let now = from_second(NOW);
        assert_eq!(readable(Some(Step::Minute1), Range::last(HOUR, now), now), Step::Minute1);
        assert_eq!(readable(Some(Step::Minute1), Range::last(40 * HOUR, now), now), Step::Minute5);
        assert_eq!(readable(Some(Step::Minute1), Range::last(30 * DAY, now), now), Step::Hour1);
        assert_eq!(readable(Some(Step::Hour1), Range::last(90 * DAY, now), now), Step::Hour6);
        assert_eq!(readable(Some(Step::Hour6), Range::last(500 * DAY, now), now), Step::Day1);
        assert_eq!(readable(Some(Step::Day1), Range::last(3_650 * DAY, now), now), Step::Day1);
        assert_eq!(readable(None, Range::last(DAY, now), now), Step::Minute15);
    }

    #[test]
    fn slots_are_whole_steps_that_hold_the_range() {
        let range = Range { from: from_second(NOW + 7), to: from_second(NOW + HOUR) };
        let slots = Slots::of(range, Step::Minute5);
        let starts: Vec<i64> = slots.starts().collect();
        assert!(starts.iter().all(|start| start % 300 == 0));
        assert!(starts[0] <= NOW + 7 && NOW + 7 < starts[0] + 300);
        let last = starts[starts.len() - 1];
        assert!(last < NOW + HOUR && NOW + HOUR <= last + 300);
        assert_eq!((slots.place(starts[0]), slots.place(last)), (0, starts.len() - 1));
    }
}
