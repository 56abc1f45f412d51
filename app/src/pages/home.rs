//! `/`: sends everybody where they belong.

use super::{SessionReport, next_page};
use crate::awaited::awaited;
use crate::view::IntoAny;
use leptos::prelude::*;
use leptos_router::components::Redirect;

#[component]
pub(crate) fn Home() -> impl IntoView {
    let session = expect_context::<SessionReport>();
    let send = move || {
        session.get().map(|session| match session {
            Ok(session) => view! { <Redirect path=next_page(&session)/> }.into_any(),
            Err(problem) => {
                view! { <p class="plain-problem" role="alert">{problem.error.message}</p> }.into_any()
            }
        })
    };
    view! { <main class="plain">{awaited(send)}</main> }.into_any()
}
