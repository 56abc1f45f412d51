//! The first client, and with it the first key.

use super::{Made, Submit};
use crate::api::change;
use crate::pages::login::FormProblem;
use crate::problem::Problem;
use crate::view::IntoAny;
use crate::widgets::Field;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;

#[component]
pub(super) fn NewClient(made: Made) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        leptos::task::spawn_local(async move {
            let answer = change::create_client(name.get_untracked().trim()).await;
            match answer {
                Ok(client) => {
                    // where this fails, the next step offers to make the key
                    let key = change::create_key(client.id, "first").await.ok();
                    made.key.set(key);
                    made.client.set(Some(client));
                    made.session.refetch();
                }
                Err(error) => problem.set(Some(error)),
            }
            busy.set(false);
        });
    };
    view! {
        <h1 class="panel-title">"Who is it for?"</h1>
        <p class="panel-text">
            "A client owns services, keys and members: a company, a team, a product. You can make more of them later."
        </p>
        <form class="form" method="post" on:submit=submit>
            <FormProblem problem fields=&["name"]/>
            <Field label="Name of the client" name="name" value=name problem autocomplete="organization" autofocus=true/>
            <Submit label="Create client" busy/>
        </form>
    }
    .into_any()
}
