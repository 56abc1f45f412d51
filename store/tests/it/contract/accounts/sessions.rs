//! Sessions and their refresh tokens.

use super::{after, all, new_user, now, session_of, user};
use std::sync::Arc;
use store::AccountStore;
use store::accounts::{Rotation, Session};

async fn session(accounts: &dyn AccountStore, id: &str, digest: [u8; 32]) -> Session {
    let user = match accounts.user_by_login("ann").await.unwrap() {
        Some(record) => record.user,
        None => user(accounts, "ann").await,
    };
    let session = session_of(user.id, id);
    accounts.create_session(&session, digest).await.unwrap();
    session
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

pub(crate) async fn of_all_who_use_a_copy_nobody_keeps_the_session(accounts: Arc<dyn AccountStore>) {
    session(&*accounts, "s1", [1; 32]).await;
    accounts.rotate_session([1; 32], [2; 32], after(1), 10).await.unwrap();
    // Long after the grace, some present the old token and some the current one, while others end the session: nobody
    // waits in a circle, and the old token wins in the end.
    let rotations = all(12, |n| {
        let accounts = accounts.clone();
        let (old, fresh) = ([1; 32], [100 + u8::try_from(n).unwrap(); 32]);
        async move {
            let presented = if n.is_multiple_of(2) { old } else { [2; 32] };
            accounts.rotate_session(presented, fresh, after(100), 10).await.unwrap()
        }
    })
    .await;
    let count = |wanted: fn(&Rotation) -> bool| rotations.iter().filter(|rotation| wanted(rotation)).count();
    assert_eq!(count(|rotation| matches!(rotation, Rotation::Reused)), 1);
    assert!(count(|rotation| matches!(rotation, Rotation::Rotated(_))) <= 1);
    for n in 0..12 {
        let digest = [100 + n; 32];
        assert_eq!(accounts.session_by_refresh(digest, after(100)).await.unwrap(), None);
    }
    assert_eq!(accounts.session("s1", after(100)).await.unwrap(), None);
}

pub(crate) async fn a_user_s_sessions_are_listed_and_ended_together(accounts: Arc<dyn AccountStore>) {
    let one = session(&*accounts, "s1", [1; 32]).await;
    let two = session(&*accounts, "s2", [2; 32]).await;
    let bob = accounts.create_user(&new_user("bob"), now()).await.unwrap();
    let of_bob = Session { id: "s3".into(), user: bob.id, expires_at: after(5_000), ..one.clone() };
    accounts.create_session(&of_bob, [3; 32]).await.unwrap();
    accounts.rotate_session([2; 32], [4; 32], after(10), 10).await.unwrap();
    let two = Session { last_used_at: after(10), ..two };

    let listed = accounts.sessions_of(one.user, after(20)).await.unwrap();
    assert_eq!(listed, [two, one.clone()], "the one used last first");
    assert_eq!(accounts.sessions_of(one.user, after(1_000)).await.unwrap(), [], "expired");
    assert_eq!(accounts.end_sessions_of(one.user).await.unwrap(), 2);
    assert_eq!(accounts.end_sessions_of(one.user).await.unwrap(), 0);
    assert_eq!(accounts.sessions_of(one.user, after(20)).await.unwrap(), []);
    assert_eq!(accounts.session_by_refresh([4; 32], after(20)).await.unwrap(), None);
    assert_eq!(accounts.sessions_of(bob.id, after(20)).await.unwrap(), [of_bob]);
}

pub(crate) async fn sessions_begin_and_end_side_by_side(accounts: Arc<dyn AccountStore>) {
    let first = session(&*accounts, "first", [255; 32]).await;
    all(24, |n| {
        let (accounts, user) = (accounts.clone(), first.user);
        let digest = |part: u8| [u8::try_from(n).unwrap() * 4 + part; 32];
        let (token, next) = (digest(0), digest(1));
        let session = Session { id: format!("s{n}"), ..first.clone() };
        async move {
            match n % 4 {
                0 => assert!(accounts.end_sessions_of(user).await.is_ok()),
                1 => assert!(accounts.prune_sessions(after(2_000), 5).await.is_ok()),
                _ => {
                    accounts.create_session(&session, token).await.unwrap();
                    let rotation = accounts.rotate_session(token, next, after(1), 10).await.unwrap();
                    assert!(matches!(rotation, Rotation::Rotated(_) | Rotation::Unknown), "{rotation:?}");
                    accounts.end_session(&session.id).await.unwrap();
                }
            }
        }
    })
    .await;
    accounts.end_sessions_of(first.user).await.unwrap();
    assert_eq!(accounts.sessions_of(first.user, now()).await.unwrap(), []);
}
