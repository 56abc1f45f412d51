//! How much: requests per slot, stacked by status class, errors at the baseline.
//!
//! The rule: one server error in a million requests is still seen: it has a least height and lies on top.

use super::axes::{Scale, chart};
use super::option::option;
use super::{Drawing, Key, OVER_TIME, Other, Plot, Slot, Table, Tip, TipRow, each, figures_of, peak, when};
use crate::api::Compared;
use crate::clock::Clock;
use crate::number;
use charming::element::{AxisPointerType, ItemStyle};
use charming::series::Bar;
use serde_json::{Value, json};
use telemetry::report::{Bucket, StatusClasses, Timeseries};

pub(crate) static VOLUME: Plot = Plot {
    title: "Requests",
    id: "volume",
    caption,
    legend: Some(legend),
    most: None,
    draw,
    table,
    other: Some(Other { figures: others, write: |n| number::exact(n.round() as u64) }),
    over_time: Some(OVER_TIME),
};

/// A status class: its key, its name and its count.
type Class = (&'static str, &'static str, fn(&StatusClasses) -> u64);

/// From the baseline upwards.
const CLASSES: [Class; 5] = [
    ("s5xx", "5xx", |by| by.server_error),
    ("s4xx", "4xx", |by| by.client_error),
    ("s3xx", "3xx", |by| by.redirect),
    ("s2xx", "2xx", |by| by.success),
    ("s1xx", "1xx", |by| by.informational),
];

fn total(series: &Timeseries, count: fn(&StatusClasses) -> u64) -> u64 {
    series.buckets.iter().map(|bucket| count(&bucket.totals.by_status)).sum()
}

/// The classes that occur; 2xx where none does.
fn classes(series: &Timeseries) -> Vec<Class> {
    let nothing = CLASSES.iter().all(|(.., count)| total(series, *count) == 0);
    let occurs = |(key, _, count): &Class| total(series, *count) > 0 || nothing && *key == "s2xx";
    CLASSES.into_iter().filter(occurs).collect()
}

fn legend(series: &Timeseries) -> Vec<Key> {
    let key = |(key, label, count): Class| Key { key, label, total: number::short(total(series, count)) };
    classes(series).into_iter().rev().map(key).collect()
}

/// As many as there would be in a slot of this width.
fn others(series: &Timeseries, other: &Compared) -> Vec<Option<f64>> {
    let scale = series.step.seconds() as f64 / other.series.step.seconds() as f64;
    figures_of(series, other, |totals| Some(totals.requests as f64 * scale))
}

fn caption(series: &Timeseries, clock: &Clock) -> String {
    let requests: u64 = series.buckets.iter().map(|bucket| bucket.totals.requests).sum();
    let Some((bucket, highest)) = peak(series, |bucket| Some(bucket.totals.requests as f64)) else {
        return "No requests.".to_owned();
    };
    format!(
        "{} in slots of {}; most {} ({}).",
        number::count_of(requests, "request", "requests"),
        series.step.as_str(),
        when(series, bucket, clock),
        number::exact(highest as u64)
    )
}

fn draw(series: &Timeseries, clock: &Clock, only: Option<&'static str>) -> Drawing {
    let classes: Vec<Class> =
        classes(series).into_iter().filter(|(key, ..)| only.is_none_or(|only| only == *key)).collect();
    let height =
        |bucket: &Bucket| classes.iter().map(|(.., count)| count(&bucket.totals.by_status)).sum::<u64>();
    let highest = series.buckets.iter().map(height).max().unwrap_or(0);
    let slots = each(series, clock);
    let mut chart = chart(series, clock, Scale::over(highest as f64, 1.0), AxisPointerType::Shadow);
    for (key, label, _) in &classes {
        let color = format!("${key}");
        chart = chart.series(
            &Bar::new()
                .id(*key)
                .name(*label)
                .stack("requests")
                .item_style(ItemStyle::new().color(color.as_str())),
        );
    }
    let patch = |(key, _, count): &Class| {
        let data: Vec<Value> = slots.iter().map(|slot| bar(slot, *count)).collect();
        let seldom = *key == "s5xx";
        json!({
            "data": data,
            "barCategoryGap": if series.buckets.len() > 120 { "12%" } else { "20%" },
            "barMaxWidth": 40,
            "barMinHeight": if seldom { 3 } else { 0 },
            "z": if seldom { 3 } else { 2 },
            "emphasis": { "disabled": true },
            "cursor": "default",
        })
    };
    Drawing {
        option: option(chart, classes.iter().map(patch)),
        tips: slots.iter().map(tip).collect(),
        write: Some(|value| number::short(value.max(0.0) as u64)),
        over_time: true,
    }
}

/// A slot that is not complete is drawn paler; one without requests of the class is not drawn.
fn bar(slot: &Slot, count: fn(&StatusClasses) -> u64) -> Value {
    match count(&slot.bucket.totals.by_status) {
        0 => Value::Null,
        n if slot.partial => json!({ "value": n, "itemStyle": { "opacity": 0.5 } }),
        n => json!(n),
    }
}

fn tip(slot: &Slot) -> Tip {
    let bucket = slot.bucket;
    let whole = bucket.totals.requests;
    let mut rows: Vec<(u64, TipRow)> = CLASSES
        .into_iter()
        .map(|(key, label, count)| (key, label, count(&bucket.totals.by_status)))
        .filter(|(.., n)| *n > 0)
        .map(|(key, label, n)| {
            let share = number::percent(n as f64 / whole as f64);
            (n, TipRow { key, label: label.into(), value: number::exact(n), share })
        })
        .collect();
    rows.sort_by_key(|(n, _)| std::cmp::Reverse(*n));
    rows.insert(
        0,
        (
            whole,
            TipRow { key: "", label: "Requests".into(), value: number::exact(whole), share: String::new() },
        ),
    );
    Tip { title: slot.name.clone(), rows: rows.into_iter().map(|(_, row)| row).collect(), note: slot.note() }
}

fn table(series: &Timeseries, clock: &Clock) -> Table {
    let classes = classes(series);
    let mut head = vec!["Slot", "Requests"];
    head.extend(classes.iter().map(|(_, label, _)| *label));
    let row = |slot: Slot| {
        let bucket = slot.bucket;
        let mut cells = vec![number::exact(bucket.totals.requests)];
        cells.extend(classes.iter().map(|(.., count)| number::exact(count(&bucket.totals.by_status))));
        (slot.name, cells)
    };
    Table { head, rows: each(series, clock).into_iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::samples;
    use telemetry::time::Step;

    #[test]
    fn server_errors_lie_at_the_baseline_and_keep_a_least_height() {
        let series = samples::busy(Step::Minute1, &[(1_000_000, 1), (10, 0)]);
        let option = draw(&series, &samples::later(), None).option;
        assert_eq!(option["series"][0]["id"], "s5xx");
        assert_eq!(option["series"][0]["barMinHeight"], 3);
        assert_eq!(option["series"][0]["data"], json!([1, null]));
        assert_eq!(option["series"][1]["id"], "s2xx");
    }

    #[test]
    fn the_last_slot_is_paler_while_it_is_not_over() {
        let series = samples::busy(Step::Minute1, &[(5, 0), (3, 0)]);
        let during = samples::clock_at(series.to.as_second() - 10);
        let option = draw(&series, &during, None).option;
        assert_eq!(option["series"][0]["data"][0], json!(5));
        assert_eq!(option["series"][0]["data"][1]["value"], json!(3));
    }

    #[test]
    fn the_tooltip_lists_the_largest_first() {
        let series = samples::busy(Step::Minute1, &[(3, 9)]);
        let tip = &draw(&series, &samples::later(), None).tips[0];
        let labels: Vec<_> = tip.rows.iter().map(|row| &*row.label).collect();
        assert_eq!(labels, ["Requests", "5xx", "2xx"]);
    }

    #[test]
    fn the_sentence_names_the_busiest_slot() {
        let series = samples::busy(Step::Hour1, &[(5, 0), (1_200, 34)]);
        assert_eq!(
            caption(&series, &samples::later()),
            "1,239 requests in slots of 1h; most at 01:00 (1,234)."
        );
        assert_eq!(caption(&samples::quiet(Step::Hour1, 3), &samples::later()), "No requests.");
    }
}
