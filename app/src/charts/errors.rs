//! How bad: the share of errors per slot; server errors apart from all errors.
//!
//! The rule: the axis never ends below 1 %, so that a quiet hour does not look like a fire.

use super::axes::{Scale, chart};
use super::lines::{Stroke, lines};
use super::{Drawing, Key, OVER_TIME, Other, Plot, Slot, Table, Tip, TipRow, each, figures_of, peak, when};
use crate::api::Compared;
use crate::clock::Clock;
use crate::number;
use charming::element::AxisPointerType;
use telemetry::report::{Bucket, Timeseries, Totals};

pub(crate) static ERRORS: Plot = Plot {
    title: "Error rate",
    id: "errors",
    caption,
    legend: Some(legend),
    most: None,
    draw,
    table,
    other: Some(Other { figures: others, write: |percent| number::percent(percent / 100.0) }),
    over_time: Some(OVER_TIME),
};

const ALL: (&str, &str) = ("s4xx", "4xx + 5xx");
const SERVER: (&str, &str) = ("s5xx", "5xx");

fn share(part: u64, totals: &Totals) -> Option<f64> {
    (totals.requests > 0).then(|| part as f64 / totals.requests as f64)
}

fn sums(series: &Timeseries) -> (u64, u64, u64) {
    series.buckets.iter().fold((0, 0, 0), |(requests, errors, server), bucket| {
        let totals = &bucket.totals;
        (requests + totals.requests, errors + totals.errors, server + totals.server_errors)
    })
}

fn legend(series: &Timeseries) -> Vec<Key> {
    let (requests, errors, server) = sums(series);
    let key = |(key, label), part| Key { key, label, total: number::rate(part, requests) };
    vec![key(SERVER, server), key(ALL, errors)]
}

fn others(series: &Timeseries, other: &Compared) -> Vec<Option<f64>> {
    figures_of(series, other, |totals| totals.error_rate.map(|rate| rate * 100.0))
}

fn caption(series: &Timeseries, clock: &Clock) -> String {
    let (requests, errors, _) = sums(series);
    if requests == 0 {
        return "No requests.".to_owned();
    }
    let Some((bucket, highest)) = peak(series, |bucket| bucket.totals.error_rate) else {
        return "No errors.".to_owned();
    };
    format!(
        "{} of {} failed; worst {} ({}).",
        number::exact(errors),
        number::count_of(requests, "request", "requests"),
        when(series, bucket, clock),
        number::percent(highest)
    )
}

fn draw(series: &Timeseries, clock: &Clock, only: Option<&'static str>) -> Drawing {
    let values = |part: fn(&Totals) -> u64| -> Vec<Option<f64>> {
        let value = |bucket: &Bucket| share(part(&bucket.totals), &bucket.totals).map(|share| share * 100.0);
        series.buckets.iter().map(value).collect()
    };
    let stroke = |(key, label), values, width, area| Stroke {
        key,
        label,
        values,
        width,
        area,
        dotted: false,
        named: String::new(),
    };
    let strokes: Vec<Stroke> = [
        stroke(ALL, values(|totals| totals.errors), 1.5, false),
        stroke(SERVER, values(|totals| totals.server_errors), 2.0, true),
    ]
    .into_iter()
    .filter(|stroke| only.is_none_or(|only| only == stroke.key))
    .collect();
    let highest = strokes.iter().flat_map(|stroke| &stroke.values).flatten().copied().fold(1.0, f64::max);
    let slots = each(series, clock);
    let open_end = slots.last().is_some_and(|slot| slot.partial);
    Drawing {
        option: lines(
            chart(series, clock, Scale::over(highest, 0.25), AxisPointerType::Line),
            &strokes,
            open_end,
        ),
        tips: slots.iter().map(tip).collect(),
        write: Some(|value| number::percent(value / 100.0)),
        over_time: true,
    }
}

fn tip(slot: &Slot) -> Tip {
    let bucket = slot.bucket;
    let totals = &bucket.totals;
    let row = |(key, label): (&'static str, &'static str), part| TipRow {
        key,
        label: label.into(),
        value: share(part, totals).map_or_else(|| number::NONE.to_owned(), number::percent),
        share: format!("{} of {}", number::exact(part), number::exact(totals.requests)),
    };
    Tip {
        title: slot.name.clone(),
        rows: vec![row(ALL, totals.errors), row(SERVER, totals.server_errors)],
        note: slot.note(),
    }
}

fn table(series: &Timeseries, clock: &Clock) -> Table {
    let row = |slot: Slot| {
        let bucket = slot.bucket;
        let totals = &bucket.totals;
        let cells = vec![
            number::exact(totals.requests),
            number::exact(totals.client_errors),
            number::exact(totals.server_errors),
            number::rate(totals.errors, totals.requests),
        ];
        (slot.name, cells)
    };
    Table {
        head: vec!["Slot", "Requests", "4xx", "5xx", "Error rate"],
        rows: each(series, clock).into_iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::samples;
    use telemetry::time::Step;

    #[test]
    fn the_axis_reaches_at_least_one_per_cent() {
        let series = samples::busy(Step::Minute1, &[(100_000, 1), (10, 0)]);
        let option = draw(&series, &samples::later(), None).option;
        assert!(option["yAxis"]["max"].as_f64().unwrap() >= 1.0);
    }

    #[test]
    fn slots_without_requests_have_no_rate() {
        let series = samples::busy(Step::Minute1, &[(9, 1), (0, 0), (10, 0)]);
        let option = draw(&series, &samples::later(), Some("s5xx")).option;
        assert_eq!(option["series"].as_array().map(Vec::len), Some(1));
        assert_eq!(option["series"][0]["data"][1], serde_json::Value::Null);
        assert_eq!(option["series"][0]["connectNulls"], false);
    }

    #[test]
    fn the_sentence_tells_quiet_from_good() {
        assert_eq!(caption(&samples::quiet(Step::Hour1, 2), &samples::later()), "No requests.");
        assert_eq!(caption(&samples::busy(Step::Hour1, &[(5, 0)]), &samples::later()), "No errors.");
        let bad = caption(&samples::busy(Step::Hour1, &[(90, 10), (100, 0)]), &samples::later());
        assert_eq!(bad.replace('\u{202f}', " "), "10 of 200 requests failed; worst at 00:00 (10 %).");
    }
}
