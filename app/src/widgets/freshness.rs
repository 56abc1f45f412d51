//! Which span is shown, how fresh it is, and that something is being loaded.

use crate::api::Glance;
use crate::clock;
use crate::live::Live;
use crate::place::Place;
use crate::report::{Report, Status};
use leptos::prelude::*;

#[component]
pub(crate) fn Freshness(place: Memo<Place>, live: Live, glance: Report<Glance>) -> impl IntoView {
    let range = move || {
        let span =
            glance.with_time(|glance, at| clock::span(glance.overview.from, glance.overview.to, at))?;
        Some(view! {
            <span class="freshness-range">
                {span} " " <abbr class="zone" title="Coordinated Universal Time">{clock::ZONE}</abbr>
            </span>
        })
    };
    let state = move || {
        let Status::Ready { at, stale } = glance.status() else { return None };
        let is_live = place.with(|place| place.span.is_live());
        let (class, word) = match (stale, is_live) {
            (true, _) => ("live is-stale", "Stale"),
            (false, true) => ("live is-on", "Live"),
            (false, false) => ("live", "Fixed range"),
        };
        Some(view! {
            <span class=class>
                <span class="live-dot" aria-hidden="true"></span>
                {word}
                <time class="live-time">{format!("as of {}", clock::time(at))}</time>
            </span>
        })
    };
    view! {
        <div class="freshness">
            <Transition fallback=|| ()>
                {range}
                {state}
            </Transition>
            <div class="loading-bar" class:is-on=move || live.is_loading() aria-hidden="true"></div>
        </div>
    }
    .into_any()
}
