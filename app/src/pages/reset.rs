//! `/reset#…`: for whoever was handed the link: chooses a new password.

use super::link::take_token;
use super::login::{FormProblem, PlainBrand};
use crate::api::change;
use crate::problem::Problem;
use crate::view::IntoAny;
use crate::widgets::{Field, ThemeSwitcher, use_alive};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub(crate) fn ResetPage() -> impl IntoView {
    let alive = use_alive();
    let token = RwSignal::new(String::new());
    Effect::new(move |_| token.set(take_token().unwrap_or_default()));
    let password = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<Problem>);
    let (busy, done) = (RwSignal::new(false), RwSignal::new(false));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = change::reset_password(&token.get_untracked(), &password.get_untracked()).await;
            busy.try_set(false);
            done.try_set(answer.is_ok());
            problem.try_set(answer.err());
        });
    };
    let body = move || {
        if done.get() {
            return view! {
                <h1 class="panel-title">"Your password is changed"</h1>
                <p class="panel-text">"Wherever you were signed in, you are signed out."</p>
                <a class="button is-solid is-wide" href="/login">"Sign in"</a>
            }
            .into_any();
        }
        view! {
            <h1 class="panel-title">"Choose a new password"</h1>
            <form class="form" method="post" on:submit=submit>
                <FormProblem problem fields=&["password"]/>
                <Field label="New password" name="password" kind="password" value=password problem
                    autocomplete="new-password" hint="Long is better than complicated." autofocus=true/>
                <button class="button is-solid is-wide" type="submit" disabled=move || !alive.get() || busy.get()>
                    "Change password"
                </button>
            </form>
        }
        .into_any()
    };
    view! {
        <Title text="New password"/>
        <main class="plain">
            <div class="plain-theme"><ThemeSwitcher/></div>
            <div class="panel"><PlainBrand/>{body}</div>
        </main>
    }
    .into_any()
}
