//! A chart's series with their totals; a click shows one series alone, another click all again.

use crate::charts::Key;
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn Legend(
    keys: impl Fn() -> Vec<Key> + Send + Sync + 'static,
    only: RwSignal<Option<&'static str>>,
) -> impl IntoView {
    let chip = move |Key { key, label, total }: Key| {
        let chosen = move || only.get() == Some(key);
        view! {
            <button
                class="chip"
                class:is-faint=move || only.get().is_some() && !chosen()
                type="button"
                aria-pressed=move || chosen().to_string()
                title="Show this series alone"
                on:click=move |_| only.set(if chosen() { None } else { Some(key) })
            >
                <span class=format!("swatch {key}")></span>
                <span class="chip-label">{label}</span>
                {(!total.is_empty()).then(|| view! { <span class="chip-value">{total}</span> })}
            </button>
        }
    };
    view! {
        <div class="legend" role="group" aria-label="Series">
            {move || keys().into_iter().map(chip).collect_view()}
        </div>
    }
    .into_any()
}
