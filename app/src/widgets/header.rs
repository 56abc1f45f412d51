//! What stands above every page of the dashboard.

use super::{Brand, ClientSwitch, RangePicker, ThemeSwitcher, UserMenu};
use leptos::prelude::*;

#[component]
pub(crate) fn Header() -> impl IntoView {
    view! {
        <header class="header">
            <div class="header-inner">
                <Brand/>
                <ClientSwitch/>
                <RangePicker/>
                <div class="header-end">
                    <ThemeSwitcher/>
                    <UserMenu/>
                </div>
            </div>
        </header>
    }
    .into_any()
}
