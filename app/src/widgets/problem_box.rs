//! What a card shows instead of its content when that could not be loaded.

use super::{Glyph, Icon};
use crate::problem::Problem;
use crate::view::IntoAny;
use leptos::prelude::*;

#[component]
pub(crate) fn ProblemBox(problem: Problem, again: impl Fn() + Send + Sync + 'static) -> impl IntoView {
    view! {
        <div class="problem" role="alert">
            <Icon glyph=Glyph::Error class="is-error"/>
            <div>
                <p class="problem-title">"This could not be loaded"</p>
                <p class="problem-text">{problem.error.message}</p>
            </div>
            <button class="button" type="button" on:click=move |_| again()>
                <Icon glyph=Glyph::Again/>
                "Try again"
            </button>
        </div>
    }
    .into_any()
}
