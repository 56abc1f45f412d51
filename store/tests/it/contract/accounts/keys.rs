//! Keys and the instance's secrets.

use super::{after, all, client, key, now};
use std::sync::Arc;
use store::AccountStore;
use store::accounts::{CallNotes, KeyRotation, KeyUse, NewKeyRecord, RefusedCalls};
use telemetry::report::ClientId;
use telemetry::time::DAY;

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
    assert_eq!(found.limits.raw_retention_days, 30);
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

pub(crate) async fn many_note_the_same_uses_side_by_side(accounts: Arc<dyn AccountStore>) {
    let (_, scope) = client(&*accounts, "one").await;
    let mut uses = Vec::new();
    for n in 0..40 {
        uses.push(accounts.create_key(&scope, &key(n), now()).await.unwrap().id);
    }
    // Half of them in the opposite order.
    all(8, |n| {
        let accounts = accounts.clone();
        let mut uses: Vec<_> = uses.iter().map(|id| (*id, after(i64::try_from(n).unwrap()))).collect();
        if n.is_multiple_of(2) {
            uses.reverse();
        }
        async move { accounts.touch_keys(&uses).await.unwrap() }
    })
    .await;
    let keys = accounts.keys(&scope).await.unwrap();
    assert!(keys.iter().all(|key| key.last_used_at == Some(after(7))));
}

pub(crate) async fn a_key_keeps_what_it_is_held_to(accounts: Arc<dyn AccountStore>) {
    let (_, scope) = client(&*accounts, "one").await;
    let wish = NewKeyRecord {
        expires_at: Some(after(60)),
        origins: vec!["https://shop.example".into(), "http://localhost:8080".into()],
        services: vec!["shop".into(), "a b".into()],
        hits_per_second: Some(5),
        burst: Some(9),
        hits_per_day: Some(1_000),
        hits_per_month: Some(1 << 40),
        ..key(1)
    };
    let made = accounts.create_key(&scope, &wish, now()).await.unwrap();
    assert_eq!(
        (made.expires_at, &made.origins, &made.services),
        (wish.expires_at, &wish.origins, &wish.services)
    );
    let limits = (Some(5), Some(9), Some(1_000), Some(1 << 40));
    assert_eq!((made.hits_per_second, made.burst, made.hits_per_day, made.hits_per_month), limits);
    assert_eq!(accounts.keys(&scope).await.unwrap(), [made]);
    let found = accounts.ingest_key([1; 32]).await.unwrap().unwrap();
    assert_eq!(
        (found.expires_at, &found.origins, &found.services),
        (wish.expires_at, &wish.origins, &wish.services)
    );
    assert_eq!((found.hits_per_second, found.burst, found.hits_per_day, found.hits_per_month), limits);
    assert_eq!(accounts.key_at_any_time([1; 32]).await.unwrap().unwrap().key, found);
    accounts.create_key(&scope, &key(2), now()).await.unwrap();
    let free = accounts.ingest_key([2; 32]).await.unwrap().unwrap();
    assert_eq!((free.expires_at, free.origins.len(), free.services.len()), (None, 0, 0));
}

pub(crate) async fn a_rotated_key_goes_on_for_the_overlap(accounts: Arc<dyn AccountStore>) {
    let ((_, scope), (_, other)) = (client(&*accounts, "one").await, client(&*accounts, "two").await);
    let wish = NewKeyRecord { services: vec!["shop".into()], expires_at: Some(after(500)), ..key(1) };
    let old = accounts.create_key(&scope, &wish, now()).await.unwrap();
    let rotate = async |scope, id, n: u8, until, at| {
        accounts.rotate_key(scope, id, "snd_live_new", [n; 32], after(until), after(at)).await.unwrap()
    };
    assert_eq!(rotate(&other, old.id, 2, 60, 1).await, KeyRotation::Unknown);
    assert_eq!(rotate(&scope, 99, 2, 60, 1).await, KeyRotation::Unknown);
    let KeyRotation::Rotated(new) = rotate(&scope, old.id, 2, 60, 1).await else { panic!("not rotated") };
    assert_eq!((new.name.as_str(), new.prefix.as_str()), ("key 1", "snd_live_new"));
    assert_eq!((new.expires_at, &new.services), (Some(after(500)), &wish.services));
    let keys = accounts.keys(&scope).await.unwrap();
    assert_eq!((keys[1].expires_at, keys[1].replaced_by), (Some(after(60)), Some(new.id)));
    for n in [1, 2] {
        assert!(accounts.ingest_key([n; 32]).await.unwrap().is_some(), "both are good");
    }
    assert_eq!(rotate(&scope, old.id, 3, 60, 2).await, KeyRotation::Over, "it was before");
    // Its own end is not put off.
    let KeyRotation::Rotated(third) = rotate(&scope, new.id, 3, 900, 2).await else { panic!("not rotated") };
    assert_eq!(accounts.keys(&scope).await.unwrap()[1].expires_at, Some(after(500)));
    assert_eq!(rotate(&scope, third.id, 4, 600, 500).await, KeyRotation::Over, "it has expired");
    accounts.revoke_key(&scope, third.id, after(3)).await.unwrap();
    assert_eq!(rotate(&scope, third.id, 4, 60, 4).await, KeyRotation::Over, "it is revoked");
}

pub(crate) async fn a_key_is_rotated_once_however_many_try(accounts: Arc<dyn AccountStore>) {
    let (_, scope) = client(&*accounts, "one").await;
    let old = accounts.create_key(&scope, &key(1), now()).await.unwrap();
    let rotations = all(6, |n| {
        let (accounts, scope) = (accounts.clone(), scope.clone());
        let digest = [10 + n as u8; 32];
        async move { accounts.rotate_key(&scope, old.id, "p", digest, after(60), now()).await.unwrap() }
    })
    .await;
    let rotated = |rotation: &&KeyRotation| matches!(rotation, KeyRotation::Rotated(_));
    assert_eq!(rotations.iter().filter(rotated).count(), 1);
    assert_eq!(accounts.keys(&scope).await.unwrap().len(), 2);
}

pub(crate) async fn notes_of_calls_add_up_by_day(accounts: Arc<dyn AccountStore>) {
    let ((one, scope), (two, other)) = (client(&*accounts, "one").await, client(&*accounts, "two").await);
    let refused =
        |client: ClientId, day: i64, status, calls| RefusedCalls { client, day: day * DAY, status, calls };
    let used = |client: ClientId, key, day: i64, accepted| KeyUse { client, key, day: day * DAY, accepted };
    accounts.note_calls(&CallNotes::default()).await.unwrap();
    let notes = CallNotes {
        refused: vec![
            refused(two.id, 5, 429, 1),
            refused(one.id, 5, 503, 2),
            refused(one.id, 5, 429, 3),
            refused(one.id, 6, 429, 4),
            refused(one.id, 5, 503, 5),
        ],
        uses: vec![
            used(one.id, 7, 5, 10),
            used(one.id, 7, 6, 20),
            used(one.id, 8, 5, 1),
            used(two.id, 7, 5, 2),
        ],
    };
    // Several servers write down at once, each the other way round than the one before.
    let written = all(6, |n| {
        let (accounts, mut notes) = (accounts.clone(), notes.clone());
        if n % 2 == 1 {
            notes.refused.reverse();
            notes.uses.reverse();
        }
        async move { accounts.note_calls(&notes).await }
    });
    assert!(written.await.iter().all(Result::is_ok));
    let found = accounts.refused_calls(&scope, 5 * DAY, 7 * DAY).await.unwrap();
    assert_eq!(
        found,
        [refused(one.id, 5, 429, 18), refused(one.id, 5, 503, 42), refused(one.id, 6, 429, 24)]
    );
    assert_eq!(accounts.refused_calls(&other, 5 * DAY, 7 * DAY).await.unwrap(), [refused(two.id, 5, 429, 6)]);
    assert!(accounts.refused_calls(&scope, 0, 5 * DAY).await.unwrap().is_empty(), "`to` is exclusive");
    let uses = accounts.key_use(&scope, 7, 5 * DAY, 7 * DAY).await.unwrap();
    assert_eq!(uses.into_iter().collect::<Vec<_>>(), [(5 * DAY, 60), (6 * DAY, 120)]);
    assert_eq!(accounts.key_use(&other, 7, 0, 9 * DAY).await.unwrap()[&(5 * DAY)], 12);
    assert!(accounts.key_use(&other, 8, 0, 9 * DAY).await.unwrap().is_empty(), "of another client");
}
