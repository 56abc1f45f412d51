//! `/settings/profile`: who the reader is, and their password.

use crate::api::change;
use crate::awaited::awaited;
use crate::pages::SessionReport;
use crate::pages::login::FormProblem;
use crate::problem::Problem;
use crate::view::IntoAny;
use crate::widgets::{Field, Glyph, Icon, use_alive};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub(crate) fn ProfilePage() -> impl IntoView {
    let session = expect_context::<SessionReport>();
    let facts = move || {
        let user = session.get()?.ok()?.user?;
        let what = if user.super_admin { "Super admin of this installation" } else { "User" };
        Some(view! {
            <dl class="facts">
                <div class="fact"><dt>"User name"</dt><dd>{user.username}</dd></div>
                <div class="fact"><dt>"E-mail address"</dt><dd>{user.email}</dd></div>
                <div class="fact"><dt>"You are"</dt><dd>{what}</dd></div>
            </dl>
        })
    };
    view! {
        <Title text="Profile"/>
        <h1 class="settings-title">"Profile"</h1>
        <section class="card">{awaited(facts)}</section>
        <Password/>
    }
    .into_any()
}

#[component]
fn Password() -> impl IntoView {
    let alive = use_alive();
    let (current, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<Problem>);
    let (busy, done) = (RwSignal::new(false), RwSignal::new(false));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        done.set(false);
        leptos::task::spawn_local(async move {
            let answer = change::change_password(&current.get_untracked(), &password.get_untracked()).await;
            busy.try_set(false);
            done.try_set(answer.is_ok());
            problem.try_set(answer.err());
        });
    };
    view! {
        <section class="card" aria-labelledby="password-title">
            <h2 class="card-title" id="password-title">"Password"</h2>
            <form class="form settings-form" method="post" on:submit=submit>
                <FormProblem problem fields=&["current", "password"]/>
                <Field label="Present password" name="current" kind="password" value=current problem
                    autocomplete="current-password"/>
                <Field label="New password" name="password" kind="password" value=password problem
                    autocomplete="new-password" hint="Long is better than complicated. Your other sessions end."/>
                <button class="button is-solid" type="submit" disabled=move || !alive.get() || busy.get()>
                    "Change password"
                </button>
                <p role="status">
                    {move || done.get().then(|| view! {
                        <span class="state"><Icon glyph=Glyph::Ok class="is-ok"/>"Changed. Your other sessions have ended."</span>
                    })}
                </p>
            </form>
        </section>
    }
    .into_any()
}
