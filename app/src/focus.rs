//! Keeps the place of whoever uses the keyboard.
//!
//! The rule: what a page takes away never takes the focus with it to `<body>`. Its nearest neighbour gets it; where the whole
//! page has gone, the new one does.

/// Watches the document. For the browser alone.
pub(crate) fn keep() {
    #[cfg(feature = "hydrate")]
    browser::keep();
}

/// Moves the focus to an element, if it is there.
pub(crate) fn give(id: &str) {
    #[cfg(feature = "hydrate")]
    browser::give(id);
    #[cfg(not(feature = "hydrate"))]
    let _ = id;
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::ev;
    use leptos::prelude::*;
    use std::cell::RefCell;
    use std::rc::Rc;
    use wasm_bindgen::JsCast;
    use wasm_bindgen::prelude::Closure;
    use web_sys::{Element, FocusOptions, HtmlElement, MutationObserver, MutationObserverInit};

    const FOCUSABLE: &str = "a[href], button:not([disabled]), input, select, textarea, [tabindex]";

    /// What has the focus and all that it lies in, innermost first; empty where the reader has clicked since.
    type Path = Rc<RefCell<Vec<Element>>>;

    pub(super) fn keep() {
        let path = Path::default();
        Effect::new(move |_| {
            let (of_focus, of_click, of_removal) = (Rc::clone(&path), Rc::clone(&path), Rc::clone(&path));
            let focused = window_event_listener(ev::focusin, move |event| {
                let at = event.target().and_then(|target| target.dyn_into::<Element>().ok());
                let chain = std::iter::successors(at, |inner| inner.parent_element()).collect();
                of_focus.replace(chain);
            });
            let clicked = window_event_listener(ev::pointerdown, move |_| {
                of_click.take();
            });
            let removed = Closure::<dyn FnMut()>::new(move || mend(&of_removal));
            let watched = MutationObserverInit::new();
            watched.set_child_list(true);
            watched.set_subtree(true);
            if let (Ok(observer), Some(body)) =
                (MutationObserver::new(removed.as_ref().unchecked_ref()), document().body())
            {
                // fails only where nothing is to be watched
                let _ = observer.observe_with_options(&body, &watched);
                let watching = StoredValue::new_local((observer, removed));
                on_cleanup(move || {
                    watching.with_value(|(observer, _)| observer.disconnect());
                });
            }
            on_cleanup(move || {
                focused.remove();
                clicked.remove();
            });
        });
    }

    fn mend(path: &Path) {
        let is_lost = document().active_element().is_none_or(|at| at.tag_name() == "BODY");
        if !is_lost || path.borrow().first().is_none_or(|last| last.is_connected()) {
            return;
        }
        let chain = path.take();
        for left in chain.iter().filter(|element| element.is_connected()) {
            let is_page = left.id() == "main";
            let found =
                if is_page { Some(left.clone()) } else { left.query_selector(FOCUSABLE).ok().flatten() };
            if let Some(found) = found {
                focus(&found);
                return;
            }
        }
    }

    pub(super) fn give(id: &str) {
        if let Some(found) = document().get_element_by_id(id) {
            focus(&found);
        }
    }

    fn focus(element: &Element) {
        let still = FocusOptions::new();
        still.set_prevent_scroll(true);
        if let Some(element) = element.dyn_ref::<HtmlElement>() {
            let _ = element.focus_with_options(&still);
        }
    }
}
