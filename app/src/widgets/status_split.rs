//! How requests were answered: a bar by class, a table by code.

use super::Card;
use super::bar::Bar;
use crate::filter::Filter;
use crate::number;
use crate::place::Place;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::{StatusClasses, StatusCodes, StatusFilter, StatusRow};

/// How many codes are listed.
const ROWS: usize = 8;

#[component]
pub(crate) fn StatusSplit(
    place: Memo<Place>,
    /// The page's address.
    page: &'static str,
    report: Report<StatusCodes>,
) -> impl IntoView {
    let content = Arc::new(move || view! { <Content place page report/> }.into_any());
    view! {
        <Card title="Status codes" id="status-codes" class="status-card" status=Signal::derive(move || report.status()) content/>
    }
    .into_any()
}

#[component]
fn Content(place: Memo<Place>, page: &'static str, report: Report<StatusCodes>) -> impl IntoView {
    let bar = move || report.with(|codes| class_bar(&codes.status_codes));
    let rows = move || {
        let place = place.get();
        report.with(|codes| {
            codes.status_codes.iter().take(ROWS).map(|row| line(row, &place, page)).collect_view()
        })
    };
    let more = move || {
        let more = report.with(|codes| codes.status_codes.len().saturating_sub(ROWS))?;
        (more > 0).then(|| view! { <p class="card-foot">{if more == 1 { "and one more".to_owned() } else { format!("and {more} more") }}</p> })
    };
    view! {
        {bar}
        <div class="table-scroll">
            <table class="table status-codes">
                <thead>
                    <tr>
                        <th scope="col">"Code"</th>
                        <th scope="col" class="number">"Requests"</th>
                        <th scope="col" class="number">"Share"</th>
                        <th scope="col" class="number col-p95">"p95"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {more}
    }
    .into_any()
}

/// The class that gives a status its colour.
pub(crate) fn class_name(status: u16) -> &'static str {
    match status / 100 {
        1 => "s1xx",
        2 => "s2xx",
        3 => "s3xx",
        4 => "s4xx",
        _ => "s5xx",
    }
}

/// The classes side by side, each as wide as its share, but never too narrow to be seen.
fn class_bar(rows: &[StatusRow]) -> AnyView {
    let mut by = StatusClasses::default();
    rows.iter().for_each(|row| by.add(row.status, row.requests));
    let whole = by.total();
    let classes = [
        ("s1xx", "1xx", by.informational),
        ("s2xx", "2xx", by.success),
        ("s3xx", "3xx", by.redirect),
        ("s4xx", "4xx", by.client_error),
        ("s5xx", "5xx", by.server_error),
    ];
    let seen: Vec<_> = classes.into_iter().filter(|(.., n)| *n > 0).collect();
    let wide = |n: u64| (n as f64 / whole as f64 * 1_000.0).max(8.0);
    let all: f64 = seen.iter().map(|(.., n)| wide(*n)).sum();
    let mut x = 0.0;
    let pieces = seen.iter().map(|(class, _, n)| {
        let width = wide(*n) / all * 1_000.0;
        let (left, right) = (x, x + width);
        x = right;
        view! { <rect class=*class x=format!("{left:.1}") width=format!("{:.1}", right - left) height="10"></rect> }
    });
    let pieces = pieces.collect_view();
    let keys = seen.iter().map(|(class, label, n)| {
        view! {
            <li class="split-key">
                <span class=format!("swatch {class}")></span>
                {*label}
                <span class="split-share">{number::rate(*n, whole)}</span>
            </li>
        }
    });
    view! {
        <svg class="split" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">{pieces}</svg>
        <ul class="split-keys">{keys.collect_view()}</ul>
    }
    .into_any()
}

fn line(row: &StatusRow, place: &Place, page: &str) -> AnyView {
    let class = class_name(row.status);
    let status = Some(StatusFilter::Code(row.status));
    let chosen = place.filter.status == status;
    let (status, title) = if chosen {
        (None, "Show all status codes".to_owned())
    } else {
        (status, format!("Show {} alone", row.status))
    };
    let target = place.with_filter(Filter { status, ..place.filter.clone() }).on(page);
    view! {
        <tr class:is-chosen=chosen>
            <th scope="row">
                <span class=format!("swatch {class}")></span>
                <a class="code" href=target title=title data-noscroll="true" aria-current=chosen.then_some("true")>
                    {row.status}
                </a>
                <span class="code-meaning">{meaning(row.status)}</span>
            </th>
            <td class="number">{number::exact(row.requests)}</td>
            <td class="number"><span class="measure"><Bar share=row.share class/>{number::percent(row.share)}</span></td>
            <td class="number col-p95">{number::latency(row.latency_ms.p95)}</td>
        </tr>
    }
    .into_any()
}

/// What a code says, for those that are met often.
pub(crate) const fn meaning(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        204 => "No Content",
        206 => "Partial Content",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        423 => "Locked",
        425 => "Too Early",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        499 => "Client Closed Request",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "",
    }
}
