//! What changed against the period before: the endpoints, status codes and consumers that a rise comes from. A click
//! filters by one; a consumer's leads to its failed requests.

use super::status_split::{class_name, meaning};
use super::{Bar, Card, Glyph, Icon};
use crate::filter::{Filter, Search};
use crate::number;
use crate::place::Place;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::{Changes, ConsumerShare, EndpointShare, Rise, StatusFilter, StatusShare};

#[component]
pub(crate) fn WhatChanged(
    place: Memo<Place>,
    /// The page's address.
    page: &'static str,
    report: Report<Changes>,
) -> impl IntoView {
    let content = Arc::new(move || view! { <Content place page report/> }.into_any());
    let status = Signal::derive(move || report.status());
    view! { <Card title="What changed?" id="changes" class="changes-card" status content/> }.into_any()
}

#[component]
fn Content(place: Memo<Place>, page: &'static str, report: Report<Changes>) -> impl IntoView {
    let body = move || {
        let place = place.get();
        report.with(|changes| whole(changes, &place, page))
    };
    view! { {body} }.into_any()
}

fn whole(changes: &Changes, place: &Place, page: &str) -> AnyView {
    let slower = changes.slow_ms.map_or_else(String::new, |ms| format!(" than {}", number::duration(ms)));
    let errors = rise("Errors", "", &changes.errors, place, page);
    let slow = rise(
        "Slow requests",
        &format!("slower{slower}, which 95 % were not before"),
        &changes.slow,
        place,
        page,
    );
    let calm = errors.is_none() && slow.is_none();
    let calm = calm.then(|| {
        let text = if changes.has_before {
            "Neither errors nor slow requests have risen notably against the period before."
        } else {
            "There is no period before to compare with."
        };
        view! { <p class="changes-none"><Icon glyph=Glyph::Ok class="is-ok"/>{text}</p> }
    });
    view! { {errors}{slow}{calm} }.into_any()
}

/// `None` where nothing has risen.
fn rise(name: &'static str, note: &str, rise: &Rise, place: &Place, page: &str) -> Option<AnyView> {
    if rise.endpoints.is_empty() && rise.status_codes.is_empty() && rise.consumers.is_empty() {
        return None;
    }
    let endpoints = rise.endpoints.iter().map(|part| endpoint(part, place)).collect();
    let codes = rise.status_codes.iter().map(|part| code(part, place, page)).collect();
    let consumers = rise.consumers.iter().map(|part| consumer(part, place)).collect();
    let but = if rise.now < rise.before { " in all, but more of these" } else { "" };
    let note = (!note.is_empty()).then(|| view! { <span class="changes-note">{note.to_owned()}</span> });
    Some(
        view! {
            <h3 class="changes-title">
                <Icon glyph=Glyph::Up class="is-error"/>
                {format!("{name}: {} → {}{but}", number::short(rise.before), number::short(rise.now))}
                {note}
            </h3>
            <div class="changes-parts">{parts("Endpoint", endpoints)}{parts("Status code", codes)}{parts("Consumer", consumers)}</div>
        }
        .into_any(),
    )
}

fn parts(what: &'static str, lines: Vec<AnyView>) -> Option<AnyView> {
    if lines.is_empty() {
        return None;
    }
    Some(
        view! {
            <table class="table changes">
                <thead class="visually-hidden">
                    <tr>
                        <th scope="col">{what}</th>
                        <th scope="col">"Share of the rise"</th>
                        <th scope="col">"Before and now"</th>
                    </tr>
                </thead>
                <tbody>{lines}</tbody>
            </table>
        }
        .into_any(),
    )
}

fn endpoint(part: &EndpointShare, place: &Place) -> AnyView {
    let address = place.of_endpoint(&part.service, part.method, &part.endpoint);
    let from = place.filter.service.is_none();
    let from = from.then(|| view! { <span class="endpoint-service">{part.service.clone()}</span> });
    let what = view! {
        <span class="endpoint">
            <span class="method">{part.method.as_str()}</span>
            <span>
                <a class="route" href=address><code>{part.endpoint.clone()}</code></a>
                {from}
            </span>
        </span>
    };
    line(what.into_any(), part.share, part.before, part.now)
}

fn code(part: &StatusShare, place: &Place, page: &str) -> AnyView {
    let only = Filter { status: Some(StatusFilter::Code(part.status)), ..place.filter.clone() };
    let title = format!("Show {} alone", part.status);
    let what = view! {
        <span class=format!("swatch {}", class_name(part.status))></span>
        <a class="code" href=place.with_filter(only).on(page) title=title data-noscroll="true">{part.status}</a>
        <span class="code-meaning">{meaning(part.status)}</span>
    };
    line(what.into_any(), part.share, part.before, part.now)
}

fn consumer(part: &ConsumerShare, place: &Place) -> AnyView {
    // The log is asked for one class: that of most of its errors.
    let class = if part.server_errors * 2 >= part.now { 5 } else { 4 };
    let status = place.filter.status.or(Some(StatusFilter::Class(class)));
    let search = Search { consumer: Some(part.consumer.clone()), ..Search::default() };
    let failed = place.with_filter(Filter { status, ..place.filter.clone() }).with_search(search);
    let what = view! {
        <a class="consumer" href=failed.on("/requests") title="Open its failed requests">{part.consumer.clone()}</a>
    };
    line(what.into_any(), part.share, part.before, part.now)
}

fn line(what: AnyView, share: f64, before: u64, now: u64) -> AnyView {
    view! {
        <tr>
            <th scope="row">{what}</th>
            <td class="number"><span class="measure"><Bar share class="s5xx"/>{number::percent(share)}</span></td>
            <td class="number">{format!("{} → {}", number::short(before), number::short(now))}</td>
        </tr>
    }
    .into_any()
}
