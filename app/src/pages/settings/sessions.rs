//! `/settings/sessions`: where the reader is signed in.

use crate::api::{self, change};
use crate::clock::Clock;
use crate::live::Live;
use crate::report::Report;
use crate::view::IntoAny;
use crate::widgets::{Card, use_alive};
use leptos::prelude::*;
use leptos_meta::Title;
use std::sync::Arc;
use telemetry::report::accounts::SessionInfo;

#[component]
pub(crate) fn SessionsPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let report = Report::new(live, || (), |()| api::sessions());
    let status = Signal::derive(move || report.status());
    let content = Arc::new(move || view! { <Sessions report live/> }.into_any());
    view! {
        <Title text="Sessions"/>
        <h1 class="settings-title">"Sessions"</h1>
        <p class="settings-text">
            "Each browser in which you are signed in. One that you do not know: end it, and change your password."
        </p>
        <Card title="Sessions" id="sessions" status content/>
    }
    .into_any()
}

#[component]
fn Sessions(report: Report<Vec<SessionInfo>>, live: Live) -> impl IntoView {
    let rows = move || {
        report.with_clock(|sessions, clock| {
            sessions.iter().map(|session| line(session, clock, live)).collect_view()
        })
    };
    view! {
        <div class="table-scroll">
            <table class="table is-stacking sessions">
                <thead>
                    <tr>
                        <th scope="col">"Browser"</th>
                        <th scope="col">"Signed in"</th>
                        <th scope="col">"Last renewed"</th>
                        <th scope="col">"Ends"</th>
                        <th scope="col"><span class="visually-hidden">"What can be done"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(session: &SessionInfo, clock: &Clock, live: Live) -> AnyView {
    let SessionInfo { id, user_agent, created_at, last_used_at, expires_at, current } = session.clone();
    let browser = if user_agent.is_empty() { "unknown".to_owned() } else { user_agent };
    let last = if current {
        view! { <span class="tag">"this one"</span> }.into_any()
    } else {
        view! { <End id live/> }.into_any()
    };
    view! {
        <tr>
            <th scope="row" class="col-browser">{browser}</th>
            <td data-label="signed in" title=clock.moment(created_at)>{clock.ago(created_at)}</td>
            <td data-label="last renewed" title=clock.moment(last_used_at)>{clock.ago(last_used_at)}</td>
            <td data-label="ends">{clock.moment(expires_at)}</td>
            <td><div class="row-actions">{last}</div></td>
        </tr>
    }
    .into_any()
}

#[component]
fn End(id: String, live: Live) -> impl IntoView {
    let alive = use_alive();
    let id = StoredValue::new(id);
    let end = move |_| {
        leptos::task::spawn_local(async move {
            // Where it fails it is still in the list.
            let _ = change::end_session(&id.get_value()).await;
            live.again();
        });
    };
    view! {
        <button class="button is-small" type="button" disabled=move || !alive.get() on:click=end>"End"</button>
    }
    .into_any()
}
