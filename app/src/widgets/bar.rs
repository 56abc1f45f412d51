//! A value as a length, beside the number that says it.

use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn Bar(
    /// From 0 to 1.
    share: f64,
    #[prop(optional)] class: &'static str,
) -> impl IntoView {
    // something is never drawn as nothing
    let width = if share > 0.0 { (share.min(1.0) * 100.0).max(1.5) } else { 0.0 };
    view! {
        <svg class=format!("bar {class}") viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">
            <rect class="bar-track" width="100" height="6"></rect>
            <rect class="bar-fill" width=format!("{width:.1}") height="6"></rect>
        </svg>
    }
    .into_any()
}
