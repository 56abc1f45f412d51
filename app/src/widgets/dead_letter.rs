//! One dead letter, opened: why it was given up, and what is in it.

use super::{Glyph, Icon, Replay};
use crate::awaited::{awaited_behind, skeleton};
use crate::clock::Clock;
use crate::live::Live;
use crate::number;
use crate::place::{Place, use_go};
use crate::report::{Report, Status};
use crate::view::IntoAny;
use leptos::prelude::*;
use telemetry::error::ErrorCode;
use telemetry::report::RequestRow;
use telemetry::report::ops::DeadLetterDetail;

#[component]
pub(crate) fn DeadLetter(
    place: Memo<Place>,
    live: Live,
    report: Report<Option<DeadLetterDetail>>,
) -> impl IntoView {
    let letter = Memo::new(move |_| place.with(|place| place.letter.clone()));
    // Whoever opens one goes on reading there.
    let heading = NodeRef::<leptos::html::H2>::new();
    Effect::new(move |read: Option<Option<String>>| {
        let now = letter.get();
        // What is open from the beginning does not take the focus.
        let Some(read) = read else { return now };
        match heading.get() {
            _ if read == now || now.is_none() => now,
            // It is not drawn yet.
            None => read,
            Some(heading) => {
                let _ = heading.focus();
                now
            }
        }
    });
    let panel = move || {
        let id = letter.get()?;
        let close = move || place.with(|place| place.with_letter(None).on("/pipeline"));
        let go = use_go();
        let replayed = Callback::new(move |()| go(place.get_untracked().with_letter(None)));
        let asked = id.clone();
        let content = move || content(report, &asked);
        Some(view! {
            <section class="card letter" aria-labelledby="letter-title">
                <h2 class="card-title" id="letter-title" tabindex="-1" node_ref=heading>"Dead letter"</h2>
                <a class="icon-button letter-close" href=close title="Close" aria-label="Close" data-noscroll="true">
                    <Icon glyph=Glyph::Close/>
                </a>
                <p class="letter-id mono">{id.clone()}</p>
                {awaited_behind(skeleton, content)}
                <Replay label="Replay" question=Signal::derive(|| "Put it back?".to_owned()) id=Some(id) live done=replayed/>
            </section>
        })
    };
    view! { {panel} }.into_any()
}

fn content(report: Report<Option<DeadLetterDetail>>, id: &str) -> AnyView {
    match report.status() {
        Status::Failed(problem) if problem.error.code == ErrorCode::NotFound => view! {
            <p class="letter-gone">"It is not among the dead letters any more: it was replayed, or its time was over."</p>
        }
        .into_any(),
        Status::Failed(problem) => {
            view! { <p class="letter-gone is-error" role="alert">{problem.error.message}</p> }.into_any()
        }
        _ => report
            .with_clock(|detail, clock| {
                let detail = detail.as_ref().filter(|detail| detail.row.id == id)?;
                Some(opened(detail, clock))
            })
            .flatten()
            .unwrap_or_else(|| view! { <div class="skeleton" aria-hidden="true"></div> }.into_any()),
    }
}

fn opened(detail: &DeadLetterDetail, clock: &Clock) -> AnyView {
    let DeadLetterDetail { row, batches, shown, dump } = detail;
    let facts = [
        ("Attempts", number::exact(u64::from(row.attempts))),
        ("Accepted", clock.moment(row.accepted_at)),
        ("First seen", clock.moment(row.first_seen)),
        ("Given up", clock.moment(row.buried_at)),
        ("Size", number::bytes(row.bytes)),
        ("Hits", row.hits.map_or_else(|| "cannot be decoded".to_owned(), number::exact)),
        (
            "Batches",
            if row.hits.is_some() { number::exact(batches.len() as u64) } else { number::NONE.to_owned() },
        ),
    ];
    let facts = facts.map(|(name, value)| view! { <div class="fact"><dt>{name}</dt><dd>{value}</dd></div> });
    let inside = match dump {
        Some(dump) => view! {
            <h3 class="letter-part">"Its first bytes"</h3>
            <pre class="letter-dump" tabindex="0">{dump.clone()}</pre>
        }
        .into_any(),
        None => hits(shown, row.hits.unwrap_or(0), clock),
    };
    view! {
        <p class="letter-cause"><Icon glyph=Glyph::Error class="is-error"/>{row.cause.clone()}</p>
        <dl class="facts">{facts.collect_view()}</dl>
        {inside}
    }
    .into_any()
}

fn hits(shown: &[RequestRow], all: u64, clock: &Clock) -> AnyView {
    let more = all.saturating_sub(shown.len() as u64);
    let more = (more > 0).then(|| {
        view! { <p class="card-foot">{format!("and {} more", number::count_of(more, "hit", "hits"))}</p> }
    });
    let line = |hit: &RequestRow| {
        view! {
            <tr>
                <td class="number">{hit.status}</td>
                <th scope="row"><span class="mono">{format!("{} {}", hit.method, hit.endpoint)}</span></th>
                <td>{hit.service.clone()}</td>
                <td class="number">{number::duration(hit.latency_ms)}</td>
                <td title=hit.id.clone()>{clock.moment(hit.timestamp)}</td>
            </tr>
        }
    };
    view! {
        <h3 class="letter-part">"Its hits"</h3>
        <div class="table-scroll letter-hits" tabindex="0">
            <table class="table">
                <thead>
                    <tr>
                        <th scope="col" class="number">"Status"</th>
                        <th scope="col">"Endpoint"</th>
                        <th scope="col">"Service"</th>
                        <th scope="col" class="number">"Latency"</th>
                        <th scope="col">"Time"</th>
                    </tr>
                </thead>
                <tbody>{shown.iter().map(line).collect_view()}</tbody>
            </table>
        </div>
        {more}
    }
    .into_any()
}
