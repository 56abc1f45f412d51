//! The edges that forward hits: when each was last heard of, and what it has brought. Nothing where there are none.

use crate::awaited::awaited;
use crate::clock::Clock;
use crate::number;
use crate::report::Report;
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::report::edges::EdgeInfo;
use telemetry::report::ops::Pipeline;

#[component]
pub(crate) fn EdgesTable(report: Report<Pipeline>) -> impl IntoView {
    let table = move || {
        report.with_clock(|pipeline, clock| match &pipeline.edges {
            Some(edges) if edges.is_empty() => ().into_any(),
            Some(edges) => section(edges, clock),
            None => {
                view! { <p class="pipeline-notice">"The edges are not known: the store does not tell."</p> }
                    .into_any()
            }
        })
    };
    awaited(table)
}

fn section(edges: &[EdgeInfo], clock: &Clock) -> AnyView {
    let rows = edges.iter().map(|edge| row(edge, clock)).collect_view();
    view! {
        <section class="card edges-card" id="edges" aria-labelledby="edges-title">
            <h2 class="card-title" id="edges-title">"Edges"</h2>
            <div class="table-scroll">
                <table class="table is-stacking edges">
                    <thead>
                        <tr>
                            <th scope="col">"Edge"</th>
                            <th scope="col">"Last seen"</th>
                            <th scope="col" class="number">"Messages"</th>
                            <th scope="col" class="number">"Hits"</th>
                            <th scope="col" class="number">"Refused"</th>
                        </tr>
                    </thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </section>
    }
    .into_any()
}

fn row(edge: &EdgeInfo, clock: &Clock) -> AnyView {
    let seen = edge.last_seen_at.map_or_else(|| "never".to_owned(), |seen| clock.ago(seen));
    let exactly = edge.last_seen_at.map(|seen| clock.moment(seen));
    view! {
        <tr>
            <th scope="row">{edge.name.clone()}</th>
            <td data-label="last seen" title=exactly>{seen}</td>
            <td class="number" data-label="messages">{number::exact(edge.messages)}</td>
            <td class="number" data-label="hits">{number::exact(edge.hits)}</td>
            <td class="number" data-label="refused">{number::exact(edge.refused)}</td>
        </tr>
    }
    .into_any()
}
