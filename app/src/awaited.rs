//! What shows reports: it waits for those that it reads, and stays while newer ones come.
//!
//! A function rather than Leptos' `Transition` itself, so that waiting is compiled once and not once per use.

use crate::view::IntoAny;
use leptos::prelude::*;

/// Shows nothing until the reports are there.
pub(crate) fn awaited<V: IntoView + 'static>(view: impl Fn() -> V + Send + Sync + 'static) -> AnyView {
    awaited_behind(|| ().into_any(), view)
}

/// Shows something else until the reports are there.
pub(crate) fn awaited_behind<V: IntoView + 'static>(
    waiting: fn() -> AnyView,
    view: impl Fn() -> V + Send + Sync + 'static,
) -> AnyView {
    awaiting(waiting, Box::new(move || view().into_any()))
}

/// Stands in for a card's content.
pub(crate) fn skeleton() -> AnyView {
    view! { <div class="skeleton" aria-hidden="true"></div> }.into_any()
}

fn awaiting(waiting: fn() -> AnyView, view: Box<dyn Fn() -> AnyView + Send + Sync>) -> AnyView {
    view! { <Transition fallback=waiting>{move || view()}</Transition> }.into_any()
}
