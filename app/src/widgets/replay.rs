//! A button that puts dead letters back into the queue, after asking once more.

use super::{Glyph, Icon, use_alive};
use crate::api::change;
use crate::live::Live;
use crate::view::IntoAny;
use leptos::prelude::*;

/// What came of the last replay, for the page to say.
#[derive(Clone, Copy)]
pub(crate) struct ReplayNotice(pub(crate) RwSignal<Option<Result<String, String>>>);

#[component]
pub(crate) fn Replay(
    /// What the button says: "Replay", "Replay all".
    label: &'static str,
    /// What is asked: "Replay 3 messages?".
    question: Signal<String>,
    /// `None`: all.
    id: Option<String>,
    live: Live,
    /// Told once they are back in the queue.
    #[prop(optional, into)]
    done: Option<Callback<()>>,
) -> impl IntoView {
    let alive = use_alive();
    let notice = expect_context::<ReplayNotice>().0;
    let (asking, sending) = (RwSignal::new(false), RwSignal::new(false));
    let id = StoredValue::new(id);
    let replay = move |_| {
        sending.set(true);
        leptos::task::spawn_local(async move {
            let answer = change::replay(id.get_value()).await;
            notice.try_set(Some(match &answer {
                Ok(0) => Err("Nothing was put back: it was not there any more.".to_owned()),
                Ok(1) => Ok("1 message is back in the queue.".to_owned()),
                Ok(n) => Ok(format!("{n} messages are back in the queue.")),
                Err(problem) => Err(problem.error.message.clone()),
            }));
            sending.try_set(false);
            asking.try_set(false);
            live.again();
            if let (Ok(_), Some(done)) = (answer, done) {
                done.run(());
            }
        });
    };
    let ask = move |_| {
        notice.set(None);
        asking.set(true);
    };
    let body = move || {
        if asking.get() {
            view! {
                <span class="replay-question">{question}</span>
                <button class="button is-small is-solid" type="button" disabled=sending on:click=replay>
                    "Yes, replay"
                </button>
                <button class="button is-small" type="button" disabled=sending on:click=move |_| asking.set(false)>
                    "Cancel"
                </button>
            }
            .into_any()
        } else {
            view! {
                <button class="button is-small" type="button" disabled=move || !alive.get() on:click=ask>
                    <Icon glyph=Glyph::Again/>
                    {label}
                </button>
            }
            .into_any()
        }
    };
    view! { <div class="replay" role="group" aria-label=label>{body}</div> }.into_any()
}
