//! Which span is shown, and how fresh it is.

use super::{LiveMark, zone_label};
use crate::api::Glance;
use crate::awaited::awaited;
use crate::live::Live;
use crate::place::Place;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn Freshness(place: Memo<Place>, live: Live, glance: Report<Glance>) -> impl IntoView {
    let range = move || {
        glance.with_clock(|glance, clock| {
            let span = clock.span(glance.overview.from, glance.overview.to);
            view! { <span class="freshness-range">{span} " " {zone_label(clock)}</span> }
        })
    };
    let is_live = Signal::derive(move || place.with(|place| place.span.is_live()));
    view! {
        <div class="freshness">
            {awaited(range)}
            <LiveMark live status=Signal::derive(move || glance.status()) is_live/>
        </div>
    }
    .into_any()
}
