//! What a page is held to: a chip for each filter that is set, and a form that sets more.
//!
//! A chip is a link to the page without its filter, so it works before the page is alive.

use super::{Glyph, Icon};
use crate::filter::{self, EVERYWHERE, KINDS, Kind};
use crate::place::{Place, use_go, use_place};
use crate::view::IntoAny;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

#[component]
pub(crate) fn FilterBar(
    place: Memo<Place>,
    /// The page's address.
    page: &'static str,
) -> impl IntoView {
    let kinds = StoredValue::new(kinds_of(page));
    let chips = move || {
        let place = place.get();
        let chip = |kind: &Kind| {
            let value = filter::value(&place.filter, &place.search, kind.key)?;
            let shown = if kind.key == "lat" { format!("≥ {value} ms") } else { value };
            let address = place.without(kind.key).on(page);
            Some(view! {
                <li>
                    <a class="filter" href=address title="Remove this filter" data-noscroll="true">
                        <span class="filter-key">{kind.name}</span>
                        <span class="filter-value">{shown}</span>
                        <Icon glyph=Glyph::Close/>
                        <span class="visually-hidden">"(remove)"</span>
                    </a>
                </li>
            })
        };
        kinds.with_value(|kinds| kinds.iter().filter_map(chip).collect_view())
    };
    let other = move || {
        let place = place.get();
        if page == "/requests" {
            let count = place.of_reports().on("/overview");
            view! { <a class="button is-small" href=count><Icon glyph=Glyph::Chart/>"Show as charts"</a> }
                .into_any()
        } else {
            // what only single requests can be asked holds there too
            let log =
                if page == "/live" { place.on("/requests") } else { place.of_reports().on("/requests") };
            view! { <a class="button is-small" href=log><Icon glyph=Glyph::Table/>"Show the requests"</a> }
                .into_any()
        }
    };
    view! {
        <div class="filter-bar">
            <ul class="filters" aria-label="Filters">{chips}</ul>
            <button class="button is-small" type="button" popovertarget="filter-form">
                <Icon glyph=Glyph::Filter/>
                "Filter"
            </button>
            {other}
            <FilterForm kinds/>
        </div>
    }
    .into_any()
}

/// The filters that a page knows, without those that it is itself about.
fn kinds_of(page: &str) -> Vec<Kind> {
    let (known, about) = match page {
        "/requests" | "/live" => (KINDS.len(), 0..0),
        "/service" => (EVERYWHERE, 0..1),
        "/endpoint" => (EVERYWHERE, 0..3),
        _ => (EVERYWHERE, 0..0),
    };
    let kinds = KINDS.into_iter().take(known).enumerate();
    kinds.filter(|(place, _)| !about.contains(place)).map(|(_, kind)| kind).collect()
}

#[component]
fn FilterForm(kinds: StoredValue<Vec<Kind>>) -> impl IntoView {
    let (place, go) = (use_place(), use_go());
    let wrong = RwSignal::new(None::<String>);
    let kinds = kinds.get_value();
    let texts = StoredValue::new(kinds.iter().map(|_| RwSignal::new(String::new())).collect::<Vec<_>>());
    let kinds = StoredValue::new(kinds);
    // What is set stands in the form, whenever and however it was set.
    Effect::new(move |_| {
        let place = place.get();
        texts.with_value(|texts| {
            for (kind, text) in kinds.get_value().iter().zip(texts) {
                text.set(filter::value(&place.filter, &place.search, kind.key).unwrap_or_default());
            }
        });
    });
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let mut to = place.get_untracked().with_cursor(None);
        let unread = texts.with_value(|texts| {
            kinds
                .get_value()
                .iter()
                .zip(texts)
                .find(|(kind, text)| {
                    let text = text.get_untracked();
                    !filter::set(&mut to.filter, &mut to.search, kind.key, &text)
                })
                .map(|(kind, _)| kind.key)
        });
        match unread {
            Some(key) => wrong.set(Some(help(key).to_owned())),
            None => {
                wrong.set(None);
                close();
                go(to);
            }
        }
    };
    let field = move |(n, kind): (usize, &Kind)| {
        let text = texts.with_value(|texts| texts[n]);
        let (id, hint) = (format!("filter-{}", kind.key), example(kind.key));
        view! {
            <label class="field-label" for=id.clone()>{kind.name}</label>
            <input class="input" id=id type="text" placeholder=hint autocomplete="off" autocapitalize="none"
                spellcheck="false" bind:value=text/>
        }
    };
    view! {
        <form class="popover filter-form" id="filter-form" popover="auto" method="post" on:submit=submit>
            <p class="popover-title">"Only requests with"</p>
            {kinds.with_value(|kinds| kinds.iter().enumerate().map(field).collect_view())}
            <p class="field-note is-error" role="alert">{wrong}</p>
            <button class="button is-solid" type="submit">"Apply"</button>
        </form>
    }
    .into_any()
}

fn example(key: &str) -> &'static str {
    match key {
        "method" => "GET",
        "endpoint" => "/orders/:id",
        "status" => "503 or 5xx",
        "env" => "live",
        "lat" => "milliseconds or more",
        "trace" => "32 hexadecimal digits",
        "q" => "error, endpoint, id, …",
        _ => "",
    }
}

fn help(key: &str) -> &'static str {
    match key {
        "method" => "The method must be one of HTTP's, or OTHER.",
        "status" => "The status must be a code such as 503, or a class such as 5xx.",
        "lat" => "The latency must be a whole number of milliseconds.",
        _ => "A trace id has 32 hexadecimal digits.",
    }
}

fn close() {
    #[cfg(feature = "hydrate")]
    if let Some(popover) = document().get_element_by_id("filter-form") {
        use wasm_bindgen::JsCast;
        // not open: nothing to close
        let _ = popover.unchecked_into::<web_sys::HtmlElement>().hide_popover();
    }
}
