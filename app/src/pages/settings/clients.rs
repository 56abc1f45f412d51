//! `/settings/clients`: the clients of the installation. For super admins.

use crate::api::{self, change};
use crate::awaited::awaited;
use crate::clock::Clock;
use crate::live::Live;
use crate::pages::SessionReport;
use crate::pages::login::FormProblem;
use crate::place::Place;
use crate::problem::Problem;
use crate::report::{Report, remembered};
use crate::view::IntoAny;
use crate::widgets::{Card, Field, use_alive};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;
use std::sync::Arc;
use telemetry::report::Client;

#[component]
pub(crate) fn ClientsPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let report = Report::new(live, || (), |()| api::clients());
    let status = Signal::derive(move || report.status());
    let content = Arc::new(move || view! { <Clients report/> }.into_any());
    view! {
        <Title text="Clients"/>
        <h1 class="settings-title">"Clients"</h1>
        <p class="settings-text">
            "A client owns services, keys and members; nobody sees another client's. Its number is never given twice."
        </p>
        <Card title="Clients" id="clients" status content/>
        {awaited(move || view! { <NewClientOfReader report live/> })}
    }
    .into_any()
}

/// For whoever may read the list. Awaited, as the memo reads the report; a memo, as a new answer must
/// not empty the form.
#[component]
fn NewClientOfReader(report: Report<Vec<Client>>, live: Live) -> impl IntoView {
    let allowed = remembered(move || report.with(|_| ()).is_some());
    move || allowed.get().then(|| view! { <NewClient live/> })
}

#[component]
fn Clients(report: Report<Vec<Client>>) -> impl IntoView {
    let rows =
        move || report.with_clock(|clients, clock| clients.iter().map(|one| line(one, clock)).collect_view());
    view! {
        <div class="table-scroll">
            <table class="table is-stacking clients">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Number"</th>
                        <th scope="col">"Made"</th>
                        <th scope="col"><span class="visually-hidden">"Pages"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(client: &Client, clock: &Clock) -> AnyView {
    let Client { id, name, created_at } = client.clone();
    let place = Place { client: Some(id), ..Place::default() };
    view! {
        <tr>
            <th scope="row"><a href=place.on("/overview")>{name}</a></th>
            <td data-label="number">{id.to_string()}</td>
            <td data-label="made" title=clock.moment(created_at)>{clock.ago(created_at)}</td>
            <td>
                <div class="row-actions">
                    <a class="button is-small" href=place.on("/settings/keys")>"Keys"</a>
                    <a class="button is-small" href=place.on("/settings/members")>"Members"</a>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn NewClient(live: Live) -> impl IntoView {
    let alive = use_alive();
    let session = expect_context::<SessionReport>();
    let name = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        leptos::task::spawn_local(async move {
            match change::create_client(name.get_untracked().trim()).await {
                Ok(_) => {
                    problem.try_set(None);
                    live.again();
                    // The switch above offers it too.
                    session.refetch();
                }
                Err(error) => {
                    problem.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    view! {
        <section class="card" aria-labelledby="new-client-title">
            <h2 class="card-title" id="new-client-title">"New client"</h2>
            <form class="form settings-form" method="post" on:submit=submit>
                <FormProblem problem fields=&["name"]/>
                <Field label="Name" name="name" value=name problem/>
                <button class="button is-solid" type="submit" disabled=move || !alive.get() || busy.get()>
                    "Make client"
                </button>
            </form>
        </section>
    }
    .into_any()
}
