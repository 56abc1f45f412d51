//! The canvas of a chart: fixed in height, drawn in the browser; dragging over it chooses a span of time.

use crate::charts::Drawing;
use crate::theme::ThemeSwitch;
use crate::view::IntoAny;
use leptos::html;
use leptos::prelude::*;

/// What happens with slots, the first and the last, that somebody drags over.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "hydrate"), allow(dead_code, reason = "only browsers have pointers"))]
pub(crate) struct Choosing {
    /// What they are, said while the pointer is still down.
    pub(crate) told: Callback<(usize, usize), Option<String>>,
    pub(crate) choose: Callback<(usize, usize)>,
}

#[component]
pub(crate) fn Chart(
    /// One sentence for those who cannot see it.
    label: impl Fn() -> String + Send + Sync + 'static,
    drawing: impl Fn() -> Option<Drawing> + Send + Sync + 'static,
    /// Without it nothing can be chosen.
    #[prop(optional_no_strip)]
    choosing: Option<Choosing>,
) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let theme = use_context::<ThemeSwitch>();
    let selection = NodeRef::<html::Div>::new();
    let chosen = RwSignal::new(None::<(usize, usize)>);
    let told = move || chosen.get().zip(choosing).and_then(|(slots, choosing)| choosing.told.run(slots));
    #[cfg(feature = "hydrate")]
    browser::draw(place, selection, theme, drawing, chosen, choosing.map(|choosing| choosing.choose));
    #[cfg(not(feature = "hydrate"))]
    let _ = (theme, drawing);
    view! {
        <div class="chart">
            <div class="chart-canvas" role="img" aria-label=label node_ref=place></div>
            <div class="chart-selection" hidden=true node_ref=selection></div>
            <p class="chart-chosen" aria-hidden="true">{told}</p>
        </div>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
mod browser {
    use crate::charts::Drawing;
    use crate::charts::bridge::{Canvas, when_loaded};
    use crate::theme::ThemeSwitch;
    use leptos::ev;
    use leptos::html;
    use leptos::prelude::*;
    use wasm_bindgen::JsCast;

    type Place = NodeRef<html::Div>;
    /// The first and the last slot.
    type Slots = (usize, usize);

    pub(super) fn draw(
        place: Place,
        selection: Place,
        theme: Option<ThemeSwitch>,
        drawing: impl Fn() -> Option<Drawing> + Send + Sync + 'static,
        chosen: RwSignal<Option<Slots>>,
        choose: Option<Callback<Slots>>,
    ) {
        let loaded = RwSignal::new(false);
        // dropped with the component, which takes the chart down
        let canvas = StoredValue::new_local(None::<Canvas>);
        Effect::new(move |_| {
            when_loaded(move || {
                loaded.try_set(true);
            });
        });
        Effect::new(move |_| {
            let _ = theme.map(ThemeSwitch::painted);
            let (Some(element), true) = (place.get(), loaded.get()) else { return };
            let Some(drawing) = drawing() else { return };
            canvas.update_value(|canvas| {
                if canvas.is_none() {
                    *canvas = Canvas::mount(&element);
                }
                if let Some(canvas) = canvas {
                    canvas.draw(drawing);
                }
            });
        });
        Effect::new(move |_| {
            if let (Some(place), Some(selection), Some(choose)) = (place.get(), selection.get(), choose) {
                drag(&place, selection, canvas, chosen, choose);
            }
        });
    }

    /// Dragging with a mouse or pen from one slot to another chooses them; fingers scroll.
    fn drag(
        place: &web_sys::HtmlDivElement,
        selection: web_sys::HtmlDivElement,
        canvas: StoredValue<Option<Canvas>, LocalStorage>,
        chosen: RwSignal<Option<Slots>>,
        choose: Callback<Slots>,
    ) {
        let start = StoredValue::new_local(None::<usize>);
        let slot = {
            let place = place.clone();
            move |event: &ev::PointerEvent| {
                let x = f64::from(event.client_x()) - place.get_bounding_client_rect().left();
                canvas.try_with_value(|canvas| canvas.as_ref()?.slot_at(x)).flatten()
            }
        };
        let show = move |first: usize, last: usize| {
            let edges = canvas.try_with_value(|canvas| Some(canvas.as_ref()?.edges(first, last))).flatten();
            if let Some((left, right)) = edges {
                let style = web_sys::HtmlElement::style(&selection);
                // cannot fail: names and values are valid
                let _ = style.set_property("left", &format!("{left}px"));
                let _ = style.set_property("width", &format!("{}px", right - left));
                selection.set_hidden(first == last);
            }
            let slots = (first != last).then_some((first, last));
            if chosen.try_get_untracked() != Some(slots) {
                chosen.try_set(slots);
            }
        };
        let down = {
            let (slot, place) = (slot.clone(), place.clone());
            move |event: ev::PointerEvent| {
                let here = event.target().and_then(|target| target.dyn_into::<web_sys::Node>().ok());
                if place.contains(here.as_ref()) && event.pointer_type() != "touch" && event.button() == 0 {
                    start.try_set_value(slot(&event));
                }
            }
        };
        let moved = {
            let (slot, show) = (slot.clone(), show.clone());
            move |event: ev::PointerEvent| {
                if let (Some(first), Some(last)) = (start.try_get_value().flatten(), slot(&event)) {
                    show(first.min(last), first.max(last));
                }
            }
        };
        let up = move |event: ev::PointerEvent| {
            let Some(first) = start.try_get_value().flatten() else { return };
            start.try_set_value(None);
            show(0, 0);
            if let Some(last) = slot(&event)
                && first != last
            {
                choose.run((first.min(last), first.max(last)));
            }
        };
        let handles = [
            window_event_listener(ev::pointerdown, down),
            window_event_listener(ev::pointermove, moved),
            window_event_listener(ev::pointerup, up),
        ];
        on_cleanup(move || handles.into_iter().for_each(|handle| handle.remove()));
    }
}
