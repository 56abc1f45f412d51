//! Light, dark, or as the system has it.

use crate::preference::Preference;
use leptos::prelude::*;

const CHOICE: Preference = Preference("theme");

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|theme| theme.as_str() == text).unwrap_or_default()
    }
}

/// The page's theme, and a number that changes with every change of colours.
#[derive(Clone, Copy)]
pub(crate) struct ThemeSwitch {
    chosen: RwSignal<Theme>,
    painted: RwSignal<u32>,
}

pub(crate) fn provide_theme() -> ThemeSwitch {
    let switch = ThemeSwitch { chosen: RwSignal::new(rendered()), painted: RwSignal::new(0) };
    provide_context(switch);
    #[cfg(feature = "hydrate")]
    switch.follow_the_system();
    switch
}

impl ThemeSwitch {
    pub(crate) fn chosen(self) -> Theme {
        self.chosen.get()
    }

    /// To be read by whoever draws with colours taken from the style sheet.
    #[cfg(feature = "hydrate")]
    pub(crate) fn painted(self) -> u32 {
        self.painted.get()
    }

    /// Changes the colours at once, and for the next visits.
    pub(crate) fn choose(self, theme: Theme) {
        self.chosen.set(theme);
        CHOICE.keep(theme.as_str());
        self.painted.update(|n| *n += 1);
    }

    #[cfg(feature = "hydrate")]
    fn follow_the_system(self) {
        use wasm_bindgen::JsCast;
        use wasm_bindgen::closure::Closure;
        Effect::new(move |_| {
            let Some(query) = window().match_media("(prefers-color-scheme: dark)").ok().flatten() else {
                return;
            };
            let repaint = Closure::<dyn Fn()>::new(move || {
                self.painted.try_update(|n| *n += 1);
            });
            query.set_onchange(Some(repaint.as_ref().unchecked_ref()));
            // lives as long as the page
            repaint.forget();
            std::mem::forget(query);
        });
    }
}

/// What the page was rendered with.
pub(crate) fn rendered() -> Theme {
    CHOICE.rendered().map_or_else(Theme::default, |value| Theme::parse(&value))
}
