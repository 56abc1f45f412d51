//! The SQLite queue: the contract, and what a reopened file must still hold.

use crate::contract;
use queue::sqlite::SqliteQueue;
use queue::{Message, Queue, ReceiveLimit};
use std::sync::Arc;
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_passes_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let number = std::cell::Cell::new(0);
    contract::every_queue(|| {
        number.set(number.get() + 1);
        let path = folder.path().join(format!("{}/queue.db", number.get()));
        async move { Arc::new(SqliteQueue::open(&path).await.unwrap()) as Arc<dyn Queue> }
    })
    .await;
}

#[tokio::test]
async fn what_was_published_is_there_after_reopening_and_leases_are_void() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.db");
    let message = |number| Message {
        id: MessageId(number),
        client: ClientId(1),
        accepted_at: 1,
        body: vec![number as u8],
    };
    let all = ReceiveLimit { messages: 10, bytes: usize::MAX };

    let queue = SqliteQueue::open(&path).await.unwrap();
    queue.publish(vec![message(1), message(2)]).await.unwrap();
    let mut leased = queue.subscribe().await.unwrap();
    let got = leased.receive(all).await.unwrap();
    leased.ack(&[got[0].tag]).await.unwrap();
    drop((leased, queue));

    let queue = SqliteQueue::open(&path).await.unwrap();
    queue.publish(vec![message(3)]).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().messages(), 2);
    let got = queue.subscribe().await.unwrap().receive(all).await.unwrap();
    assert_eq!(got.iter().map(|delivery| delivery.message.id.0).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn an_emptied_queue_does_not_give_its_numbers_again() {
    let folder = tempfile::tempdir().unwrap();
    let queue = SqliteQueue::open(&folder.path().join("queue.db")).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    for number in 0..5 {
        let message =
            Message { id: MessageId(number), client: ClientId(1), accepted_at: 1, body: Vec::new() };
        queue.publish(vec![message]).await.unwrap();
        let got = subscription.receive(ReceiveLimit { messages: 10, bytes: usize::MAX }).await.unwrap();
        assert_eq!(got.len(), 1);
        subscription.ack(&[got[0].tag]).await.unwrap();
    }
}
