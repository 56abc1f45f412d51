//! `/settings/…`: a rail of pages, and the one that is open.
//!
//! The rule: [`PAGES`] is all there is. What a reader's role does not allow is not offered; who tries it all the same is
//! refused by the server, and the page says so.

mod audit;
mod clients;
mod keys;
mod limits;
mod members;
mod profile;
mod sessions;
mod users;

pub(crate) use audit::{AuditPage, InstanceAuditPage};
pub(crate) use clients::ClientsPage;
pub(crate) use keys::KeysPage;
pub(crate) use limits::LimitsPage;
pub(crate) use members::MembersPage;
pub(crate) use profile::ProfilePage;
pub(crate) use sessions::SessionsPage;
pub(crate) use users::UsersPage;

use super::SessionReport;
use crate::awaited::awaited;
use crate::live::provide_live;
use crate::place::{Place, use_place};
use crate::view::IntoAny;
use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::components::{Outlet, Redirect};
use leptos_router::hooks::use_location;
use telemetry::report::accounts::Role;

/// Whom a page is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Members of the client from this role on.
    Role(Role),
    /// Whoever is signed in.
    Everybody,
    SuperAdmins,
}

/// What a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    Client,
    Reader,
    Instance,
}

impl About {
    const ALL: [Self; 3] = [Self::Client, Self::Reader, Self::Instance];

    const fn title(self) -> &'static str {
        match self {
            Self::Client => "Client",
            Self::Reader => "You",
            Self::Instance => "Installation",
        }
    }
}

/// A page of the settings: its address, its name, what it is about, and whom it is for.
type Page = (&'static str, &'static str, About, For);

const PAGES: &[Page] = &[
    ("/settings/keys", "API keys", About::Client, For::Role(Role::Viewer)),
    ("/settings/members", "Members", About::Client, For::Role(Role::Viewer)),
    ("/settings/limits", "Limits and usage", About::Client, For::Role(Role::Viewer)),
    ("/settings/audit", "Audit log", About::Client, For::Role(Role::Admin)),
    ("/settings/profile", "Profile", About::Reader, For::Everybody),
    ("/settings/sessions", "Sessions", About::Reader, For::Everybody),
    ("/settings/clients", "Clients", About::Instance, For::SuperAdmins),
    ("/settings/users", "Users", About::Instance, For::SuperAdmins),
    ("/settings/installation-audit", "Audit log", About::Instance, For::SuperAdmins),
];

/// Whether the page of this address shows one client, which the header then lets the reader choose.
pub(crate) fn is_about_a_client(path: &str) -> bool {
    PAGES.iter().any(|(address, _, about, _)| *address == path && *about == About::Client)
}

#[component]
pub(crate) fn Settings() -> impl IntoView {
    // Nothing here changes by itself; each page loads anew after what it has changed.
    provide_live(Signal::derive(|| false), None);
    view! {
        <div class="settings">
            <Rail/>
            <div class="settings-page"><Outlet/></div>
        </div>
    }
    .into_any()
}

/// `/settings` itself.
#[component]
pub(crate) fn Start() -> impl IntoView {
    let options = NavigateOptions { replace: true, ..NavigateOptions::default() };
    view! { <Redirect path="/settings/keys" options/> }.into_any()
}

#[component]
fn Rail() -> impl IntoView {
    let session = expect_context::<SessionReport>();
    let place = use_place();
    let path = use_location().pathname;
    let link = move |(page, name, about, _): Page| {
        let address = move || {
            let client = place.with(|place| place.client).filter(|_| about == About::Client);
            Place { client, ..Place::default() }.on(page)
        };
        let current = move || (path.get() == page).then_some("page");
        view! { <li><a class="rail-link" href=address aria-current=current>{name}</a></li> }
    };
    let groups = move || {
        let session = session.get()?.ok()?;
        let wanted = place.with(|place| place.client);
        let at = wanted.and_then(|id| session.clients.iter().position(|client| client.id == id)).unwrap_or(0);
        let role = session.roles.get(at).copied();
        let super_admin = session.user.as_ref().is_some_and(|user| user.super_admin);
        let is_for = |reader: For| match reader {
            For::Role(needed) => role.is_some_and(|role| role >= needed),
            For::Everybody => true,
            For::SuperAdmins => super_admin,
        };
        let groups = About::ALL.map(|about| {
            let pages: Vec<Page> =
                PAGES.iter().copied().filter(|page| page.2 == about && is_for(page.3)).collect();
            (!pages.is_empty()).then(|| {
                view! {
                    <h2 class="rail-title">{about.title()}</h2>
                    <ul class="rail-links">{pages.into_iter().map(link).collect_view()}</ul>
                }
            })
        });
        Some(groups.into_iter().collect_view())
    };
    view! {
        <nav class="rail" aria-label="Settings">{awaited(groups)}</nav>
    }
    .into_any()
}
