//! The figures of a range, each against the period before.

use super::tile::Figure;
use super::{Tile, Tone};
use crate::api::Glance;
use crate::number;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::{Bucket, Latency, Overview, Timeseries};

const REQUESTS: &str =
    "All requests of this range. Each is counted exactly once, none is sampled or estimated.";
const ERRORS: &str = "Requests answered with a status of 400 or more, of all requests. Counted, not sampled; of fewer than \
                      20 requests it says how many.";
const P50: &str = "Half of all requests were answered within this time. Read by nearest rank from a sketch that holds every \
                   request: at most 0.55 % off.";
const P95: &str = "95 of 100 requests were answered within this time. Read by nearest rank from a sketch that holds every \
                   request: at most 0.55 % off.";
const P99: &str = "99 of 100 requests were answered within this time. Read by nearest rank from a sketch that holds every \
                   request: at most 0.55 % off.";

#[component]
pub(crate) fn Tiles(glance: Report<Glance>, series: Report<Timeseries>) -> impl IntoView {
    let shape = move |value: fn(&Bucket) -> Option<f64>| {
        Signal::derive(move || series.with(|series| series.buckets.iter().map(value).collect::<Vec<_>>()))
    };
    let figure = move |read: fn(&Overview) -> Figure| {
        Signal::derive(move || glance.with(|glance| read(&glance.overview)))
    };
    view! {
        <dl class="tiles">
            <Tile label="Requests" about=REQUESTS class="volume" tone=Tone::Neutral
                figure=figure(requests_figure)
                shape=shape(|bucket| Some(bucket.totals.requests as f64))/>
            <Tile label="Error rate" about=ERRORS class="errors" tone=Tone::LessIsBetter
                figure=figure(error_figure)
                shape=shape(|bucket| bucket.totals.error_rate)/>
            <Tile label="p50" about=P50 class="p50" tone=Tone::LessIsBetter
                figure=figure(|overview| latency_figure(overview, |latency| latency.p50))
                shape=shape(|bucket| bucket.totals.latency_ms.p50)/>
            <Tile label="p95" about=P95 class="p95" tone=Tone::LessIsBetter
                figure=figure(|overview| latency_figure(overview, |latency| latency.p95))
                shape=shape(|bucket| bucket.totals.latency_ms.p95)/>
            <Tile label="p99" about=P99 class="p99" tone=Tone::LessIsBetter
                figure=figure(|overview| latency_figure(overview, |latency| latency.p99))
                shape=shape(|bucket| bucket.totals.latency_ms.p99)/>
        </dl>
    }
    .into_any()
}

/// The period before may be a little longer: what it had is scaled to the length of this one.
fn requests_figure(overview: &Overview) -> Figure {
    let seconds =
        |from: jiff::Timestamp, to: jiff::Timestamp| (to.as_second() - from.as_second()).max(1) as f64;
    let previous = &overview.previous;
    let scale = seconds(overview.from, overview.to) / seconds(previous.from, previous.to);
    let (now, before) = (overview.totals.requests, previous.totals.requests as f64 * scale);
    Figure {
        value: number::short(now),
        exact: number::count_of(now, "request", "requests"),
        delta: number::change(Some(before), Some(now as f64)),
        before: number::short(before.round() as u64),
    }
}

fn error_figure(overview: &Overview) -> Figure {
    let (now, before) = (&overview.totals, &overview.previous.totals);
    let few = now.requests < number::FEW || before.requests < number::FEW;
    Figure {
        value: number::rate(now.errors, now.requests),
        exact: format!("{} of {} requests", number::exact(now.errors), number::exact(now.requests)),
        delta: if few { None } else { number::change_of_rate(before.error_rate, now.error_rate) },
        before: number::rate(before.errors, before.requests),
    }
}

fn latency_figure(overview: &Overview, value: fn(&Latency) -> Option<f64>) -> Figure {
    let (now, before) = (value(&overview.totals.latency_ms), value(&overview.previous.totals.latency_ms));
    Figure {
        value: number::latency(now),
        exact: now.map_or_else(String::new, |ms| format!("{ms:.3} ms")),
        delta: number::change(before, now),
        before: number::latency(before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::sketch::RELATIVE_ERROR;

    #[test]
    fn what_is_said_of_figures_is_so() {
        assert!((0.54..=0.55).contains(&(RELATIVE_ERROR * 100.0)));
        assert!([P50, P95, P99].iter().all(|about| about.ends_with("at most 0.55 % off.")));
        assert!(ERRORS.contains(&format!("fewer than {} requests", number::FEW)));
    }
}
