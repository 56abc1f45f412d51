//! The command palette: Ctrl-K (or ⌘-K), some letters, Enter.
//!
//! The rule: it is a combobox as the ARIA practices describe it: the focus stays in the field, and the field says which
//! option is the active one. The browser's own dialog keeps the focus inside and gives it back.

use super::nav::is_super_admin;
use super::{Glyph, Icon, dialog};
use crate::api::{self, Asked};
use crate::filter::Filter;
use crate::pages::SessionReport;
use crate::palette::{self, Item};
use crate::place::use_place;
use crate::view::IntoAny;
use leptos::ev::{self, KeyboardEvent};
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::{use_location, use_navigate};
use telemetry::report::EndpointSort;

/// Endpoints that can be found, those with the most requests first.
const ENDPOINTS: usize = 500;

#[component]
pub(crate) fn Palette() -> impl IntoView {
    let (place, path) = (use_place(), use_location().pathname);
    let navigate = StoredValue::new(use_navigate());
    let session = use_context::<SessionReport>();
    let panel = NodeRef::<html::Dialog>::new();
    let (open, admin) = (RwSignal::new(false), RwSignal::new(false));
    let (text, active) = (RwSignal::new(String::new()), RwSignal::new(0_usize));
    let loaded = RwSignal::new(Vec::<Item>::new());
    // An event handler may not read a report.
    Effect::new(move |_| admin.set(is_super_admin(session)));
    let found = Memo::new(move |_| {
        if !open.get() {
            return Vec::new();
        }
        let place = place.get();
        let mut items = palette::pages(&place, &path.get(), admin.get());
        loaded.with(|loaded| items.extend_from_slice(loaded));
        text.with(|text| palette::find(&place, &items, text))
    });
    let show = move || {
        if open.get_untracked() {
            return;
        }
        text.set(String::new());
        active.set(0);
        open.set(true);
        dialog::show(panel);
        let place = place.get_untracked();
        let asked = Asked { filter: Filter::default(), ..Asked::of(&place) };
        leptos::task::spawn_local(async move {
            let mut items = Vec::new();
            // What cannot be had is not offered; the pages always are.
            if let Ok(services) = api::services(asked.clone()).await {
                items.extend(palette::services(&place, &services.report.services));
            }
            if let Ok(endpoints) = api::endpoints(asked, EndpointSort::Requests, ENDPOINTS).await {
                items.extend(palette::endpoints(&place, &endpoints.report.endpoints));
            }
            loaded.try_set(items);
        });
    };
    Effect::new(move |_| {
        let opened = window_event_listener(ev::keydown, move |event| {
            let chord = (event.ctrl_key() || event.meta_key()) && !event.shift_key() && !event.alt_key();
            if chord && event.key().eq_ignore_ascii_case("k") {
                event.prevent_default();
                show();
            }
        });
        on_cleanup(move || opened.remove());
    });
    let go = move |place: usize| {
        let Some(item) = found.with_untracked(|found| found.get(place).cloned()) else { return };
        dialog::close(panel);
        navigate.with_value(|navigate| navigate(&item.address, Default::default()));
    };
    let keyed = move |event: KeyboardEvent| {
        let last = found.with_untracked(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" => active.update(|active| *active = if *active >= last { 0 } else { *active + 1 }),
            "ArrowUp" => active.update(|active| *active = active.checked_sub(1).unwrap_or(last)),
            "Home" => active.set(0),
            "End" => active.set(last),
            "Enter" => go(active.get_untracked()),
            _ => return,
        }
        event.prevent_default();
    };
    let option = move |(n, Item { kind, label, note, .. }): (usize, Item)| {
        view! {
            <li
                class="palette-option"
                role="option"
                id=format!("palette-{n}")
                aria-selected=move || (active.get() == n).to_string()
                on:pointermove=move |_| active.set(n)
                on:click=move |_| go(n)
            >
                <span class="palette-kind">{kind}</span>
                <span class="palette-label">{label}</span>
                <span class="palette-note">{note}</span>
            </li>
        }
    };
    let options = move || found.get().into_iter().enumerate().map(option).collect_view();
    let activated =
        move || found.with(|found| !found.is_empty()).then(|| format!("palette-{}", active.get()));
    let nothing = move || (open.get() && found.with(Vec::is_empty)).then_some("Nothing of that name.");
    view! {
        <button class="palette-button" type="button" title="Go to … (Ctrl-K)" on:click=move |_| show()>
            <Icon glyph=Glyph::Search/>
            <span class="palette-word">"Go to …"</span>
            <kbd class="palette-keys">"Ctrl K"</kbd>
        </button>
        <dialog class="palette" aria-label="Go to" closedby="any" node_ref=panel on:close=move |_| open.set(false)>
            <input
                class="palette-input"
                type="text"
                role="combobox"
                aria-label="Page, service, endpoint, status or trace id"
                placeholder="Page, service, endpoint, status or trace id"
                aria-autocomplete="list"
                aria-controls="palette-options"
                aria-expanded="true"
                aria-activedescendant=activated
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                autofocus=true
                prop:value=text
                on:input:target=move |event| {
                    text.set(event.target().value());
                    active.set(0);
                }
                on:keydown=keyed
            />
            <ul class="palette-options" role="listbox" id="palette-options" aria-label="Places">{options}</ul>
            <p class="palette-nothing" role="status">{nothing}</p>
        </dialog>
    }
    .into_any()
}
