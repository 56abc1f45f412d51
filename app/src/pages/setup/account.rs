//! The first account: it administers the installation, and is signed in at once.

use super::{Made, Submit};
use crate::api::change;
use crate::pages::login::FormProblem;
use crate::problem::Problem;
use crate::view::IntoAny;
use crate::widgets::Field;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

#[component]
pub(super) fn Account(
    /// Whether the token is needed that the server printed at start.
    token: bool,
    made: Made,
) -> impl IntoView {
    let text = || RwSignal::new(String::new());
    let (username, email, password, setup_token) = (text(), text(), text(), text());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let needs_token = RwSignal::new(token);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = change::onboard(
                username.get_untracked().trim(),
                email.get_untracked().trim(),
                &password.get_untracked(),
                setup_token.get_untracked().trim(),
            )
            .await;
            busy.set(false);
            match answer {
                Ok(signed_in) => {
                    made.user.set(Some(signed_in.user));
                    made.session.refetch();
                }
                Err(error) => {
                    if error.about("setupToken") {
                        needs_token.set(true);
                    }
                    problem.set(Some(error));
                }
            }
        });
    };
    let token_field = move || {
        needs_token.get().then(|| {
            view! {
                <Field label="Set-up token" name="setupToken" value=setup_token problem
                    hint="The server printed it when it started: look into its log."/>
            }
        })
    };
    view! {
        <h1 class="panel-title">"Welcome to Sendry"</h1>
        <p class="panel-text">"This is a new installation. Make its first account: it may do everything here."</p>
        <form class="form" method="post" on:submit=submit>
            <FormProblem problem fields=&["username", "email", "password", "setupToken"]/>
            {token_field}
            <Field label="User name" name="username" value=username problem autocomplete="username" autofocus=true/>
            <Field label="E-mail address" name="email" kind="email" value=email problem autocomplete="email"/>
            <Field label="Password" name="password" kind="password" value=password problem autocomplete="new-password"
                hint="Long is better than complicated."/>
            <Submit label="Create account" busy/>
        </form>
    }
    .into_any()
}
