//! `/overview`: is anything wrong, since when, for whom?

use crate::api::{self, Asked, Glance};
use crate::charts::{ERRORS, LATENCY, VOLUME};
use crate::filter::Filter;
use crate::live::provide_live;
use crate::number;
use crate::place::use_place;
use crate::report::Report;
use crate::widgets::tile::Figure;
use crate::widgets::{
    ChartCard, Empty, EndpointsTable, FilterBar, FlowBanner, Freshness, ServicesTable, Shown, StatusSplit,
    Tile, Tone, VerdictLine, WhatChanged,
};
use leptos::prelude::*;
use leptos_meta::{Script, Title};
use telemetry::report::{Bucket, Latency, Overview, Timeseries};
use telemetry::time::Range;

#[component]
pub(crate) fn OverviewPage() -> impl IntoView {
    let place = use_place();
    let live = provide_live(Signal::derive(move || place.with(|place| place.span.is_live())));
    let asked = move || {
        place.with(|place| Asked { client: place.client, span: place.span, filter: place.filter.clone() })
    };
    // what there is to choose from stays when something is chosen
    let asked_of_all = move || Asked { filter: Filter::default(), ..asked() };
    let asked_of_codes = move || {
        let asked = asked();
        Asked { filter: Filter { status: None, ..asked.filter }, ..asked }
    };
    let asked_of_endpoints = move || {
        let asked = asked();
        Asked { filter: Filter { method: None, endpoint: None, ..asked.filter }, ..asked }
    };
    let glance = Report::new(live, asked, api::overview);
    let series = Report::new(live, asked, api::timeseries);
    let changes = Report::new(live, asked, api::changes);
    let services = Report::new(live, asked_of_all, api::services);
    let codes = Report::new(live, asked_of_codes, api::status_codes);
    let endpoints = Report::new(
        live,
        move || (asked_of_endpoints(), place.with(|place| place.sort)),
        |(asked, sort)| api::endpoints(asked, sort, crate::widgets::endpoints::ROWS),
    );
    let shown = expect_context::<Shown>();
    Effect::new(move |_| {
        let range = glance.with(|glance| Range { from: glance.overview.from, to: glance.overview.to });
        shown.0.set(range);
    });
    view! {
        <Title text="Overview"/>
        <Script src="/echarts.min.js" async_="true"/>
        <h1 class="visually-hidden">"Overview"</h1>
        <div class="overview">
            <FlowBanner live/>
            <div class="overview-head">
                <VerdictLine place services glance/>
                <div class="overview-aside">
                    <Freshness place live glance/>
                </div>
            </div>
            <FilterBar place page="/overview"/>
            <Empty place glance/>
            <Tiles glance series/>
            <div class="overview-charts">
                <ChartCard plot=&VOLUME report=series/>
                <ChartCard plot=&ERRORS report=series/>
                <ChartCard plot=&LATENCY report=series/>
            </div>
            <WhatChanged place report=changes/>
            <div class="overview-tables">
                <ServicesTable place report=services/>
                <StatusSplit place report=codes/>
            </div>
            <EndpointsTable place report=endpoints/>
        </div>
    }
    .into_any()
}

#[component]
fn Tiles(glance: Report<Glance>, series: Report<Timeseries>) -> impl IntoView {
    let shape = move |value: fn(&Bucket) -> Option<f64>| {
        Signal::derive(move || series.with(|series| series.buckets.iter().map(value).collect::<Vec<_>>()))
    };
    let figure = move |read: fn(&Overview) -> Figure| {
        Signal::derive(move || glance.with(|glance| read(&glance.overview)))
    };
    view! {
        <dl class="tiles">
            <Tile label="Requests" class="volume" tone=Tone::Neutral
                figure=figure(requests_figure)
                shape=shape(|bucket| Some(bucket.totals.requests as f64))/>
            <Tile label="Error rate" class="errors" tone=Tone::LessIsBetter
                figure=figure(error_figure)
                shape=shape(|bucket| bucket.totals.error_rate)/>
            <Tile label="p50" class="p50" tone=Tone::LessIsBetter
                figure=figure(|overview| latency_figure(overview, |latency| latency.p50))
                shape=shape(|bucket| bucket.totals.latency_ms.p50)/>
            <Tile label="p95" class="p95" tone=Tone::LessIsBetter
                figure=figure(|overview| latency_figure(overview, |latency| latency.p95))
                shape=shape(|bucket| bucket.totals.latency_ms.p95)/>
            <Tile label="p99" class="p99" tone=Tone::LessIsBetter
                figure=figure(|overview| latency_figure(overview, |latency| latency.p99))
                shape=shape(|bucket| bucket.totals.latency_ms.p99)/>
        </dl>
    }
    .into_any()
}

/// The period before may be a little longer: what it had is scaled to the length of this one.
fn requests_figure(overview: &Overview) -> Figure {
    let seconds =
        |from: jiff::Timestamp, to: jiff::Timestamp| (to.as_second() - from.as_second()).max(1) as f64;
    let previous = &overview.previous;
    let scale = seconds(overview.from, overview.to) / seconds(previous.from, previous.to);
    let (now, before) = (overview.totals.requests, previous.totals.requests as f64 * scale);
    Figure {
        value: number::short(now),
        exact: number::count_of(now, "request", "requests"),
        delta: number::change(Some(before), Some(now as f64)),
        before: number::short(before.round() as u64),
    }
}

fn error_figure(overview: &Overview) -> Figure {
    let (now, before) = (&overview.totals, &overview.previous.totals);
    let few = now.requests < number::FEW || before.requests < number::FEW;
    Figure {
        value: number::rate(now.errors, now.requests),
        exact: format!("{} of {} requests", number::exact(now.errors), number::exact(now.requests)),
        delta: if few { None } else { number::change_of_rate(before.error_rate, now.error_rate) },
        before: number::rate(before.errors, before.requests),
    }
}

fn latency_figure(overview: &Overview, value: fn(&Latency) -> Option<f64>) -> Figure {
    let (now, before) = (value(&overview.totals.latency_ms), value(&overview.previous.totals.latency_ms));
    Figure {
        value: number::latency(now),
        exact: now.map_or_else(String::new, |ms| format!("{ms:.3} ms")),
        delta: number::change(before, now),
        before: number::latency(before),
    }
}
