//! What every account store promises.

mod clients;
mod edges;
mod invitations;
mod keys;
mod markers;
mod members;
mod sessions;
mod users;

pub(crate) use clients::*;
pub(crate) use edges::*;
pub(crate) use invitations::*;
pub(crate) use keys::*;
pub(crate) use markers::*;
pub(crate) use members::*;
pub(crate) use sessions::*;
pub(crate) use users::*;

use crate::samples::NOW;
use jiff::Timestamp;
use store::AccountStore;
use store::access::{ClientScope, InstanceScope};
use store::accounts::{NewKeyRecord, NewUser, Session};
use telemetry::report::{Client, User};
use telemetry::time::from_second;

macro_rules! contract {
    ($open:expr) => {
        mod accounts_contract {
            crate::run_contract!(
                $open,
                accounts,
                [
                    the_first_user_is_made_once,
                    names_and_addresses_are_taken_in_any_case,
                    a_user_is_found_by_name_or_address,
                    a_name_is_taken_once_however_many_want_it,
                    a_session_ends_when_it_ends_or_expires,
                    a_refresh_token_is_replaced_at_each_use,
                    a_replaced_token_is_good_for_the_grace_and_then_ends_the_session,
                    a_token_is_replaced_once_however_many_present_it,
                    expired_sessions_are_pruned_in_portions,
                    of_all_who_use_a_copy_nobody_keeps_the_session,
                    a_user_s_sessions_are_listed_and_ended_together,
                    sessions_begin_and_end_side_by_side,
                    a_client_has_a_name_of_its_own,
                    a_user_sees_the_clients_they_belong_to,
                    a_client_is_made_once_however_many_want_its_name,
                    each_client_keeps_raw_events_as_long_as_it_says,
                    roles_are_given_and_changed,
                    members_are_listed_by_name_and_removed,
                    a_client_s_last_admin_cannot_be_removed,
                    a_client_s_last_admin_cannot_be_made_less,
                    an_admin_who_cannot_sign_in_is_none,
                    a_disabled_user_is_out_and_the_last_super_admin_stays,
                    an_invitation_makes_a_member_once,
                    an_invitation_ends_by_time_and_by_withdrawal,
                    who_has_an_account_accepts_with_it,
                    a_reset_link_works_once,
                    a_new_password_ends_the_other_sessions,
                    what_is_done_for_somebody_is_on_record,
                    one_signing_key_signs_and_its_predecessors_are_known,
                    a_key_keeps_what_it_is_held_to,
                    a_rotated_key_goes_on_for_the_overlap,
                    a_key_is_rotated_once_however_many_try,
                    a_key_is_good_until_it_is_revoked,
                    a_key_belongs_to_its_client,
                    last_use_never_moves_back,
                    notes_of_calls_add_up_by_day,
                    markers_are_listed_by_range_and_service,
                    only_the_newest_markers_are_kept,
                    all_callers_get_the_same_secret,
                    many_note_the_same_uses_side_by_side,
                    an_edge_is_good_until_it_is_revoked,
                    an_edge_may_be_held_to_some_clients,
                    what_edges_do_is_added_up,
                    a_revoked_key_can_still_be_asked_about,
                ]
            );
        }
    };
}
pub(crate) use contract;

pub(crate) fn now() -> Timestamp {
    from_second(NOW)
}

fn instance() -> InstanceScope {
    InstanceScope::of_the_instance()
}

fn after(seconds: i64) -> Timestamp {
    from_second(NOW + seconds)
}

pub(crate) fn new_user(name: &str) -> NewUser {
    NewUser {
        username: name.into(),
        email: format!("{name}@example.org"),
        password_hash: "$argon2id$".into(),
        super_admin: false,
    }
}

async fn user(accounts: &dyn AccountStore, name: &str) -> User {
    accounts.create_user(&new_user(name), now()).await.unwrap()
}

async fn client(accounts: &dyn AccountStore, name: &str) -> (Client, ClientScope) {
    let client = accounts.create_client(&instance(), name, now()).await.unwrap();
    let scope = ClientScope::of_the_instance(client.id);
    (client, scope)
}

fn key(n: u8) -> NewKeyRecord {
    NewKeyRecord {
        name: format!("key {n}"),
        prefix: format!("snd_live_{n}"),
        digest: [n; 32],
        environment: "live".into(),
        ..NewKeyRecord::default()
    }
}

pub(crate) fn session_of(user: i64, id: &str) -> Session {
    Session {
        id: id.into(),
        user,
        created_at: now(),
        last_used_at: now(),
        expires_at: after(1_000),
        user_agent: "Firefox".into(),
    }
}

/// Does something `times` times at once, with its number, and waits for all; what came out, in order.
pub(crate) async fn all<F: Future<Output: Send + 'static> + Send + 'static>(
    times: usize,
    something: impl Fn(usize) -> F,
) -> Vec<F::Output> {
    let tasks: Vec<_> = (0..times).map(|n| tokio::spawn(something(n))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}
