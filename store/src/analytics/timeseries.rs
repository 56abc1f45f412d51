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
use telemetry::time::{Cover, Range, Resolution, Step, cover, from_second};

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
    let slots = Slots::of(query, readable(step, query.range, now), now);
    let mut tallies: Vec<Tally> = slots.starts().map(|_| Tally::default()).collect();
    let mut add = |row: RollupRow| {
        if let Some(tally) = tallies.get_mut(slots.place(row.bucket)) {
            tally.add(&row);
        }
    };
    metrics.each_rollup(scope, &query.totals_filter(), &slots.cover.spans, query.status, &mut add).await?;
    let buckets = slots.starts().zip(&tallies);
    let buckets =
        buckets.map(|(start, tally)| Bucket { start: from_second(start), totals: tally.totals() }).collect();
    let Range { from, to } = slots.cover.range;
    Ok(Timeseries { from, to, step: slots.step, end: slots.end(), buckets })
}

/// The asked step, or the one that suits, made as coarse as it has to be.
pub(super) fn readable(asked: Option<Step>, range: Range, now: Timestamp) -> Step {
    let finest = asked.unwrap_or_else(|| Step::auto(range, now)).max(Step::finest(range, now));
    let fits = |step: &Step| range.seconds() / step.seconds() <= SLOTS;
    Step::ALL.into_iter().find(|step| *step >= finest && fits(step)).unwrap_or(Step::Day1)
}

/// The slots of a range: whole steps, the first and the last perhaps beginning before it and ending after it.
pub(super) struct Slots {
    pub(super) step: Step,
    /// The buckets that fill them.
    pub(super) cover: Cover,
    /// Where each slot begins, Unix seconds; never empty.
    starts: Vec<i64>,
    end: i64,
}

impl Slots {
    /// Days and quarters of days are those of the viewer's zone; where hours are kept no longer, those of UTC.
    pub(super) fn of(query: &AnalyticsQuery, step: Step, now: Timestamp) -> Self {
        let (width, zone) = (step.seconds(), &query.zone);
        let local = step >= Step::Hour6 && !zone.is_utc() && Step::finest(query.range, now) < Step::Day1;
        let widest = if local { Resolution::Hour } else { step.resolution() };
        let cover = cover(query.range, widest, now);
        let (from, to) = (cover.range.from.as_second(), cover.range.to.as_second());
        let (starts, end) = if local {
            zone.edges(from, to, width)
        } else {
            let first = from - from.rem_euclid(width);
            let count = (to - first + width - 1).div_euclid(width);
            ((0..count).map(|n| first + n * width).collect(), first + count * width)
        };
        Self { step, cover, starts, end }
    }

    /// Where each slot begins, Unix seconds.
    pub(super) fn starts(&self) -> impl Iterator<Item = i64> {
        self.starts.iter().copied()
    }

    /// Where the last one ends.
    pub(super) fn end(&self) -> Timestamp {
        from_second(self.end)
    }

    /// The slot that holds a bucket of the range.
    pub(super) fn place(&self, bucket: i64) -> usize {
        self.starts.partition_point(|start| *start <= bucket).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::time::{DAY, HOUR};
    use telemetry::zone::Zone;

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
        let now = from_second(NOW + HOUR);
        let query =
            in_zone(Range { from: from_second(NOW + 7), to: from_second(NOW + HOUR) }, Zone::default());
        let slots = Slots::of(&query, Step::Minute5, now);
        let starts: Vec<i64> = slots.starts().collect();
        assert!(starts.iter().all(|start| start % 300 == 0));
        assert!(starts[0] <= NOW + 7 && NOW + 7 < starts[0] + 300);
        let last = starts[starts.len() - 1];
        assert!(last < NOW + HOUR && NOW + HOUR <= last + 300);
        assert_eq!(slots.end().as_second(), last + 300);
        assert_eq!((slots.place(starts[0]), slots.place(last)), (0, starts.len() - 1));
    }

    #[test]
    fn days_are_those_of_the_zone_for_as_long_as_hours_are_kept() {
        let now = from_second(NOW);
        let berlin = Zone::named("Europe/Berlin", NOW - 500 * DAY, NOW + DAY).unwrap();
        let midnight = |query: &AnalyticsQuery| {
            let slots = Slots::of(query, Step::Day1, now);
            slots.starts().all(|start| (start + i64::from(query.zone.offset(start))) % DAY == 0)
        };
        assert!(midnight(&in_zone(Range::last(90 * DAY, now), berlin.clone())));
        let old = in_zone(Range::last(400 * DAY, now), berlin);
        assert!(Slots::of(&old, Step::Day1, now).starts().all(|start| start % DAY == 0));
    }

    fn in_zone(range: Range, zone: Zone) -> AnalyticsQuery {
        let (service, endpoint, method, environment) = (None, None, None, None);
        AnalyticsQuery { range, service, endpoint, method, environment, status: None, zone }
    }
}
