//! The request log: one line a request, newest first. A click opens one; `j` and `k` walk through them.

use super::status_split::{class_name, meaning};
use super::{Bar, Card, Glyph, Icon, zone_label};
use crate::clock::Clock;
use crate::filter::{Filter, Search};
use crate::keys;
use crate::number;
use crate::pages::SessionReport;
use crate::place::{Place, use_go};
use crate::range::Span;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::{ClientId, RequestRow, Requests};

#[component]
pub(crate) fn RequestsTable(place: Memo<Place>, report: Report<Requests>) -> impl IntoView {
    walk(place, report);
    let content = Arc::new(move || view! { <Content place report/> }.into_any());
    let status = Signal::derive(move || report.status());
    view! { <Card title="Request log" id="requests" class="requests-card" status content/> }.into_any()
}

#[component]
fn Content(place: Memo<Place>, report: Report<Requests>) -> impl IntoView {
    let session = use_context::<SessionReport>();
    let body = move || {
        let place = place.get();
        let first = || session?.get()?.ok()?.clients.first().map(|client| client.id);
        let client = place.client.or_else(first);
        report.with_clock(|page, clock| match page.requests.is_empty() {
            true => none(&place, page),
            false => table(&place, page, client, clock),
        })
    };
    view! { {body} }.into_any()
}

fn table(place: &Place, page: &Requests, client: Option<ClientId>, clock: &Clock) -> AnyView {
    let slowest = page.requests.iter().map(|row| row.latency_ms).fold(0.0, f64::max);
    let rows = page.requests.iter().map(|row| line(row, place, slowest, clock)).collect_view();
    view! {
        <div class="table-scroll">
            <table class="table is-stacking requests">
                {head(clock)}
                <tbody>{rows}</tbody>
            </table>
        </div>
        {pages(place, page, client)}
    }
    .into_any()
}

/// Of the link that opens a request.
pub(super) fn link_id(request: &str) -> String {
    format!("request-{request}")
}

pub(crate) fn head(clock: &Clock) -> AnyView {
    view! {
        <thead>
            <tr>
                <th scope="col">"Time "{zone_label(clock)}</th>
                <th scope="col">"Status"</th>
                <th scope="col">"Endpoint"</th>
                <th scope="col" class="number">"Latency"</th>
                <th scope="col" class="col-consumer">"Consumer"</th>
                <th scope="col" class="col-trace">"Trace"</th>
            </tr>
        </thead>
    }
    .into_any()
}

/// A line of the log; its bar is full at `slowest` milliseconds.
pub(crate) fn line(row: &RequestRow, place: &Place, slowest: f64, clock: &Clock) -> AnyView {
    let chosen = place.request.as_ref() == Some(&row.id);
    let target = if chosen { None } else { Some(row.id.clone()) };
    let share = if slowest > 0.0 { (row.latency_ms / slowest).min(1.0) } else { 0.0 };
    let trace = row.trace_id.clone().map(|id| {
        let address = place.with_search(Search { trace: Some(id.clone()), ..Search::default() });
        let address = address.with_filter(Filter::default()).on("/requests");
        let short = id.get(..8).unwrap_or(&id).to_owned();
        view! { <a class="mono" href=address title=format!("All requests of trace {id}")>{short}</a> }
    });
    let error = row.error.clone().map(|error| view! { <span class="row-note">{error}</span> });
    view! {
        <tr class:is-chosen=chosen>
            <th scope="row" class="col-time">
                <a id=link_id(&row.id) href=place.with_request(target).on("/requests") data-noscroll="true" title="Open this request"
                    aria-current=chosen.then_some("true")>
                    {clock.precise(row.timestamp)}
                </a>
            </th>
            <td class="col-status">
                <span class=format!("swatch {}", class_name(row.status))></span>
                <span class="code" title=meaning(row.status)>{row.status}</span>
            </td>
            <td class="col-endpoint">
                <span class="endpoint">
                    <span class="method">{row.method.as_str()}</span>
                    <span>
                        <code class="route">{row.endpoint.clone()}</code>
                        <span class="endpoint-service">{row.service.clone()}</span>
                    </span>
                </span>
                {error}
            </td>
            <td class="number" data-label="latency">
                <span class="measure"><Bar share/>{number::duration(row.latency_ms)}</span>
            </td>
            <td class="col-consumer" data-label="consumer">{row.consumer.clone().unwrap_or_else(|| number::NONE.to_owned())}</td>
            <td class="col-trace">{trace}</td>
        </tr>
    }
    .into_any()
}

/// The ways to the pages before and after.
fn pages(place: &Place, page: &Requests, client: Option<ClientId>) -> AnyView {
    let newest = place.cursor.is_some().then(|| {
        view! { <a class="button is-small" href=place.with_cursor(None).on("/requests")>"Newest"</a> }
    });
    let older = page.next.clone().map(|next| {
        view! { <a class="button is-small" href=place.with_cursor(Some(next)).on("/requests")>"Older"</a> }
    });
    let shown = number::count_of(page.requests.len() as u64, "request", "requests");
    let file = |client: ClientId| {
        let link = |(format, name): (&'static str, &'static str)| {
            view! { <a href=place.export(client, format) download="" rel="external">{name}</a> }
        };
        let links = [("csv", "CSV"), ("json", "JSON"), ("ndjson", "NDJSON")].map(link).collect_view();
        view! { <span class="requests-export">"All that match as "{links}</span> }
    };
    view! { <div class="requests-pages">{client.map(file)}<span>{shown}</span>{newest}{older}</div> }
        .into_any()
}

/// Where nothing matches, or nothing has been found yet.
fn none(place: &Place, page: &Requests) -> AnyView {
    let (title, text) = if page.next.is_some() {
        ("Nothing found yet", "The search has stopped after half a second; it can go on from there.")
    } else if place.cursor.is_some() {
        ("No older requests", "Nothing else in this range matches.")
    } else {
        ("No requests match", "Raw requests are kept for a while only; numbers stay longer.")
    };
    let on = page.next.clone().map(|next| {
        view! { <a class="button is-solid" href=place.with_cursor(Some(next)).on("/requests")>"Go on searching"</a> }
    });
    let newest = place.cursor.is_some().then(|| {
        view! { <a class="button" href=place.with_cursor(None).on("/requests")>"Newest"</a> }
    });
    let filtered = !place.filter.is_empty() || !place.search.is_empty();
    let clear = filtered.then(|| {
        let all = place.with_filter(Filter::default()).with_search(Search::default()).on("/requests");
        view! { <a class="button" href=all><Icon glyph=Glyph::Close/>"Remove all filters"</a> }
    });
    let span = match place.span {
        Span::Last(last) => format!("In {}. ", last.words()),
        Span::Fixed { .. } => String::new(),
    };
    view! {
        <div class="empty">
            <Icon glyph=Glyph::Silent class="empty-mark"/>
            <h3 class="empty-title">{title}</h3>
            <p class="empty-text">{span}{text}</p>
            <div class="empty-actions">{on}{newest}{clear}</div>
        </div>
    }
    .into_any()
}

/// `j` goes to the next request, `k` to the one before, Escape closes.
fn walk(place: Memo<Place>, report: Report<Requests>) {
    let ids = StoredValue::new(Vec::<String>::new());
    // an event handler may not read a report: it finds here what was drawn last
    Effect::new(move |_| {
        let drawn = report.with(|page| page.requests.iter().map(|row| row.id.clone()).collect::<Vec<_>>());
        if let Some(drawn) = drawn {
            ids.set_value(drawn);
        }
    });
    let go = use_go();
    keys::on_key(move |key| {
        if !matches!(key, "j" | "k" | "Escape") {
            return false;
        }
        let here = place.get_untracked();
        let open = here.request.as_ref();
        let to = ids.with_value(|ids| {
            let at = open.and_then(|open| ids.iter().position(|id| id == open));
            match (key, at) {
                ("Escape", _) => None,
                ("j", None) => ids.first().cloned(),
                ("j", Some(at)) => ids.get((at + 1).min(ids.len() - 1)).cloned(),
                (_, at) => ids.get(at.unwrap_or(0).saturating_sub(1)).cloned(),
            }
        });
        let moves = to != here.request;
        if moves {
            go(here.with_request(to));
        }
        moves
    });
}
