//! The beat at which a page loads anew, and whether it is loading just now.
//!
//! The rule: nothing is asked for that nobody looks at or that cannot change: no beat while the tab is hidden, while
//! an answer is still awaited, or on a fixed range. Where numbers are live, the server says when there are new ones.

use crate::place::Place;
use leptos::prelude::*;

/// Shared by all reports of a page.
#[derive(Clone, Copy)]
pub(crate) struct Live {
    beat: RwSignal<u32>,
    awaited: RwSignal<u32>,
}

/// Starts the beat of a page and hands it to the page's parts. It beats while `is_live`: where the page is about the client
/// of a place, as the reader has chosen; else every few seconds.
pub(crate) fn provide_live(is_live: Signal<bool>, client: Option<Memo<Place>>) -> Live {
    let live = Live { beat: RwSignal::new(0), awaited: RwSignal::new(0) };
    provide_context(live);
    #[cfg(feature = "hydrate")]
    browser::start(live, is_live, client);
    #[cfg(not(feature = "hydrate"))]
    let _ = (is_live, client);
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
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::Live;
    use crate::pages::use_client;
    use crate::place::Place;
    use crate::refresh::{Refresh, RefreshSwitch};
    use crate::stream::{self, Event};
    use leptos::ev;
    use leptos::prelude::*;
    use std::time::Duration;

    /// Where nothing tells when there is something new.
    const POLL: Duration = Duration::from_secs(5);
    /// Where the server tells: time goes on also while nothing comes.
    const PASSING: Duration = Duration::from_secs(15);
    /// Live numbers change at most so often.
    const PAUSE: Duration = Duration::from_millis(900);

    pub(super) fn start(live: Live, is_live: Signal<bool>, client: Option<Memo<Place>>) {
        let refresh = use_context::<RefreshSwitch>();
        let chosen = move || match (client, refresh) {
            (Some(_), Some(refresh)) => Some(refresh.chosen()),
            _ => None,
        };
        // whether the stream tells; while it is lost, the page asks
        let told = RwSignal::new(false);
        let beat = move || {
            let looked_at = is_live.try_get_untracked() == Some(true) && !document().hidden();
            if looked_at && live.awaited.try_get_untracked() == Some(0) {
                live.again();
            }
        };
        Effect::new(move |_| {
            let every = match chosen() {
                None => POLL,
                Some(Refresh::Live) if told.get() => PASSING,
                Some(Refresh::Live) => POLL,
                Some(Refresh::Seconds10) => Duration::from_secs(10),
                Some(Refresh::Minute1) => Duration::from_secs(60),
                Some(Refresh::Off) => return,
            };
            if let Ok(clock) = set_interval_with_handle(beat, every) {
                on_cleanup(move || clock.clear());
            }
            let returned = window_event_listener(ev::visibilitychange, move |_| beat());
            on_cleanup(move || returned.remove());
        });
        let Some(place) = client else { return };
        let client = use_client(place);
        let address = move || {
            let wanted = chosen() == Some(Refresh::Live) && is_live.get();
            wanted.then(|| Some(stream::address_of(client.get()?))).flatten()
        };
        let (due, waiting) = (StoredValue::new(false), StoredValue::new(false));
        stream::listen(address, move |event| match event {
            Event::Begun | Event::Lost => {
                told.try_set(event == Event::Begun);
            }
            Event::Counted => {
                due.try_set_value(true);
                if waiting.try_get_value() == Some(false) {
                    waiting.set_value(true);
                    beat_when_due(live, due, waiting, beat);
                }
            }
            Event::Tailed(_) | Event::Gap => {}
        });
    }

    /// Several changes within a moment are one beat; what changes while an answer is awaited is one more behind it.
    fn beat_when_due(
        live: Live,
        due: StoredValue<bool>,
        waiting: StoredValue<bool>,
        beat: impl Fn() + Copy + 'static,
    ) {
        let (Some(due_now), Some(awaited)) = (due.try_get_value(), live.awaited.try_get_untracked()) else {
            return;
        };
        let pause = match (due_now, awaited) {
            (false, _) => {
                waiting.try_set_value(false);
                return;
            }
            (true, 0) => {
                due.set_value(false);
                beat();
                PAUSE
            }
            (true, _) => PAUSE / 9,
        };
        set_timeout(move || beat_when_due(live, due, waiting, beat), pause);
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
