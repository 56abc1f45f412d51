//! What all pages of the dashboard have around them. Only for those who are signed in.

use super::SessionReport;
use crate::awaited::awaited;
use crate::focus;
use crate::view::IntoAny;
use crate::widgets::{Header, Shortcuts, Shown};
use leptos::prelude::*;
use leptos_router::components::{Outlet, Redirect};
use leptos_router::hooks::use_location;

#[component]
pub(crate) fn Frame() -> impl IntoView {
    provide_context(Shown(RwSignal::new(None)));
    focus::keep();
    // The browser follows the first link by itself: the router would scroll there and leave the focus behind.
    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to the content"</a>
        <Header/>
        <Shortcuts/>
        <Guard/>
        <main class="main" id="main" tabindex="-1"><Outlet/></main>
    }
    .into_any()
}

/// Sends away who is not signed in. A part of its own, so that pages are not built anew when it has decided.
#[component]
fn Guard() -> impl IntoView {
    let session = expect_context::<SessionReport>();
    let location = use_location();
    let decide = move || {
        let session = session.get()?.ok()?;
        let target = if !session.set_up {
            "/setup".to_owned()
        } else if session.user.is_none() {
            super::login::address(&location.pathname.get_untracked(), &location.search.get_untracked())
        } else if session.clients.is_empty() {
            "/setup".to_owned()
        } else {
            return None;
        };
        Some(view! { <Redirect path=target/> })
    };
    awaited(decide)
}
