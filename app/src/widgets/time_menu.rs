//! How times are told and how often pages load anew: the reader's choices, kept for all pages.

use super::{Glyph, Icon, use_alive};
use crate::place::{use_go, use_place};
use crate::refresh::{Refresh, RefreshSwitch};
use crate::view::IntoAny;
use crate::zone::{ZoneSwitch, of_the_browser};
use leptos::prelude::*;
use telemetry::zone::UTC;

#[component]
pub(crate) fn TimeMenu() -> impl IntoView {
    view! {
        <button
            class="icon-button time-button"
            type="button"
            popovertarget="time-menu"
            aria-label="Time zone and refreshing"
            title="Time zone and refreshing"
        >
            <Icon glyph=Glyph::Clock/>
        </button>
        <div class="popover time-menu" id="time-menu" popover="auto">
            <ZoneChoice/>
            <RefreshChoice/>
        </div>
    }
    .into_any()
}

#[component]
fn ZoneChoice() -> impl IntoView {
    let (place, go, alive) = (use_place(), use_go(), use_alive());
    let switch = expect_context::<ZoneSwitch>();
    let shown = move || place.with(|place| place.zone.clone()).unwrap_or_else(|| switch.chosen());
    let names = move || {
        let shown = shown();
        let browser = alive.get().then(of_the_browser).flatten();
        let mut names = vec![(UTC.to_owned(), UTC.to_owned())];
        names.extend(
            browser.filter(|name| name != UTC).map(|name| (format!("{name} (this browser's)"), name)),
        );
        if names.iter().all(|(_, name)| *name != shown) {
            names.push((shown.clone(), shown.clone()));
        }
        let option = |(label, name): (String, String)| {
            let selected = name == shown;
            view! { <option value=name selected=selected>{label}</option> }
        };
        names.into_iter().map(option).collect_view()
    };
    let choose = move |event| {
        switch.choose(&event_target_value(&event));
        // what a link has named holds no longer
        if place.with_untracked(|place| place.zone.is_some()) {
            go(place.get_untracked().with_own_zone());
        }
    };
    view! {
        <label class="field-label" for="zone">"Time zone"</label>
        <select class="select" id="zone" disabled=move || !alive.get() on:change=choose>{names}</select>
    }
    .into_any()
}

#[component]
fn RefreshChoice() -> impl IntoView {
    let alive = use_alive();
    let switch = expect_context::<RefreshSwitch>();
    let option = move |refresh: Refresh| {
        let selected = move || switch.chosen() == refresh;
        view! { <option value=refresh.as_str() selected=selected>{refresh.words()}</option> }
    };
    let choose = move |event| switch.choose(Refresh::parse(&event_target_value(&event)));
    view! {
        <label class="field-label" for="refresh">"Numbers"</label>
        <select class="select" id="refresh" disabled=move || !alive.get() on:change=choose>
            {Refresh::ALL.map(option).collect_view()}
        </select>
    }
    .into_any()
}
