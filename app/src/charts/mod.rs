//! Charts: what they draw, say and tabulate, from one report.
//!
//! The rule: a chart is more than its canvas. Each has a sentence, a legend with totals and a table, all made from
//! the same numbers, and those are what the server renders. The canvas comes on top, in the browser.
//!
//! Charts are built with charming, then patched with what charming cannot say ([`option`]), then drawn by ECharts
//! ([`bridge`]). Colours are names of the style sheet's tokens, written `$line`, until the moment of drawing.

mod axes;
#[cfg(feature = "hydrate")]
pub(crate) mod bridge;
mod distribution;
mod errors;
mod heatmap;
mod latency;
mod lines;
mod option;
pub(crate) mod usage;
mod volume;

use crate::api::Compared;
use crate::clock::Clock;
use crate::number;
use jiff::Timestamp;
use serde_json::json;
use std::borrow::Cow;
use std::ops::RangeInclusive;
use telemetry::report::{Bucket, Marker, Timeseries, Totals};
use telemetry::time::{Step, from_second};

pub(crate) use distribution::DISTRIBUTION;
pub(crate) use errors::ERRORS;
pub(crate) use heatmap::{COLOURS, HEATMAP};
pub(crate) use latency::LATENCY;
pub(crate) use volume::VOLUME;

/// From when to when a slot goes.
pub(crate) type Ends = (Timestamp, Timestamp);

/// A kind of chart, of one kind of report.
pub(crate) struct Plot<R: 'static = Timeseries> {
    /// Its title, and its short name in the page's address space.
    pub(crate) title: &'static str,
    pub(crate) id: &'static str,
    /// One sentence that says what there is to see.
    pub(crate) caption: fn(&R, &Clock) -> String,
    /// Where there are several series.
    pub(crate) legend: Option<fn(&R) -> Vec<Key>>,
    /// Where colours stand for counts: what the last one stands for.
    pub(crate) most: Option<fn(&R) -> u64>,
    /// What ECharts is to draw; with a key chosen, only that series.
    pub(crate) draw: fn(&R, &Clock, Option<&'static str>) -> Drawing,
    pub(crate) table: fn(&R, &Clock) -> Table,
    /// What is drawn of another series beside this one.
    pub(crate) other: Option<Other<R>>,
    /// Where its slots are of time.
    pub(crate) over_time: Option<OverTime<R>>,
}

/// The slots of a chart over time.
pub(crate) struct OverTime<R: 'static> {
    /// From when to when each goes, within the range.
    pub(crate) slots: fn(&R) -> Vec<Ends>,
    /// What some of them, side by side, hold in all.
    pub(crate) held: fn(&R, RangeInclusive<usize>) -> String,
}

const OVER_TIME: OverTime<Timeseries> = OverTime { slots, held };

fn held(series: &Timeseries, chosen: RangeInclusive<usize>) -> String {
    let buckets = series.buckets.get(chosen).unwrap_or_default();
    let sum = |of: fn(&Totals) -> u64| buckets.iter().map(|bucket| of(&bucket.totals)).sum::<u64>();
    let (requests, errors) = (sum(|totals| totals.requests), sum(|totals| totals.errors));
    let requests = number::count_of(requests, "request", "requests");
    format!("{requests}, {}", number::count_of(errors, "error", "errors"))
}

/// How something else is drawn beside a chart's own series: one figure of it, slot by slot.
pub(crate) struct Other<R: 'static> {
    pub(crate) figures: fn(&R, &Compared) -> Vec<Option<f64>>,
    /// How one is written.
    pub(crate) write: fn(f64) -> String,
}

/// A figure of another series for each slot of this one.
fn figures_of(
    series: &Timeseries,
    other: &Compared,
    figure: impl Fn(&Totals) -> Option<f64>,
) -> Vec<Option<f64>> {
    let Timeseries { buckets, end, .. } = &other.series;
    let of_slot = |bucket: &Bucket| {
        let then = from_second(bucket.start.as_second() - other.back);
        let place = buckets.partition_point(|slot| slot.start <= then).checked_sub(1)?;
        (then < *end).then(|| figure(&buckets[place].totals)).flatten()
    };
    series.buckets.iter().map(of_slot).collect()
}

/// A series as the legend has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// Names the series, its colour token and its CSS class.
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    pub(crate) total: String,
}

/// What the bridge needs to draw a chart.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers draw"))]
pub(crate) struct Drawing {
    pub(crate) option: serde_json::Value,
    /// One per slot of the x axis.
    pub(crate) tips: Vec<Tip>,
    /// How values of the y axis are written; `None` where its labels are in the option.
    pub(crate) write: Option<fn(f64) -> String>,
    /// Whether the slots are the page's: a crosshair runs through all charts that have them.
    pub(crate) over_time: bool,
}

impl Drawing {
    /// Draws figures of something else beside the chart's own: a dashed line, and a row of each tooltip.
    pub(crate) fn compare(&mut self, name: &str, figures: &[Option<f64>], write: fn(f64) -> String) {
        let highest = figures.iter().flatten().copied().fold(0.0, f64::max);
        let axis = &mut self.option["yAxis"];
        if axis["max"].as_f64().is_none_or(|top| top < highest) {
            let scale = axes::Scale::over(highest, 0.0);
            (axis["max"], axis["interval"]) = (json!(scale.top), json!(scale.interval));
        }
        if let Some(series) = self.option["series"].as_array_mut() {
            series.push(json!({
                "id": "other",
                "type": "line",
                "name": name,
                "data": figures,
                "symbol": "none",
                "silent": true,
                "z": 4,
                "lineStyle": { "color": "$muted", "width": 1.5, "type": "dashed" },
                "itemStyle": { "color": "$muted" },
                "emphasis": { "disabled": true },
            }));
        }
        for (tip, figure) in self.tips.iter_mut().zip(figures) {
            let value = figure.map_or_else(|| number::NONE.to_owned(), write);
            let label = name.to_owned().into();
            tip.rows.push(TipRow { key: "other", label, value, share: String::new() });
        }
    }

    /// Shows markers where they happened: a line through the chart, and a row of the slot's tooltip.
    pub(crate) fn mark(&mut self, slots: &[Ends], markers: &[Marker], clock: &Clock) {
        let mut lines = Vec::new();
        for (slot, (tip, (from, to))) in self.tips.iter_mut().zip(slots).enumerate() {
            // Newest first as they come, so the oldest is told first.
            for marker in markers.iter().rev().filter(|marker| (*from..*to).contains(&marker.at)) {
                let (label, value) = (marker.title.clone().into(), clock.time(marker.at));
                tip.rows.push(TipRow { key: "marker", label, value, share: String::new() });
                lines.push(json!({ "xAxis": slot }));
            }
        }
        let Some(series) = self.option["series"].get_mut(0).filter(|_| !lines.is_empty()) else { return };
        series["markLine"] = json!({
            "silent": true,
            "animation": false,
            "symbol": ["none", "triangle"],
            "symbolSize": 7,
            "symbolRotate": 180,
            "lineStyle": { "color": "$info", "type": "dashed", "width": 1 },
            "label": { "show": false },
            "data": lines,
        });
    }
}

/// What the tooltip says about a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers draw"))]
pub(crate) struct Tip {
    pub(crate) title: String,
    pub(crate) rows: Vec<TipRow>,
    pub(crate) note: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers draw"))]
pub(crate) struct TipRow {
    pub(crate) key: &'static str,
    pub(crate) label: Cow<'static, str>,
    pub(crate) value: String,
    pub(crate) share: String,
}

/// The same numbers as a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) head: Vec<&'static str>,
    /// The slot's name and its values.
    pub(crate) rows: Vec<(String, Vec<String>)>,
}

/// From when to when the slots of a time series go, within the range.
fn slots(series: &Timeseries) -> Vec<Ends> {
    let starts: Vec<Timestamp> = series.buckets.iter().map(|bucket| bucket.start).collect();
    let ends = ends(&starts, series.end);
    starts.iter().zip(ends).map(|(start, end)| ((*start).max(series.from), end.min(series.to))).collect()
}

/// Where slots end: where the next begins.
fn ends(starts: &[Timestamp], last: Timestamp) -> impl Iterator<Item = Timestamp> {
    starts.iter().copied().skip(1).chain([last])
}

/// A slot of a time series.
struct Slot<'a> {
    bucket: &'a Bucket,
    name: String,
    /// Only partly counted: it reaches out of the range, or is not over yet.
    partial: bool,
}

impl Slot<'_> {
    fn note(&self) -> Option<&'static str> {
        self.partial.then_some("not complete")
    }
}

fn each<'a>(series: &'a Timeseries, clock: &Clock) -> Vec<Slot<'a>> {
    let starts: Vec<Timestamp> = series.buckets.iter().map(|bucket| bucket.start).collect();
    let slot = |(bucket, end): (&'a Bucket, Timestamp)| Slot {
        bucket,
        name: clock.slot(bucket.start, end),
        partial: bucket.start < series.from || end > series.to.min(clock.now()),
    };
    series.buckets.iter().zip(ends(&starts, series.end)).map(slot).collect()
}

/// The slot in which a figure is largest; none where there is no figure above zero.
fn peak(series: &Timeseries, figure: impl Fn(&Bucket) -> Option<f64>) -> Option<(&Bucket, f64)> {
    let mut best: Option<(&Bucket, f64)> = None;
    for bucket in &series.buckets {
        if let Some(value) = figure(bucket)
            && value > best.map_or(0.0, |(_, value)| value)
        {
            best = Some((bucket, value));
        }
    }
    best
}

/// "at 14:05", "on 23 Nov".
fn when(series: &Timeseries, bucket: &Bucket, clock: &Clock) -> String {
    use telemetry::time::DAY;
    if series.step == Step::Day1 {
        format!("on {}", clock.day(bucket.start))
    } else if series.to.as_second() - series.from.as_second() > DAY {
        format!("on {} at {}", clock.day(bucket.start), clock.minute(bucket.start))
    } else {
        format!("at {}", clock.minute(bucket.start))
    }
}

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compared_lies_slot_by_slot_beside_it() {
        let series = samples::busy(Step::Minute5, &[(5, 0), (3, 0), (4, 0)]);
        let mut earlier = samples::busy(Step::Minute5, &[(50, 0), (0, 0), (40, 10)]);
        for bucket in &mut earlier.buckets {
            bucket.start = from_second(bucket.start.as_second() - 86_400);
        }
        earlier.end = from_second(earlier.end.as_second() - 86_400);
        let other = Compared { against: crate::compare::Against::DayBefore, back: 86_400, series: earlier };
        let Plot { draw, other: Some(of), .. } = &VOLUME else { panic!() };
        assert_eq!((of.figures)(&series, &other), [Some(50.0), Some(0.0), Some(50.0)]);
        let Some(rates) = &ERRORS.other else { panic!() };
        assert_eq!((rates.figures)(&series, &other), [Some(0.0), None, Some(20.0)]);
        let mut drawing = draw(&series, &samples::later(), None);
        drawing.compare("the day before", &(of.figures)(&series, &other), of.write);
        let last = drawing.option["series"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["id"], &last["data"]), (&json!("other"), &json!([50.0, 0.0, 50.0])));
        assert!(drawing.option["yAxis"]["max"].as_f64().unwrap() >= 50.0, "all of it is seen");
        let row = drawing.tips[2].rows.last().unwrap();
        assert_eq!((&*row.label, &*row.value), ("the day before", "50"));
        // Where minutes are kept no longer its slots are wider: counts are those of as long a time.
        let hours = samples::busy(Step::Hour1, &[(120, 0)]);
        let other = Compared { against: crate::compare::Against::WeekBefore, back: 0, series: hours };
        assert_eq!((of.figures)(&series, &other), [Some(10.0), Some(10.0), Some(10.0)]);
    }

    #[test]
    fn markers_stand_in_the_slot_in_which_they_happened() {
        let series = samples::busy(Step::Minute1, &[(5, 0), (3, 0), (4, 0)]);
        let at = |slot: usize, second: i64| from_second(series.buckets[slot].start.as_second() + second);
        let marker = |at, title: &str| Marker { id: 1, at, title: title.into(), service: None, url: None };
        let markers = [
            marker(at(2, 0), "v3"),
            marker(at(1, 59), "v2"),
            marker(at(1, 0), "v1"),
            marker(at(2, 60), "late"),
        ];
        let mut drawing = (VOLUME.draw)(&series, &samples::later(), None);
        drawing.mark(&slots(&series), &markers, &samples::later());
        let data = &drawing.option["series"][0]["markLine"]["data"];
        assert_eq!(*data, json!([{ "xAxis": 1 }, { "xAxis": 1 }, { "xAxis": 2 }]));
        let told = |slot: usize| -> Vec<String> {
            let rows = drawing.tips[slot].rows.iter().filter(|row| row.key == "marker");
            rows.map(|row| row.label.to_string()).collect()
        };
        assert_eq!(
            (told(0), told(1), told(2)),
            (vec![], vec!["v1".to_owned(), "v2".to_owned()], vec!["v3".to_owned()])
        );
        let mut plain = (VOLUME.draw)(&series, &samples::later(), None);
        plain.mark(&slots(&series), &[], &samples::later());
        assert_eq!(plain.option["series"][0]["markLine"], serde_json::Value::Null);
    }
}
