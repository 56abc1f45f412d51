//! The endpoints with the most of something: requests, errors, latency, time spent. A column's button sorts by it.

use super::bar::Bar;
use super::{Card, Glyph, Icon};
use crate::number;
use crate::place::{Place, use_go};
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::{EndpointRow, EndpointSort, Endpoints, Totals};

/// How many rows the table has.
pub(crate) const ROWS: usize = 20;

#[component]
pub(crate) fn EndpointsTable(place: Memo<Place>, report: Report<Endpoints>) -> impl IntoView {
    let content = Arc::new(move || view! { <Content place report/> }.into_any());
    view! {
        <Card title="Endpoints" id="endpoints" class="endpoints-card" status=Signal::derive(move || report.status()) content/>
    }
    .into_any()
}

/// A column: how to sort by it, its name, and its class.
const COLUMNS: [(EndpointSort, &str, &str); 8] = [
    (EndpointSort::Name, "Endpoint", "col-endpoint"),
    (EndpointSort::Requests, "Requests", "number"),
    (EndpointSort::Errors, "Errors", "number col-errors"),
    (EndpointSort::ErrorRate, "Error rate", "number"),
    (EndpointSort::P50, "p50", "number col-p50"),
    (EndpointSort::P95, "p95", "number"),
    (EndpointSort::P99, "p99", "number col-p99"),
    (EndpointSort::TotalTime, "Time spent", "number col-time"),
];

#[component]
fn Content(place: Memo<Place>, report: Report<Endpoints>) -> impl IntoView {
    let go = use_go();
    let head = move |(sort, label, class): (EndpointSort, &'static str, &'static str)| {
        let go = go.clone();
        let chosen = Memo::new(move |_| place.with(|place| place.sort == sort));
        let order = if sort == EndpointSort::Name { "ascending" } else { "descending" };
        let glyph = if sort == EndpointSort::Name { Glyph::Up } else { Glyph::Down };
        view! {
            <th scope="col" class=class aria-sort=move || if chosen.get() { order } else { "none" }>
                <button
                    class="sort"
                    class:is-chosen=move || chosen.get()
                    type="button"
                    on:click=move |_| go(place.get_untracked().with_sort(sort))
                >
                    {label}
                    <Icon glyph/>
                </button>
            </th>
        }
    };
    let rows = move || {
        let place = place.get();
        report.with(|endpoints| {
            let scale = Scale::of(&endpoints.endpoints);
            endpoints.endpoints.iter().map(|row| line(row, scale, &place)).collect_view()
        })
    };
    let more = move || {
        let more = report.with(|endpoints| endpoints.next.is_some())?;
        more.then(|| view! { <p class="card-foot">{format!("The first {ROWS} in this order.")}</p> })
    };
    view! {
        <div class="table-scroll">
            <table class="table is-stacking endpoints">
                <thead><tr>{COLUMNS.map(head).collect_view()}</tr></thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {more}
    }
    .into_any()
}

/// What the longest bars stand for.
#[derive(Debug, Clone, Copy, Default)]
struct Scale {
    requests: u64,
    p95: f64,
    time: f64,
}

impl Scale {
    fn of(rows: &[EndpointRow]) -> Self {
        rows.iter().fold(Self::default(), |scale, row| Self {
            requests: scale.requests.max(row.totals.requests),
            p95: scale.p95.max(row.totals.latency_ms.p95.unwrap_or(0.0)),
            time: scale.time.max(time_spent(&row.totals)),
        })
    }
}

/// requests × mean, in milliseconds.
fn time_spent(totals: &Totals) -> f64 {
    totals.latency_ms.avg.unwrap_or(0.0) * totals.requests as f64
}

fn share(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

fn line(row: &EndpointRow, scale: Scale, place: &Place) -> AnyView {
    let EndpointRow { service, method, endpoint, totals } = row;
    let latency = &totals.latency_ms;
    let requests = share(totals.requests as f64, scale.requests as f64);
    let p95 = share(latency.p95.unwrap_or(0.0), scale.p95);
    let time = share(time_spent(totals), scale.time);
    let from = place.filter.service.is_none();
    let from = from.then(|| view! { <span class="endpoint-service">{service.clone()}</span> });
    let address = place.of_endpoint(service, *method, endpoint);
    view! {
        <tr>
            <th scope="row" class="col-endpoint">
                <span class="endpoint">
                    <span class="method">{method.as_str()}</span>
                    <span>
                        <a class="route" href=address>
                            <code>{endpoint.clone()}</code>
                        </a>
                        {from}
                    </span>
                </span>
            </th>
            <td class="number" data-label="requests">
                <span class="measure"><Bar share=requests/>{number::exact(totals.requests)}</span>
            </td>
            <td class="number col-errors">{number::exact(totals.errors)}</td>
            <td class=format!("number {}", concern(totals.server_errors, totals.requests)) data-label="errors">
                {number::rate(totals.errors, totals.requests)}
            </td>
            <td class="number col-p50">{number::latency(latency.p50)}</td>
            <td class="number" data-label="p95">
                <span class="measure"><Bar share=p95 class="p95"/>{number::latency(latency.p95)}</span>
            </td>
            <td class="number col-p99">{number::latency(latency.p99)}</td>
            <td class="number col-time">
                <span class="measure"><Bar share=time class="time"/>{number::duration(time_spent(totals))}</span>
            </td>
        </tr>
    }
    .into_any()
}

/// The colour of a rate, by the server's errors: what clients do wrong is nobody's alarm.
pub(super) fn concern(server_errors: u64, requests: u64) -> &'static str {
    let rate = share(server_errors as f64, requests as f64);
    if requests < number::FEW || rate < 0.01 {
        ""
    } else if rate < 0.05 {
        "is-warn"
    } else {
        "is-error"
    }
}
