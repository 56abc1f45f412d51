//! What the server tells as it happens: `GET /api/live` in the browser.
//!
//! The rule: a stream lasts as long as whoever asked for it and as somebody looks; it comes back by itself, and says when it
//! is lost.

use telemetry::report::{ClientId, Tailed};

/// An event of the stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// It has begun, perhaps again.
    Begun,
    /// The client's numbers have changed.
    Counted,
    Tailed(Tailed),
    /// For a while it is not seen what arrives.
    Gap,
    /// The connection is lost; it is tried again.
    Lost,
}

/// The stream of what a client's numbers do.
pub(crate) fn address_of(client: ClientId) -> String {
    format!("/api/live?client={client}")
}

/// Hands every event to `told` while `address` names a stream, until the caller's owner is cleaned up. For the browser alone.
pub(crate) fn listen(
    address: impl Fn() -> Option<String> + Send + Sync + 'static,
    told: impl Fn(Event) + Clone + 'static,
) {
    #[cfg(feature = "hydrate")]
    browser::listen(address, told);
    #[cfg(not(feature = "hydrate"))]
    let _ = (address, told);
}

#[cfg(feature = "hydrate")]
mod browser {
    use super::Event;
    use crate::read::read;
    use leptos::prelude::*;
    use std::rc::Rc;
    use std::time::Duration;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::closure::Closure;
    use web_sys::{EventSource, MessageEvent};

    /// How long after a refusal it is tried again: what only lost its connection the browser brings back by itself.
    const AGAIN: Duration = Duration::from_secs(5);

    pub(super) fn listen(
        address: impl Fn() -> Option<String> + Send + Sync + 'static,
        told: impl Fn(Event) + Clone + 'static,
    ) {
        let (visible, refused) = (RwSignal::new(!document().hidden()), RwSignal::new(0_u32));
        let changed = window_event_listener(leptos::ev::visibilitychange, move |_| {
            visible.try_set(!document().hidden());
        });
        on_cleanup(move || changed.remove());
        let address = Memo::new(move |_| address());
        Effect::new(move |_| {
            refused.get();
            let (true, Some(address)) = (visible.get(), address.get()) else { return };
            let open = Open::new(&address, told.clone(), refused);
            // dropped, and so closed, when the effect runs again or its owner ends
            let open = StoredValue::new_local(open);
            on_cleanup(move || drop(open.try_update_value(Option::take)));
        });
    }

    struct Open {
        source: EventSource,
        _heard: Vec<Closure<dyn Fn(MessageEvent)>>,
        _state: [Closure<dyn Fn()>; 2],
    }

    impl Open {
        fn new(
            address: &str,
            told: impl Fn(Event) + Clone + 'static,
            refused: RwSignal<u32>,
        ) -> Option<Self> {
            let source = EventSource::new(address).ok()?;
            let told: Rc<dyn Fn(Event)> = Rc::new(told);
            let mut heard = Vec::new();
            for name in ["counted", "tail", "gap"] {
                let told = Rc::clone(&told);
                let hear = Closure::<dyn Fn(MessageEvent)>::new(move |message: MessageEvent| {
                    let text = message.data().as_string().unwrap_or_default();
                    let event = match name {
                        "counted" => Some(Event::Counted),
                        "tail" => read(&text).ok().map(Event::Tailed),
                        _ => Some(Event::Gap),
                    };
                    if let Some(event) = event {
                        told(event);
                    }
                });
                // cannot fail: the name is a valid one
                let _ = source.add_event_listener_with_callback(name, hear.as_ref().unchecked_ref());
                heard.push(hear);
            }
            let begun = {
                let told = Rc::clone(&told);
                Closure::<dyn Fn()>::new(move || told(Event::Begun))
            };
            let lost = {
                let source = source.clone();
                Closure::<dyn Fn()>::new(move || {
                    told(Event::Lost);
                    if source.ready_state() == EventSource::CLOSED {
                        let again = move || {
                            refused.try_update(|n| *n += 1);
                        };
                        set_timeout(again, AGAIN);
                    }
                })
            };
            source.set_onopen(Some(begun.as_ref().unchecked_ref()));
            source.set_onerror(Some(lost.as_ref().unchecked_ref()));
            Some(Self { source, _heard: heard, _state: [begun, lost] })
        }
    }

    impl Drop for Open {
        fn drop(&mut self) {
            self.source.close();
            self.source.set_onopen(None);
            self.source.set_onerror(None);
        }
    }
}
