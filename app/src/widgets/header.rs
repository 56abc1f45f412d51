//! What stands above every page of the dashboard.

use super::{Brand, ClientSwitch, Nav, Palette, RangePicker, ThemeSwitcher, TimeMenu, UserMenu};
use crate::pages::settings;
use crate::view::IntoAny;
use leptos::prelude::*;
use leptos_router::hooks::use_location;

#[component]
pub(crate) fn Header() -> impl IntoView {
    let path = use_location().pathname;
    // The pipeline is the whole installation's, and now; settings have no range.
    let about_a_client = move || path.with(|path| path != "/pipeline" && !path.starts_with("/settings"));
    let has_a_range = move || path.with(|path| path != "/live");
    let settings_of_a_client = move || path.with(|path| settings::is_about_a_client(path));
    view! {
        <header class="header">
            <div class="header-inner">
                <Brand/>
                <Nav/>
                <Show when=about_a_client>
                    <ClientSwitch/>
                    <Show when=has_a_range><RangePicker/></Show>
                </Show>
                <Show when=settings_of_a_client><ClientSwitch/></Show>
                <div class="header-end">
                    <Palette/>
                    <TimeMenu/>
                    <ThemeSwitcher/>
                    <UserMenu/>
                </div>
            </div>
        </header>
    }
    .into_any()
}
