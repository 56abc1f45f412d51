//! One request, opened: what it was, its headers and bodies, and a command that sends the like of it.

use super::status_split::{class_name, meaning};
use super::{Copy, Glyph, Icon, requests_table};
use crate::api::{Message, Opened};
use crate::awaited::{awaited_behind, skeleton};
use crate::clock::Clock;
use crate::filter::{Filter, Search};
use crate::focus;
use crate::number;
use crate::place::Place;
use crate::report::{Report, Status};
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::error::ErrorCode;

#[component]
pub(crate) fn RequestPanel(place: Memo<Place>, report: Report<Option<Opened>>) -> impl IntoView {
    let open = Memo::new(move |_| place.with(|place| place.request.clone()));
    // Whoever opens one goes on reading there, and comes back to its line; walking on leaves the focus where it is.
    let heading = NodeRef::<leptos::html::H2>::new();
    Effect::new(move |before: Option<Option<String>>| {
        let now = open.get();
        let Some(before) = before else { return now };
        if let (Some(id), None) = (&before, &now) {
            focus::give(&requests_table::link_id(id));
        }
        match heading.get() {
            _ if before.is_some() || now.is_none() => now,
            // It is not drawn yet, or the one of an earlier request.
            None => before,
            Some(heading) if !heading.is_connected() => before,
            Some(heading) => {
                let _ = heading.focus();
                now
            }
        }
    });
    let shown = Memo::new(move |_| open.with(Option::is_some));
    let panel = move || {
        let close = move || place.with(|place| place.with_request(None).on("/requests"));
        let content = move || open.get().map(|id| content(place, report, &id));
        shown.get().then(|| {
            view! {
                <section class="card request" aria-labelledby="request-title">
                    <h2 class="card-title" id="request-title" tabindex="-1" node_ref=heading>"Request"</h2>
                    <a class="icon-button request-close" href=close title="Close (Esc)" aria-label="Close" data-noscroll="true">
                        <Icon glyph=Glyph::Close/>
                    </a>
                    {awaited_behind(skeleton, content)}
                </section>
            }
        })
    };
    view! { {panel} }.into_any()
}

fn content(place: Memo<Place>, report: Report<Option<Opened>>, id: &str) -> AnyView {
    match report.status() {
        Status::Failed(problem) if problem.error.code == ErrorCode::NotFound => view! {
            <p class="request-gone">"It is not there any more: raw requests are kept for a while only."</p>
        }
        .into_any(),
        Status::Failed(problem) => {
            view! { <p class="request-gone is-error" role="alert">{problem.error.message}</p> }.into_any()
        }
        _ => report
            .with_clock(|opened, clock| {
                let opened = opened.as_ref().filter(|opened| opened.row.id == id)?;
                Some(whole(place, opened, clock))
            })
            .flatten()
            .unwrap_or_else(|| view! { <div class="skeleton" aria-hidden="true"></div> }.into_any()),
    }
}

fn whole(place: Memo<Place>, opened: &Opened, clock: &Clock) -> AnyView {
    let Opened { row, facts, request, response, attributes, curl } = opened;
    let fact = |(name, value): &(String, String)| {
        view! { <div class="fact"><dt>{name.clone()}</dt><dd>{value.clone()}</dd></div> }
    };
    let trace = row.trace_id.clone().map(|id| {
        let of_trace = Search { trace: Some(id.clone()), ..Search::default() };
        let address = move || {
            let of_trace = of_trace.clone();
            place.with(|place| place.with_filter(Filter::default()).with_search(of_trace).on("/requests"))
        };
        view! {
            <div class="fact"><dt>"Trace"</dt><dd><a class="mono" href=address title="All requests of this trace">{id}</a></dd></div>
        }
    });
    let error = row.error.clone().map(|error| {
        view! { <p class="request-error"><Icon glyph=Glyph::Error class="is-error"/>{error}</p> }
    });
    let attributes = attributes.clone().map(|text| part("Attributes", text));
    let command = curl.clone();
    view! {
        <p class="request-line">
            <span class=format!("swatch {}", class_name(row.status))></span>
            <span class="code">{row.status}</span>
            <span class="code-meaning">{meaning(row.status)}</span>
            <span class="request-latency">{number::duration(row.latency_ms)}</span>
        </p>
        <p class="request-route mono">{format!("{} {}", row.method, row.endpoint)}</p>
        <p class="request-when">{format!("{}, {} {}", row.service, clock.precise(row.timestamp), clock.zone_name())}</p>
        {error}
        <dl class="facts">{trace}{facts.iter().map(fact).collect_view()}</dl>
        {message("Request", request)}
        {message("Response", response)}
        {attributes}
        <div class="request-part-head">
            <h3 class="request-part">"As curl"</h3>
            <Copy what="the command" text=Signal::derive(move || command.clone())/>
        </div>
        <pre class="request-text" tabindex="0">{curl.clone()}</pre>
    }
    .into_any()
}

fn message(name: &'static str, message: &Message) -> Option<AnyView> {
    if message.headers.is_empty() && message.body.is_none() {
        return None;
    }
    let line = |(name, value): &(String, String)| {
        view! { <div class="request-header"><dt>{name.clone()}</dt><dd>{value.clone()}</dd></div> }
    };
    let headers = (!message.headers.is_empty()).then(|| {
        view! {
            <h3 class="request-part">{format!("{name} headers")}</h3>
            <dl class="request-headers">{message.headers.iter().map(line).collect_view()}</dl>
        }
    });
    let body = message.body.clone().map(|body| {
        view! {
            <h3 class="request-part">{format!("{name} body")}</h3>
            <pre class="request-text" tabindex="0">{body}</pre>
        }
    });
    Some(view! { {headers}{body} }.into_any())
}

fn part(name: &'static str, text: String) -> AnyView {
    view! { <h3 class="request-part">{name}</h3><pre class="request-text" tabindex="0">{text}</pre> }
        .into_any()
}
