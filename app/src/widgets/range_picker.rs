//! Which span of time: one of the usual ones, or from here to there.
//!
//! The usual ones are links: they work before the page is alive, and can be opened in another tab.

use super::{Glyph, Icon};
use crate::api::Glance;
use crate::clock::Clock;
use crate::place::{use_go, use_place};
use crate::range::{Last, Span};
use crate::report::Report;
use crate::view::IntoAny;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use telemetry::time::Range;
use telemetry::zone::UTC;

/// The range that the page shows just now, as the server has rounded it, and the clock that tells it.
#[derive(Clone, Copy)]
pub(crate) struct Shown(pub(crate) RwSignal<Option<(Range, Clock)>>);

impl Shown {
    /// Tells the range picker which range a page's overview is of.
    pub(crate) fn follow(glance: Report<Glance>) {
        let shown = expect_context::<Self>();
        Effect::new(move |_| {
            let range = glance.with_clock(|glance, clock| {
                (Range { from: glance.overview.from, to: glance.overview.to }, clock.clone())
            });
            shown.0.set(range);
        });
    }
}

#[component]
pub(crate) fn RangePicker() -> impl IntoView {
    let place = use_place();
    let path = use_location().pathname;
    let link = move |last: Last| {
        let span = Span::Last(last);
        let current = move || place.with(|place| place.span == span).then_some("true");
        let address = move || place.with(|place| place.with_span(span).on(&path.get()));
        view! {
            <a class="segment" href=address aria-current=current title=last.words() data-noscroll="true">
                {last.text()}
            </a>
        }
    };
    let custom = move || {
        place.with(|place| match place.span {
            Span::Last(last) => !Last::USUAL.contains(&last),
            Span::Fixed { .. } => true,
        })
    };
    let (from, to) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let shown = use_context::<Shown>();
    // begins with what is on the screen
    let fill = move |_| {
        if let Some((range, clock)) = shown.and_then(|shown| shown.0.get_untracked()) {
            from.set(clock.input_value(range.from));
            to.set(clock.input_value(range.to));
        }
    };
    view! {
        <nav class="range-picker" aria-label="Time range">
            <div class="segments">{Last::USUAL.map(link).collect_view()}
                <button
                    class="segment"
                    type="button"
                    popovertarget="custom-range"
                    aria-current=move || custom().then_some("true")
                    on:click=fill
                >
                    "Custom"
                    <Icon glyph=Glyph::Down/>
                </button>
            </div>
            <CustomRange shown from to/>
        </nav>
    }
    .into_any()
}

#[component]
fn CustomRange(shown: Option<Shown>, from: RwSignal<String>, to: RwSignal<String>) -> impl IntoView {
    let (place, go) = (use_place(), use_go());
    let wrong = RwSignal::new(None::<String>);
    let last = RwSignal::new(String::new());
    let clock = move || shown.and_then(|shown| shown.0.with(|shown| Some(shown.as_ref()?.1.clone())));
    let zone = move || clock().map_or_else(|| UTC.to_owned(), |clock| clock.zone_name());
    let read = move |last: &str, from: &str, to: &str| {
        let clock = clock().unwrap_or_default();
        if !last.trim().is_empty() {
            let wrong = || "Write it like 90m, 10d, 14:05±10m or yesterday 14:05±1h.".to_owned();
            return Span::parse_written(last, &clock).ok_or_else(wrong);
        }
        let times = clock.parse_input(from).zip(clock.parse_input(to));
        let (start, end) = times.ok_or_else(|| "Both times are needed.".to_owned())?;
        Span::fixed(start, end).map_err(|error| format!("{error}."))
    };
    let apply = move |event: SubmitEvent| {
        event.prevent_default();
        match read(&last.get_untracked(), &from.get_untracked(), &to.get_untracked()) {
            Ok(span) => {
                wrong.set(None);
                last.set(String::new());
                close();
                go(place.get_untracked().with_span(span));
            }
            Err(error) => wrong.set(Some(error)),
        }
    };
    view! {
        <form class="popover custom-range" id="custom-range" popover="auto" method="post" on:submit=apply>
            <p class="popover-title">"Custom range"</p>
            <label class="field-label" for="range-last">"The last, or around a moment"</label>
            <input class="input" id="range-last" type="text" placeholder="90m, 10d, 14:05±10m" autocomplete="off"
                autocapitalize="none" spellcheck="false" bind:value=last/>
            <label class="field-label" for="range-from">{move || format!("or from ({})", zone())}</label>
            <input class="input" id="range-from" type="datetime-local" bind:value=from/>
            <label class="field-label" for="range-to">{move || format!("to ({})", zone())}</label>
            <input class="input" id="range-to" type="datetime-local" bind:value=to/>
            <p class="field-note is-error" role="alert">{wrong}</p>
            <button class="button is-solid" type="submit">"Show this range"</button>
        </form>
    }
    .into_any()
}

fn close() {
    #[cfg(feature = "hydrate")]
    if let Some(popover) = document().get_element_by_id("custom-range") {
        use wasm_bindgen::JsCast;
        // not open: nothing to close
        let _ = popover.unchecked_into::<web_sys::HtmlElement>().hide_popover();
    }
}
