//! `/login`: signing in, and out.

use super::SessionReport;
use crate::api::change;
use crate::awaited::awaited;
use crate::problem::Problem;
use crate::view::IntoAny;
use crate::widgets::{Field, Glyph, Icon, ThemeSwitcher, use_alive};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use leptos_router::hooks::use_query_map;

#[component]
pub(crate) fn Login() -> impl IntoView {
    let session = expect_context::<SessionReport>();
    let next = target();
    let elsewhere = {
        let next = next.clone();
        move || {
            let session = session.get()?.ok()?;
            if !session.set_up {
                return Some(view! { <Redirect path="/setup".to_owned()/> });
            }
            session.user.is_some().then(|| view! { <Redirect path=next.clone()/> })
        }
    };
    view! {
        <Title text="Sign in"/>
        <main class="plain">
            <div class="plain-theme"><ThemeSwitcher/></div>
            {awaited(elsewhere)}
            <div class="panel">
                <PlainBrand/>
                <h1 class="panel-title">"Sign in"</h1>
                <LoginForm next/>
            </div>
        </main>
    }
    .into_any()
}

/// The name above a form.
#[component]
pub(crate) fn PlainBrand() -> impl IntoView {
    view! { <div class="panel-brand"><crate::widgets::Brand/></div> }.into_any()
}

#[component]
fn LoginForm(next: String) -> impl IntoView {
    let alive = use_alive();
    let (name, password) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let next = next.clone();
        busy.set(true);
        leptos::task::spawn_local(async move {
            match change::login(name.get_untracked().trim(), &password.get_untracked()).await {
                Ok(_) => visit(&next),
                Err(error) => {
                    problem.set(Some(error));
                    busy.set(false);
                }
            }
        });
    };
    view! {
        <form class="form" method="post" on:submit=submit>
            <FormProblem problem fields=&["username", "password"]/>
            <Field label="User name or e-mail address" name="username" value=name problem
                autocomplete="username" autofocus=true/>
            <Field label="Password" name="password" kind="password" value=password problem
                autocomplete="current-password"/>
            <button class="button is-solid is-wide" type="submit" disabled=move || !alive.get() || busy.get()>
                {move || if busy.get() { "Signing in…" } else { "Sign in" }}
            </button>
        </form>
    }
    .into_any()
}

/// What went wrong with a form as a whole; what is about one of `fields` stands beside that field.
#[component]
pub(crate) fn FormProblem(
    problem: RwSignal<Option<Problem>>,
    fields: &'static [&'static str],
) -> impl IntoView {
    let text = move || {
        problem.get().filter(|problem| !fields.iter().any(|field| problem.about(field))).map(|problem| {
            view! {
                <p class="form-problem" role="alert">
                    <Icon glyph=Glyph::Error/>
                    <span class="form-problem-text">{problem.error.message}</span>
                </p>
            }
        })
    };
    view! { {text} }.into_any()
}

/// Where to go after signing in: a page of ours that the query names, or the beginning.
fn target() -> String {
    let next = use_query_map().with_untracked(|query| query.get("next"));
    next.filter(|next| is_ours(next)).unwrap_or_else(|| "/".to_owned())
}

/// Whether an address is a path here. What begins with two slashes, or a backslash, leads elsewhere.
fn is_ours(address: &str) -> bool {
    address.starts_with('/') && !address[1..].starts_with(['/', '\\']) && !address.contains(char::is_control)
}

/// The login page's address for somebody who comes from a page.
pub(crate) fn address(path: &str, search: &str) -> String {
    let search = search.trim_start_matches('?');
    let from = if search.is_empty() { path.to_owned() } else { format!("{path}?{search}") };
    let mut address = "/login?next=".to_owned();
    crate::place::encode(&from, &mut address);
    address
}

/// Loads a page anew: what is known of the session has changed.
pub(crate) fn visit(address: &str) {
    #[cfg(feature = "hydrate")]
    // cannot fail: the address is a path here
    let _ = window().location().assign(address);
    #[cfg(not(feature = "hydrate"))]
    let _ = address;
}

/// The session has ended while a page was open.
#[cfg(feature = "hydrate")]
pub(crate) fn go_to_login() {
    let location = window().location();
    let path = location.pathname().unwrap_or_default();
    if path != "/login" {
        visit(&address(&path, &location.search().unwrap_or_default()));
    }
}

pub(crate) fn log_out() {
    leptos::task::spawn_local(async {
        // where it fails the session is still there, and the next page shows it
        let _ = change::logout().await;
        visit("/login");
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_ours_are_followed() {
        assert!(is_ours("/overview?range=1h"));
        for foreign in ["//evil.example", "/\\evil.example", "https://evil.example", "", "overview", "/\tx"] {
            assert!(!is_ours(foreign), "{foreign}");
        }
    }

    #[test]
    fn the_way_back_is_kept() {
        assert_eq!(
            address("/overview", "?range=1h&service=a%20b"),
            "/login?next=/overview%3Frange%3D1h%26service%3Da%2520b"
        );
        assert_eq!(address("/overview", ""), "/login?next=/overview");
    }
}
