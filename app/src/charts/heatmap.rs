//! Which shape: requests by slot and latency band, so that two modes are seen as two stripes.
//!
//! The rule: colour goes by the logarithm of the count, so that ten slow requests are seen beside ten thousand fast ones;
//! where there are none there is no cell.

use super::axes::{Scale, labels, over_slots};
use super::option::{merge, option};
use super::{Drawing, Ends, OverTime, Plot, Table, Tip, TipRow, ends};
use crate::clock::Clock;
use crate::number;
use charming::component::{VisualMap, VisualMapChannel, VisualMapType};
use charming::element::{AxisPointerType, ItemStyle};
use charming::series::Heatmap;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::ops::RangeInclusive;
use telemetry::report::{Latencies, LatencyBand, LatencySlot};

pub(crate) static HEATMAP: Plot<Latencies> = Plot {
    title: "Latency heatmap",
    id: "heatmap",
    caption,
    legend: None,
    most: Some(most),
    draw,
    table,
    other: None,
    over_time: Some(OverTime { slots, held }),
};

/// The colours, fewest requests first.
pub(crate) const COLOURS: [&str; 7] = ["heat-1", "heat-2", "heat-3", "heat-4", "heat-5", "heat-6", "heat-7"];
/// Bands that a tooltip names.
const TOLD: usize = 7;

/// Where a cell lies, and how many requests it stands for.
struct Cell {
    slot: usize,
    band: usize,
    requests: u64,
}

fn cells(report: &Latencies) -> impl Iterator<Item = Cell> + '_ {
    report.slots.iter().enumerate().flat_map(|(slot, counts)| {
        let cell =
            move |(n, requests): (usize, &u64)| Cell { slot, band: counts.first + n, requests: *requests };
        counts.requests.iter().enumerate().map(cell).filter(|cell| cell.requests > 0)
    })
}

/// The most requests that a cell stands for.
fn most(report: &Latencies) -> u64 {
    cells(report).map(|cell| cell.requests).max().unwrap_or(0)
}

/// `16 – 19 ms` as its ends; without an end where all took no time.
pub(super) fn name(band: &LatencyBand) -> String {
    if band.to_ms == 0.0 {
        return number::duration(0.0);
    }
    format!("{} – {}", number::duration(band.from_ms), number::duration(band.to_ms))
}

/// A label for some of the bands, where latency has doubled, and "" for the others: never more than six.
pub(super) fn band_labels(bands: &[LatencyBand]) -> Vec<String> {
    let doublings = |band: &LatencyBand| {
        let doublings = band.from_ms.log2();
        (band.from_ms > 0.0 && (doublings - doublings.round()).abs() < 1e-9)
            .then_some(doublings.round() as i64)
    };
    let apart = (bands.iter().filter_map(doublings).count() as i64 + 5) / 6;
    let label = |band: &LatencyBand| match doublings(band) {
        Some(n) if n.rem_euclid(apart.max(1)) == 0 => number::duration(band.from_ms),
        None if band.to_ms == 0.0 => "0".to_owned(),
        _ => String::new(),
    };
    let labels: Vec<String> = bands.iter().map(label).collect();
    // Within one doubling there is room for all.
    if bands.len() <= 6 && labels.iter().all(String::is_empty) {
        return bands.iter().map(|band| number::duration(band.from_ms)).collect();
    }
    labels
}

fn caption(report: &Latencies, clock: &Clock) -> String {
    let Some(busiest) = cells(report).max_by_key(|cell| cell.requests) else {
        return "No requests.".to_owned();
    };
    let (slot, band) = (&report.slots[busiest.slot], &report.bands[busiest.band]);
    format!(
        "Most at {}: {} of {}; the more, the stronger the colour.",
        clock.moment(slot.start),
        number::count_of(busiest.requests, "request", "requests"),
        name(band)
    )
}

fn draw(report: &Latencies, clock: &Clock, _only: Option<&'static str>) -> Drawing {
    let starts: Vec<Timestamp> = report.slots.iter().map(|slot| slot.start).collect();
    let strength = |n: u64| (1.0 + n as f64).log10();
    let colours = COLOURS.map(|name| format!("${name}"));
    let chart =
        over_slots(labels(&starts, report.step, clock), Scale::over(1.0, 1.0), AxisPointerType::Shadow)
            .visual_map(
                &VisualMap::new()
                    .type_(VisualMapType::Continuous)
                    .show(false)
                    .min(0.0)
                    .max(strength(most(report).max(1)))
                    .dimension(2)
                    .in_range(
                        VisualMapChannel::new().color(colours.iter().map(String::as_str).collect::<Vec<_>>()),
                    ),
            )
            .series(
                &Heatmap::new().id("heat").name("Requests").item_style(ItemStyle::new().border_width(0.0)),
            );
    let data: Vec<Value> =
        cells(report).map(|cell| json!([cell.slot, cell.band, strength(cell.requests)])).collect();
    let patch =
        json!({ "data": data, "emphasis": { "disabled": true }, "cursor": "default", "progressive": 0 });
    let mut option = option(chart, [patch]);
    let quiet = option["yAxis"]["axisLabel"].take();
    option["yAxis"] = json!({
        "type": "category",
        "data": band_labels(&report.bands),
        "axisLine": { "show": false },
        "axisTick": { "show": false },
        "splitLine": { "show": false },
    });
    merge(&mut option["yAxis"]["axisLabel"], quiet);
    merge(&mut option["yAxis"]["axisLabel"], json!({ "interval": 0 }));
    let tips =
        report.slots.iter().zip(names(report, clock)).map(|(slot, name)| tip(report, slot, name)).collect();
    Drawing { option, tips, write: None, over_time: true }
}

/// The names of the slots.
fn names(report: &Latencies, clock: &Clock) -> Vec<String> {
    let starts: Vec<Timestamp> = report.slots.iter().map(|slot| slot.start).collect();
    starts.iter().zip(ends(&starts, report.end)).map(|(start, end)| clock.slot(*start, end)).collect()
}

fn tip(report: &Latencies, slot: &LatencySlot, title: String) -> Tip {
    let whole: u64 = slot.requests.iter().sum();
    let mut bands: Vec<(usize, u64)> = slot.requests.iter().copied().enumerate().collect();
    bands.retain(|(_, n)| *n > 0);
    bands.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let row = |(place, n): (usize, u64)| TipRow {
        key: "",
        label: report.bands.get(slot.first + place).map(name).unwrap_or_default().into(),
        value: number::exact(n),
        share: number::percent(n as f64 / whole as f64),
    };
    let all = TipRow { key: "", label: "Requests".into(), value: number::exact(whole), share: String::new() };
    let more = bands.len() > TOLD;
    Tip {
        title,
        rows: std::iter::once(all).chain(bands.into_iter().take(TOLD).map(row)).collect(),
        note: more.then_some("and others with fewer"),
    }
}

fn slots(report: &Latencies) -> Vec<Ends> {
    let starts: Vec<Timestamp> = report.slots.iter().map(|slot| slot.start).collect();
    let ends = ends(&starts, report.end);
    starts.iter().zip(ends).map(|(start, end)| ((*start).max(report.from), end.min(report.to))).collect()
}

fn held(report: &Latencies, chosen: RangeInclusive<usize>) -> String {
    let slots = report.slots.get(chosen).unwrap_or_default();
    number::count_of(slots.iter().flat_map(|slot| &slot.requests).sum(), "request", "requests")
}

fn table(report: &Latencies, clock: &Clock) -> Table {
    let row = |(slot, slot_name): (&LatencySlot, String)| {
        let occupied = || slot.requests.iter().enumerate().filter(|(_, n)| **n > 0);
        let band = |place: Option<usize>| {
            let band = place.and_then(|place| report.bands.get(slot.first + place));
            band.map_or_else(|| number::NONE.to_owned(), name)
        };
        let cells = vec![
            number::exact(slot.requests.iter().sum()),
            band(occupied().next().map(|(place, _)| place)),
            band(occupied().max_by_key(|(_, n)| **n).map(|(place, _)| place)),
            band(occupied().next_back().map(|(place, _)| place)),
        ];
        (slot_name, cells)
    };
    Table {
        head: vec!["Slot", "Requests", "Fastest", "Most", "Slowest"],
        rows: report.slots.iter().zip(names(report, clock)).map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::samples;

    #[test]
    fn cells_are_where_requests_are() {
        let report = samples::two_modes();
        let option = draw(&report, &samples::later(), None).option;
        let data = option["series"][0]["data"].as_array().unwrap();
        let places: Vec<(u64, u64)> =
            data.iter().map(|cell| (cell[0].as_u64().unwrap(), cell[1].as_u64().unwrap())).collect();
        assert_eq!(places, [(0, 0), (0, 4), (2, 4)]);
        assert_eq!((data[0][2].as_f64(), data[1][2].as_f64()), (Some(1.0), Some(2.0)));
        assert_eq!(option["visualMap"]["max"].as_f64(), Some(2.0));
        assert_eq!(option["yAxis"]["type"], "category");
        assert_eq!(option["yAxis"]["data"].as_array().unwrap().len(), report.bands.len());
    }

    #[test]
    fn the_sentence_and_the_scale_say_where_most_are() {
        let report = samples::two_modes();
        assert_eq!(most(&report), 99);
        assert!(
            caption(&report, &samples::later()).contains("99 requests of 16"),
            "{}",
            caption(&report, &samples::later())
        );
        let tip = &draw(&report, &samples::later(), None).tips[0];
        assert_eq!(tip.rows.iter().map(|row| &*row.value).collect::<Vec<_>>(), ["108", "99", "9"]);
        assert_eq!(table(&report, &samples::later()).rows[1].1, ["0", "–", "–", "–"]);
    }

    #[test]
    fn at_most_six_bands_have_a_label() {
        for doublings in [1, 3, 6, 7, 12, 20] {
            let band =
                |n: i32| LatencyBand { from_ms: 2f64.powf(f64::from(n) / 4.0), to_ms: 9e9, requests: 1 };
            let bands: Vec<LatencyBand> = (-4..doublings * 4).map(band).collect();
            let named = band_labels(&bands).into_iter().filter(|label| !label.is_empty()).count();
            assert!((1..=6).contains(&named), "{doublings}: {named}");
        }
    }
}
