//! What the browser's tab says of a page that nobody looks at: its title and its icon carry the state.

use leptos::prelude::*;
use telemetry::report::Health;

#[derive(Clone, Copy)]
pub(crate) struct Tab(RwSignal<Option<Health>>);

pub(crate) fn provide_tab() -> Tab {
    let tab = Tab(RwSignal::new(None));
    provide_context(tab);
    #[cfg(feature = "hydrate")]
    Effect::new(move |shown: Option<&'static str>| {
        let icon = tab.icon();
        // the document comes with the first
        if shown.unwrap_or(HEALTHY) != icon
            && let Ok(Some(link)) = document().query_selector("link[rel=icon]")
        {
            // cannot fail: name and value are valid
            let _ = link.set_attribute("href", icon);
        }
        icon
    });
    tab
}

/// The icon of pages that are well, or that say nothing of it.
pub(crate) const HEALTHY: &str = "/favicon.svg";

impl Tab {
    /// The state of what the page is about, until the caller's owner ends.
    pub(crate) fn show(self, health: impl Fn() -> Option<Health> + Send + Sync + 'static) {
        Effect::new(move |_| {
            let health = health();
            // at most beats it is what it was
            if self.0.get_untracked() != health {
                self.0.set(health);
            }
        });
        on_cleanup(move || {
            self.0.try_set(None);
        });
    }

    /// The whole title of a page.
    pub(crate) fn title(self, page: &str) -> String {
        let state = match self.0.get() {
            Some(Health::Failing) => "Failing · ",
            Some(Health::Degraded) => "Degraded · ",
            _ => "",
        };
        if page.is_empty() { "Sendry".to_owned() } else { format!("{state}{page} · Sendry") }
    }

    #[cfg(feature = "hydrate")]
    fn icon(self) -> &'static str {
        match self.0.get() {
            Some(Health::Failing) => "/favicon-failing.svg",
            Some(Health::Degraded) => "/favicon-degraded.svg",
            _ => HEALTHY,
        }
    }
}
