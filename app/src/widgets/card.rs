//! A part of a page with a title and content that has to be loaded.
//!
//! The rule: content is built once and lives on; a new answer changes what it says, never the elements themselves, so
//! focus, scroll and charts stay. A failure concerns its card alone.

use super::{Glyph, Icon, ProblemBox};
use crate::awaited::{awaited_behind, skeleton};
use crate::live::Live;
use crate::report::{Kind, Status, remembered};
use crate::view::IntoAny;
use leptos::prelude::*;
use std::sync::Arc;

#[component]
pub(crate) fn Card(
    title: &'static str,
    /// Names the card in the page.
    id: &'static str,
    #[prop(optional, into)] class: String,
    // a derived signal rather than a closure: so the card is compiled once, not once per content
    status: Signal<Status>,
    /// The content; built when there is something to show.
    content: Arc<dyn Fn() -> AnyView + Send + Sync>,
) -> impl IntoView {
    let live = use_context::<Live>();
    let inside = move || {
        let content = Arc::clone(&content);
        let kind = remembered(move || status.get().kind());
        let stale = move || match status.get() {
            Status::Ready { clock, stale: true } => Some(view! {
                <span class="card-stale" title="The last attempt to load this failed; trying again.">
                    <Icon glyph=Glyph::Clock/>
                    {format!("as of {}", clock.time(clock.now()))}
                </span>
            }),
            _ => None,
        };
        view! {
            {stale}
            {move || match kind.get() {
                Kind::Pending => ().into_any(),
                Kind::Ready => content(),
                Kind::Failed(problem) => view! {
                    <ProblemBox problem again=move || if let Some(live) = live { live.again() }/>
                }
                .into_any(),
            }}
        }
        .into_any()
    };
    view! {
        <section class=format!("card {class}") id=id aria-labelledby=format!("{id}-title")>
            <h2 class="card-title" id=format!("{id}-title")>{title}</h2>
            {awaited_behind(skeleton, inside)}
        </section>
    }
    .into_any()
}
