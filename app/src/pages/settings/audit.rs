//! `/settings/audit` and `/settings/installation-audit`: who did what, when, from where.

use crate::api;
use crate::clock::Clock;
use crate::live::Live;
use crate::place::use_place;
use crate::report::Report;
use crate::view::IntoAny;
use crate::widgets::Card;
use leptos::prelude::*;
use leptos_meta::Title;
use std::sync::Arc;
use telemetry::report::accounts::{AuditEntry, AuditPage as Page};

/// Of one client. For its admins.
#[component]
pub(crate) fn AuditPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let place = use_place();
    let cursor = RwSignal::new(None::<i64>);
    let client = Memo::new(move |_| place.with(|place| place.client));
    // Another client's log begins at its beginning.
    Effect::new(move |before: Option<_>| {
        let now = client.get();
        if before.is_some_and(|before| before != now) {
            cursor.set(None);
        }
        now
    });
    let report = Report::new(
        live,
        move || (client.get(), cursor.get()),
        |(client, cursor)| api::audit(client, cursor),
    );
    view! {
        <Title text="Audit log"/>
        <h1 class="settings-title">"Audit log"</h1>
        <p class="settings-text">"What was done in this client. It is kept for 400 days."</p>
        <Log report cursor/>
    }
    .into_any()
}

/// Of the whole installation. For super admins.
#[component]
pub(crate) fn InstanceAuditPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let cursor = RwSignal::new(None::<i64>);
    let report = Report::new(live, move || cursor.get(), api::instance_audit);
    view! {
        <Title text="Audit log of the installation"/>
        <h1 class="settings-title">"Audit log of the installation"</h1>
        <p class="settings-text">"What was done in all clients and besides. It is kept for 400 days."</p>
        <Log report cursor/>
    }
    .into_any()
}

#[component]
fn Log(report: Report<Page>, cursor: RwSignal<Option<i64>>) -> impl IntoView {
    let status = Signal::derive(move || report.status());
    let content = Arc::new(move || view! { <Entries report cursor/> }.into_any());
    view! { <Card title="Entries" id="audit" status content/> }.into_any()
}

#[component]
fn Entries(report: Report<Page>, cursor: RwSignal<Option<i64>>) -> impl IntoView {
    let rows = move || {
        report.with_clock(|page, clock| page.entries.iter().map(|entry| line(entry, clock)).collect_view())
    };
    let pages = move || {
        let next = report.with(|page| page.next).flatten();
        let first = cursor.get().is_none();
        (!first || next.is_some()).then(|| {
            view! {
                <div class="settings-pages">
                    <button class="button is-small" type="button" disabled=first on:click=move |_| cursor.set(None)>
                        "Newest"
                    </button>
                    <button class="button is-small" type="button" disabled={next.is_none()}
                        on:click=move |_| cursor.set(next)>"Older"</button>
                </div>
            }
        })
    };
    view! {
        <div class="table-scroll">
            <table class="table is-stacking audit">
                <thead>
                    <tr>
                        <th scope="col">"When"</th>
                        <th scope="col">"Who"</th>
                        <th scope="col">"What"</th>
                        <th scope="col">"On what"</th>
                        <th scope="col">"From"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
        {pages}
    }
    .into_any()
}

fn line(entry: &AuditEntry, clock: &Clock) -> AnyView {
    let AuditEntry { at: when, name, address, action, target, .. } = entry.clone();
    view! {
        <tr>
            <td title=clock.ago(when)>{clock.moment(when)}</td>
            <th scope="row">{name}</th>
            <td title=action.clone()>{words(&action)}</td>
            <td class="col-held">{target}</td>
            <td class="mono" data-label="from">{address.unwrap_or_else(|| "–".to_owned())}</td>
        </tr>
    }
    .into_any()
}

/// `signing-key.rotated` as people read it: the participle comes first.
fn words(action: &str) -> String {
    match action.split_once('.') {
        Some((noun, done)) => format!("{done} {noun}").replace('-', " "),
        None => action.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn actions_are_read_as_words() {
        assert_eq!(super::words("signing-key.rotated"), "rotated signing key");
        assert_eq!(super::words("instance.set-up"), "set up instance");
        assert_eq!(super::words("odd"), "odd");
    }
}
