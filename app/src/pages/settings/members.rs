//! `/settings/members`: who belongs to a client, in which role, and who is invited.

use crate::api::{self, MembersView, change};
use crate::awaited::awaited;
use crate::clock::Clock;
use crate::live::Live;
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
use telemetry::report::ClientId;
use telemetry::report::accounts::{Invitation, Member, NewInvitation, Role};

#[component]
pub(crate) fn MembersPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let place = use_place();
    let report = Report::new(live, move || place.with(|place| place.client), api::members);
    let made = RwSignal::new(None::<NewInvitation>);
    let status = Signal::derive(move || report.status());
    let content = Arc::new(move || view! { <Members report live/> }.into_any());
    view! {
        <Title text="Members"/>
        <h1 class="settings-title">"Members"</h1>
        <p class="settings-text">
            "Viewers see everything of the client but change nothing. Admins also manage keys, members and limits."
        </p>
        <Made made/>
        <Card title="Members" id="members" status content/>
        {awaited(move || view! { <Inviting report live made/> })}
    }
    .into_any()
}

/// For those who may invite. Awaited, as the memo reads the report; a memo, as a new answer must not
/// empty the form.
#[component]
fn Inviting(report: Report<MembersView>, live: Live, made: RwSignal<Option<NewInvitation>>) -> impl IntoView {
    let client = remembered(move || report.with(|view| view.manages.then_some(view.client.id)).flatten());
    move || client.get().map(|client| view! { <Invitations report client live/> <Invite client live made/> })
}

/// The invitation that was just made.
#[component]
fn Made(made: RwSignal<Option<NewInvitation>>) -> impl IntoView {
    let link = move || {
        made.get().map(|made| {
            view! {
                <SecretOnce title="The invitation's link" what="the link" text=made.link
                    note="Hand it to the person you invite: it is not shown again. It works once, for seven days, for whoever has it."/>
            }
        })
    };
    view! { <div aria-live="polite">{link}</div> }.into_any()
}

#[component]
fn Members(report: Report<MembersView>, live: Live) -> impl IntoView {
    let problem = RwSignal::new(None::<String>);
    let rows = move || {
        report.with(|view| {
            let row = |member: &Member| line(member, view.client.id, view.manages, live, problem);
            view.members.iter().map(row).collect_view()
        })
    };
    let none = move || report.with(|view| view.members.is_empty()) == Some(true);
    view! {
        <Show when=none>
            <p class="card-foot">"Nobody is a member yet; super admins administer every client."</p>
        </Show>
        <p class="field-note is-error" role="alert">{move || problem.get()}</p>
        <div class="table-scroll">
            <table class="table is-stacking members">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"E-mail address"</th>
                        <th scope="col">"Role"</th>
                        <th scope="col"><span class="visually-hidden">"What can be done"</span></th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </div>
    }
    .into_any()
}

fn line(
    member: &Member,
    client: ClientId,
    manages: bool,
    live: Live,
    problem: RwSignal<Option<String>>,
) -> AnyView {
    let Member { user, role, disabled } = member.clone();
    let id = user.id;
    let act: Act = Arc::new(move || Box::pin(change::remove_member(client, id)));
    let name = user.username.clone();
    let cell = if manages {
        view! { <RoleSelect label=name.clone() client id role live problem/> }.into_any()
    } else {
        role.word().into_any()
    };
    let remove = manages.then(|| {
        view! {
            <div class="row-actions">
                <Confirm label="Remove" name act done=Callback::new(move |()| live.again())
                    warning="They lose sight of this client at once."/>
            </div>
        }
    });
    view! {
        <tr class:is-over=disabled>
            <th scope="row">
                {user.username} " " {disabled.then(|| view! { <span class="tag">"disabled"</span> })}
            </th>
            <td>{user.email}</td>
            <td data-label="role">{cell}</td>
            <td>{remove}</td>
        </tr>
    }
    .into_any()
}

#[component]
fn RoleSelect(
    /// Whose role it is.
    label: String,
    client: ClientId,
    id: i64,
    role: Role,
    live: Live,
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let alive = use_alive();
    let choose = move |event: web::Event| {
        let Some(wanted) = Role::of_word(&event_target_value(&event)) else { return };
        leptos::task::spawn_local(async move {
            let answer = change::change_role(client, id, wanted).await;
            problem.try_set(answer.err().map(|problem| problem.error.message));
            // Also where it was refused: the choice goes back to what is.
            live.again();
        });
    };
    let option =
        |word: Role| view! { <option value=word.word() selected={word == role}>{word.word()}</option> };
    view! {
        <select class="select" aria-label=format!("Role of {label}") disabled=move || !alive.get() on:change=choose>
            {Role::ALL.map(option).collect_view()}
        </select>
    }
    .into_any()
}

/// The type of events, as Leptos brings it.
mod web {
    pub(super) use leptos::web_sys::Event;
}

#[component]
fn Invitations(report: Report<MembersView>, client: ClientId, live: Live) -> impl IntoView {
    let rows = move || {
        report.with_clock(|view, clock| {
            let row = |invitation: &Invitation| invited(invitation, client, clock, live);
            (!view.invitations.is_empty()).then(|| view.invitations.iter().map(row).collect_view())
        })
    };
    let table = move || {
        rows().flatten().map(|rows| {
            view! {
                <section class="card" id="invitations" aria-labelledby="invitations-title">
                    <h2 class="card-title" id="invitations-title">"Invited"</h2>
                    <div class="table-scroll">
                        <table class="table is-stacking invitations">
                            <thead>
                                <tr>
                                    <th scope="col">"For"</th>
                                    <th scope="col">"Role"</th>
                                    <th scope="col">"By"</th>
                                    <th scope="col">"Good until"</th>
                                    <th scope="col"><span class="visually-hidden">"What can be done"</span></th>
                                </tr>
                            </thead>
                            <tbody>{rows}</tbody>
                        </table>
                    </div>
                </section>
            }
        })
    };
    awaited(table)
}

fn invited(invitation: &Invitation, client: ClientId, clock: &Clock, live: Live) -> AnyView {
    let Invitation { id, name, role, made_by, expires_at, .. } = invitation.clone();
    let withdraw = move |_| {
        leptos::task::spawn_local(async move {
            // Where it fails it is still in the list.
            let _ = change::withdraw_invitation(client, id).await;
            live.again();
        });
    };
    view! {
        <tr>
            <th scope="row">{name}</th>
            <td data-label="role">{role.word()}</td>
            <td data-label="by">{made_by}</td>
            <td data-label="good until">{clock.moment(expires_at)}</td>
            <td>
                <div class="row-actions">
                    <button class="button is-small" type="button" on:click=withdraw>"Withdraw"</button>
                </div>
            </td>
        </tr>
    }
    .into_any()
}

#[component]
fn Invite(client: ClientId, live: Live, made: RwSignal<Option<NewInvitation>>) -> impl IntoView {
    let alive = use_alive();
    let name = RwSignal::new(String::new());
    let role = RwSignal::new(Role::Viewer);
    let problem = RwSignal::new(None::<Problem>);
    let busy = RwSignal::new(false);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        busy.set(true);
        leptos::task::spawn_local(async move {
            match change::invite(client, name.get_untracked().trim(), role.get_untracked()).await {
                Ok(invitation) => {
                    made.set(Some(invitation));
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
    let choose = move |event| {
        if let Some(chosen) = Role::of_word(&event_target_value(&event)) {
            role.set(chosen);
        }
    };
    view! {
        <section class="card" aria-labelledby="invite-title">
            <h2 class="card-title" id="invite-title">"Invite somebody"</h2>
            <form class="form settings-form" method="post" on:submit=submit>
                <FormProblem problem fields=&["name"]/>
                <Field label="Whom" name="name" value=name problem hint="A name or an address, to recognise it by."/>
                <label class="field-label" for="invite-role">"Role"</label>
                <select class="select" id="invite-role" on:change=choose>
                    {Role::ALL.map(|role| view! { <option value=role.word()>{role.word()}</option> }).collect_view()}
                </select>
                <button class="button is-solid" type="submit" disabled=move || !alive.get() || busy.get()>
                    <Icon glyph=Glyph::User/>"Make a link"
                </button>
            </form>
        </section>
    }
    .into_any()
}
