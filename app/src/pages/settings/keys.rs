//! `/settings/keys`: a client's API keys: made, rotated, revoked.
//!
//! The rule: a key stands on the page once, after it was made; all that comes from the server later is its beginning.

use crate::api::{self, KeysView, change};
use crate::awaited::awaited;
use crate::clock::{self, Clock};
use crate::live::Live;
use crate::number;
use crate::pages::login::FormProblem;
use crate::place::use_place;
use crate::problem::Problem;
use crate::report::{Report, remembered};
use crate::view::IntoAny;
use crate::widgets::{Act, Card, Confirm, Field, Glyph, Icon, SecretOnce, use_alive};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_meta::Title;
use std::sync::Arc;
use telemetry::report::{ClientId, KeyInfo, NewKey};

#[component]
pub(crate) fn KeysPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let place = use_place();
    let report = Report::new(live, move || place.with(|place| place.client), api::keys);
    let made = RwSignal::new(None::<NewKey>);
    let status = Signal::derive(move || report.status());
    let content = Arc::new(move || view! { <Keys report live made/> }.into_any());
    view! {
        <Title text="API keys"/>
        <h1 class="settings-title">"API keys"</h1>
        <p class="settings-text">"Applications send hits with a key. Give each place that sends its own."</p>
        <Made made/>
        <Card title="Keys" id="keys" status content/>
        <NewKeyCard report live made/>
    }
    .into_any()
}

/// The key that was just made or rotated.
#[component]
fn Made(made: RwSignal<Option<NewKey>>) -> impl IntoView {
    let secret = move || {
        made.get().map(|made| {
            view! {
                <SecretOnce title="The new key" what="the key" text=made.key
                    note="Keep it now: it is not shown again. The server keeps only its fingerprint."/>
            }
        })
    };
    view! { <div aria-live="polite">{secret}</div> }.into_any()
}

#[component]
fn Keys(report: Report<KeysView>, live: Live, made: RwSignal<Option<NewKey>>) -> impl IntoView {
    let rows = move || {
        report.with_clock(|view, clock| {
            let KeysView { client, keys, manages } = view;
            let row = |key: &KeyInfo| line(key, *client, *manages, clock, live, made);
            keys.iter().map(row).collect_view()
        })
    };
    let none = move || report.with(|view| view.keys.is_empty()) == Some(true);
    view! {
        <Show when=none><p class="card-foot">"There is no key yet."</p></Show>
        <div class="table-scroll">
            <table class="table is-stacking keys">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"Key"</th>
                        <th scope="col">"State"</th>
                        <th scope="col">"Held to"</th>
                        <th scope="col">"Made"</th>
                        <th scope="col">"Last used"</th>
                        <th scope="col"><span class="visually-hidden">"What can be done"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

/// Whether a key may be used, and until when.
fn state(key: &KeyInfo, clock: &Clock) -> (Glyph, &'static str, String) {
    match (key.revoked_at, key.expires_at) {
        (Some(revoked), _) => (Glyph::Silent, "is-silent", format!("revoked {}", clock.ago(revoked))),
        (None, Some(end)) if end <= clock.now() => {
            (Glyph::Silent, "is-silent", format!("expired {}", clock.ago(end)))
        }
        (None, Some(end)) => {
            let word = if key.replaced_by.is_some() { "replaced; good until" } else { "good until" };
            (Glyph::Clock, "is-warn", format!("{word} {}", clock.moment(end)))
        }
        (None, None) => (Glyph::Ok, "is-ok", "good".to_owned()),
    }
}

fn line(
    key: &KeyInfo,
    client: ClientId,
    manages: bool,
    clock: &Clock,
    live: Live,
    made: RwSignal<Option<NewKey>>,
) -> AnyView {
    let (glyph, class, text) = state(key, clock);
    let over = key.revoked_at.is_some() || key.expires_at.is_some_and(|end| end <= clock.now());
    let used = key.last_used_at.map_or_else(|| "never".to_owned(), |used| clock.ago(used));
    let rate = key.hits_per_second.map(|rate| format!("{} hits/s", number::exact(rate.into())));
    let quota = |hits: Option<u64>, what| hits.map(|hits| format!("{} hits a {what}", number::exact(hits)));
    let quotas = [quota(key.hits_per_day, "day"), quota(key.hits_per_month, "month")];
    let limits = rate.into_iter().chain(quotas.into_iter().flatten());
    let held: Vec<String> = key.origins.iter().chain(&key.services).cloned().chain(limits).collect();
    let held = if held.is_empty() { "–".to_owned() } else { held.join(", ") };
    let id = key.id;
    let act: Act = Arc::new(move || Box::pin(change::revoke_key(client, id)));
    let again = Callback::new(move |()| live.again());
    let prefix = key.prefix.clone();
    let actions = (manages && !over).then(|| {
        view! {
            <div class="row-actions">
                {key.replaced_by.is_none().then(|| view! { <Rotate client id live made/> })}
                <Confirm label="Revoke" name=prefix act done=again
                    warning="Whoever sends with this key is refused at once."/>
            </div>
        }
    });
    view! {
        <tr class:is-over=over>
            <th scope="row">{key.name.clone()} " " <span class="tag">{key.environment.clone()}</span></th>
            <td class="mono">{key.prefix.clone()}"…"</td>
            <td><span class="state"><Icon glyph class/>{text}</span></td>
            <td class="col-held" data-label="held to">{held}</td>
            <td data-label="made" title=clock.moment(key.created_at)>{clock.ago(key.created_at)}</td>
            <td data-label="last used">{used}</td>
            <td>{actions}</td>
        </tr>
    }
    .into_any()
}

/// Makes a key's successor; the key itself goes on for a while.
#[component]
fn Rotate(client: ClientId, id: i64, live: Live, made: RwSignal<Option<NewKey>>) -> impl IntoView {
    let alive = use_alive();
    let (asking, busy) = (RwSignal::new(false), RwSignal::new(false));
    let problem = RwSignal::new(None::<String>);
    let hours = RwSignal::new("24".to_owned());
    let rotate = move |_| {
        busy.set(true);
        leptos::task::spawn_local(async move {
            match change::rotate_key(client, id, &hours.get_untracked()).await {
                Ok(key) => {
                    made.set(Some(key));
                    live.again();
                }
                Err(error) => {
                    problem.try_set(Some(error.error.message));
                }
            }
            busy.try_set(false);
        });
    };
    let body = move || {
        if asking.get() {
            view! {
                <label class="rotate-overlap">
                    "The old key is good for "
                    <select class="select" on:change:target=move |event| hours.set(event.target().value())>
                        <option value="0">"no time"</option>
                        <option value="1">"an hour"</option>
                        <option value="24" selected=true>"a day"</option>
                        <option value="168">"a week"</option>
                        <option value="720">"30 days"</option>
                    </select>
                </label>
                <button class="button is-small is-solid" type="button" disabled=busy on:click=rotate>"Make the new key"</button>
                <button class="button is-small" type="button" on:click=move |_| asking.set(false)>"Cancel"</button>
                <span class="field-note is-error" role="alert">{move || problem.get()}</span>
            }
            .into_any()
        } else {
            view! {
                <button class="button is-small" type="button" disabled=move || !alive.get()
                    on:click=move |_| asking.set(true)>"Rotate"</button>
            }
            .into_any()
        }
    };
    view! { {body} }.into_any()
}

/// The form for a new key, for those who may make one.
#[component]
fn NewKeyCard(report: Report<KeysView>, live: Live, made: RwSignal<Option<NewKey>>) -> impl IntoView {
    awaited(move || view! { <NewKeyOfManager report live made/> })
}

/// Awaited, as the memo reads the report; a memo, as a new answer must not empty the form.
#[component]
fn NewKeyOfManager(report: Report<KeysView>, live: Live, made: RwSignal<Option<NewKey>>) -> impl IntoView {
    let client = remembered(move || report.with(|view| view.manages.then_some(view.client)).flatten());
    move || client.get().map(|client| view! { <NewKeyForm client live made/> })
}

#[component]
fn NewKeyForm(client: ClientId, live: Live, made: RwSignal<Option<NewKey>>) -> impl IntoView {
    let alive = use_alive();
    let text = || RwSignal::new(String::new());
    let (name, environment, expires, origins, services) = (text(), text(), text(), text(), text());
    let (rate, burst, day, month) = (text(), text(), text(), text());
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        let wish = change::KeyWish {
            name: name.get_untracked().trim().to_owned(),
            environment: environment.get_untracked().trim().to_owned(),
            expires_at: clock::parse_utc(&expires.get_untracked()).map(|at| at.to_string()),
            origins: words(&origins.get_untracked()),
            services: words(&services.get_untracked()),
            hits_per_second: change::typed_number(&rate.get_untracked()),
            burst: change::typed_number(&burst.get_untracked()),
            hits_per_day: change::typed_number(&day.get_untracked()),
            hits_per_month: change::typed_number(&month.get_untracked()),
        };
        leptos::task::spawn_local(async move {
            match change::create_wished_key(client, &wish).await {
                Ok(key) => {
                    made.set(Some(key));
                    problem.try_set(None);
                    live.again();
                }
                Err(error) => {
                    problem.try_set(Some(error));
                }
            }
            busy.try_set(false);
        });
    };
    const FIELDS: [&str; 9] = [
        "name",
        "environment",
        "expiresAt",
        "origins",
        "services",
        "hitsPerSecond",
        "burst",
        "hitsPerDay",
        "hitsPerMonth",
    ];
    view! {
        <section class="card" aria-labelledby="new-key-title">
            <h2 class="card-title" id="new-key-title">"New key"</h2>
            <form class="form settings-form" method="post" on:submit=submit>
                <FormProblem problem fields=&FIELDS/>
                <Field label="What is the key for?" name="name" value=name problem
                    hint="For example the application that will use it."/>
                <details class="more">
                    <summary>"Narrow it down"</summary>
                    <Field label="Environment" name="environment" value=environment problem optional=true
                        hint="Hits that name none belong to it; live unless given."/>
                    <Field label="Expires" name="expiresAt" kind="datetime-local" value=expires problem optional=true
                        hint="In UTC; never unless given."/>
                    <Field label="Only pages of these origins" name="origins" value=origins problem optional=true
                        hint="For keys in browsers, such as https://shop.example; several with commas."/>
                    <Field label="Only hits of these services" name="services" value=services problem optional=true
                        hint="Several with commas."/>
                    <Field label="Hits a second" name="hitsPerSecond" kind="number" value=rate problem optional=true
                        hint="No limit of its own unless given."/>
                    <Field label="Hits at once" name="burst" kind="number" value=burst problem optional=true
                        hint="As many as in a second unless given."/>
                    <Field label="Hits a day" name="hitsPerDay" kind="number" value=day problem optional=true
                        hint="Of UTC; no limit of its own unless given."/>
                    <Field label="Hits a month" name="hitsPerMonth" kind="number" value=month problem optional=true
                        hint="Of UTC; no limit of its own unless given."/>
                </details>
                <button class="button is-solid" type="submit" disabled=move || !alive.get() || busy.get()>
                    "Create key"
                </button>
            </form>
        </section>
    }
    .into_any()
}

/// What stands between commas.
fn words(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}
