//! The frame that all charts over time share: margins, one slot per bucket, few and round lines.
//!
//! The rule: margins are equal and the x axis is the same, so charts above and beside one another align.

use super::option::Chart;
use crate::clock::Clock;
use charming::component::{Axis, Grid};
use charming::element::{
    AxisLabel, AxisPointer, AxisPointerType, AxisTick, AxisType, LineStyle, LineStyleType, SplitLine,
    Tooltip, Trigger,
};
use jiff::Timestamp;
use telemetry::report::Timeseries;
use telemetry::time::{DAY, HOUR, MINUTE, Step};

/// How far the y axis goes, and how far its lines lie apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    pub(super) top: f64,
    pub(super) interval: f64,
}

impl Scale {
    /// At most four intervals of 1, 2 or 5 times a power of ten, from 0 to above `highest`; each at least `least`.
    pub(super) fn over(highest: f64, least: f64) -> Self {
        let highest = if highest.is_finite() { highest.max(0.0) } else { 0.0 };
        let mut unit = 1e-6;
        loop {
            for factor in [1.0, 2.0, 5.0] {
                let interval: f64 = unit * factor;
                if interval >= least * 0.999 && interval * 4.0 >= highest {
                    let lines = (highest / interval).ceil().max(1.0);
                    return Self { top: lines * interval, interval };
                }
            }
            unit *= 10.0;
            if unit > 1e18 {
                return Self { top: highest, interval: highest };
            }
        }
    }
}

/// An empty chart over the slots of a time series.
pub(super) fn chart(series: &Timeseries, clock: &Clock, scale: Scale, pointer: AxisPointerType) -> Chart {
    let starts: Vec<Timestamp> = series.buckets.iter().map(|bucket| bucket.start).collect();
    over_slots(labels(&starts, series.step, clock), scale, pointer)
}

/// An empty chart over slots with these labels; "" is none.
pub(super) fn over_slots(labels: Vec<String>, scale: Scale, pointer: AxisPointerType) -> Chart {
    let quiet = || AxisLabel::new().color("$muted").font_size(11.0);
    Chart::new()
        .animation(false)
        .grid(&Grid::new().left("54").right("34").top("10").bottom("22"))
        .x_axis(
            &Axis::new()
                .type_(AxisType::Category)
                .data(labels)
                .axis_tick(AxisTick::new().show(false))
                .axis_label(quiet().interval(0.0)),
        )
        .y_axis(
            &Axis::new()
                .type_(AxisType::Value)
                .min(0.0)
                .max(scale.top)
                .interval(scale.interval)
                .split_line(SplitLine::new().line_style(LineStyle::new().color("$grid")))
                .axis_label(quiet()),
        )
        .tooltip(
            &Tooltip::new()
                .trigger(Trigger::Axis)
                .background_color("$overlay")
                .border_color("$line")
                .border_width(1.0)
                .padding(0.0)
                .axis_pointer(
                    AxisPointer::new()
                        .type_(pointer)
                        .line_style(LineStyle::new().color("$control").type_(LineStyleType::Solid)),
                ),
        )
}

/// A label for few of the slots, round ones, and "" for the others: never more than nine.
pub(super) fn labels(starts: &[Timestamp], step: Step, clock: &Clock) -> Vec<String> {
    const APART: [i64; 15] = [
        MINUTE,
        2 * MINUTE,
        5 * MINUTE,
        10 * MINUTE,
        15 * MINUTE,
        30 * MINUTE,
        HOUR,
        2 * HOUR,
        3 * HOUR,
        6 * HOUR,
        12 * HOUR,
        DAY,
        2 * DAY,
        5 * DAY,
        10 * DAY,
    ];
    let (first, last) = match (starts.first(), starts.last()) {
        (Some(first), Some(last)) => (first.as_second(), last.as_second()),
        _ => return Vec::new(),
    };
    let wanted = (last - first) / 8;
    let apart = APART.into_iter().find(|apart| *apart >= wanted.max(step.seconds()));
    let apart = apart.unwrap_or(30 * DAY * (1 + wanted / (30 * DAY)));
    let label = |start: &Timestamp| {
        // the first slot of each round stretch of local time: slots need not begin at its very edge
        let first = clock.local_seconds(*start).rem_euclid(apart) < step.seconds();
        if first { clock.tick(*start, step) } else { String::new() }
    };
    starts.iter().map(label).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::samples;

    #[test]
    fn scales_are_round_and_reach_above_the_highest_value() {
        for (highest, least, top, interval) in [
            (0.0, 1.0, 1.0, 1.0),
            (3.0, 1.0, 3.0, 1.0),
            (7.0, 1.0, 8.0, 2.0),
            (412.0, 1.0, 500.0, 200.0),
            (0.3, 0.25, 0.5, 0.5),
            (1_234.5, 0.0, 1_500.0, 500.0),
        ] {
            let scale = Scale::over(highest, least);
            assert!(scale.top >= highest && scale.top / scale.interval <= 4.001, "{highest}: {scale:?}");
            assert!((scale.interval - interval).abs() < 1e-9, "{highest}: {scale:?}");
            assert!(scale.top >= top - 1e-9 || scale.top >= highest);
        }
        assert!(Scale::over(f64::NAN, 1.0).top >= 1.0);
    }

    #[test]
    fn at_most_nine_slots_have_a_label_and_they_are_round() {
        for step in Step::ALL {
            for n in [1, 7, 61, 97, 169, 400] {
                let starts: Vec<Timestamp> =
                    samples::quiet(step, n).buckets.iter().map(|slot| slot.start).collect();
                let labels = labels(&starts, step, &samples::later());
                let named: Vec<_> = labels.iter().filter(|label| !label.is_empty()).collect();
                assert_eq!(labels.len(), n);
                assert!(named.len() <= 10, "{step:?} × {n}: {named:?}");
            }
        }
    }
}
