//! Which shape, over the whole range: requests by latency band, with the percentiles where they lie.
//!
//! The rule: the axis is logarithmic, as the bands are, and it says so by its labels, which double.

use super::axes::{Scale, over_slots};
use super::heatmap::{band_labels, name};
use super::option::option;
use super::{Drawing, Plot, Table, Tip, TipRow};
use crate::clock::Clock;
use crate::number;
use charming::element::{AxisPointerType, ItemStyle};
use charming::series::Bar;
use serde_json::{Value, json};
use telemetry::report::{Latencies, LatencyBand};

pub(crate) static DISTRIBUTION: Plot<Latencies> = Plot {
    title: "Latency distribution",
    id: "distribution",
    caption,
    legend: None,
    most: None,
    draw,
    table,
    other: None,
    over_time: None,
};

/// A mark this many bands beside another one is written on its other side.
const NEAR: usize = 5;

fn total(report: &Latencies) -> u64 {
    report.bands.iter().map(|band| band.requests).sum()
}

fn caption(report: &Latencies, _clock: &Clock) -> String {
    let latency = &report.latency_ms;
    match (latency.min, latency.max) {
        (Some(min), Some(max)) => format!(
            "From {} to {}; half within {}, 99 % within {}.",
            number::duration(min),
            number::duration(max),
            number::latency(latency.p50),
            number::latency(latency.p99)
        ),
        _ => "No requests.".to_owned(),
    }
}

/// The band that holds a latency.
fn band_of(report: &Latencies, ms: f64) -> Option<usize> {
    report.bands.iter().position(|band| ms < band.to_ms || ms == 0.0 && band.to_ms == 0.0)
}

/// The percentiles at their bands; those of one band together.
fn marks(report: &Latencies) -> Vec<(usize, String)> {
    let latency = &report.latency_ms;
    let mut marks: Vec<(usize, String)> = Vec::new();
    for (name, value) in [("p50", latency.p50), ("p95", latency.p95), ("p99", latency.p99)] {
        let Some(place) = value.and_then(|ms| band_of(report, ms)) else { continue };
        match marks.last_mut() {
            Some((last, names)) if *last == place => *names = format!("{names}, {name}"),
            _ => marks.push((place, name.to_owned())),
        }
    }
    marks
}

fn draw(report: &Latencies, _clock: &Clock, _only: Option<&'static str>) -> Drawing {
    let highest = report.bands.iter().map(|band| band.requests).max().unwrap_or(0);
    let labels = band_labels(&report.bands);
    let chart = over_slots(labels, Scale::over(highest as f64, 1.0), AxisPointerType::Shadow)
        .series(&Bar::new().id("requests").name("Requests").item_style(ItemStyle::new().color("$p50")));
    let data: Vec<Value> = report
        .bands
        .iter()
        .map(|band| if band.requests == 0 { Value::Null } else { json!(band.requests) })
        .collect();
    let marks = marks(report);
    let lines: Vec<Value> = marks
        .iter()
        .enumerate()
        .map(|(n, (place, names))| {
            let next = marks.get(n + 1).is_some_and(|(next, _)| next - place < NEAR);
            // Near the right edge there is no room on the right.
            let align = if next || place * 4 > report.bands.len() * 3 { "right" } else { "left" };
            json!({ "xAxis": place, "name": names, "label": { "align": align } })
        })
        .collect();
    let patch = json!({
        "data": data,
        "barCategoryGap": "8%",
        "barMinHeight": 2,
        "emphasis": { "disabled": true },
        "cursor": "default",
        "markLine": {
            "silent": true,
            "animation": false,
            "symbol": "none",
            "lineStyle": { "color": "$p99", "type": "dashed", "width": 1 },
            "label": { "formatter": "{b}", "color": "$text", "fontSize": 11, "distance": 2 },
            "data": lines,
        },
    });
    let mut option = option(chart, [patch]);
    // Room for the names of the marks.
    option["grid"]["top"] = json!("22");
    Drawing {
        option,
        tips: tips(report),
        write: Some(|value| number::short(value.max(0.0) as u64)),
        over_time: false,
    }
}

fn tips(report: &Latencies) -> Vec<Tip> {
    let whole = total(report) as f64;
    let mut until = 0;
    let tip = |band: &LatencyBand| {
        until += band.requests;
        let row = |label: &'static str, n: u64| TipRow {
            key: "",
            label: label.into(),
            value: number::exact(n),
            share: number::percent(n as f64 / whole),
        };
        Tip {
            title: name(band),
            rows: vec![row("Requests", band.requests), row("As fast or faster", until)],
            note: None,
        }
    };
    report.bands.iter().map(tip).collect()
}

fn table(report: &Latencies, _clock: &Clock) -> Table {
    let rows = tips(report).into_iter().map(|tip| {
        let cells = tip.rows.into_iter().flat_map(|row| [row.value, row.share]).collect();
        (tip.title, cells)
    });
    Table { head: vec!["Latency", "Requests", "Share", "As fast or faster", "Share"], rows: rows.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::samples;

    #[test]
    fn bars_marks_and_table_say_the_same() {
        let report = samples::two_modes();
        let drawing = draw(&report, &samples::later(), None);
        let series = &drawing.option["series"][0];
        assert_eq!(
            series["data"],
            json!([9, null, null, null, 100]).as_array().map_or(Value::Null, |list| json!(list))
        );
        let marks = series["markLine"]["data"].as_array().unwrap();
        assert_eq!(
            (marks.len(), &marks[0]["xAxis"], &marks[0]["name"]),
            (1, &json!(4), &json!("p50, p95, p99"))
        );
        assert_eq!(drawing.tips[4].rows[1].value, "109");
        assert_eq!(table(&report, &samples::later()).rows[0].1[0], "9");
        assert!(caption(&report, &samples::later()).starts_with("From 8"));
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        let mut report = samples::two_modes();
        (report.bands, report.slots) = (Vec::new(), Vec::new());
        report.latency_ms = telemetry::report::Latency::default();
        let drawing = draw(&report, &samples::later(), None);
        assert!(drawing.tips.is_empty());
        assert_eq!(caption(&report, &samples::later()), "No requests.");
    }
}
