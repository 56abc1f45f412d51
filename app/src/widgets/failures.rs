//! What went wrong: the newest failed requests by status and error, each with one of them to open.

use super::Card;
use super::status_split::{class_name, meaning};
use crate::clock::Clock;
use crate::filter::Filter;
use crate::number;
use crate::place::Place;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::{FailureGroup, Failures, StatusFilter};

#[component]
pub(crate) fn FailuresTable(place: Memo<Place>, report: Report<Failures>) -> impl IntoView {
    let content = Arc::new(move || view! { <Content place report/> }.into_any());
    let status = Signal::derive(move || report.status());
    view! { <Card title="What went wrong" id="failures" class="failures-card" status content/> }.into_any()
}

#[component]
fn Content(place: Memo<Place>, report: Report<Failures>) -> impl IntoView {
    let body = move || {
        let place = place.get();
        report.with_clock(|failures, clock| whole(failures, clock, &place))
    };
    view! { {body} }.into_any()
}

fn whole(failures: &Failures, clock: &Clock, place: &Place) -> AnyView {
    if failures.groups.is_empty() {
        let text =
            if failures.complete { "No failed requests." } else { "No failed requests were found in time." };
        return view! { <p class="card-none">{text}</p> }.into_any();
    }
    let partial = (!failures.complete).then(|| {
        let text = format!(
            "Of the newest {}.",
            number::count_of(failures.looked_at, "failed request", "failed requests")
        );
        view! { <p class="card-foot">{text}</p> }
    });
    view! {
        <div class="table-scroll">
            <table class="table failures">
                <thead>
                    <tr>
                        <th scope="col">"Error"</th>
                        <th scope="col" class="number">"Requests"</th>
                        <th scope="col" class="number col-last">"Last"</th>
                    </tr>
                </thead>
                <tbody>{failures.groups.iter().map(|group| line(group, clock, place)).collect_view()}</tbody>
            </table>
        </div>
        {partial}
    }
    .into_any()
}

fn line(group: &FailureGroup, clock: &Clock, place: &Place) -> AnyView {
    let FailureGroup { status, error, requests, endpoints, sample, .. } = group;
    let filter = Filter { status: Some(StatusFilter::Code(*status)), ..place.filter.clone() };
    let address = place.with_filter(filter).with_request(Some(sample.id.clone())).on("/requests");
    let text = error.clone().unwrap_or_else(|| meaning(*status).to_owned());
    let text = if text.is_empty() { format!("Status {status}") } else { text };
    // On the page of one endpoint it goes without saying.
    let where_from = place.filter.endpoint.is_none().then(|| {
        let more = if *endpoints > 1 { format!(" and {} more", endpoints - 1) } else { String::new() };
        view! {
            <span class="row-note">
                <span class="method">{sample.method.as_str()}</span>
                " "
                <code>{sample.endpoint.clone()}</code>
                {more}
            </span>
        }
    });
    view! {
        <tr>
            <th scope="row">
                <span class=format!("swatch {}", class_name(*status))></span>
                <span class="failure-status">{*status}</span>
                <a class="failure-error" href=address title="Open the newest of them">{text}</a>
                {where_from}
            </th>
            <td class="number">{number::exact(*requests)}</td>
            <td class="number col-last">{clock.ago(sample.timestamp)}</td>
        </tr>
    }
    .into_any()
}
