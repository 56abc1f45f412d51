//! `/invitation#…`: for whoever was handed the link: joins, with an account they have or a new one.

use super::SessionReport;
use super::link::take_token;
use super::login::{FormProblem, PlainBrand, visit};
use crate::api::change;
use crate::awaited::awaited;
use crate::problem::Problem;
use crate::view::IntoAny;
use crate::widgets::{Field, ThemeSwitcher, use_alive};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;
use telemetry::report::User;
use telemetry::report::accounts::Offer;

/// What has come of looking at the invitation.
#[derive(Debug, Clone, PartialEq)]
enum Looked {
    NotYet,
    Offer { token: String, offer: Offer },
    Over(String),
}

#[component]
pub(crate) fn InvitationPage() -> impl IntoView {
    let session = expect_context::<SessionReport>();
    let looked = RwSignal::new(Looked::NotYet);
    Effect::new(move |_| {
        let Some(token) = take_token() else {
            looked.set(Looked::Over("this address holds no invitation; open the whole link".to_owned()));
            return;
        };
        leptos::task::spawn_local(async move {
            let now = match change::look_at_invitation(&token).await {
                Ok(offer) => Looked::Offer { token, offer },
                Err(problem) => Looked::Over(problem.error.message),
            };
            looked.try_set(now);
        });
    });
    let body = move || {
        let user = session.get()?.ok()?.user;
        Some(match looked.get() {
            Looked::NotYet => view! { <p class="panel-text">"Looking at your invitation…"</p> }.into_any(),
            Looked::Over(message) => view! {
                <h1 class="panel-title">"This invitation cannot be used"</h1>
                <p class="form-problem"><span class="form-problem-text">{message}</span></p>
                <a class="button is-wide" href="/">"Go on to Sendry"</a>
            }
            .into_any(),
            Looked::Offer { token, offer } => {
                let title = format!("Join {}", offer.client.name);
                let text = format!("You are invited as {}.", offer.role.word());
                let form = match user {
                    Some(user) => view! { <Join user token/> }.into_any(),
                    None => view! { <NewAccount token/> }.into_any(),
                };
                view! { <h1 class="panel-title">{title}</h1> <p class="panel-text">{text}</p> {form} }
                    .into_any()
            }
        })
    };
    view! {
        <Title text="Invitation"/>
        <main class="plain">
            <div class="plain-theme"><ThemeSwitcher/></div>
            <div class="panel">
                <PlainBrand/>
                {awaited(body)}
            </div>
        </main>
    }
    .into_any()
}

/// With the account that is signed in.
#[component]
fn Join(user: User, token: String) -> impl IntoView {
    let alive = use_alive();
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let token = StoredValue::new(token);
    let join = move |_| {
        busy.set(true);
        leptos::task::spawn_local(async move {
            let acceptance = change::Acceptance { token: token.get_value(), ..Default::default() };
            match change::accept_invitation(&acceptance).await {
                Ok(_) => visit("/"),
                Err(error) => {
                    problem.try_set(Some(error));
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <FormProblem problem fields=&[]/>
        <button class="button is-solid is-wide" type="button" disabled=move || !alive.get() || busy.get() on:click=join>
            {format!("Join as {}", user.username)}
        </button>
    }
    .into_any()
}

#[component]
fn NewAccount(token: String) -> impl IntoView {
    let alive = use_alive();
    let text = || RwSignal::new(String::new());
    let (username, email, password) = (text(), text(), text());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let token = StoredValue::new(token);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        leptos::task::spawn_local(async move {
            let acceptance = change::Acceptance {
                token: token.get_value(),
                username: username.get_untracked().trim().to_owned(),
                email: email.get_untracked().trim().to_owned(),
                password: password.get_untracked(),
            };
            match change::accept_invitation(&acceptance).await {
                Ok(_) => visit("/"),
                Err(error) => {
                    problem.try_set(Some(error));
                    busy.try_set(false);
                }
            }
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <FormProblem problem fields=&["username", "email", "password"]/>
            <Field label="User name" name="username" value=username problem autocomplete="username" autofocus=true/>
            <Field label="E-mail address" name="email" kind="email" value=email problem autocomplete="email"/>
            <Field label="Password" name="password" kind="password" value=password problem autocomplete="new-password"
                hint="Long is better than complicated."/>
            <button class="button is-solid is-wide" type="submit" disabled=move || !alive.get() || busy.get()>
                "Create account and join"
            </button>
        </form>
        <p class="panel-text">"Have an account? Sign in first, then open the link again: it is still good."</p>
    }
    .into_any()
}
