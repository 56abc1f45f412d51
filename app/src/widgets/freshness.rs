//! Which span is shown, and how fresh it is.

use super::LiveMark;
use crate::api::Glance;
use crate::clock;
use crate::live::Live;
use crate::place::Place;
use crate::report::Report;
use crate::view::IntoAny;
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
    let is_live = Signal::derive(move || place.with(|place| place.span.is_live()));
    view! {
        <div class="freshness">
            <Transition fallback=|| ()>{range}</Transition>
            <LiveMark live status=Signal::derive(move || glance.status()) is_live/>
        </div>
    }
    .into_any()
}
