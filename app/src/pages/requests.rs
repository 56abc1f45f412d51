//! `/requests`: show me the ones. The raw log, as long as it is kept.

use crate::api::{self, Asked};
use crate::charts::VOLUME;
use crate::live::provide_live;
use crate::markers::provide_markers;
use crate::place::use_place;
use crate::report::Report;
use crate::view::IntoAny;
use crate::widgets::{ChartCard, FilterBar, FlowBanner, RequestPanel, RequestsTable};
use leptos::prelude::*;
use leptos_meta::{Script, Title};

#[component]
pub(crate) fn RequestsPage() -> impl IntoView {
    let place = use_place();
    // Whoever reads a request, or an older page, does not want the list to move.
    let moves = move || place.with(|p| p.span.is_live() && p.request.is_none() && p.cursor.is_none());
    let live = provide_live(Signal::derive(moves), Some(place));
    let asked = move || place.with(Asked::of);
    let rows = Report::new(
        live,
        move || (asked(), place.with(|place| (place.search.clone(), place.cursor.clone()))),
        |(asked, (search, cursor))| api::requests(asked, search, cursor),
    );
    let series = Report::new(live, asked, api::timeseries);
    provide_markers(live, place);
    let open = Report::new(
        live,
        move || place.with(|place| (place.client, place.request.clone())),
        |(client, id)| api::request(client, id),
    );
    // Rollups know nothing of single requests: what is searched for among them has no timeline.
    let counted = Memo::new(move |_| place.with(|place| place.search.is_empty()));
    view! {
        <Title text="Requests"/>
        <Script src="/echarts.min.js" async_="true"/>
        <h1 class="visually-hidden">"Requests"</h1>
        <div class="requests-page">
            <FlowBanner live/>
            <FilterBar place page="/requests"/>
            <Show when=move || counted.get()><ChartCard plot=&VOLUME report=series/></Show>
            <div class="requests-body">
                <RequestsTable place report=rows/>
                <RequestPanel place report=open/>
            </div>
        </div>
    }
    .into_any()
}
