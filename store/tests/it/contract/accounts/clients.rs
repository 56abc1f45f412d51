//! Clients: one per name, seen by their members.

use super::{all, client, instance, key, now, user};
use std::sync::Arc;
use store::access::{ClientScope, Role};
use store::{AccountStore, StoreError};
use telemetry::report::limits::ClientLimits;
use telemetry::report::{ClientId, User};

pub(crate) async fn a_client_has_a_name_of_its_own(accounts: Arc<dyn AccountStore>) {
    let (acme, scope) = client(&*accounts, "Acme").await;
    assert_eq!((acme.name.as_str(), acme.created_at), ("Acme", now()));
    let error = accounts.create_client(&instance(), "Acme", now()).await.unwrap_err();
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

pub(crate) async fn a_client_is_made_once_however_many_want_its_name(accounts: Arc<dyn AccountStore>) {
    let made = all(8, |n| {
        let accounts = accounts.clone();
        async move { accounts.create_client(&instance(), ["Acme", "acme"][n % 2], now()).await }
    })
    .await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let conflicts = made.iter().filter(|made| matches!(made, Err(StoreError::Conflict("name"))));
    assert_eq!(conflicts.count(), 7);
}

pub(crate) async fn each_client_keeps_raw_events_as_long_as_it_says(accounts: Arc<dyn AccountStore>) {
    let ((one, in_one), (two, in_two)) = (client(&*accounts, "one").await, client(&*accounts, "two").await);
    accounts.create_key(&in_one, &key(1), now()).await.unwrap();
    let limits = ClientLimits {
        hits_per_second: Some(10),
        burst: Some(20),
        hits_per_day: Some(1_000_000_000_000_000),
        hits_per_month: None,
        capture_bodies: false,
        raw_retention_days: 7,
    };
    assert_eq!(accounts.limits(&in_one).await.unwrap(), ClientLimits::default());
    accounts.set_limits(&in_one, &limits).await.unwrap();
    assert_eq!(accounts.limits(&in_one).await.unwrap(), limits);
    assert_eq!(accounts.limits(&in_two).await.unwrap(), ClientLimits::default());
    assert_eq!(accounts.ingest_key([1; 32]).await.unwrap().unwrap().limits, limits);
    assert_eq!(accounts.key_at_any_time([1; 32]).await.unwrap().unwrap().key.limits, limits);
    assert_eq!(accounts.all_clients().await.unwrap(), [(one, 7), (two, 30)]);
    let nobody = ClientScope::of_the_instance(ClientId(99));
    assert!(matches!(accounts.set_limits(&nobody, &limits).await, Err(StoreError::Refused(_))));
    assert!(matches!(accounts.limits(&nobody).await, Err(StoreError::Refused(_))));
}
