//! `/live`: did my deploy work? Requests as they arrive, and what the last minute was like.

use crate::api::{self, Asked};
use crate::live::provide_live;
use crate::place::use_place;
use crate::range::{Last, Span};
use crate::report::Report;
use crate::tail::provide_tail;
use crate::view::IntoAny;
use crate::widgets::{FilterBar, FlowBanner, LiveFigures, LiveTable};
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub(crate) fn LivePage() -> impl IntoView {
    let place = use_place();
    // what arrives comes by itself; what stands here first is asked for once
    let live = provide_live(Signal::derive(|| false), None);
    let asked = move || Asked { span: Span::Last(Last::MINUTE_1), ..place.with(Asked::of) };
    let glance = Report::new(live, asked, api::overview);
    let earlier = Report::new(
        live,
        move || {
            (Asked { span: Span::Last(Last::HOUR_1), ..asked() }, place.with(|place| place.search.clone()))
        },
        |(asked, search)| api::requests(asked, search, None),
    );
    let tail = provide_tail(place);
    view! {
        <Title text="Live"/>
        <h1 class="visually-hidden">"Live"</h1>
        <div class="live-page">
            <FlowBanner live/>
            <FilterBar place page="/live"/>
            <LiveFigures tail glance/>
            <LiveTable place tail earlier/>
        </div>
    }
    .into_any()
}
