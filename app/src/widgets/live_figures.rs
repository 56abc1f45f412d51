//! What the last minute was like, whether it is still being told, and the way to hold it still.

use super::{Glyph, Icon};
use crate::api::Glance;
use crate::awaited::awaited;
use crate::keys;
use crate::number;
use crate::report::Report;
use crate::tail::{Connection, Share, Tail};
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::{LastMinute, Overview};

#[component]
pub(crate) fn LiveFigures(tail: Tail, glance: Report<Glance>) -> impl IntoView {
    keys::on_key(move |key| {
        let pauses = key == " ";
        if pauses {
            tail.pause(!tail.paused.get_untracked());
        }
        pauses
    });
    // until the stream tells, what the last minute's numbers say
    let minute = move || match tail.last_minute.get() {
        Some((_, minute)) => Some(minute),
        None => glance.with(|glance| counted(&glance.overview)),
    };
    let figures = move || minute().map(|minute| figures(&minute));
    let state = move || {
        let (class, word) = match (tail.connection.get(), tail.paused.get()) {
            (Connection::Lost, _) => ("live is-stale", "Reconnecting …"),
            (Connection::Waiting, _) => ("live", "Connecting …"),
            (Connection::On, true) => ("live", "Paused"),
            (Connection::On, false) => ("live is-on", "Live"),
        };
        view! { <span class=class role="status"><span class="live-dot" aria-hidden="true"></span>{word}</span> }
    };
    let button = move || match tail.paused.get() {
        true => (Glyph::Play, "Go on"),
        false => (Glyph::Pause, "Pause"),
    };
    view! {
        <section class="card live-figures" aria-label="The last minute">
            <dl class="live-values">{awaited(figures)}</dl>
            <div class="live-state">
                {state}
                <button class="button is-small" type="button" title="Space" on:click=move |_| tail.pause(!tail.paused.get_untracked())>
                    {move || view! { <Icon glyph=button().0/> }}
                    {move || button().1}
                </button>
            </div>
        </section>
    }
    .into_any()
}

fn counted(overview: &Overview) -> LastMinute {
    let totals = &overview.totals;
    LastMinute {
        seconds: (overview.to.as_second() - overview.from.as_second()).clamp(1, 120) as u32,
        requests: totals.requests,
        errors: totals.errors,
        p95_ms: totals.latency_ms.p95,
    }
}

fn figures(minute: &LastMinute) -> AnyView {
    let per_second = |n: u64| number::per_second(n as f64 / f64::from(minute.seconds));
    let figure = |name: &'static str, value: String, title: String| {
        view! { <div class="live-value"><dt>{name}</dt><dd title=title>{value}</dd></div> }
    };
    let over = format!("over {} s", minute.seconds);
    view! {
        {figure("Requests/s", per_second(minute.requests), format!("{} {over}", number::exact(minute.requests)))}
        {figure("Errors/s", per_second(minute.errors), format!("{} {over}", number::exact(minute.errors)))}
        {figure("Error rate", number::rate(minute.errors, minute.requests), over.clone())}
        {figure("p95", number::latency(minute.p95_ms), over.clone())}
    }
    .into_any()
}

/// "1 of 20 is shown", where not all are.
pub(crate) fn sampled(share: Share) -> Option<String> {
    let of = (share.matched as f64 / share.shown.max(1) as f64).round() as u64;
    (of > 1).then(|| format!("A random sample: about 1 of {} is shown.", number::exact(of)))
}
