//! What every queue promises. A backend runs all of it with one call of [`every_queue`].

use queue::{Burial, Delivery, DeliveryTag, Depth, Message, Queue, ReceiveLimit, Subscription};
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
pub(crate) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("nothing came within 30 seconds")
}

/// Receives until there are `count` messages: how many come at once is each queue's own affair.
pub(crate) async fn take(subscription: &mut dyn Subscription, count: usize) -> Vec<Delivery> {
    let mut got = Vec::new();
    while got.len() < count {
        let limit = ReceiveLimit { messages: count - got.len(), ..ALL };
        got.extend(soon(subscription.receive(limit)).await.unwrap());
    }
    got
}

/// Waits until the queue counts so many messages not yet acked and so many dead letters: a queue may count a little
/// behind what it has confirmed.
pub(crate) async fn depth_becomes(queue: &dyn Queue, messages: u64, dead_letters: u64) {
    let mut depth = Depth::default();
    for _ in 0..500 {
        depth = queue.depth().await.unwrap();
        if (depth.messages(), depth.dead_letters) == (messages, dead_letters) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there should be {messages} messages and {dead_letters} dead letters, not {depth:?}");
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
    a_message_can_be_buried_without_having_been_queued(fresh().await).await;
    many_publishers_lose_nothing(fresh().await).await;
    a_tail_copies_one_clients_messages_and_takes_none(fresh().await).await;
}

async fn a_tail_copies_one_clients_messages_and_takes_none(queue: Arc<dyn Queue>) {
    queue.publish(vec![message(1)]).await.unwrap();
    let mut tail = queue.tail(ClientId(1)).await.unwrap();
    // Of three clients, one; and nothing of what was published before.
    queue.publish((2..11).map(message).collect()).await.unwrap();
    for number in [4, 7, 10] {
        assert_eq!(soon(tail.next()).await.unwrap(), message(number).body);
    }
    depth_becomes(&*queue, 10, 0).await;
    // Nobody reads: what comes is still taken and confirmed.
    queue.publish((11..1_000).map(message).collect()).await.unwrap();
    depth_becomes(&*queue, 999, 0).await;
    drop(tail);
    queue.publish(vec![message(1_000)]).await.unwrap();
    depth_becomes(&*queue, 1_000, 0).await;
}

async fn delivers_in_order_and_unchanged(queue: Arc<dyn Queue>) {
    let sent: Vec<Message> = (0..50).map(message).collect();
    queue.publish(sent.clone()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let got = take(&mut *subscription, 50).await;
    assert!(got.iter().all(|delivery| !delivery.redelivered));
    assert_eq!(got.iter().map(|delivery| delivery.message.clone()).collect::<Vec<_>>(), sent);
    let depth = queue.depth().await.unwrap();
    assert_eq!((depth.waiting, depth.dead_letters), (0, 0), "all are handed out");
    subscription.ack(&tags(&got)).await.unwrap();
    drop(subscription);
    depth_becomes(&*queue, 0, 0).await;
}

async fn an_acked_message_is_gone_and_an_unacked_one_comes_back(queue: Arc<dyn Queue>) {
    queue.publish((0..6).map(message).collect()).await.unwrap();
    let mut first = queue.subscribe().await.unwrap();
    let got = take(&mut *first, 6).await;
    first.ack(&tags(&got[..3])).await.unwrap();
    drop(first);
    let mut second = queue.subscribe().await.unwrap();
    let again = take(&mut *second, 3).await;
    assert_eq!(ids(&again), [3, 4, 5]);
    assert!(again.iter().all(|delivery| delivery.redelivered));
    second.ack(&tags(&again[..1])).await.unwrap();
    second.ack(&tags(&again[2..])).await.unwrap();
    drop(second);
    let mut third = queue.subscribe().await.unwrap();
    let last = take(&mut *third, 1).await;
    assert_eq!(ids(&last), [4], "acked out of order, the one between stays");
    third.ack(&tags(&last)).await.unwrap();
    third.ack(&tags(&last)).await.unwrap();
    drop(third);
    depth_becomes(&*queue, 0, 0).await;
}

async fn subscriptions_share_messages(queue: Arc<dyn Queue>) {
    queue.publish((0..40).map(message).collect()).await.unwrap();
    // One may be handed more than the other, so both go on until all have come.
    let (sender, mut received) = tokio::sync::mpsc::channel(40);
    let mut subscribers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (mut subscription, sender) = (queue.subscribe().await.unwrap(), sender.clone());
        subscribers.spawn(async move {
            loop {
                let got = subscription.receive(ReceiveLimit { messages: 20, ..ALL }).await.unwrap();
                for id in ids(&got) {
                    sender.send(id).await.unwrap();
                }
            }
        });
    }
    let mut got = Vec::new();
    while got.len() < 40 {
        got.push(soon(received.recv()).await.unwrap());
    }
    subscribers.shutdown().await;
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
    let mut next = 0;
    for limit in [ReceiveLimit { messages: 3, ..ALL }, ReceiveLimit { bytes: 12, ..ALL }] {
        // Both limits: at most three messages, of 9 bytes each; the second of them reaches the limit of bytes.
        let most = if limit.bytes == 12 { 2 } else { 3 };
        let got = ids(&soon(subscription.receive(limit)).await.unwrap());
        assert!((1..=most).contains(&got.len()), "{got:?}");
        assert_eq!(got, (next..next + got.len() as u128).collect::<Vec<_>>());
        next += got.len() as u128;
    }
}

async fn dead_letters_keep_everything_and_can_be_replayed(queue: Arc<dyn Queue>) {
    queue.publish((0..3).map(message).collect()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let got = take(&mut *subscription, 3).await;
    for delivery in &got {
        subscription.bury(delivery.tag, burial()).await.unwrap();
    }
    depth_becomes(&*queue, 0, 3).await;

    let dead = queue.dead_letters(0, 2).await.unwrap();
    assert_eq!(dead.iter().map(|dead| dead.message.clone()).collect::<Vec<_>>(), [message(0), message(1)]);
    assert!(dead.iter().all(|dead| dead.burial == burial()));
    let rest = queue.dead_letters(2, 10).await.unwrap();
    assert_eq!(rest.iter().map(|dead| dead.message.id.0).collect::<Vec<_>>(), [2]);
    assert_eq!(queue.dead_letter(MessageId(1)).await.unwrap().as_ref(), Some(&dead[1]));
    assert_eq!(queue.dead_letter(MessageId(7)).await.unwrap(), None);
    depth_becomes(&*queue, 0, 3).await;
    assert_eq!(queue.replay(Some(&[MessageId(7)])).await.unwrap(), 0);

    assert_eq!(queue.replay(Some(&[MessageId(0)])).await.unwrap(), 1);
    let back = take(&mut *subscription, 1).await;
    assert_eq!(back[0].message, message(0));
    assert_eq!(queue.replay(None).await.unwrap(), 2);
    let back = take(&mut *subscription, 2).await;
    assert_eq!(ids(&back), [1, 2]);

    subscription.bury(back[0].tag, burial()).await.unwrap();
    assert_eq!(queue.prune_dead_letters(9).await.unwrap(), 0, "not older than itself");
    assert_eq!(queue.prune_dead_letters(10).await.unwrap(), 1);
    assert_eq!(queue.dead_letters(0, 10).await.unwrap(), []);
    subscription.ack(&tags(&back[1..])).await.unwrap();
    drop(subscription);
    // Message 0 was received and never acked.
    depth_becomes(&*queue, 1, 0).await;
}

async fn a_message_can_be_buried_without_having_been_queued(queue: Arc<dyn Queue>) {
    queue.bury(message(5), burial()).await.unwrap();
    depth_becomes(&*queue, 0, 1).await;
    let dead = queue.dead_letters(0, 10).await.unwrap();
    assert_eq!((&dead[0].message, &dead[0].burial), (&message(5), &burial()));
    assert_eq!(queue.replay(None).await.unwrap(), 1);
    let mut subscription = queue.subscribe().await.unwrap();
    assert_eq!(take(&mut *subscription, 1).await[0].message, message(5));
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
    drop(subscription);
    depth_becomes(&*queue, 0, 0).await;
}
