//! The pages to go to.

use crate::awaited::awaited;
use crate::pages::SessionReport;
use crate::place::use_place;
use crate::view::IntoAny;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// A page and its name.
type Page = (&'static str, &'static str);

/// They take the range and the filters along.
const OF_A_CLIENT: [Page; 3] = [("/overview", "Overview"), ("/requests", "Requests"), ("/live", "Live")];
const OF_THE_INSTANCE: Page = ("/pipeline", "Pipeline");

/// Whether whoever is here administers the instance. To be called in what is awaited.
pub(crate) fn is_super_admin(session: Option<SessionReport>) -> bool {
    session.and_then(|session| session.get()?.ok()?.user).is_some_and(|user| user.super_admin)
}

#[component]
pub(crate) fn Nav() -> impl IntoView {
    let session = use_context::<SessionReport>();
    let place = use_place();
    let path = use_location().pathname;
    let link = move |(page, name): Page| {
        // A page about one service or endpoint is left with it.
        let of_one = move || matches!(path.get().as_str(), "/service" | "/endpoint") && page == "/overview";
        let address = move || {
            place.with(|place| {
                let place = place.of_reports().with_letter(None);
                if of_one() { place.with_service(None).on(page) } else { place.on(page) }
            })
        };
        let current = move || (path.get() == page).then_some("page");
        view! { <a class="nav-link" href=address aria-current=current>{name}</a> }
    };
    let pipeline = move || is_super_admin(session).then(|| link(OF_THE_INSTANCE));
    view! {
        <nav class="nav" aria-label="Pages">
            {OF_A_CLIENT.map(link).collect_view()}
            {awaited(pipeline)}
        </nav>
    }
    .into_any()
}
