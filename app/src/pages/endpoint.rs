//! `/endpoint`: how bad is it, and which requests?

use crate::api::{self, Asked};
use crate::awaited::awaited;
use crate::compare::provide_compared;
use crate::filter::Filter;
use crate::live::provide_live;
use crate::markers::provide_markers;
use crate::place::use_place;
use crate::report::Report;
use crate::verdict::of_traffic;
use crate::view::IntoAny;
use crate::widgets::{
    Charts, Compare, ConsumersTable, Empty, FailuresTable, FilterBar, FlowBanner, Freshness, MarkerList,
    Shown, StatusSplit, Tiles, Trail,
};
use leptos::prelude::*;
use leptos_meta::{Script, Title};
use leptos_router::components::Redirect;
use telemetry::report::EndpointSort;

/// Endpoints of the service that this one can be compared with.
const OTHERS: usize = 30;

#[component]
pub(crate) fn EndpointPage() -> impl IntoView {
    let place = use_place();
    let live = provide_live(Signal::derive(move || place.with(|place| place.span.is_live())), Some(place));
    let asked = move || place.with(Asked::of);
    let glance = Report::new(live, asked, api::overview);
    let series = Report::new(live, asked, api::timeseries);
    let latencies = Report::new(live, asked, api::latencies);
    let codes = Report::new(live, move || asked().without_status(), api::status_codes);
    let failures = Report::new(live, asked, api::failures);
    let consumers = Report::new(live, asked, api::consumers);
    let endpoints = Report::new(
        live,
        move || {
            let asked = asked();
            Asked { filter: Filter::of_service(asked.filter.service), ..asked }
        },
        |asked| api::endpoints(asked, EndpointSort::Requests, OTHERS),
    );
    let marked = provide_markers(live, place);
    provide_compared(live, place);
    Shown::follow(glance);
    let name = Memo::new(move |_| {
        place.with(|place| {
            let filter = &place.filter;
            Some((filter.service.clone()?, filter.method?, filter.endpoint.clone()?))
        })
    });
    let away = move || {
        name.get().is_none().then(|| view! { <Redirect path=place.get_untracked().on("/overview")/> })
    };
    let title =
        move || name.get().map(|(_, method, endpoint)| format!("{method} {endpoint}")).unwrap_or_default();
    let heading = move || {
        let (_, method, endpoint) = name.get()?;
        Some(view! { <span class="method">{method.as_str()}</span><code>{endpoint}</code> })
    };
    let traffic = move || {
        let span = place.with(|place| place.span);
        glance.with(|glance| of_traffic(&glance.overview, span))
    };
    view! {
        <Title text=title/>
        <Script src="/echarts.min.js" async_="true"/>
        {away}
        <div class="reports">
            <FlowBanner live/>
            <Trail place/>
            <div class="reports-head">
                <div>
                    <h1 class="endpoint-title">{heading}</h1>
                    <p class="verdict-detail">{awaited(traffic)}</p>
                </div>
                <Freshness place live glance/>
            </div>
            <div class="reports-tools">
                <FilterBar place page="/endpoint"/>
                <Compare place endpoints/>
            </div>
            <Empty place page="/endpoint" glance/>
            <Tiles glance series/>
            <MarkerList report=marked/>
            <Charts series latencies/>
            <div class="reports-pair">
                <FailuresTable place report=failures/>
                <StatusSplit place page="/endpoint" report=codes/>
            </div>
            <ConsumersTable place report=consumers/>
        </div>
    }
    .into_any()
}
