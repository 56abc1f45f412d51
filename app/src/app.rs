//! Which page a URL shows.

use crate::api;
use crate::pages::{
    EndpointPage, Frame, Home, InvitationPage, LivePage, Login, Missing, OverviewPage, PipelinePage,
    RequestsPage, ResetPage, ServicePage, SessionReport, Setup, settings,
};
use crate::refresh::provide_refresh;
use crate::tab::provide_tab;
use crate::theme::provide_theme;
use crate::view::IntoAny;
use crate::zone::provide_zone;
use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::components::{ParentRoute, Route, Router, Routes};
use leptos_router::{SsrMode, path};

/// The dashboard. Every page is sent whole, with its numbers: the server waits for them.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    provide_theme();
    provide_zone();
    provide_refresh();
    let tab = provide_tab();
    // blocking: who must go elsewhere is sent there before anything else is sent
    let session: SessionReport = Resource::new_with_options(|| (), |()| api::session(), true);
    provide_context(session);
    view! {
        <Title formatter=move |page: String| tab.title(&page)/>
        <Router>
            <Routes fallback=|| Missing().into_any()>
                <Route path=path!("/") view=Home ssr=SsrMode::Async/>
                <Route path=path!("/login") view=Login ssr=SsrMode::Async/>
                <Route path=path!("/setup") view=Setup ssr=SsrMode::Async/>
                <Route path=path!("/invitation") view=InvitationPage ssr=SsrMode::Async/>
                <Route path=path!("/reset") view=ResetPage ssr=SsrMode::Async/>
                <ParentRoute path=path!("") view=Frame ssr=SsrMode::Async>
                    <Route path=path!("overview") view=OverviewPage ssr=SsrMode::Async/>
                    <Route path=path!("service") view=ServicePage ssr=SsrMode::Async/>
                    <Route path=path!("endpoint") view=EndpointPage ssr=SsrMode::Async/>
                    <Route path=path!("requests") view=RequestsPage ssr=SsrMode::Async/>
                    <Route path=path!("live") view=LivePage ssr=SsrMode::Async/>
                    <Route path=path!("pipeline") view=PipelinePage ssr=SsrMode::Async/>
                    <ParentRoute path=path!("settings") view=settings::Settings ssr=SsrMode::Async>
                        <Route path=path!("") view=settings::Start ssr=SsrMode::Async/>
                        <Route path=path!("keys") view=settings::KeysPage ssr=SsrMode::Async/>
                        <Route path=path!("members") view=settings::MembersPage ssr=SsrMode::Async/>
                        <Route path=path!("limits") view=settings::LimitsPage ssr=SsrMode::Async/>
                        <Route path=path!("audit") view=settings::AuditPage ssr=SsrMode::Async/>
                        <Route path=path!("profile") view=settings::ProfilePage ssr=SsrMode::Async/>
                        <Route path=path!("sessions") view=settings::SessionsPage ssr=SsrMode::Async/>
                        <Route path=path!("clients") view=settings::ClientsPage ssr=SsrMode::Async/>
                        <Route path=path!("users") view=settings::UsersPage ssr=SsrMode::Async/>
                        <Route path=path!("installation-audit") view=settings::InstanceAuditPage ssr=SsrMode::Async/>
                    </ParentRoute>
                </ParentRoute>
            </Routes>
        </Router>
    }
}
