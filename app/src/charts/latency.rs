//! How slow: p50 dotted, p95, p99 bold, each named at its end.
//!
//! The rule: percentiles are shown as the rollups' sketches give them, per slot; they are never averaged.

use super::axes::{Scale, chart};
use super::lines::{Stroke, lines, name_ends};
use super::{Drawing, Key, OVER_TIME, Other, Plot, Slot, Table, Tip, TipRow, each, figures_of, peak, when};
use crate::api::Compared;
use crate::clock::Clock;
use crate::number;
use charming::element::AxisPointerType;
use telemetry::report::{Latency, Timeseries};

pub(crate) static LATENCY: Plot = Plot {
    title: "Latency",
    id: "latency",
    caption,
    legend: Some(legend),
    most: None,
    draw,
    table,
    other: Some(Other { figures: others, write: number::duration }),
    over_time: Some(OVER_TIME),
};

/// A percentile: its key, which is also its name, and its value.
type Percentile = (&'static str, fn(&Latency) -> Option<f64>);

/// The slowest first: that is the order of the tooltip and of the lines' ends.
const PERCENTILES: [Percentile; 3] =
    [("p99", |latency| latency.p99), ("p95", |latency| latency.p95), ("p50", |latency| latency.p50)];

/// Without totals: a percentile of the whole range cannot be had from those of its slots.
fn legend(_series: &Timeseries) -> Vec<Key> {
    let key = |(key, _): Percentile| Key { key, label: key, total: String::new() };
    PERCENTILES.into_iter().rev().map(key).collect()
}

/// The p95: of three more lines nobody could tell which is which.
fn others(series: &Timeseries, other: &Compared) -> Vec<Option<f64>> {
    figures_of(series, other, |totals| totals.latency_ms.p95)
}

fn caption(series: &Timeseries, clock: &Clock) -> String {
    match peak(series, |bucket| bucket.totals.latency_ms.p95) {
        Some((bucket, ms)) => {
            format!("p95 was highest {} ({}).", when(series, bucket, clock), number::duration(ms))
        }
        None => "No requests.".to_owned(),
    }
}

fn draw(series: &Timeseries, clock: &Clock, only: Option<&'static str>) -> Drawing {
    let stroke = |(key, value): Percentile| Stroke {
        key,
        label: key,
        width: if key == "p99" { 2.25 } else { 1.5 },
        dotted: key == "p50",
        area: false,
        named: String::new(),
        values: series.buckets.iter().map(|bucket| value(&bucket.totals.latency_ms)).collect(),
    };
    let chosen = |(key, _): &Percentile| only.is_none_or(|only| only == *key);
    let mut strokes: Vec<Stroke> = PERCENTILES.into_iter().filter(chosen).map(stroke).collect();
    let highest = strokes.iter().flat_map(|stroke| &stroke.values).flatten().copied().fold(0.0, f64::max);
    let scale = Scale::over(highest, 0.01);
    // labels are as high as a twelfth of the chart
    name_ends(&mut strokes, scale.top / 12.0);
    let slots = each(series, clock);
    let open_end = slots.last().is_some_and(|slot| slot.partial);
    Drawing {
        option: lines(chart(series, clock, scale, AxisPointerType::Line), &strokes, open_end),
        tips: slots.iter().map(tip).collect(),
        write: Some(|ms| if ms == 0.0 { "0".to_owned() } else { number::duration(ms) }),
        over_time: true,
    }
}

fn tip(slot: &Slot) -> Tip {
    let bucket = slot.bucket;
    let row = |(key, value): Percentile| TipRow {
        key,
        label: key.into(),
        value: number::latency(value(&bucket.totals.latency_ms)),
        share: String::new(),
    };
    Tip { title: slot.name.clone(), rows: PERCENTILES.into_iter().map(row).collect(), note: slot.note() }
}

fn table(series: &Timeseries, clock: &Clock) -> Table {
    let row = |slot: Slot| {
        let bucket = slot.bucket;
        let latency = &bucket.totals.latency_ms;
        let cells = [latency.p50, latency.p95, latency.p99, latency.max].map(number::latency);
        (slot.name, cells.to_vec())
    };
    Table {
        head: vec!["Slot", "p50", "p95", "p99", "Longest"],
        rows: each(series, clock).into_iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::samples;
    use telemetry::time::Step;

    #[test]
    fn the_end_is_dashed_while_the_last_slot_is_not_over() {
        let series = samples::busy(Step::Minute1, &[(5, 0), (3, 0), (4, 0)]);
        let during = samples::clock_at(series.to.as_second() - 10);
        let open = draw(&series, &during, Some("p95")).option;
        assert_eq!(open["series"][0]["data"], serde_json::json!([40.0, 40.0, null]));
        assert_eq!(open["series"][1]["data"], serde_json::json!([null, 40.0, 40.0]));
        assert_eq!(open["series"][1]["lineStyle"]["type"], "dashed");
        let over = draw(&series, &samples::later(), None).option;
        assert_eq!(over["series"].as_array().map(Vec::len), Some(3));
    }

    #[test]
    fn the_sentence_names_the_slowest_slot() {
        let text = caption(&samples::busy(Step::Minute1, &[(5, 0)]), &samples::later());
        assert_eq!(text.replace('\u{202f}', " "), "p95 was highest at 00:00 (40 ms).");
    }
}
