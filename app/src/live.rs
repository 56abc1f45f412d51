//! The beat at which a page loads anew, and whether it is loading just now.
//!
//! The rule: nothing is asked for that nobody looks at or that cannot change: no beat while the tab is hidden, while
//! an answer is still awaited, or on a fixed range.

use leptos::prelude::*;

/// How often a page whose content changes by itself loads anew.
#[cfg(feature = "hydrate")]
const EVERY: std::time::Duration = std::time::Duration::from_secs(5);

/// Shared by all reports of a page.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    beat: RwSignal<u32>,
    awaited: RwSignal<u32>,
}

/// Starts the beat of a page and hands it to the page's parts. It beats while `is_live`.
pub(crate) fn provide_live(is_live: Signal<bool>) -> Live {
    let live = Live { beat: RwSignal::new(0), awaited: RwSignal::new(0) };
    provide_context(live);
    #[cfg(feature = "hydrate")]
    live.start(is_live);
    #[cfg(not(feature = "hydrate"))]
    let _ = is_live;
    live
}

impl Live {
    /// Changes whenever reports are to be loaded anew.
    pub(crate) fn beat(self) -> u32 {
        self.beat.get()
    }

    /// Loads all reports of the page now.
    pub(crate) fn again(self) {
        self.beat.update(|beat| *beat = beat.wrapping_add(1));
    }

    /// Whether an answer is awaited.
    pub(crate) fn is_loading(self) -> bool {
        self.awaited.get() > 0
    }

    /// Held while an answer is awaited.
    pub(crate) fn awaiting(self) -> Awaiting {
        // reports run on several threads of the server, where nobody looks at this
        if cfg!(feature = "hydrate") {
            self.awaited.try_update(|n| *n += 1);
        }
        Awaiting(self)
    }

    #[cfg(feature = "hydrate")]
    fn start(self, is_live: Signal<bool>) {
        use leptos::ev;
        let visible = || !document().hidden();
        let beat = move || {
            if is_live.try_get_untracked() == Some(true)
                && visible()
                && self.awaited.try_get_untracked() == Some(0)
            {
                self.again();
            }
        };
        Effect::new(move |_| {
            if let Ok(clock) = set_interval_with_handle(beat, EVERY) {
                on_cleanup(move || clock.clear());
            }
            let returned = window_event_listener(ev::visibilitychange, move |_| beat());
            on_cleanup(move || returned.remove());
        });
    }
}

pub(crate) struct Awaiting(Live);

impl Drop for Awaiting {
    fn drop(&mut self) {
        if cfg!(feature = "hydrate") {
            self.0.awaited.try_update(|n| *n = n.saturating_sub(1));
        }
    }
}
