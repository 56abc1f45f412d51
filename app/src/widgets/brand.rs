//! The name.

use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn Brand() -> impl IntoView {
    view! {
        <a class="brand" href="/overview">
            <svg class="brand-mark" viewBox="0 0 24 24" width="22" height="22" aria-hidden="true">
                <rect width="24" height="24" rx="6.5"></rect>
                <path d="M4.5 14.5h3.2l2.3-7.2l4 10.2l2.3-5.6h3.2"></path>
            </svg>
            <span>"Sendry"</span>
        </a>
    }
    .into_any()
}
