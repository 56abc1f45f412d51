//! Which page a URL shows.

use crate::api;
use crate::pages::{Frame, Home, Login, Missing, OverviewPage, SessionReport, Setup};
use crate::theme::provide_theme;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

fn title(page: String) -> String {
    if page.is_empty() { "Sendry".to_owned() } else { format!("{page} · Sendry") }
}

/// The dashboard. Every page is sent whole, with its numbers: the server waits for them.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_theme();
    // blocking: who must go elsewhere is sent there before anything else is sent
    let session: SessionReport = Resource::new_with_options(|| (), |()| api::session(), true);
    provide_context(session);
    view! {
        <Title formatter=title/>
        <Router>
            <Routes fallback=|| Missing().into_any()>
                <Route path=path!("/") view=Home ssr=SsrMode::Async/>
                <Route path=path!("/login") view=Login ssr=SsrMode::Async/>
                <Route path=path!("/setup") view=Setup ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("overview") view=OverviewPage ssr=SsrMode::Async/>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
