//! Light, dark, or as the system has it.

use super::{Glyph, Icon, use_alive};
use crate::theme::{Theme, ThemeSwitch};
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn ThemeSwitcher() -> impl IntoView {
    let alive = use_alive();
    let switch = expect_context::<ThemeSwitch>();
    let button = move |theme: Theme| {
        let (glyph, label) = match theme {
            Theme::System => (Glyph::System, "Colours as the system has them"),
            Theme::Light => (Glyph::Sun, "Light colours"),
            Theme::Dark => (Glyph::Moon, "Dark colours"),
        };
        view! {
            <button
                class="segment is-icon"
                type="button"
                title=label
                aria-label=label
                aria-pressed=move || (switch.chosen() == theme).to_string()
                disabled=move || !alive.get()
                on:click=move |_| switch.choose(theme)
            >
                <Icon glyph/>
            </button>
        }
    };
    view! {
        <div class="segments theme-switch" role="group" aria-label="Colours">
            {Theme::ALL.map(button).collect_view()}
        </div>
    }
    .into_any()
}
