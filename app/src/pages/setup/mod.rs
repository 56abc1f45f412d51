//! `/setup`: from nothing to the first hit: an account, a client, a key, and then waiting for what arrives.
//!
//! The rule: each step begins where the one before ended, also after a reload; only the key cannot come back.

mod account;
mod client;
mod connect;
mod first_hit;

use super::SessionReport;
use super::login::PlainBrand;
use crate::api::Session;
use crate::awaited::awaited;
use crate::place::use_place;
use crate::report::remembered;
use crate::view::IntoAny;
use crate::widgets::{Glyph, Icon, ThemeSwitcher, use_alive};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::components::Redirect;
use telemetry::report::{Client, ClientId, NewKey, User};

/// What has been made on this page, beyond what the session knew.
#[derive(Clone, Copy)]
struct Made {
    /// Asked again after each step, so that other pages know of it.
    session: SessionReport,
    user: RwSignal<Option<User>>,
    client: RwSignal<Option<Client>>,
    key: RwSignal<Option<NewKey>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Account {
        token: bool,
    },
    /// Somebody else's turn.
    Login,
    Client,
    /// Signed in, but without a client and without the right to make one.
    NoClient,
    Connect {
        client: Client,
        public_url: String,
        /// Whether no hit has ever come.
        first: bool,
    },
}

impl Step {
    /// `wanted`: the client that the URL names.
    fn of(session: &Session, made: Made, wanted: Option<ClientId>) -> Self {
        let user = made.user.get().or_else(|| session.user.clone());
        let named = session.clients.iter().find(|client| Some(client.id) == wanted);
        let client = made.client.get().or_else(|| named.or(session.clients.first()).cloned());
        match (user, client) {
            (None, _) if session.set_up => Self::Login,
            (None, _) => Self::Account { token: session.setup_token },
            (Some(_), Some(client)) => {
                Self::Connect { client, public_url: session.public_url.clone(), first: !session.any_hit }
            }
            (Some(user), None) if user.super_admin => Self::Client,
            (Some(_), None) => Self::NoClient,
        }
    }

    const fn place(&self) -> usize {
        match self {
            Self::Account { .. } | Self::Login => 0,
            Self::Client | Self::NoClient => 1,
            Self::Connect { .. } => 2,
        }
    }
}

#[component]
pub(crate) fn Setup() -> impl IntoView {
    let session = expect_context::<SessionReport>();
    let place = use_place();
    let made =
        Made { session, user: RwSignal::new(None), client: RwSignal::new(None), key: RwSignal::new(None) };
    let body = move || {
        let step = remembered(move || match session.get()? {
            Ok(session) => Some(Ok(Step::of(&session, made, place.with(|place| place.client)))),
            Err(problem) => Some(Err(problem)),
        });
        move || match step.get() {
            None => ().into_any(),
            Some(Err(problem)) => {
                view! { <p class="form-problem" role="alert">{problem.error.message}</p> }.into_any()
            }
            Some(Ok(step)) => view! { <Steps here=step.place()/>{show(step, made)} }.into_any(),
        }
    };
    view! {
        <Title text="Set up"/>
        <main class="plain">
            <div class="plain-theme"><ThemeSwitcher/></div>
            <div class="panel is-wide">
                <PlainBrand/>
                {awaited(body)}
            </div>
        </main>
    }
    .into_any()
}

fn show(step: Step, made: Made) -> AnyView {
    match step {
        Step::Account { token } => view! { <account::Account token made/> }.into_any(),
        Step::Login => view! { <Redirect path="/login"/> }.into_any(),
        Step::Client => view! { <client::NewClient made/> }.into_any(),
        Step::NoClient => view! {
            <h1 class="panel-title">"No client yet"</h1>
            <p class="panel-text">
                "You are signed in, but you are not a member of any client. Ask an administrator of this installation \
                 to add you to one, then reload this page."
            </p>
        }
        .into_any(),
        Step::Connect { client, public_url, first } => {
            view! { <connect::Connect client public_url first made/> }.into_any()
        }
    }
}

/// How far one has come.
#[component]
fn Steps(here: usize) -> impl IntoView {
    let step = |(place, label): (usize, &'static str)| {
        let class = match place.cmp(&here) {
            std::cmp::Ordering::Less => "step is-done",
            std::cmp::Ordering::Equal => "step is-here",
            std::cmp::Ordering::Greater => "step",
        };
        view! {
            <li class=class aria-current=(place == here).then_some("step")>
                <span class="step-number" aria-hidden="true">
                    {if place < here { view! { <Icon glyph=Glyph::Done/> }.into_any() } else { (place + 1).into_any() }}
                </span>
                {label}
            </li>
        }
    };
    let steps = ["Account", "Client", "First hit"].into_iter().enumerate();
    view! { <ol class="steps" aria-label="Set-up">{steps.map(step).collect_view()}</ol> }.into_any()
}

/// The button that sends a form: not before the page is alive, not twice.
#[component]
fn Submit(label: &'static str, busy: RwSignal<bool>) -> impl IntoView {
    let alive = use_alive();
    view! {
        <button class="button is-solid is-wide" type="submit" disabled=move || !alive.get() || busy.get()>
            {move || if busy.get() { "One moment…" } else { label }}
        </button>
    }
    .into_any()
}
