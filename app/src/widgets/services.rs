//! All services of the client, worst first: state, reason, traffic. A click looks at one alone.

use super::verdict::look;
use super::{Card, Icon, Sparkline};
use crate::number;
use crate::place::Place;
use crate::report::Report;
use crate::verdict::word;
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::{Health, ServiceRow, Services};

#[component]
pub(crate) fn ServicesTable(place: Memo<Place>, report: Report<Services>) -> impl IntoView {
    let content = Arc::new(move || view! { <Content place report/> }.into_any());
    view! {
        <Card title="Services" id="services" class="services-card" status=Signal::derive(move || report.status()) content/>
    }
    .into_any()
}

#[component]
fn Content(place: Memo<Place>, report: Report<Services>) -> impl IntoView {
    let rows = move || {
        let place = place.get();
        report.with(|services| services.services.iter().map(|row| line(row, &place)).collect_view())
    };
    view! {
        <div class="table-scroll">
            <table class="table is-stacking services">
                <thead>
                    <tr>
                        <th scope="col">"Service"</th>
                        <th scope="col">"State"</th>
                        <th scope="col" class="col-reason">"Why"</th>
                        <th scope="col" class="number">"Requests"</th>
                        <th scope="col" class="number">"Errors"</th>
                        <th scope="col" class="number">"p95"</th>
                        <th scope="col" class="col-shape">"Requests over time"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(row: &ServiceRow, place: &Place) -> AnyView {
    let ServiceRow { service, health, reason, totals, sparkline } = row;
    let (glyph, class) = look(Some(*health));
    let chosen = place.filter.service.as_ref() == Some(service);
    let note = (*health != Health::Healthy).then(|| view! { <span class="row-note">{reason.clone()}</span> });
    let values = sparkline.iter().map(|n| Some(*n as f64)).collect();
    view! {
        <tr class:is-chosen=chosen>
            <th scope="row">
                <a href=place.of_service(service)>{service.clone()}</a>
                {note}
            </th>
            <td class="col-state"><span class=format!("state {class}")><Icon glyph/>{word(*health)}</span></td>
            <td class="col-reason">{reason.clone()}</td>
            <td class="number" data-label="requests">{number::exact(totals.requests)}</td>
            <td class="number" data-label="errors">{number::rate(totals.errors, totals.requests)}</td>
            <td class="number" data-label="p95">{number::latency(totals.latency_ms.p95)}</td>
            <td class="col-shape"><Sparkline values/></td>
        </tr>
    }
    .into_any()
}
