//! A button for what cannot be taken back: it does nothing before the reader has typed the name of what it destroys.

use super::use_alive;
use crate::problem::Problem;
use crate::view::IntoAny;
use leptos::ev::SubmitEvent;
use leptos::html::Input;
use leptos::prelude::*;
use std::pin::Pin;
use std::sync::Arc;

/// What is done once the reader has confirmed. Not `Send`: it runs in the browser.
pub(crate) type Act = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), Problem>>>> + Send + Sync>;

#[component]
pub(crate) fn Confirm(
    /// What the button says: "Revoke".
    label: &'static str,
    /// What has to be typed.
    name: String,
    /// What it means, in one sentence.
    warning: &'static str,
    act: Act,
    /// Told when it is done.
    #[prop(into)]
    done: Callback<()>,
) -> impl IntoView {
    let alive = use_alive();
    let (asking, busy) = (RwSignal::new(false), RwSignal::new(false));
    let (typed, problem) = (RwSignal::new(String::new()), RwSignal::new(None::<String>));
    let input = NodeRef::<Input>::new();
    let name = StoredValue::new(name);
    let matches = move || name.with_value(|name| typed.with(|typed| typed.trim() == name.trim()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        if !matches() || busy.get_untracked() {
            return;
        }
        busy.set(true);
        let doing = act();
        leptos::task::spawn_local(async move {
            let answer = doing.await;
            busy.try_set(false);
            match answer {
                Ok(()) => {
                    asking.try_set(false);
                    done.run(());
                }
                Err(error) => {
                    problem.try_set(Some(error.error.message));
                }
            }
        });
    };
    let submit = StoredValue::new(submit);
    // Whoever asks goes on typing there.
    Effect::new(move |_| {
        if let (true, Some(input)) = (asking.get(), input.get()) {
            let _ = input.focus();
        }
    });
    let ask = move |_| {
        typed.set(String::new());
        problem.set(None);
        asking.set(true);
    };
    let body = move || {
        if asking.get() {
            let text = name.get_value();
            view! {
                <form class="confirm" on:submit=move |event| submit.with_value(|submit| submit(event))>
                    <p class="confirm-warning">{warning}</p>
                    <label class="confirm-label">
                        "Type " <strong class="mono">{text}</strong> " to confirm"
                        <input class="input" type="text" autocomplete="off" spellcheck="false" node_ref=input
                            on:input:target=move |event| typed.set(event.target().value())/>
                    </label>
                    <div class="confirm-buttons">
                        <button class="button is-small is-danger" type="submit" disabled=move || !matches() || busy.get()>
                            {label}
                        </button>
                        <button class="button is-small" type="button" on:click=move |_| asking.set(false)>"Cancel"</button>
                    </div>
                    <p class="field-note is-error" role="alert">{move || problem.get()}</p>
                </form>
            }
            .into_any()
        } else {
            view! {
                <button class="button is-small" type="button" disabled=move || !alive.get() on:click=ask>{label}</button>
            }
            .into_any()
        }
    };
    view! { {body} }.into_any()
}
