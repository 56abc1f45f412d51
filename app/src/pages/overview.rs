//! `/overview`: is anything wrong, since when, for whom?

use crate::api::{self, Asked};
use crate::compare::provide_compared;
use crate::filter::Filter;
use crate::live::provide_live;
use crate::markers::provide_markers;
use crate::place::use_place;
use crate::report::Report;
use crate::view::IntoAny;
use crate::widgets::{
    Charts, Compare, Empty, EndpointsTable, FilterBar, FlowBanner, Freshness, MarkerList, ServicesTable,
    Shown, StatusSplit, Tiles, VerdictLine, WhatChanged,
};
use leptos::prelude::*;
use leptos_meta::{Script, Title};

#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let place = use_place();
    let live = provide_live(Signal::derive(move || place.with(|place| place.span.is_live())), Some(place));
    let asked = move || place.with(Asked::of);
    // what there is to choose from stays when something is chosen
    let asked_of_all = move || Asked { filter: Filter::default(), ..asked() };
    let asked_of_codes = move || asked().without_status();
    let asked_of_endpoints = move || {
        let asked = asked();
        Asked { filter: Filter { method: None, endpoint: None, ..asked.filter }, ..asked }
    };
    let glance = Report::new(live, asked, api::overview);
    let series = Report::new(live, asked, api::timeseries);
    let latencies = Report::new(live, asked, api::latencies);
    let changes = Report::new(live, asked, api::changes);
    let services = Report::new(live, asked_of_all, api::services);
    let codes = Report::new(live, asked_of_codes, api::status_codes);
    let endpoints = Report::new(
        live,
        move || (asked_of_endpoints(), place.with(|place| place.sort)),
        |(asked, sort)| api::endpoints(asked, sort, crate::widgets::endpoints::ROWS),
    );
    let marked = provide_markers(live, place);
    provide_compared(live, place);
    Shown::follow(glance);
    view! {
        <Title text="Overview"/>
        <Script src="/echarts.min.js" async_="true"/>
        <h1 class="visually-hidden">"Overview"</h1>
        <div class="reports">
            <FlowBanner live/>
            <div class="reports-head">
                <VerdictLine place services glance/>
                <Freshness place live glance/>
            </div>
            <div class="reports-tools">
                <FilterBar place page="/overview"/>
                <Compare place/>
            </div>
            <Empty place page="/overview" glance/>
            <Tiles glance series/>
            <MarkerList report=marked/>
            <Charts series latencies/>
            <WhatChanged place page="/overview" report=changes/>
            <div class="reports-pair">
                <ServicesTable place report=services/>
                <StatusSplit place page="/overview" report=codes/>
            </div>
            <EndpointsTable place report=endpoints/>
        </div>
    }
    .into_any()
}
