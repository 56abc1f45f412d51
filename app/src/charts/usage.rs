//! What a client has used, day by day: hits accepted and refused in one bar, calls refused as a whole in another beside it.

use super::axes::{Scale, over_slots};
use super::option::option;
use super::{Drawing, Key, Tip, TipRow};
use crate::number;
use charming::element::{AxisPointerType, ItemStyle};
use charming::series::Bar;
use serde_json::{Value, json};
use telemetry::report::UsageDay;

/// A series: its key, which is its colour, its name, and the bar that it is part of.
type Part = (&'static str, &'static str, &'static str, fn(&UsageDay) -> u64);

const PARTS: [Part; 3] = [
    ("s4xx", "Hits refused", "hits", |day| day.rejected.values().sum()),
    ("s2xx", "Hits accepted", "hits", |day| day.accepted),
    ("s5xx", "Calls refused", "calls", |day| day.refused_calls.values().sum()),
];

pub(crate) fn legend(days: &[UsageDay]) -> Vec<Key> {
    let key =
        |(key, label, _, count): Part| Key { key, label, total: number::short(days.iter().map(count).sum()) };
    [PARTS[1], PARTS[0], PARTS[2]].map(key).into()
}

/// One sentence that says what there is to see.
pub(crate) fn caption(days: &[UsageDay]) -> String {
    let busiest = days.iter().max_by_key(|day| day.accepted).filter(|day| day.accepted > 0);
    let Some(busiest) = busiest else { return "No hits in this month yet.".to_owned() };
    let all: u64 = days.iter().map(|day| day.accepted).sum();
    let accepted = number::count_of(all, "hit", "hits");
    format!("{accepted} accepted this month; most on {} ({}).", busiest.day, number::exact(busiest.accepted))
}

/// `only`: one of the legend's keys.
pub(crate) fn draw(days: &[UsageDay], only: Option<&'static str>) -> Drawing {
    let parts: Vec<Part> =
        PARTS.into_iter().filter(|(key, ..)| only.is_none_or(|only| only == *key)).collect();
    let height = |day: &UsageDay, bar: &str| -> u64 {
        parts.iter().filter(|(_, _, stack, _)| *stack == bar).map(|(.., count)| count(day)).sum()
    };
    let highest = days.iter().flat_map(|day| [height(day, "hits"), height(day, "calls")]).max().unwrap_or(0);
    // The day of the month says enough: it is one month.
    let labels = days.iter().map(|day| day.day.get(8..).unwrap_or_default().to_owned()).collect();
    let mut chart = over_slots(labels, Scale::over(highest as f64, 1.0), AxisPointerType::Shadow);
    for (key, label, stack, _) in &parts {
        let color = format!("${key}");
        let bar = Bar::new().id(*key).name(*label).stack(*stack);
        chart = chart.series(&bar.item_style(ItemStyle::new().color(color.as_str())));
    }
    let patch = |(key, _, _, count): &Part| {
        let data: Vec<Value> = days
            .iter()
            .map(|day| match count(day) {
                0 => Value::Null,
                n => json!(n),
            })
            .collect();
        // What was refused is seen, however little it is.
        let least = if *key == "s2xx" { 0 } else { 3 };
        json!({
            "data": data, "barMaxWidth": 24, "barMinHeight": least, "emphasis": { "disabled": true }, "cursor": "default",
        })
    };
    Drawing {
        option: option(chart, parts.iter().map(patch)),
        tips: days.iter().map(tip).collect(),
        write: Some(|value| number::short(value.max(0.0) as u64)),
        over_time: false,
    }
}

fn tip(day: &UsageDay) -> Tip {
    let row = |(key, label, _, count): Part| TipRow {
        key,
        label: label.into(),
        value: number::exact(count(day)),
        share: String::new(),
    };
    Tip { title: day.day.clone(), rows: [PARTS[1], PARTS[0], PARTS[2]].map(row).into(), note: None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn day(day: &str, accepted: u64, rejected: u64, refused: u64) -> UsageDay {
        let by = |reason: &str, n: u64| BTreeMap::from([(reason.to_owned(), n)]);
        UsageDay {
            day: day.into(),
            accepted,
            bytes: 0,
            rejected: by("latencyMs", rejected),
            refused_calls: by("429", refused),
        }
    }

    #[test]
    fn bars_legend_and_sentence_say_the_same() {
        let days = [day("2026-11-01", 1_200, 3, 0), day("2026-11-02", 34, 0, 7)];
        let totals: Vec<_> = legend(&days).into_iter().map(|key| (key.label, key.total)).collect();
        let total = |label, total: &str| (label, total.to_owned());
        assert_eq!(
            totals,
            [total("Hits accepted", "1,234"), total("Hits refused", "3"), total("Calls refused", "7")]
        );
        assert_eq!(caption(&days), "1,234 hits accepted this month; most on 2026-11-01 (1,200).");
        assert_eq!(caption(&[day("2026-11-01", 0, 0, 0)]), "No hits in this month yet.");
        let option = draw(&days, None).option;
        assert_eq!(
            option["xAxis"]["data"].as_array().or(option["xAxis"][0]["data"].as_array()).unwrap().len(),
            2
        );
        assert_eq!(option["series"][0]["data"], json!([3, null]));
        assert_eq!(option["series"][1]["data"], json!([1_200, 34]));
        assert_eq!(option["series"][2]["data"], json!([null, 7]));
        assert_eq!(draw(&days, Some("s5xx")).option["series"].as_array().unwrap().len(), 1);
    }
}
