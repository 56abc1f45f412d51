//! The key, shown this once, what to paste where, and the first hit as it arrives.

use super::first_hit::WaitForHit;
use super::{Made, Submit};
use crate::api::change;
use crate::pages::login::FormProblem;
use crate::problem::Problem;
use crate::view::IntoAny;
use crate::widgets::{Copy, Field, Glyph, Icon, Snippets};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use telemetry::report::{Client, ClientId, NewKey};

#[component]
pub(super) fn Connect(
    client: Client,
    public_url: String,
    /// Whether no hit has ever come.
    first: bool,
    made: Made,
) -> impl IntoView {
    let Client { id, name, .. } = client;
    let title =
        if first { format!("Send the first hit of {name}") } else { format!("Connect a service of {name}") };
    let body = move || match made.key.get() {
        None => view! { <NewKeyForm client=id made/> }.into_any(),
        Some(key) => view! { <KeyAndSnippets key public_url=public_url.clone()/> }.into_any(),
    };
    view! {
        <h1 class="panel-title">{title}</h1>
        {body}
        <WaitForHit client=id/>
    }
    .into_any()
}

#[component]
fn NewKeyForm(client: ClientId, made: Made) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        leptos::task::spawn_local(async move {
            match change::create_key(client, name.get_untracked().trim()).await {
                Ok(key) => made.key.set(Some(key)),
                Err(error) => problem.set(Some(error)),
            }
            busy.set(false);
        });
    };
    view! {
        <p class="panel-text">
            "Applications send hits with a key. A key is shown only once, so make a new one for each place that uses it."
        </p>
        <form class="form is-row" method="post" on:submit=submit>
            <FormProblem problem fields=&["name"]/>
            <Field label="What is the key for?" name="name" value=name problem
                hint="For example the application that will use it."/>
            <Submit label="Create key" busy/>
        </form>
    }
    .into_any()
}

#[component]
fn KeyAndSnippets(key: NewKey, public_url: String) -> impl IntoView {
    let secret = Signal::stored(key.key.clone());
    view! {
        <div class="secret">
            <div class="secret-head">
                <span class="field-label">"Your key"</span>
                <Copy what="the key" text=secret/>
            </div>
            <code class="secret-key" id="api-key">{key.key}</code>
            <p class="secret-note">
                <Icon glyph=Glyph::Warn class="is-warn"/>
                "Keep it now: it is not shown again. The server keeps only its fingerprint."
            </p>
        </div>
        <Snippets url=public_url key=secret/>
    }
    .into_any()
}
