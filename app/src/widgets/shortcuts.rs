//! Keys that lead somewhere from every page, and the dialog that names all keys.

use super::dialog;
use crate::keys;
use crate::place::use_place;
use crate::view::IntoAny;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;
use std::time::Duration;

/// How long the second key after `g` is waited for.
const PAUSE: Duration = Duration::from_millis(1_500);

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    /// The next key says where to.
    Await,
    Go(&'static str),
    /// Clicks what the selector finds first.
    Click(&'static str),
    Focus(&'static str),
    Help,
}

fn act(after_g: bool, key: &str) -> Option<Act> {
    Some(match (after_g, key) {
        (true, "o") => Act::Go("/overview"),
        (true, "r") => Act::Go("/requests"),
        (true, "l") => Act::Go("/live"),
        (true, "p") => Act::Go("/pipeline"),
        (true, "s") => Act::Go("/settings/keys"),
        (false, "g") => Act::Await,
        (false, "/") => Act::Click("[popovertarget='filter-form']"),
        (false, "t") => Act::Click("[popovertarget='custom-range']"),
        (false, "x") => Act::Focus(".compare"),
        (false, "?") => Act::Help,
        _ => return None,
    })
}

/// Keys as they are told.
const KEYS: [(&str, &[(&str, &str)]); 3] = [
    (
        "Everywhere",
        &[
            ("Ctrl K", "Go to any page, service or endpoint"),
            ("g o", "Overview"),
            ("g r", "Requests"),
            ("g l", "Live"),
            ("g p", "Pipeline"),
            ("g s", "Settings"),
            ("?", "These keys"),
        ],
    ),
    ("On reports", &[("/", "Filter"), ("t", "Custom range"), ("x", "Compare")]),
    (
        "On requests",
        &[
            ("j", "The next request"),
            ("k", "The one before"),
            ("Esc", "Close the request"),
            ("Space", "Live: pause, go on"),
        ],
    ),
];

#[component]
pub(crate) fn Shortcuts() -> impl IntoView {
    let place = use_place();
    let navigate = use_navigate();
    let panel = NodeRef::<html::Dialog>::new();
    let after_g = StoredValue::new(false);
    let on = RwSignal::new(true);
    let help = move || {
        on.set(keys::are_on());
        dialog::show(panel);
    };
    keys::on_key(move |key| {
        let awaited = after_g.try_get_value() == Some(true);
        after_g.try_set_value(false);
        let Some(act) = act(awaited, key) else { return false };
        match act {
            Act::Await => {
                after_g.try_set_value(true);
                set_timeout(
                    move || {
                        after_g.try_set_value(false);
                    },
                    PAUSE,
                );
            }
            Act::Go(page) => {
                let place = place.get_untracked().of_reports().with_letter(None).with_service(None);
                navigate(&place.on(page), Default::default());
            }
            Act::Click(selector) => reach(selector, true),
            Act::Focus(selector) => reach(selector, false),
            Act::Help => help(),
        }
        true
    });
    let line = |(key, what): &(&'static str, &'static str)| {
        let keys = key.split(' ').map(|key| view! { <kbd>{key}</kbd> }).collect_view();
        view! { <div class="shortcut"><dt>{*what}</dt><dd>{keys}</dd></div> }
    };
    let group = |(title, lines): (&'static str, &'static [(&'static str, &'static str)])| {
        view! { <h3 class="shortcuts-part">{title}</h3><dl>{lines.iter().map(line).collect_view()}</dl> }
    };
    view! {
        <dialog class="shortcuts" aria-labelledby="shortcuts-title" closedby="any" node_ref=panel>
            <h2 class="shortcuts-title" id="shortcuts-title">"Keyboard"</h2>
            {KEYS.map(group).collect_view()}
            <label class="shortcuts-switch">
                <input
                    type="checkbox"
                    prop:checked=on
                    on:change:target=move |event| {
                        on.set(event.target().checked());
                        keys::turn(on.get_untracked());
                    }
                />
                "Listen to single keys"
            </label>
            <form method="dialog"><button class="button" type="submit">"Close"</button></form>
        </dialog>
    }
    .into_any()
}

/// Clicks or focuses what is on this page, if it is.
fn reach(selector: &str, click: bool) {
    #[cfg(feature = "hydrate")]
    if let Ok(Some(found)) = document().query_selector(selector) {
        use wasm_bindgen::JsCast;
        let found = found.unchecked_into::<web_sys::HtmlElement>();
        let _ = found.focus();
        if click {
            found.click();
            // Whoever opens a form by a key goes on writing in it.
            let form = found.get_attribute("popovertarget").map(|id| format!("#{id} input"));
            if let Some(Ok(Some(first))) = form.map(|form| document().query_selector(&form)) {
                let _ = first.unchecked_into::<web_sys::HtmlElement>().focus();
            }
        }
    }
    #[cfg(not(feature = "hydrate"))]
    let _ = (selector, click);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_that_is_told_does_something() {
        let told = KEYS.iter().take(2).flat_map(|(_, lines)| lines.iter()).map(|(key, _)| *key);
        for key in told.filter(|key| *key != "Ctrl K") {
            let mut steps = key.split(' ');
            let (first, second) = (steps.next().unwrap(), steps.next());
            let found = second.map_or_else(|| act(false, first), |second| act(true, second));
            assert!(found.is_some(), "{key}");
        }
        assert_eq!((act(true, "x"), act(false, "o"), act(false, "Enter")), (None, None, None));
    }
}
