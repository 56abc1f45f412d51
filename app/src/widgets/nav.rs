//! The pages to go to, for those who have more than one.

use crate::pages::SessionReport;
use crate::place::{Place, use_place};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

const PAGES: [(&str, &str); 2] = [("/overview", "Overview"), ("/pipeline", "Pipeline")];

/// Whether whoever is here administers the instance. To be called under a `Transition`.
pub(crate) fn is_super_admin(session: Option<SessionReport>) -> bool {
    session.and_then(|session| session.get()?.ok()?.user).is_some_and(|user| user.super_admin)
}

#[component]
pub(crate) fn Nav() -> impl IntoView {
    let session = use_context::<SessionReport>();
    let place = use_place();
    let path = use_location().pathname;
    let link = move |(page, name): (&'static str, &'static str)| {
        let address = move || {
            let client = place.with(|place| place.client);
            Place { client, ..Place::default() }.on(page)
        };
        let current = move || (path.get() == page).then_some("page");
        view! { <a class="nav-link" href=address aria-current=current>{name}</a> }
    };
    let links = move || {
        is_super_admin(session).then(|| {
            view! { <nav class="nav" aria-label="Pages">{PAGES.map(link).collect_view()}</nav> }
        })
    };
    view! { <Transition fallback=|| ()>{links}</Transition> }.into_any()
}
