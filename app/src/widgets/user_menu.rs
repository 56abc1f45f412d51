//! Who is signed in, and the way out.

use super::{Glyph, Icon};
use crate::awaited::awaited;
use crate::pages::SessionReport;
use crate::pages::login::log_out;
use crate::place::{Place, use_place};
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn UserMenu() -> impl IntoView {
    let session = use_context::<SessionReport>();
    let name = move || {
        let user = session?.get()?.ok()?.user?;
        Some((user.username, user.email))
    };
    let head = move || {
        name().map(|(username, email)| {
            view! {
                <p class="popover-title">{username}</p>
                <p class="user-email">{email}</p>
            }
        })
    };
    let place = use_place();
    let client = move || Place { client: place.with(|place| place.client), ..Place::default() };
    let (setup, settings) = (move || client().on("/setup"), move || client().on("/settings/keys"));
    view! {
        <button
            class="icon-button user-button"
            type="button"
            popovertarget="user-menu"
            aria-label="Account"
            title="Account"
        >
            <Icon glyph=Glyph::User/>
        </button>
        <div class="popover user-menu" id="user-menu" popover="auto">
            {awaited(head)}
            <a class="menu-item" href=settings><Icon glyph=Glyph::Settings/>"Settings"</a>
            <a class="menu-item" href=setup><Icon glyph=Glyph::Plug/>"Connect a service"</a>
            <button class="menu-item" type="button" on:click=move |_| log_out()>
                <Icon glyph=Glyph::Leave/>
                "Log out"
            </button>
        </div>
    }
    .into_any()
}
