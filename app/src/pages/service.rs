//! `/service`: which endpoint, and what went wrong?

use crate::api::{self, Asked};
use crate::compare::provide_compared;
use crate::filter::Filter;
use crate::live::provide_live;
use crate::markers::provide_markers;
use crate::place::use_place;
use crate::report::Report;
use crate::view::IntoAny;
use crate::widgets::{
    Charts, Compare, ConsumersTable, Empty, EndpointsTable, FailuresTable, FilterBar, FlowBanner, Freshness,
    MarkerList, Shown, StatusSplit, Tiles, Trail, VerdictLine, WhatChanged,
};
use leptos::prelude::*;
use leptos_meta::{Script, Title};
use leptos_router::components::Redirect;

#[component]
pub(crate) fn ServicePage() -> impl IntoView {
    let place = use_place();
    let live = provide_live(Signal::derive(move || place.with(|place| place.span.is_live())), Some(place));
    let asked = move || place.with(Asked::of);
    // The state of a service is judged by all that it does.
    let asked_of_service = move || {
        let asked = asked();
        Asked { filter: Filter::of_service(asked.filter.service), ..asked }
    };
    let glance = Report::new(live, asked, api::overview);
    let series = Report::new(live, asked, api::timeseries);
    let latencies = Report::new(live, asked, api::latencies);
    let changes = Report::new(live, asked, api::changes);
    let services = Report::new(live, asked_of_service, api::services);
    let codes = Report::new(live, move || asked().without_status(), api::status_codes);
    let failures = Report::new(live, asked, api::failures);
    let consumers = Report::new(live, asked, api::consumers);
    let endpoints = Report::new(
        live,
        move || (asked(), place.with(|place| place.sort)),
        |(asked, sort)| api::endpoints(asked, sort, crate::widgets::endpoints::ROWS),
    );
    let marked = provide_markers(live, place);
    provide_compared(live, place);
    Shown::follow(glance);
    let name = Memo::new(move |_| place.with(|place| place.filter.service.clone()));
    let away = move || {
        name.get().is_none().then(|| view! { <Redirect path=place.get_untracked().on("/overview")/> })
    };
    view! {
        <Title text=move || name.get().unwrap_or_default()/>
        <Script src="/echarts.min.js" async_="true"/>
        {away}
        <div class="reports">
            <FlowBanner live/>
            <Trail place/>
            <h1 class="visually-hidden">{move || name.get()}</h1>
            <div class="reports-head">
                <VerdictLine place services glance/>
                <Freshness place live glance/>
            </div>
            <div class="reports-tools">
                <FilterBar place page="/service"/>
                <Compare place/>
            </div>
            <Empty place page="/service" glance/>
            <Tiles glance series/>
            <MarkerList report=marked/>
            <Charts series latencies/>
            <WhatChanged place page="/service" report=changes/>
            <EndpointsTable place report=endpoints/>
            <div class="reports-pair">
                <FailuresTable place report=failures/>
                <StatusSplit place page="/service" report=codes/>
            </div>
            <ConsumersTable place report=consumers/>
        </div>
    }
    .into_any()
}
