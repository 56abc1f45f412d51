//! Single keys that do something: heard only while nothing is being written and no menu or dialog is open.
//!
//! The rule: whoever has turned them off (some speech input types letters) is never surprised; a cookie remembers it.

/// Calls `act` for each key, as `KeyboardEvent.key` names it; what it answers with `true` is taken. For the browser alone.
pub(crate) fn on_key(act: impl Fn(&str) -> bool + 'static) {
    #[cfg(feature = "hydrate")]
    browser::on_key(act);
    #[cfg(not(feature = "hydrate"))]
    let _ = act;
}

/// Whether keys are heard.
pub(crate) fn are_on() -> bool {
    #[cfg(feature = "hydrate")]
    return browser::are_on();
    #[cfg(not(feature = "hydrate"))]
    true
}

pub(crate) fn turn(on: bool) {
    #[cfg(feature = "hydrate")]
    browser::turn(on);
    #[cfg(not(feature = "hydrate"))]
    let _ = on;
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::ev;
    use leptos::prelude::*;
    use std::rc::Rc;
    use wasm_bindgen::JsCast;
    use web_sys::{Element, HtmlDocument};

    const OFF: &str = "sendry_keys=off";

    pub(super) fn on_key(act: impl Fn(&str) -> bool + 'static) {
        let act = Rc::new(act);
        Effect::new(move |_| {
            let act = Rc::clone(&act);
            let pressed = window_event_listener(ev::keydown, move |event| {
                let at = event.target().and_then(|target| target.dyn_into::<Element>().ok());
                let busy = at.is_some_and(|element| {
                    matches!(element.tag_name().as_str(), "INPUT" | "SELECT" | "TEXTAREA")
                        || element.closest("[popover], dialog").is_ok_and(|found| found.is_some())
                });
                let chord = event.ctrl_key() || event.meta_key() || event.alt_key();
                if !busy && !chord && are_on() && act(&event.key()) {
                    event.prevent_default();
                }
            });
            on_cleanup(move || pressed.remove());
        });
    }

    pub(super) fn are_on() -> bool {
        let document = document();
        let cookies = document.dyn_ref::<HtmlDocument>().and_then(|document| document.cookie().ok());
        !cookies.is_some_and(|cookies| cookies.split(';').any(|cookie| cookie.trim() == OFF))
    }

    pub(super) fn turn(on: bool) {
        if let Some(document) = document().dyn_ref::<HtmlDocument>() {
            let age = if on { 0 } else { 31_536_000 };
            // where cookies are forbidden keys stay on
            let _ = document.set_cookie(&format!("{OFF}; Path=/; Max-Age={age}; SameSite=Lax"));
        }
    }
}
