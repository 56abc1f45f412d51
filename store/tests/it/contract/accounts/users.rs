//! Users: one is the first, names and addresses are taken once.

use super::{after, all, instance, new_user, now, session_of, user};
use std::sync::Arc;
use store::accounts::NewUser;
use store::{AccountStore, StoreError};

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

pub(crate) async fn a_name_is_taken_once_however_many_want_it(accounts: Arc<dyn AccountStore>) {
    // Half of them want the name, half the address, each in a case of its own.
    let wanted = |n: usize| {
        let mut user = new_user(if n.is_multiple_of(2) { "ann" } else { "ANN" });
        if n.is_multiple_of(3) {
            user.username = format!("other{n}");
        }
        user
    };
    let made = all(12, |n| {
        let (accounts, user) = (accounts.clone(), wanted(n));
        async move { accounts.create_user(&user, now()).await }
    })
    .await;
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(Result::is_ok);
    assert_eq!(made.len(), 1);
    let taken = |error: &StoreError| matches!(error, StoreError::Conflict("username" | "email"));
    assert!(refused.iter().all(|refused| refused.as_ref().is_err_and(taken)), "{refused:?}");
}

pub(crate) async fn a_disabled_user_is_out_and_the_last_super_admin_stays(accounts: Arc<dyn AccountStore>) {
    let instance = instance();
    let root = NewUser { super_admin: true, ..new_user("root") };
    let root = accounts.create_first_user(&root, now()).await.unwrap().unwrap();
    let ann = user(&*accounts, "ann").await;
    accounts.create_session(&session_of(ann.id, "a"), [1; 32]).await.unwrap();
    accounts.create_reset(&instance, ann.id, [2; 32], after(100)).await.unwrap();
    assert!(!accounts.set_disabled(&instance, 99, true).await.unwrap());
    assert!(accounts.set_disabled(&instance, ann.id, true).await.unwrap());
    assert!(accounts.session("a", now()).await.unwrap().is_none());
    assert!(!accounts.reset_is_good([2; 32], now()).await.unwrap(), "no link leads back");
    let users = accounts.users(&instance).await.unwrap();
    let told: Vec<_> = users.iter().map(|info| (info.user.username.as_str(), info.disabled)).collect();
    assert_eq!(told, [("ann", true), ("root", false)]);
    let last = accounts.set_disabled(&instance, root.id, true).await;
    assert!(matches!(last, Err(StoreError::LastSuperAdmin)));
    assert!(!accounts.user(root.id).await.unwrap().unwrap().disabled);
    assert!(accounts.set_disabled(&instance, ann.id, false).await.unwrap());
    assert!(!accounts.user(ann.id).await.unwrap().unwrap().disabled);
}
