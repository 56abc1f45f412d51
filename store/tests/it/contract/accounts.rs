//! What every account store promises.

use crate::samples::NOW;
use jiff::Timestamp;
use std::sync::Arc;
use store::access::{ClientScope, Role};
use store::accounts::{NewKeyRecord, NewUser, Rotation, Session};
use store::{AccountStore, StoreError};
use telemetry::report::{Client, ClientId, User};
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
                    a_session_ends_when_it_ends_or_expires,
                    a_refresh_token_is_replaced_at_each_use,
                    a_replaced_token_is_good_for_the_grace_and_then_ends_the_session,
                    a_token_is_replaced_once_however_many_present_it,
                    expired_sessions_are_pruned_in_portions,
                    a_client_has_a_name_of_its_own,
                    a_user_sees_the_clients_they_belong_to,
                    roles_are_given_and_changed,
                    a_key_is_good_until_it_is_revoked,
                    a_key_belongs_to_its_client,
                    last_use_never_moves_back,
                    all_callers_get_the_same_secret,
                ]
            );
        }
    };
}
pub(crate) use contract;

pub(crate) fn now() -> Timestamp {
    from_second(NOW)
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
    let client = accounts.create_client(name, now()).await.unwrap();
    let scope = ClientScope::of_the_instance(client.id);
    (client, scope)
}

fn key(n: u8) -> NewKeyRecord {
    NewKeyRecord {
        name: format!("key {n}"),
        prefix: format!("snd_live_{n}"),
        digest: [n; 32],
        environment: "live".into(),
    }
}

async fn session(accounts: &dyn AccountStore, id: &str, digest: [u8; 32]) -> Session {
    let user = match accounts.user_by_login("ann").await.unwrap() {
        Some(record) => record.user,
        None => user(accounts, "ann").await,
    };
    let session = Session {
        id: id.into(),
        user: user.id,
        created_at: now(),
        last_used_at: now(),
        expires_at: after(1_000),
        user_agent: "Firefox".into(),
    };
    accounts.create_session(&session, digest).await.unwrap();
    session
}

pub(crate) async fn the_first_user_is_made_once(accounts: Arc<dyn AccountStore>) {
    assert!(!accounts.any_user().await.unwrap());
    let tasks: Vec<_> = (0..12)
        .map(|n| {
            let accounts = accounts.clone();
            let user = NewUser { super_admin: true, ..new_user(&format!("root{n}")) };
            tokio::spawn(async move { accounts.create_first_user(&user, now()).await.unwrap() })
        })
        .collect();
    let mut made = Vec::new();
    for task in tasks {
        made.extend(task.await.unwrap());
    }
    assert_eq!(made.len(), 1);
    assert!(made[0].super_admin && accounts.any_user().await.unwrap());
    let stored = accounts.user(made[0].id).await.unwrap().unwrap();
    assert_eq!((stored.user, stored.disabled), (made.remove(0), false));
}

pub(crate) async fn names_and_addresses_are_taken_in_any_case(accounts: Arc<dyn AccountStore>) {
    user(&*accounts, "Ann").await;
    let same_name = NewUser { email: "other@example.org".into(), ..new_user("aNN") };
    let same_address = NewUser { email: "ANN@Example.Org".into(), ..new_user("bob") };
    for (user, field) in [(same_name, "username"), (same_address, "email"), (new_user("ann"), "username")] {
        let error = accounts.create_user(&user, now()).await.unwrap_err();
        assert!(matches!(error, StoreError::Conflict(taken) if taken == field), "{error} {field}");
    }
    user(&*accounts, "bob").await;
}

pub(crate) async fn a_user_is_found_by_name_or_address(accounts: Arc<dyn AccountStore>) {
    let ann = user(&*accounts, "Ann").await;
    for login in ["Ann", "ann", "ANN@example.org"] {
        assert_eq!(accounts.user_by_login(login).await.unwrap().unwrap().user, ann);
    }
    for login in ["", "an", "%", "ann "] {
        assert!(accounts.user_by_login(login).await.unwrap().is_none());
    }
    assert_eq!(accounts.user_by_login("ann").await.unwrap().unwrap().password_hash, "$argon2id$");
    assert!(accounts.user(ann.id + 1).await.unwrap().is_none());
    // Nobody takes an address over by using it as a name.
    user(&*accounts, "ann@example.org").await;
    assert_eq!(accounts.user_by_login("ann@example.org").await.unwrap().unwrap().user, ann);
}

pub(crate) async fn a_session_ends_when_it_ends_or_expires(accounts: Arc<dyn AccountStore>) {
    let made = session(&*accounts, "s1", [1; 32]).await;
    assert_eq!(accounts.session("s1", after(999)).await.unwrap(), Some(made.clone()));
    assert_eq!(accounts.session("s1", after(1_000)).await.unwrap(), None);
    assert_eq!(accounts.session_by_refresh([1; 32], now()).await.unwrap(), Some(made));
    assert_eq!(accounts.session_by_refresh([1; 32], after(1_000)).await.unwrap(), None);
    assert_eq!(accounts.session_by_refresh([2; 32], now()).await.unwrap(), None);
    let rotation = accounts.rotate_session([1; 32], [2; 32], after(1_000), 10).await.unwrap();
    assert_eq!(rotation, Rotation::Unknown);
    accounts.end_session("s1").await.unwrap();
    accounts.end_session("s1").await.unwrap();
    assert_eq!(accounts.session("s1", now()).await.unwrap(), None);
    assert_eq!(accounts.session_by_refresh([1; 32], now()).await.unwrap(), None);
    assert_eq!(accounts.rotate_session([1; 32], [2; 32], now(), 10).await.unwrap(), Rotation::Unknown);
}

pub(crate) async fn a_refresh_token_is_replaced_at_each_use(accounts: Arc<dyn AccountStore>) {
    let mut made = session(&*accounts, "s1", [1; 32]).await;
    for n in 1..5 {
        made.last_used_at = after(i64::from(n) * 100);
        let rotation = accounts.rotate_session([n; 32], [n + 1; 32], made.last_used_at, 10).await.unwrap();
        assert_eq!(rotation, Rotation::Rotated(made.clone()));
        assert_eq!(accounts.session_by_refresh([n; 32], made.last_used_at).await.unwrap(), None);
        let current = accounts.session_by_refresh([n + 1; 32], made.last_used_at).await.unwrap();
        assert_eq!(current, Some(made.clone()));
    }
    assert_eq!(accounts.session("s1", after(500)).await.unwrap(), Some(made));
}

pub(crate) async fn a_replaced_token_is_good_for_the_grace_and_then_ends_the_session(
    accounts: Arc<dyn AccountStore>,
) {
    let other = session(&*accounts, "s0", [9; 32]).await;
    session(&*accounts, "s1", [1; 32]).await;
    accounts.rotate_session([1; 32], [2; 32], after(100), 10).await.unwrap();
    let recent = accounts.rotate_session([1; 32], [3; 32], after(110), 10).await.unwrap();
    assert!(matches!(recent, Rotation::Recent(session) if session.id == "s1"));
    assert!(
        accounts.session_by_refresh([2; 32], after(110)).await.unwrap().is_some(),
        "nothing was replaced"
    );
    assert_eq!(accounts.session_by_refresh([3; 32], after(110)).await.unwrap(), None);
    accounts.rotate_session([2; 32], [4; 32], after(200), 10).await.unwrap();
    // A token of long ago, not only the one before the last.
    assert_eq!(accounts.rotate_session([1; 32], [5; 32], after(205), 10).await.unwrap(), Rotation::Reused);
    for digest in [1, 2, 3, 4, 5] {
        let rotation = accounts.rotate_session([digest; 32], [6; 32], after(206), 10).await.unwrap();
        assert_eq!(rotation, Rotation::Unknown, "{digest}");
    }
    assert_eq!(accounts.session("s1", after(206)).await.unwrap(), None);
    assert_eq!(accounts.session("s0", after(206)).await.unwrap(), Some(other), "other sessions go on");
}

pub(crate) async fn a_token_is_replaced_once_however_many_present_it(accounts: Arc<dyn AccountStore>) {
    session(&*accounts, "s1", [1; 32]).await;
    let tasks: Vec<_> = (2..12)
        .map(|n| {
            let accounts = accounts.clone();
            tokio::spawn(
                async move { accounts.rotate_session([1; 32], [n; 32], after(1), 10).await.unwrap() },
            )
        })
        .collect();
    let mut rotated = 0;
    for task in tasks {
        match task.await.unwrap() {
            Rotation::Rotated(_) => rotated += 1,
            Rotation::Recent(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rotated, 1);
}

pub(crate) async fn expired_sessions_are_pruned_in_portions(accounts: Arc<dyn AccountStore>) {
    for n in 0..5 {
        session(&*accounts, &format!("s{n}"), [n; 32]).await;
    }
    assert_eq!(accounts.prune_sessions(after(1_000), 10).await.unwrap(), 0);
    assert_eq!(accounts.prune_sessions(after(1_001), 3).await.unwrap(), 3);
    assert_eq!(accounts.prune_sessions(after(1_001), 3).await.unwrap(), 2);
    assert_eq!(accounts.prune_sessions(after(1_001), 3).await.unwrap(), 0);
}

pub(crate) async fn a_client_has_a_name_of_its_own(accounts: Arc<dyn AccountStore>) {
    let (acme, scope) = client(&*accounts, "Acme").await;
    assert_eq!((acme.name.as_str(), acme.created_at), ("Acme", now()));
    let error = accounts.create_client("Acme", now()).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict("name")));
    let (other, _) = client(&*accounts, "Other").await;
    assert_eq!(accounts.client(&scope).await.unwrap(), acme);
    assert_eq!(accounts.all_clients().await.unwrap(), [(acme, 30), (other, 30)]);
    let nobody = ClientScope::of_the_instance(ClientId(99));
    assert!(accounts.client(&nobody).await.is_err_and(|error| !error.is_retryable()));
}

pub(crate) async fn a_user_sees_the_clients_they_belong_to(accounts: Arc<dyn AccountStore>) {
    let (ann, bob) = (user(&*accounts, "ann").await, user(&*accounts, "bob").await);
    let (one, in_one) = client(&*accounts, "one").await;
    let (two, _) = client(&*accounts, "two").await;
    accounts.set_member(&in_one, ann.id, Role::Viewer).await.unwrap();
    assert_eq!(accounts.clients_of(&ann).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(accounts.clients_of(&bob).await.unwrap(), []);
    let root = User { super_admin: true, ..bob };
    assert_eq!(accounts.clients_of(&root).await.unwrap(), [one, two]);
}

pub(crate) async fn roles_are_given_and_changed(accounts: Arc<dyn AccountStore>) {
    let ann = user(&*accounts, "ann").await;
    let (one, in_one) = client(&*accounts, "one").await;
    let membership = accounts.role_in(ann.id, one.id).await.unwrap();
    assert_eq!((membership.exists, membership.role), (true, None));
    for role in [Role::Viewer, Role::Admin, Role::Operator] {
        accounts.set_member(&in_one, ann.id, role).await.unwrap();
        assert_eq!(accounts.role_in(ann.id, one.id).await.unwrap().role, Some(role));
    }
    let nowhere = accounts.role_in(ann.id, ClientId(99)).await.unwrap();
    assert_eq!((nowhere.exists, nowhere.role), (false, None));
    let nobody = accounts.set_member(&in_one, ann.id + 1, Role::Viewer).await;
    assert!(nobody.is_err_and(|error| !error.is_retryable()));
}

pub(crate) async fn a_key_is_good_until_it_is_revoked(accounts: Arc<dyn AccountStore>) {
    let (one, scope) = client(&*accounts, "one").await;
    let made = accounts.create_key(&scope, &key(1), now()).await.unwrap();
    assert_eq!(
        (made.name.as_str(), made.prefix.as_str(), made.environment.as_str()),
        ("key 1", "snd_live_1", "live")
    );
    assert_eq!((made.created_at, made.last_used_at, made.revoked_at), (now(), None, None));
    let newer = accounts.create_key(&scope, &key(2), after(1)).await.unwrap();
    assert_eq!(accounts.keys(&scope).await.unwrap(), [newer, made.clone()], "newest first");

    let found = accounts.ingest_key([1; 32]).await.unwrap().unwrap();
    assert_eq!((found.id, found.client, found.environment.as_str()), (made.id, one.id, "live"));
    assert_eq!(found.raw_retention_days, 30);
    assert_eq!(accounts.ingest_key([3; 32]).await.unwrap(), None);

    assert!(accounts.revoke_key(&scope, made.id, after(5)).await.unwrap());
    assert!(accounts.revoke_key(&scope, made.id, after(9)).await.unwrap());
    assert!(!accounts.revoke_key(&scope, 99, after(9)).await.unwrap());
    assert_eq!(accounts.ingest_key([1; 32]).await.unwrap(), None);
    assert!(accounts.ingest_key([2; 32]).await.unwrap().is_some());
    let revoked = accounts.keys(&scope).await.unwrap().pop().unwrap();
    assert_eq!(revoked.revoked_at, Some(after(5)), "the first time stays");
    let again = accounts.create_key(&scope, &key(2), now()).await;
    assert!(again.is_err_and(|error| !error.is_retryable()), "a digest exists once");
}

pub(crate) async fn a_key_belongs_to_its_client(accounts: Arc<dyn AccountStore>) {
    let ((_, in_one), (_, in_two)) = (client(&*accounts, "one").await, client(&*accounts, "two").await);
    let made = accounts.create_key(&in_one, &key(1), now()).await.unwrap();
    assert!(accounts.keys(&in_two).await.unwrap().is_empty());
    assert!(!accounts.revoke_key(&in_two, made.id, now()).await.unwrap());
    assert!(accounts.ingest_key([1; 32]).await.unwrap().is_some());
}

pub(crate) async fn last_use_never_moves_back(accounts: Arc<dyn AccountStore>) {
    let (_, scope) = client(&*accounts, "one").await;
    let mut ids = Vec::new();
    for n in 1..=3 {
        ids.push(accounts.create_key(&scope, &key(n), after(i64::from(n))).await.unwrap().id);
    }
    accounts.touch_keys(&[]).await.unwrap();
    let uses = [(ids[0], after(50)), (ids[1], after(10)), (ids[0], after(20)), (99, after(1))];
    accounts.touch_keys(&uses).await.unwrap();
    accounts.touch_keys(&[(ids[0], after(30)), (ids[1], after(40))]).await.unwrap();
    let last: Vec<_> = accounts.keys(&scope).await.unwrap().into_iter().map(|key| key.last_used_at).collect();
    assert_eq!(last, [None, Some(after(40)), Some(after(50))]);
}

pub(crate) async fn all_callers_get_the_same_secret(accounts: Arc<dyn AccountStore>) {
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let accounts = accounts.clone();
            tokio::spawn(async move { accounts.instance_secret("jwt", [n; 32]).await.unwrap() })
        })
        .collect();
    let mut secrets = Vec::new();
    for task in tasks {
        secrets.push(task.await.unwrap());
    }
    secrets.dedup();
    assert_eq!(secrets.len(), 1);
    assert_eq!(accounts.instance_secret("jwt", [99; 32]).await.unwrap(), secrets[0]);
    assert_eq!(accounts.instance_secret("other", [99; 32]).await.unwrap(), [99; 32]);
}
