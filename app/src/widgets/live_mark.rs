//! How fresh the page is, and that something is being loaded.

use crate::awaited::awaited;
use crate::live::Live;
use crate::report::Status;
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn LiveMark(
    live: Live,
    status: Signal<Status>,
    /// Whether the page keeps itself fresh.
    is_live: Signal<bool>,
) -> impl IntoView {
    let state = move || {
        let Status::Ready { clock, stale } = status.get() else { return None };
        let (class, word) = match (stale, is_live.get()) {
            (true, _) => ("live is-stale", "Stale"),
            (false, true) => ("live is-on", "Live"),
            (false, false) => ("live", "Fixed range"),
        };
        Some(view! {
            <span class=class>
                <span class="live-dot" aria-hidden="true"></span>
                {word}
                <time class="live-time">{format!("as of {}", clock.time(clock.now()))}</time>
            </span>
        })
    };
    view! {
        {awaited(state)}
        <div class="loading-bar" class:is-on=move || live.is_loading() aria-hidden="true"></div>
    }
    .into_any()
}
