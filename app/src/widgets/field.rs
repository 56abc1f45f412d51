//! An input with its label, its hint, and what is wrong with it.
//!
//! The rule: what stands in the input is the reader's. The page never writes into it after the beginning, and takes over what was typed (or
//! filled in by the browser) before it came alive.

use crate::problem::Problem;
use crate::view::IntoAny;
use leptos::html::Input;
use leptos::prelude::*;

#[component]
pub(crate) fn Field(
    label: &'static str,
    /// The name that errors of the API use for it.
    name: &'static str,
    /// Follows what stands in the input.
    value: RwSignal<String>,
    problem: RwSignal<Option<Problem>>,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = "off")] autocomplete: &'static str,
    #[prop(optional)] hint: &'static str,
    /// What stands in the input at first.
    #[prop(optional)]
    initial: String,
    #[prop(optional)] autofocus: bool,
    #[prop(optional)] optional: bool,
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
    let input = NodeRef::<Input>::new();
    Effect::new(move |_| {
        if let Some(input) = input.get() {
            value.set(input.value());
        }
    });
    let plain = kind == "text" || kind == "email";
    view! {
        <div class="field">
            <label class="field-label" for=name>{label}</label>
            <input
                class="input"
                id=name
                name=name
                type=kind
                value=initial
                autocomplete=autocomplete
                autocapitalize=plain.then_some("none")
                spellcheck="false"
                required=!optional
                autofocus=autofocus
                aria-invalid=move || is_wrong().to_string()
                aria-describedby=note.clone()
                node_ref=input
                on:input:target=move |event| value.set(event.target().value())
            />
            <p class="field-note" class:is-error=is_wrong id=note role=move || is_wrong().then_some("alert")>
                {move || wrong().unwrap_or_else(|| hint.to_owned())}
            </p>
        </div>
    }
    .into_any()
}
