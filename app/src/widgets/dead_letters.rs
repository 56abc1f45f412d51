//! The messages that could not be processed: which, why, since when. A click opens one.

use super::{Card, Glyph, Icon, Replay};
use crate::clock::Clock;
use crate::live::Live;
use crate::number;
use crate::pages::SessionReport;
use crate::place::Place;
use crate::report::{Report, remembered};
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;
use telemetry::report::ClientId;
use telemetry::report::ops::{DeadLetterRow, DeadLetters};

/// Rows of a page.
pub(crate) const ROWS: usize = 20;

#[component]
pub(crate) fn DeadLettersTable(
    place: Memo<Place>,
    live: Live,
    report: Report<DeadLetters>,
    /// How many stand before the page that is shown.
    skip: RwSignal<usize>,
) -> impl IntoView {
    let content = Arc::new(move || view! { <Content place live report skip/> }.into_any());
    let status = Signal::derive(move || report.status());
    view! { <Card title="Dead letters" id="dead-letters" class="dead-letters-card" status content/> }
        .into_any()
}

#[component]
fn Content(
    place: Memo<Place>,
    live: Live,
    report: Report<DeadLetters>,
    skip: RwSignal<usize>,
) -> impl IntoView {
    let total = remembered(move || report.with(|letters| letters.total).unwrap_or(0));
    let question = Signal::derive(move || {
        let total = total.get();
        format!("Put {} back?", if total == 1 { "it".to_owned() } else { format!("all {total}") })
    });
    let body = move || {
        if total.get() == 0 {
            return view! {
                <div class="dead-letters-none">
                    <Icon glyph=Glyph::Ok class="is-ok"/>
                    <div>
                        <p class="dead-letters-none-title">"No dead letters"</p>
                        <p class="dead-letters-none-text">
                            "Every message that consumers have tried could be processed. One that cannot be is kept here \
                             for fourteen days."
                        </p>
                    </div>
                </div>
            }
            .into_any();
        }
        view! {
            <div class="dead-letters-head">
                <p class="card-foot">
                    "Messages that could not be processed, oldest first. They are kept for fourteen days. \
                     Replaying counts nothing twice."
                </p>
                <Replay label="Replay all" question id=None live/>
            </div>
            <Table place report/>
            <Pages report skip/>
        }
        .into_any()
    };
    view! { {body} }.into_any()
}

#[component]
fn Table(place: Memo<Place>, report: Report<DeadLetters>) -> impl IntoView {
    let session = use_context::<SessionReport>();
    let name = move |client: ClientId| {
        let clients = session.and_then(|session| session.get()?.ok()).map(|session| session.clients);
        let client_name = clients.into_iter().flatten().find(|known| known.id == client);
        client_name.map_or_else(|| format!("client {client}"), |known| known.name)
    };
    let rows = move || {
        let place = place.get();
        report.with_clock(|letters, clock| {
            let rows = letters.dead_letters.iter();
            rows.map(|row| line(row, name(row.client), &place, clock)).collect_view()
        })
    };
    view! {
        <div class="table-scroll">
            <table class="table is-stacking dead-letters">
                <thead>
                    <tr>
                        <th scope="col">"Message"</th>
                        <th scope="col">"Cause"</th>
                        <th scope="col">"Client"</th>
                        <th scope="col" class="number">"Hits"</th>
                        <th scope="col" class="number">"Attempts"</th>
                        <th scope="col" class="col-first">"First seen"</th>
                        <th scope="col">"Given up"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(row: &DeadLetterRow, client: String, place: &Place, clock: &Clock) -> AnyView {
    let DeadLetterRow { id, cause, attempts, first_seen, buried_at, hits, .. } = row;
    let chosen = place.letter.as_ref() == Some(id);
    let target = if chosen { None } else { Some(id.clone()) };
    let hits = hits.map_or_else(|| number::NONE.to_owned(), number::exact);
    view! {
        <tr class:is-chosen=chosen>
            <th scope="row">
                <a
                    class="mono"
                    href=place.with_letter(target).on("/pipeline")
                    aria-current=chosen.then_some("true")
                    title=format!("Inspect {id}")
                    data-noscroll="true"
                >
                    {short_id(id)}
                </a>
            </th>
            <td class="col-cause" title=cause.clone()>{cause.clone()}</td>
            <td data-label="client">{client}</td>
            <td class="number" data-label="hits">{hits}</td>
            <td class="number" data-label="attempts">{number::exact(u64::from(*attempts))}</td>
            <td class="col-first" data-label="first seen" title=clock.moment(*first_seen)>
                {clock.ago(*first_seen)}
            </td>
            <td class="col-when" data-label="given up" title=clock.moment(*buried_at)>
                {clock.ago(*buried_at)}
            </td>
        </tr>
    }
    .into_any()
}

/// The end of a message id: its beginning is the time, and alike in all of an hour.
fn short_id(id: &str) -> String {
    id.get(id.len().saturating_sub(12)..).map_or_else(|| id.to_owned(), |end| format!("…{end}"))
}

/// Where in the list the page stands, and the ways to the others.
#[component]
fn Pages(report: Report<DeadLetters>, skip: RwSignal<usize>) -> impl IntoView {
    let pages = move || {
        let (first, shown, total) =
            report.with(|letters| (letters.skip, letters.dead_letters.len() as u64, letters.total))?;
        (total > ROWS as u64).then(|| {
            let text = format!("{} – {} of {}", first + 1, first + shown, number::exact(total));
            let back = move |_| skip.update(|skip| *skip = skip.saturating_sub(ROWS));
            let on = move |_| skip.update(|skip| *skip += ROWS);
            view! {
                <div class="dead-letters-pages">
                    <button class="button is-small" type="button" disabled={first == 0} on:click=back>"Older"</button>
                    <span>{text}</span>
                    <button class="button is-small" type="button" disabled={first + shown >= total} on:click=on>
                        "Newer"
                    </button>
                </div>
            }
        })
    };
    view! { {pages} }.into_any()
}
