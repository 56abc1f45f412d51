//! An input with its label, its hint, and what is wrong with it.

use crate::problem::Problem;
use leptos::prelude::*;

#[component]
pub(crate) fn Field(
    label: &'static str,
    /// The name that errors of the API use for it.
    name: &'static str,
    value: RwSignal<String>,
    problem: RwSignal<Option<Problem>>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] hint: &'static str,
    #[prop(optional)] autofocus: bool,
) -> impl IntoView {
    let wrong = move || {
        problem.with(|problem| {
            problem
                .as_ref()
                .filter(|problem| problem.about(name))
                .map(|problem| problem.error.message.clone())
        })
    };
    let is_wrong = move || wrong().is_some();
    let note = format!("{name}-note");
    let plain = kind == "text" || kind == "email";
    view! {
        <div class="field">
            <label class="field-label" for=name>{label}</label>
            <input
                class="input"
                id=name
                name=name
                type=kind
                autocomplete=autocomplete
                autocapitalize=plain.then_some("none")
                spellcheck="false"
                required=true
                autofocus=autofocus
                aria-invalid=move || is_wrong().to_string()
                aria-describedby=note.clone()
                bind:value=value
            />
            <p class="field-note" class:is-error=is_wrong id=note role=move || is_wrong().then_some("alert")>
                {move || wrong().unwrap_or_else(|| hint.to_owned())}
            </p>
        </div>
    }
    .into_any()
}
