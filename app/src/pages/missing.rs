//! The page for addresses that lead nowhere.

use super::login::PlainBrand;
use crate::view::IntoAny;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub(crate) fn Missing() -> impl IntoView {
    #[cfg(feature = "ssr")]
    if let Some(reply) = use_context::<leptos_axum::ResponseOptions>() {
        reply.set_status(axum::http::StatusCode::NOT_FOUND);
    }
    view! {
        <Title text="Not found"/>
        <main class="plain">
            <div class="panel missing">
                <PlainBrand/>
                <p class="missing-code" aria-hidden="true">"404"</p>
                <h1 class="panel-title">"There is nothing at this address"</h1>
                <p class="panel-text">"It may have been mistyped, or what it showed has gone."</p>
                <a class="button is-solid" href="/overview">"Go to the overview"</a>
            </div>
        </main>
    }
    .into_any()
}
