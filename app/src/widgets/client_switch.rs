//! Which client the page is about: its name, or a choice where the reader may see several.

use crate::awaited::awaited;
use crate::pages::SessionReport;
use crate::place::{use_go, use_place};
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn ClientSwitch() -> impl IntoView {
    let session = use_context::<SessionReport>();
    let (place, go) = (use_place(), use_go());
    let switch = move || {
        let clients = session?.get()?.ok()?.clients;
        let current = place.with(|place| place.client).or(clients.first().map(|client| client.id))?;
        if let [only] = clients.as_slice() {
            return Some(view! { <span class="client-name">{only.name.clone()}</span> }.into_any());
        }
        let go = go.clone();
        let choose = move |event| {
            if let Ok(id) = event_target_value(&event).parse() {
                go(place.get_untracked().with_client(id));
            }
        };
        let options = clients.into_iter().map(|client| {
            view! { <option value=client.id.to_string() selected=client.id == current>{client.name}</option> }
        });
        Some(
            view! {
                <select class="select client-switch" aria-label="Client" on:change=choose>
                    {options.collect_view()}
                </select>
            }
            .into_any(),
        )
    };
    awaited(switch)
}
