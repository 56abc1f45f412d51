//! What every queue promises. A backend runs all of it with one call of [`every_queue`].

use queue::{Burial, Delivery, DeliveryTag, Message, Queue, ReceiveLimit};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;

const ALL: ReceiveLimit = ReceiveLimit { messages: 1_000, bytes: usize::MAX };

fn message(number: u128) -> Message {
    Message {
        id: MessageId(number),
        client: ClientId((number % 3) as i64),
        accepted_at: 1_000 + number as i64,
        body: format!("body of {number}").into_bytes(),
    }
}

fn burial() -> Burial {
    Burial { cause: "not an envelope".to_owned(), attempts: 3, first_seen: 5, buried_at: 9 }
}

fn ids(deliveries: &[Delivery]) -> Vec<u128> {
    deliveries.iter().map(|delivery| delivery.message.id.0).collect()
}

fn tags(deliveries: &[Delivery]) -> Vec<DeliveryTag> {
    deliveries.iter().map(|delivery| delivery.tag).collect()
}

/// A delivery that must come, within reason.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("nothing came within 30 seconds")
}

/// Runs the whole contract; `fresh` opens a new, empty queue each time.
pub(crate) async fn every_queue<F, Fut>(fresh: F)
where
    F: Fn() -> Fut,
    Fut: Future<Output = Arc<dyn Queue>>,
{
    delivers_in_order_and_unchanged(fresh().await).await;
    an_acked_message_is_gone_and_an_unacked_one_comes_back(fresh().await).await;
    subscriptions_share_messages(fresh().await).await;
    a_waiting_receive_is_woken(fresh().await).await;
    limits_are_kept(fresh().await).await;
    dead_letters_keep_everything_and_can_be_replayed(fresh().await).await;
    many_publishers_lose_nothing(fresh().await).await;
}

async fn delivers_in_order_and_unchanged(queue: Arc<dyn Queue>) {
    let sent: Vec<Message> = (0..50).map(message).collect();
    queue.publish(sent.clone()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let got = soon(subscription.receive(ALL)).await.unwrap();
    assert!(got.iter().all(|delivery| !delivery.redelivered));
    assert_eq!(got.iter().map(|delivery| delivery.message.clone()).collect::<Vec<_>>(), sent);
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.messages, depth.oldest, depth.dead_letters), (50, Some(1_000), 0));
    subscription.ack(&tags(&got)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().messages, 0);
}

async fn an_acked_message_is_gone_and_an_unacked_one_comes_back(queue: Arc<dyn Queue>) {
    queue.publish((0..6).map(message).collect()).await.unwrap();
    let mut first = queue.subscribe().await.unwrap();
    let got = soon(first.receive(ALL)).await.unwrap();
    first.ack(&tags(&got[..3])).await.unwrap();
    drop(first);
    let mut second = queue.subscribe().await.unwrap();
    let again = soon(second.receive(ALL)).await.unwrap();
    assert_eq!(ids(&again), [3, 4, 5]);
    assert!(again.iter().all(|delivery| delivery.redelivered));
    second.ack(&tags(&again)).await.unwrap();
    assert_eq!(queue.depth().await.unwrap().messages, 0);
}

async fn subscriptions_share_messages(queue: Arc<dyn Queue>) {
    queue.publish((0..40).map(message).collect()).await.unwrap();
    let half = ReceiveLimit { messages: 20, ..ALL };
    let (mut one, mut two) = (queue.subscribe().await.unwrap(), queue.subscribe().await.unwrap());
    let mut got = ids(&soon(one.receive(half)).await.unwrap());
    got.extend(ids(&soon(two.receive(half)).await.unwrap()));
    got.sort_unstable();
    assert_eq!(got, (0..40).collect::<Vec<_>>());
}

async fn a_waiting_receive_is_woken(queue: Arc<dyn Queue>) {
    let mut subscription = queue.subscribe().await.unwrap();
    let waiting = tokio::spawn(async move { subscription.receive(ALL).await.map(|got| ids(&got)) });
    tokio::task::yield_now().await;
    queue.publish(vec![message(7)]).await.unwrap();
    assert_eq!(soon(waiting).await.unwrap().unwrap(), [7]);
}

async fn limits_are_kept(queue: Arc<dyn Queue>) {
    queue.publish((0..10).map(message).collect()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let three = soon(subscription.receive(ReceiveLimit { messages: 3, ..ALL })).await.unwrap();
    assert_eq!(ids(&three), [0, 1, 2]);
    let by_bytes = soon(subscription.receive(ReceiveLimit { bytes: 12, ..ALL })).await.unwrap();
    assert_eq!(ids(&by_bytes), [3, 4], "the one that reaches the limit is the last");
}

async fn dead_letters_keep_everything_and_can_be_replayed(queue: Arc<dyn Queue>) {
    queue.publish((0..3).map(message).collect()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let got = soon(subscription.receive(ALL)).await.unwrap();
    for delivery in &got {
        subscription.bury(delivery.tag, burial()).await.unwrap();
    }
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.messages, depth.dead_letters), (0, 3));

    let dead = queue.dead_letters(None, 2).await.unwrap();
    assert_eq!(dead.iter().map(|dead| dead.message.clone()).collect::<Vec<_>>(), [message(0), message(1)]);
    assert!(dead.iter().all(|dead| dead.burial == burial()));
    let rest = queue.dead_letters(Some(dead[1].tag), 10).await.unwrap();
    assert_eq!(rest.len(), 1);

    assert_eq!(queue.replay(Some(&[dead[0].tag])).await.unwrap(), 1);
    let back = soon(subscription.receive(ALL)).await.unwrap();
    assert_eq!(back[0].message, message(0));
    assert_eq!(queue.replay(None).await.unwrap(), 2);
    assert_eq!(queue.depth().await.unwrap().dead_letters, 0);
    let back = soon(subscription.receive(ALL)).await.unwrap();
    assert_eq!(ids(&back), [1, 2]);

    subscription.bury(back[0].tag, burial()).await.unwrap();
    assert_eq!(queue.prune_dead_letters(9).await.unwrap(), 0, "not older than itself");
    assert_eq!(queue.prune_dead_letters(10).await.unwrap(), 1);
    assert_eq!(queue.depth().await.unwrap().dead_letters, 0);
}

async fn many_publishers_lose_nothing(queue: Arc<dyn Queue>) {
    let publishers: Vec<_> = (0..16u128)
        .map(|publisher| {
            let queue = Arc::clone(&queue);
            tokio::spawn(async move {
                for number in 0..25 {
                    queue.publish(vec![message(publisher * 100 + number)]).await.unwrap();
                }
            })
        })
        .collect();
    let mut subscription = queue.subscribe().await.unwrap();
    let mut got = Vec::new();
    while got.len() < 400 {
        let deliveries = soon(subscription.receive(ALL)).await.unwrap();
        subscription.ack(&tags(&deliveries)).await.unwrap();
        got.extend(ids(&deliveries));
    }
    for publisher in publishers {
        publisher.await.unwrap();
    }
    got.sort_unstable();
    let sent: Vec<u128> =
        (0..16).flat_map(|publisher| (0..25).map(move |number| publisher * 100 + number)).collect();
    assert_eq!(got, sent);
    assert_eq!(queue.depth().await.unwrap().messages, 0);
}
