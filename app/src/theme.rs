//! Light, dark, or as the system has it: kept in a cookie, written into `<html data-theme>`.
//!
//! The rule: the server renders the attribute, so nothing flashes; the browser reads the same attribute when it
//! hydrates.

use leptos::prelude::*;

const COOKIE: &str = "theme";

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
        #[cfg(feature = "hydrate")]
        browser::apply(theme);
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
    #[cfg(feature = "ssr")]
    return use_context::<axum::http::request::Parts>()
        .and_then(|parts| cookie(&parts.headers, COOKIE))
        .map_or_else(Theme::default, |value| Theme::parse(&value));
    #[cfg(all(feature = "hydrate", not(feature = "ssr")))]
    return browser::rendered();
    #[cfg(not(any(feature = "ssr", feature = "hydrate")))]
    Theme::parse(COOKIE)
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::{COOKIE, Theme};
    use leptos::prelude::document;
    use wasm_bindgen::JsCast;

    #[cfg(not(feature = "ssr"))]
    pub(super) fn rendered() -> Theme {
        document()
            .document_element()
            .and_then(|root| root.get_attribute("data-theme"))
            .map_or_else(Theme::default, |value| Theme::parse(&value))
    }

    pub(super) fn apply(theme: Theme) {
        let theme = theme.as_str();
        let document = document();
        if let Some(root) = document.document_element() {
            // cannot fail: the name is a valid one
            let _ = root.set_attribute("data-theme", theme);
        }
        if let Some(document) = document.dyn_ref::<web_sys::HtmlDocument>() {
            // where cookies are forbidden the choice lasts as long as the page
            let _ = document.set_cookie(&format!("{COOKIE}={theme}; Path=/; Max-Age=31536000; SameSite=Lax"));
        }
    }
}

#[cfg(feature = "ssr")]
fn cookie(headers: &axum::http::HeaderMap, name: &str) -> Option<String> {
    headers
        .get_all(axum::http::header::COOKIE)
        .iter()
        .filter_map(|header| header.to_str().ok())
        .flat_map(|header| header.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}
