//! `/settings/users`: the users of the installation. For super admins.

use crate::api::{self, change};
use crate::clock::Clock;
use crate::live::Live;
use crate::report::Report;
use crate::view::IntoAny;
use crate::widgets::{Act, Card, Confirm, SecretOnce, use_alive};
use leptos::prelude::*;
use leptos_meta::Title;
use std::sync::Arc;
use telemetry::report::accounts::{ResetLink, UserInfo};

#[component]
pub(crate) fn UsersPage() -> impl IntoView {
    let live = expect_context::<Live>();
    let report = Report::new(live, || (), |()| api::users());
    let made = RwSignal::new(None::<ResetLink>);
    let problem = RwSignal::new(None::<String>);
    let status = Signal::derive(move || report.status());
    let content = Arc::new(move || view! { <Users report live made problem/> }.into_any());
    let link = move || {
        made.get().map(|made| {
            view! {
                <SecretOnce title="The link to choose a new password" what="the link" text=made.link
                    note="Hand it to the user: it is not shown again. It works once, for a day, for whoever has it."/>
            }
        })
    };
    view! {
        <Title text="Users"/>
        <h1 class="settings-title">"Users"</h1>
        <p class="settings-text">"Everybody with an account. Who is disabled cannot sign in, and is signed out at once."</p>
        <div aria-live="polite">{link}</div>
        <p class="field-note is-error" role="alert">{move || problem.get()}</p>
        <Card title="Users" id="users" status content/>
    }
    .into_any()
}

#[component]
fn Users(
    report: Report<Vec<UserInfo>>,
    live: Live,
    made: RwSignal<Option<ResetLink>>,
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let rows = move || {
        report.with_clock(|users, clock| {
            users.iter().map(|user| line(user, clock, live, made, problem)).collect_view()
        })
    };
    view! {
        <div class="table-scroll">
            <table class="table is-stacking users">
                <thead>
                    <tr>
                        <th scope="col">"Name"</th>
                        <th scope="col">"E-mail address"</th>
                        <th scope="col" class="number">"Clients"</th>
                        <th scope="col">"Made"</th>
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
    info: &UserInfo,
    clock: &Clock,
    live: Live,
    made: RwSignal<Option<ResetLink>>,
    problem: RwSignal<Option<String>>,
) -> AnyView {
    let UserInfo { user, disabled, created_at, clients } = info.clone();
    let id = user.id;
    let disable: Act = Arc::new(move || Box::pin(change::set_disabled(id, true)));
    let again = Callback::new(move |()| live.again());
    let state = if disabled {
        view! { <Act label="Enable" work=Work::Enable id live made problem/> }.into_any()
    } else {
        view! {
            <Act label="Reset password" work=Work::Reset id live made problem/>
            <Act label="End sessions" work=Work::EndSessions id live made problem/>
            <Confirm label="Disable" name=user.username.clone() act=disable done=again
                warning="They are signed out at once, and cannot sign in again."/>
        }
        .into_any()
    };
    view! {
        <tr class:is-over=disabled>
            <th scope="row">
                {user.username.clone()} " "
                {user.super_admin.then(|| view! { <span class="tag">"super admin"</span> })}
                {disabled.then(|| view! { <span class="tag">"disabled"</span> })}
            </th>
            <td>{user.email}</td>
            <td class="number" data-label="clients">{clients.to_string()}</td>
            <td data-label="made" title=clock.moment(created_at)>{clock.ago(created_at)}</td>
            <td><div class="row-actions">{state}</div></td>
        </tr>
    }
    .into_any()
}

/// What can be done with one click.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Enable,
    Reset,
    EndSessions,
}

#[component]
fn Act(
    label: &'static str,
    work: Work,
    id: i64,
    live: Live,
    made: RwSignal<Option<ResetLink>>,
    problem: RwSignal<Option<String>>,
) -> impl IntoView {
    let alive = use_alive();
    let act = move |_| {
        leptos::task::spawn_local(async move {
            let answer = match work {
                Work::Enable => change::set_disabled(id, false).await,
                Work::EndSessions => change::end_sessions_of(id).await,
                Work::Reset => change::make_reset(id).await.map(|link| {
                    made.try_set(Some(link));
                }),
            };
            problem.try_set(answer.err().map(|problem| problem.error.message));
            live.again();
        });
    };
    view! {
        <button class="button is-small" type="button" disabled=move || !alive.get() on:click=act>{label}</button>
    }
    .into_any()
}
