//! What the colours of a heatmap stand for.

use crate::charts::COLOURS;
use crate::number;
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn HeatScale(
    /// What the last colour stands for.
    most: Signal<Option<u64>>,
) -> impl IntoView {
    let scale = move || {
        let most = most.get().filter(|most| *most > 0)?;
        let colours = COLOURS.map(|colour| view! { <span class=format!("swatch {colour}")></span> });
        Some(view! {
            <p class="heat-scale">
                <span class="visually-hidden">"Requests from "</span>
                "1"
                <span class="heat-colours" aria-hidden="true">{colours.collect_view()}</span>
                <span class="visually-hidden">" to "</span>
                {number::short(most)}
            </p>
        })
    };
    view! { {scale} }.into_any()
}
