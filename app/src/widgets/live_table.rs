//! Requests as they arrive, newest first; before any has, the newest that there were.

use super::live_figures::sampled;
use super::requests_table::{head, line};
use crate::awaited::awaited;
use crate::clock::Clock;
use crate::number;
use crate::place::Place;
use crate::report::Report;
use crate::tail::{Line, Tail, What};
use crate::view::IntoAny;
use leptos::prelude::*;
use std::time::Duration;
use telemetry::report::Requests;

/// How often those who listen are told how many have come.
const TOLD: Duration = Duration::from_secs(10);

/// A bar is full at this latency, in milliseconds: a scale that does not move.
const FULL: f64 = 1_000.0;

#[component]
pub(crate) fn LiveTable(place: Memo<Place>, tail: Tail, earlier: Report<Requests>) -> impl IntoView {
    let clock = StoredValue::new(None::<Clock>);
    Effect::new(move |_| clock.set_value(earlier.with_clock(|_, clock| clock.clone())));
    let table = move || {
        earlier.with_clock(|requests, clock| {
            let place = place.get();
            let rows = requests.requests.iter().map(|row| line(row, &place, FULL, clock)).collect_view();
            (head(clock), rows)
        })
    };
    let arrived = move |line: Line| row(&line, place, clock);
    let (heads, rows) = (move || table().map(|(head, _)| head), move || table().map(|(_, rows)| rows));
    let note = move || sampled(tail.share.get());
    let held = move || {
        let held = tail.held_back.get();
        (held > 0).then(|| {
            let label = format!("{} new", number::exact(held));
            let show = move |_| {
                tail.pause(false);
                to_the_top();
            };
            view! { <button class="button is-solid is-small live-new" type="button" on:click=show>{label}</button> }
        })
    };
    view! {
        <section class="card live-card" aria-labelledby="live-title">
            <div class="live-head">
                <h2 class="card-title" id="live-title">"Requests as they arrive"</h2>
                <p class="live-note">{note}</p>
                {held}
            </div>
            <p class="visually-hidden" aria-live="polite">{summary(tail)}</p>
            <div class="table-scroll">
                <table class="table is-stacking requests">
                    {awaited(heads)}
                    <tbody><For each=move || tail.lines() key=|line| line.number children=arrived/></tbody>
                    <tbody class="live-earlier">{awaited(rows)}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(line: &Line, place: Memo<Place>, clock: StoredValue<Option<Clock>>) -> AnyView {
    match &line.what {
        What::Request(row) => clock.with_value(|clock| {
            let clock = clock.clone().unwrap_or_default();
            place.with_untracked(|place| super::requests_table::line(row, place, FULL, &clock))
        }),
        What::Gap(text) => view! { <tr class="live-gap"><td colspan="6">{*text}</td></tr> }.into_any(),
    }
}

/// How many have come, said every ten seconds.
fn summary(tail: Tail) -> impl Fn() -> String {
    let said = RwSignal::new(String::new());
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let say = move || {
            let minute = tail.last_minute.try_get_untracked().flatten().map(|(_, minute)| minute);
            if let Some(minute) = minute {
                let requests = number::count_of(minute.requests, "request", "requests");
                let errors = number::count_of(minute.errors, "error", "errors");
                said.try_set(format!("{requests} and {errors} in the last {} seconds", minute.seconds));
            }
        };
        if let Ok(clock) = set_interval_with_handle(say, TOLD) {
            on_cleanup(move || clock.clear());
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (tail, TOLD);
    move || said.get()
}

fn to_the_top() {
    #[cfg(feature = "hydrate")]
    window().scroll_to_with_x_and_y(0.0, 0.0);
}
