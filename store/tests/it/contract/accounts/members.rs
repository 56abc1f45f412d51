//! Members and their roles.

use super::{all, client, instance, user};
use std::sync::Arc;
use store::access::{ClientScope, Role};
use store::{AccountStore, StoreError};
use telemetry::report::accounts::Member;
use telemetry::report::{ClientId, User};

pub(crate) async fn roles_are_given_and_changed(accounts: Arc<dyn AccountStore>) {
    let ann = user(&*accounts, "ann").await;
    let (one, in_one) = client(&*accounts, "one").await;
    let membership = accounts.role_in(ann.id, one.id).await.unwrap();
    assert_eq!((membership.exists, membership.role), (true, None));
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        accounts.set_member(&in_one, ann.id, role).await.unwrap();
        assert_eq!(accounts.role_in(ann.id, one.id).await.unwrap().role, Some(role));
    }
    let bob = user(&*accounts, "bob").await;
    assert!(!accounts.change_role(&in_one, bob.id, Role::Admin).await.unwrap(), "he is no member");
    accounts.set_member(&in_one, bob.id, Role::Viewer).await.unwrap();
    assert!(accounts.change_role(&in_one, bob.id, Role::Admin).await.unwrap());
    assert!(accounts.change_role(&in_one, ann.id, Role::Operator).await.unwrap());
    assert_eq!(accounts.role_in(ann.id, one.id).await.unwrap().role, Some(Role::Operator));
    let nowhere = accounts.role_in(ann.id, ClientId(99)).await.unwrap();
    assert_eq!((nowhere.exists, nowhere.role), (false, None));
    let nobody = accounts.set_member(&in_one, 99, Role::Viewer).await;
    assert!(nobody.is_err_and(|error| !error.is_retryable()));
}

pub(crate) async fn members_are_listed_by_name_and_removed(accounts: Arc<dyn AccountStore>) {
    let (bob, ann) = (user(&*accounts, "bob").await, user(&*accounts, "Ann").await);
    let ((_, in_one), (_, in_two)) = (client(&*accounts, "one").await, client(&*accounts, "two").await);
    accounts.set_member(&in_one, bob.id, Role::Viewer).await.unwrap();
    accounts.set_member(&in_one, ann.id, Role::Operator).await.unwrap();
    accounts.set_member(&in_two, bob.id, Role::Admin).await.unwrap();
    let member = |user: &User, role| Member { user: user.clone(), role, disabled: false };
    assert_eq!(
        accounts.members(&in_one).await.unwrap(),
        [member(&ann, Role::Operator), member(&bob, Role::Viewer)]
    );
    assert!(accounts.remove_member(&in_one, bob.id).await.unwrap());
    assert!(!accounts.remove_member(&in_one, bob.id).await.unwrap());
    assert!(!accounts.remove_member(&in_two, ann.id).await.unwrap());
    assert_eq!(accounts.members(&in_one).await.unwrap(), [member(&ann, Role::Operator)]);
    assert_eq!(accounts.members(&in_two).await.unwrap(), [member(&bob, Role::Admin)]);
    let nobody = ClientScope::of_the_instance(ClientId(99));
    assert_eq!(accounts.members(&nobody).await.unwrap(), []);
}

pub(crate) async fn a_client_s_last_admin_cannot_be_removed(accounts: Arc<dyn AccountStore>) {
    let (_, in_one) = client(&*accounts, "one").await;
    let mut admins = Vec::new();
    for n in 0..6 {
        let admin = user(&*accounts, &format!("admin{n}")).await.id;
        accounts.set_member(&in_one, admin, Role::Admin).await.unwrap();
        admins.push(admin);
    }
    let viewer = user(&*accounts, "viewer").await.id;
    accounts.set_member(&in_one, viewer, Role::Viewer).await.unwrap();
    // All at once: each sees who has gone before.
    let removed = all(admins.len(), |n| {
        let (accounts, scope, admin) = (accounts.clone(), in_one.clone(), admins[n]);
        async move { accounts.remove_member(&scope, admin).await }
    })
    .await;
    assert_eq!(removed.iter().filter(|removed| matches!(removed, Ok(true))).count(), 5);
    assert_eq!(removed.iter().filter(|removed| matches!(removed, Err(StoreError::LastAdmin))).count(), 1);
    assert!(accounts.remove_member(&in_one, viewer).await.unwrap());
    let left = accounts.members(&in_one).await.unwrap();
    assert_eq!(left.iter().map(|member| member.role).collect::<Vec<_>>(), [Role::Admin]);
    let error = accounts.remove_member(&in_one, left[0].user.id).await.unwrap_err();
    assert!(matches!(error, StoreError::LastAdmin));
}

pub(crate) async fn a_client_s_last_admin_cannot_be_made_less(accounts: Arc<dyn AccountStore>) {
    let (one, in_one) = client(&*accounts, "one").await;
    let mut admins = Vec::new();
    for n in 0..6 {
        let admin = user(&*accounts, &format!("admin{n}")).await.id;
        accounts.set_member(&in_one, admin, Role::Admin).await.unwrap();
        admins.push(admin);
    }
    // All at once, by each of the three ways.
    let done = all(admins.len(), |n| {
        let (accounts, scope, admin) = (accounts.clone(), in_one.clone(), admins[n]);
        async move {
            match n % 3 {
                0 => accounts.set_member(&scope, admin, Role::Operator).await.map(|()| true),
                1 => accounts.change_role(&scope, admin, Role::Viewer).await,
                _ => accounts.remove_member(&scope, admin).await,
            }
        }
    })
    .await;
    assert_eq!(done.iter().filter(|done| matches!(done, Ok(true))).count(), 5);
    assert_eq!(done.iter().filter(|done| matches!(done, Err(StoreError::LastAdmin))).count(), 1);
    let members = accounts.members(&in_one).await.unwrap();
    let left: Vec<_> = members.iter().filter(|member| member.role == Role::Admin).collect();
    assert_eq!(left.len(), 1);
    let last = left[0].user.id;
    let less = accounts.set_member(&in_one, last, Role::Viewer).await;
    assert!(matches!(less, Err(StoreError::LastAdmin)));
    assert_eq!(accounts.role_in(last, one.id).await.unwrap().role, Some(Role::Admin), "nothing half-written");
    accounts.set_member(&in_one, last, Role::Admin).await.unwrap();
}

pub(crate) async fn an_admin_who_cannot_sign_in_is_none(accounts: Arc<dyn AccountStore>) {
    let (_, in_one) = client(&*accounts, "one").await;
    let (ann, bob) = (user(&*accounts, "ann").await, user(&*accounts, "bob").await);
    for admin in [&ann, &bob] {
        accounts.set_member(&in_one, admin.id, Role::Admin).await.unwrap();
    }
    assert!(accounts.set_disabled(&instance(), bob.id, true).await.unwrap());
    assert!(matches!(accounts.remove_member(&in_one, ann.id).await, Err(StoreError::LastAdmin)));
    assert!(accounts.members(&in_one).await.unwrap()[1].disabled);
    assert!(accounts.remove_member(&in_one, bob.id).await.unwrap(), "he did not count");
}
