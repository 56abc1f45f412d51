//! Accounts, and who wins where several processes want the same.

use super::OwnDatabase;
use crate::Opened;
use crate::contract::accounts;
use std::sync::Arc;
use store::AccountStore;
use store::accounts::Rotation;
use store::postgres::{PostgresDatabase, PostgresOptions};

async fn open_accounts() -> Opened<dyn AccountStore> {
    let database = OwnDatabase::create().await;
    let store = Arc::new(PostgresDatabase::open(PostgresOptions::new(database.url())).await.unwrap());
    Opened { store, _kept: Box::new(database) }
}

accounts::contract!(super::open_accounts());

/// As several servers side by side, each with connections of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_make_one_first_user_and_replace_a_token_once() {
    let database = OwnDatabase::create().await;
    let opening = (0..4).map(|_| PostgresDatabase::open(PostgresOptions::new(database.url())));
    let processes: Vec<_> = futures::future::join_all(opening)
        .await
        .into_iter()
        .map(|opened| Arc::new(opened.unwrap()))
        .collect();
    let made = accounts::all(16, |n| {
        let (process, user) = (processes[n % 4].clone(), accounts::new_user(&format!("root{n}")));
        async move { process.create_first_user(&user, accounts::now()).await.unwrap() }
    })
    .await;
    let made: Vec<_> = made.into_iter().flatten().collect();
    assert_eq!(made.len(), 1);

    let session = accounts::session_of(made[0].id, "s1");
    let mut current = [1; 32];
    processes[0].create_session(&session, current).await.unwrap();
    // Round after round everybody presents the current token.
    for round in 1..=5 {
        let rotations = accounts::all(12, |n| {
            let (process, presented) = (processes[n % 4].clone(), current);
            let successor = [round * 16 + u8::try_from(n).unwrap(); 32];
            async move {
                match process.rotate_session(presented, successor, accounts::now(), 10).await.unwrap() {
                    Rotation::Rotated(_) => Some(successor),
                    Rotation::Recent(_) => None,
                    other => panic!("{other:?}"),
                }
            }
        })
        .await;
        let successors: Vec<_> = rotations.into_iter().flatten().collect();
        assert_eq!(successors.len(), 1);
        current = successors[0];
        assert!(processes[1].session_by_refresh(current, accounts::now()).await.unwrap().is_some());
    }
}
