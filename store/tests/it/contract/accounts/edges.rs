//! Edges.

use super::{after, all, client, instance, key, now};
use std::sync::Arc;
use store::accounts::{EdgeTraffic, NewEdge};
use store::{AccountStore, StoreError};
use telemetry::report::ClientId;

fn edge(name: &str, clients: Option<Vec<ClientId>>) -> NewEdge {
    NewEdge { name: name.into(), public_key: [1; 32], clients }
}

pub(crate) async fn an_edge_is_good_until_it_is_revoked(accounts: Arc<dyn AccountStore>) {
    let made = accounts.create_edge(&instance(), &edge("Frankfurt", None), now()).await.unwrap();
    assert_eq!((made.name.as_str(), made.created_at, made.clients.clone()), ("Frankfurt", now(), None));
    assert_eq!(accounts.edges().await.unwrap(), std::slice::from_ref(&made));
    let taken = accounts.create_edge(&instance(), &edge("FRANKFURT", None), now()).await;
    assert!(matches!(taken, Err(StoreError::Conflict("name"))), "{taken:?}");

    let good = accounts.edge_credential(made.id).await.unwrap().unwrap();
    assert_eq!((good.public_key, good.previous_key, good.clients), ([1; 32], None, None));
    assert!(accounts.rotate_edge(&instance(), made.id, [2; 32], after(3_600)).await.unwrap());
    let rotated = accounts.edge_credential(made.id).await.unwrap().unwrap();
    assert_eq!((rotated.public_key, rotated.previous_key), ([2; 32], Some(([1; 32], after(3_600)))));

    assert!(accounts.revoke_edge(&instance(), made.id, after(5)).await.unwrap());
    assert!(accounts.revoke_edge(&instance(), made.id, after(9)).await.unwrap());
    assert_eq!(accounts.edge_credential(made.id).await.unwrap(), None);
    assert!(
        !accounts.rotate_edge(&instance(), made.id, [3; 32], after(1)).await.unwrap(),
        "it stays revoked"
    );
    assert_eq!(accounts.edges().await.unwrap()[0].revoked_at, Some(after(5)), "the first time stays");
    assert!(!accounts.revoke_edge(&instance(), 99, now()).await.unwrap());
    assert_eq!(accounts.edge_credential(99).await.unwrap(), None);
}

pub(crate) async fn an_edge_may_be_held_to_some_clients(accounts: Arc<dyn AccountStore>) {
    let ((one, _), (two, _)) = (client(&*accounts, "one").await, client(&*accounts, "two").await);
    let free = accounts.create_edge(&instance(), &edge("free", None), now()).await.unwrap();
    let held = accounts
        .create_edge(&instance(), &edge("held", Some(vec![two.id, one.id, two.id])), now())
        .await
        .unwrap();
    let idle = accounts.create_edge(&instance(), &edge("idle", Some(vec![])), now()).await.unwrap();
    assert_eq!(held.clients, Some(vec![one.id, two.id]));
    assert_eq!(accounts.edges().await.unwrap(), [free, held.clone(), idle.clone()]);
    let mut clients = accounts.edge_credential(held.id).await.unwrap().unwrap().clients.unwrap();
    clients.sort_unstable();
    assert_eq!(clients, [one.id, two.id]);
    assert_eq!(accounts.edge_credential(idle.id).await.unwrap().unwrap().clients, Some(vec![]), "not: all");
    let unknown = accounts.create_edge(&instance(), &edge("unknown", Some(vec![ClientId(99)])), now()).await;
    assert!(unknown.is_err_and(|error| !error.is_retryable()));
    assert_eq!(accounts.edges().await.unwrap().len(), 3, "nothing is left of it");
}

pub(crate) async fn what_edges_do_is_added_up(accounts: Arc<dyn AccountStore>) {
    let edges = [
        accounts.create_edge(&instance(), &edge("one", None), now()).await.unwrap().id,
        accounts.create_edge(&instance(), &edge("two", None), now()).await.unwrap().id,
    ];
    all(8, |n| {
        let accounts = accounts.clone();
        let seen_at = after(i64::try_from(n).unwrap());
        let mut traffic =
            edges.map(|edge| EdgeTraffic { edge, seen_at, messages: 1, hits: 10, refused: 2 }).to_vec();
        // Half of them in the opposite order.
        if n.is_multiple_of(2) {
            traffic.reverse();
        }
        async move { accounts.note_edges(&traffic).await.unwrap() }
    })
    .await;
    for edge in accounts.edges().await.unwrap() {
        assert_eq!((edge.messages, edge.hits, edge.refused), (8, 80, 16));
        assert_eq!(edge.last_seen_at, Some(after(7)), "never moved back");
    }
    accounts.note_edges(&[]).await.unwrap();
}

pub(crate) async fn a_revoked_key_can_still_be_asked_about(accounts: Arc<dyn AccountStore>) {
    let (one, scope) = client(&*accounts, "one").await;
    let made = accounts.create_key(&scope, &key(1), now()).await.unwrap();
    let before = accounts.key_at_any_time([1; 32]).await.unwrap().unwrap();
    assert_eq!((before.key.client, before.revoked_at), (one.id, None));
    accounts.revoke_key(&scope, made.id, after(5)).await.unwrap();
    let later = accounts.key_at_any_time([1; 32]).await.unwrap().unwrap();
    assert_eq!((later.key, later.revoked_at), (before.key, Some(after(5))));
    assert_eq!(accounts.key_at_any_time([2; 32]).await.unwrap(), None);
}
