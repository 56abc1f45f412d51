//! Invitations and links to choose a new password.

use super::{after, all, client, instance, new_user, now, session_of, user};
use std::sync::Arc;
use store::access::{Author, ClientScope, Role};
use store::accounts::NewInvitationRecord;
use store::{AccountStore, StoreError};
use telemetry::report::User;

fn invitation(n: u8, role: Role) -> NewInvitationRecord {
    NewInvitationRecord {
        name: format!("guest {n}"),
        role,
        digest: [n; 32],
        created_at: now(),
        expires_at: after(1_000),
    }
}

fn by(user: &User, seconds: i64) -> Author {
    Author::user(user, [192, 0, 2, 1].into(), after(seconds))
}

pub(crate) async fn an_invitation_makes_a_member_once(accounts: Arc<dyn AccountStore>) {
    let ann = user(&*accounts, "ann").await;
    let (one, scope) = client(&*accounts, "one").await;
    let scope = scope.on_record(by(&ann, 0));
    let made = accounts.create_invitation(&scope, &invitation(1, Role::Operator)).await.unwrap();
    assert_eq!((made.name.as_str(), made.role, made.made_by.as_str()), ("guest 1", Role::Operator, "ann"));
    assert_eq!(accounts.invitations(&scope, now()).await.unwrap(), [made]);
    let offer = accounts.offer([1; 32], now()).await.unwrap().unwrap();
    assert_eq!((offer.client, offer.role), (one, Role::Operator));
    assert!(accounts.offer([2; 32], now()).await.unwrap().is_none());

    // A name that is taken leaves it good.
    let taken = accounts.accept_as_new([1; 32], &new_user("ANN"), None, now()).await;
    assert!(matches!(taken, Err(StoreError::Conflict("username"))));
    // However many use it, it makes one.
    let made = all(6, |n| {
        let accounts = accounts.clone();
        async move { accounts.accept_as_new([1; 32], &new_user(&format!("guest{n}")), None, now()).await }
    })
    .await;
    let made: Vec<User> = made.into_iter().filter_map(|made| made.unwrap()).collect();
    assert_eq!(made.len(), 1);
    let members = accounts.members(&scope).await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!((&members[0].user, members[0].role), (&made[0], Role::Operator));
    assert!(accounts.invitations(&scope, now()).await.unwrap().is_empty());
    // Nobody else was made with it.
    assert_eq!(accounts.users(&instance()).await.unwrap().len(), 2);
}

pub(crate) async fn an_invitation_ends_by_time_and_by_withdrawal(accounts: Arc<dyn AccountStore>) {
    let (_, in_one) = client(&*accounts, "one").await;
    let (_, in_two) = client(&*accounts, "two").await;
    let late = accounts.create_invitation(&in_one, &invitation(1, Role::Viewer)).await.unwrap();
    let withdrawn = accounts.create_invitation(&in_one, &invitation(2, Role::Viewer)).await.unwrap();
    assert!(!accounts.withdraw_invitation(&in_two, withdrawn.id).await.unwrap(), "it is another client's");
    assert!(accounts.withdraw_invitation(&in_one, withdrawn.id).await.unwrap());
    assert!(!accounts.withdraw_invitation(&in_one, withdrawn.id).await.unwrap());
    assert_eq!(accounts.invitations(&in_one, now()).await.unwrap(), [late]);
    assert!(accounts.offer([2; 32], now()).await.unwrap().is_none());
    for (digest, at) in [([2; 32], now()), ([1; 32], after(1_000)), ([3; 32], now())] {
        assert!(accounts.accept_as_new(digest, &new_user("bob"), None, at).await.unwrap().is_none());
    }
    assert!(accounts.invitations(&in_one, after(1_000)).await.unwrap().is_empty());
    assert!(accounts.user_by_login("bob").await.unwrap().is_none());
    assert_eq!(accounts.prune_sessions(after(999), 10).await.unwrap(), 0);
    assert_eq!(accounts.prune_sessions(after(1_001), 10).await.unwrap(), 1);
}

pub(crate) async fn who_has_an_account_accepts_with_it(accounts: Arc<dyn AccountStore>) {
    let ann = user(&*accounts, "ann").await;
    let (one, scope) = client(&*accounts, "one").await;
    for n in [1, 2] {
        accounts.create_invitation(&scope, &invitation(n, Role::Viewer)).await.unwrap();
    }
    let joined = accounts.accept([1; 32], &by(&ann, 1), ann.id).await.unwrap().unwrap();
    assert_eq!((joined.client.id, joined.role), (one.id, Role::Viewer));
    assert!(accounts.accept([1; 32], &by(&ann, 1), ann.id).await.unwrap().is_none());
    // A stronger role stays.
    accounts.set_member(&scope, ann.id, Role::Admin).await.unwrap();
    assert_eq!(accounts.accept([2; 32], &by(&ann, 1), ann.id).await.unwrap().unwrap().role, Role::Admin);
    assert_eq!(accounts.role_in(ann.id, one.id).await.unwrap().role, Some(Role::Admin));
}

pub(crate) async fn a_reset_link_works_once(accounts: Arc<dyn AccountStore>) {
    let instance = instance();
    let ann = user(&*accounts, "ann").await;
    accounts.create_session(&session_of(ann.id, "a"), [1; 32]).await.unwrap();
    assert!(!accounts.create_reset(&instance, ann.id + 1, [7; 32], after(100)).await.unwrap());
    for n in [8, 9] {
        assert!(accounts.create_reset(&instance, ann.id, [n; 32], after(100)).await.unwrap());
    }
    assert!(accounts.reset_is_good([9; 32], after(99)).await.unwrap());
    assert!(!accounts.reset_is_good([9; 32], after(100)).await.unwrap());
    assert!(accounts.use_reset([9; 32], "late", None, after(100)).await.unwrap().is_none());
    let used = all(4, |n| {
        let accounts = accounts.clone();
        async move { accounts.use_reset([9; 32], &format!("hash {n}"), None, now()).await.unwrap() }
    })
    .await;
    assert_eq!(used.iter().flatten().collect::<Vec<_>>(), [&ann], "exactly one");
    let hash = accounts.user(ann.id).await.unwrap().unwrap().password_hash;
    assert!(hash.starts_with("hash "), "{hash}");
    assert!(accounts.session("a", now()).await.unwrap().is_none(), "sessions end");
    assert!(!accounts.reset_is_good([8; 32], now()).await.unwrap(), "other links are void");
}

pub(crate) async fn a_new_password_ends_the_other_sessions(accounts: Arc<dyn AccountStore>) {
    let (ann, bob) = (user(&*accounts, "ann").await, user(&*accounts, "bob").await);
    for (n, (owner, id)) in [(&ann, "a"), (&ann, "b"), (&bob, "c")].into_iter().enumerate() {
        accounts.create_session(&session_of(owner.id, id), [n as u8; 32]).await.unwrap();
    }
    let instance = instance();
    accounts.create_reset(&instance, ann.id, [9; 32], after(100)).await.unwrap();
    accounts.set_password(&by(&ann, 1), ann.id, "new", Some("a")).await.unwrap();
    assert_eq!(accounts.user(ann.id).await.unwrap().unwrap().password_hash, "new");
    assert!(accounts.session("a", now()).await.unwrap().is_some());
    assert!(accounts.session("b", now()).await.unwrap().is_none());
    assert!(accounts.session("c", now()).await.unwrap().is_some());
    assert!(!accounts.reset_is_good([9; 32], now()).await.unwrap());
    assert!(!accounts.end_session_of(&by(&ann, 1), ann.id, "c").await.unwrap(), "it is somebody else's");
    assert!(accounts.end_session_of(&by(&ann, 1), ann.id, "a").await.unwrap());
    assert!(accounts.session("a", now()).await.unwrap().is_none());
}

pub(crate) async fn what_is_done_for_somebody_is_on_record(accounts: Arc<dyn AccountStore>) {
    let (ann, bob) = (user(&*accounts, "ann").await, user(&*accounts, "bob").await);
    let instance = instance().on_record(by(&ann, 1));
    let one = accounts.create_client(&instance, "one", now()).await.unwrap();
    let scope = ClientScope::of_the_instance(one.id).on_record(by(&ann, 2));
    accounts.set_member(&scope, ann.id, Role::Admin).await.unwrap();
    accounts.set_member(&scope, bob.id, Role::Admin).await.unwrap();
    assert!(accounts.change_role(&scope, bob.id, Role::Viewer).await.unwrap());
    assert!(accounts.remove_member(&scope, bob.id).await.unwrap());
    // What is refused is not on record: neither happened.
    assert!(accounts.remove_member(&scope, ann.id).await.is_err());
    let key = accounts.create_key(&scope, &super::key(1), now()).await.unwrap();
    accounts.rotate_key(&scope, key.id, "snd_live_2", [2; 32], after(60), after(1)).await.unwrap();
    accounts.revoke_key(&scope, key.id, now()).await.unwrap();
    accounts.set_disabled(&instance, bob.id, true).await.unwrap();
    accounts.note(&by(&bob, 3), "session.begun", "bob").await.unwrap();

    let told = |page: &telemetry::report::accounts::AuditPage| -> Vec<(String, String)> {
        page.entries.iter().map(|entry| (entry.action.clone(), entry.target.clone())).collect()
    };
    let words = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
        pairs.iter().map(|(action, target)| ((*action).to_owned(), (*target).to_owned())).collect()
    };
    let of_client = [
        ("key.revoked", "key 1 (snd_live_1…)"),
        ("key.rotated", "key 1 (snd_live_1…)"),
        ("key.made", "key 1 (snd_live_1…)"),
        ("member.removed", "bob"),
        ("member.changed", "bob: admin → viewer"),
        ("member.added", "bob: admin"),
        ("member.added", "ann: admin"),
        ("client.made", "one"),
    ];
    let log = accounts.audit_of(&scope, None, 100).await.unwrap();
    assert_eq!(told(&log), words(&of_client));
    assert_eq!(log.next, None);
    let entry = &log.entries[0];
    assert_eq!((entry.user, entry.name.as_str(), entry.at), (Some(ann.id), "ann", after(2)));
    assert_eq!((entry.client, entry.address.as_deref()), (Some(one.id), Some("192.0.2.1")));

    let whole = accounts.audit(&instance, None, 100).await.unwrap();
    let besides = [("session.begun", "bob"), ("user.disabled", "bob")];
    assert_eq!(told(&whole), words(&[&besides[..], &of_client[..]].concat()));
    // Page by page it is the same, and another client's is empty.
    let (mut paged, mut cursor) = (Vec::new(), None);
    loop {
        let page = accounts.audit(&instance, cursor, 3).await.unwrap();
        paged.extend(told(&page));
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(paged, told(&whole));
    let (_, other) = client(&*accounts, "two").await;
    assert!(accounts.audit_of(&other, None, 100).await.unwrap().entries.is_empty());

    assert_eq!(accounts.prune_audit(after(1), 100).await.unwrap(), 0);
    assert_eq!(accounts.prune_audit(after(2), 100).await.unwrap(), 2);
    assert_eq!(accounts.prune_audit(after(100), 5).await.unwrap(), 5);
    assert_eq!(accounts.audit(&instance, None, 100).await.unwrap().entries.len(), 3);
}

pub(crate) async fn one_signing_key_signs_and_its_predecessors_are_known(accounts: Arc<dyn AccountStore>) {
    let first = all(6, |n| {
        let accounts = accounts.clone();
        async move { accounts.signing_keys([n as u8; 32], now(), now()).await.unwrap() }
    })
    .await;
    assert!(first.iter().all(|keys| keys.len() == 1 && keys[0].secret == first[0][0].secret));
    let instance = instance();
    let second = accounts.rotate_signing_key(&instance, [7; 32], after(10)).await.unwrap();
    let keys = accounts.signing_keys([9; 32], after(5), after(10)).await.unwrap();
    assert_eq!((keys.len(), keys[0].info.id, keys[0].secret), (2, second.id, [7; 32]));
    assert_eq!((keys[0].info.retired_at, keys[1].info.retired_at), (None, Some(after(10))));
    assert!(keys[1].secret == first[0][0].secret);
    // Its time is over.
    let keys = accounts.signing_keys([9; 32], after(10), after(20)).await.unwrap();
    assert_eq!(keys.len(), 1);
}
