//! A queue and stores in a folder of their own, and what tests ask of them.

use consumer::reconcile::{Reconciliation, reconcile};
use consumer::{Consumer, ConsumerConfig};
use queue::sqlite::SqliteQueue;
use queue::{Message, Queue, ReceiveLimit};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use store::Stores;
use store::access::{ClientScope, InstanceScope};
use store::sqlite::open_embedded;
use telemetry::batch::{Acceptance, Format, Origin, read};
use telemetry::envelope::{MessageId, begin};
use telemetry::mask::Masking;
use telemetry::report::ClientId;
use telemetry::time::{Clock, Range, from_second};

/// The first of March 2026, noon.
pub(crate) const NOW: i64 = 1_772_366_400;
pub(crate) const ALL: ReceiveLimit = ReceiveLimit { messages: 1_000, bytes: usize::MAX };

pub(crate) struct House {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) stores: Stores,
    pub(crate) client: ClientId,
    /// When its hits are accepted, Unix seconds.
    pub(crate) now: i64,
    /// Deleted with the house.
    pub(crate) folder: tempfile::TempDir,
}

pub(crate) fn clock() -> Clock {
    Arc::new(|| from_second(NOW))
}

impl House {
    pub(crate) async fn new() -> Self {
        Self::new_with(None).await
    }

    /// With a queue of its own, or the one given.
    pub(crate) async fn new_with(queue: Option<Arc<dyn Queue>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let queue = match queue {
            Some(queue) => queue,
            None => Arc::new(SqliteQueue::open(&folder.path().join("queue.db")).await.unwrap()),
        };
        let stores =
            open_embedded(&folder.path().join("events.db"), &folder.path().join("sendry.db")).await.unwrap();
        let client = stores
            .accounts
            .create_client(&InstanceScope::of_the_instance(), "shop", from_second(NOW))
            .await
            .unwrap()
            .id;
        Self { queue, stores, client, now: NOW, folder }
    }

    pub(crate) fn consumer(&self, stores: Stores) -> Consumer {
        self.consumer_that(stores, |_| {})
    }

    /// With figures changed.
    pub(crate) fn consumer_that(&self, stores: Stores, change: impl FnOnce(&mut ConsumerConfig)) -> Consumer {
        let mut config = ConsumerConfig {
            backoff: queue::retry::Backoff {
                base: Duration::from_millis(1),
                ..queue::retry::Backoff::OUTAGE
            },
            step_timeout: Duration::from_secs(20),
            ..ConsumerConfig::default()
        };
        change(&mut config);
        Consumer::new(Arc::clone(&self.queue), stores, config, clock(), Arc::new(|_, _| {}))
    }

    /// Publishes hits as one envelope.
    pub(crate) async fn publish(&self, message: u128, batch: Option<&str>, hits: &[Value]) {
        let body = self.envelope(message, batch, hits);
        self.publish_bytes(message, body).await;
    }

    pub(crate) async fn publish_bytes(&self, message: u128, body: Vec<u8>) {
        let message = Message {
            id: self.message_id(message),
            client: self.client,
            accepted_at: self.now * 1_000,
            body,
        };
        self.queue.publish(vec![message]).await.unwrap();
    }

    fn envelope(&self, message: u128, batch: Option<&str>, hits: &[Value]) -> Vec<u8> {
        let masking = Masking::default();
        let acceptance = Acceptance {
            capture_bodies: true,
            now: self.now * 1_000,
            sent_at: None,
            raw_retention: 30 * 86_400_000,
            environment: "live",
            masking: &masking,
            services: &[],
            origin: Origin::default(),
        };
        let mut hits = hits.to_vec();
        for hit in &mut hits {
            hit["timestamp"] = json!(hit["timestamp"].as_i64().unwrap() + (self.now - NOW) * 1_000);
        }
        let accepted = read(json!(hits).to_string().as_bytes(), Format::Many, batch, &acceptance).unwrap();
        let mut body = Vec::new();
        begin(self.message_id(message), self.client, self.now * 1_000, &mut body);
        body.extend_from_slice(accepted.segment.as_bytes());
        body
    }

    /// A message id of now, as UUIDv7 carries its time.
    fn message_id(&self, number: u128) -> MessageId {
        MessageId(((self.now as u128 * 1_000) << 80) | number)
    }

    /// Consumes until the queue is empty.
    pub(crate) async fn drain(&self, consumer: &Consumer) {
        let shutdown = tokio_util::sync::CancellationToken::new();
        let mut subscription = self.queue.subscribe().await.unwrap();
        while self.queue.depth().await.unwrap().messages() > 0 {
            let deliveries = subscription.receive(ALL).await.unwrap();
            consumer.consume(&mut *subscription, deliveries, &shutdown).await.unwrap();
        }
    }

    /// Raw against rollups, over everything that tests send.
    pub(crate) async fn reconcile(&self) -> Reconciliation {
        let day = 86_400;
        let range = Range::new(from_second(self.now - 5 * day), from_second(self.now + day)).unwrap();
        reconcile(&self.stores, self.client, range).await.unwrap()
    }

    /// Asserts that exactly `hits` are stored, and counted alike everywhere.
    pub(crate) async fn expect(&self, hits: u64) {
        let found = self.reconcile().await;
        assert!(found.is_exact(), "{:#?}", found.differences);
        assert_eq!((found.raw, found.counted), (hits, hits));
        let scope = ClientScope::of_the_instance(self.client);
        assert_eq!(self.stores.events.count(&scope).await.unwrap(), hits);
        let usage = self.stores.metrics.usage(&scope, 0, i64::MAX / 2).await.unwrap();
        assert_eq!(usage.iter().map(|day| day.accepted).sum::<u64>(), hits, "usage");
    }
}

pub(crate) fn hit(number: u64) -> Value {
    let status = [200, 201, 404, 503][(number % 4) as usize];
    let consumer = [None, Some("web"), Some("acme")][(number / 2 % 3) as usize];
    json!({
        "serviceName": if number.is_multiple_of(3) { "orders" } else { "catalog" },
        "endpoint": format!("/things/{}/parts", ["a", "b", "c"][(number % 3) as usize]),
        "method": "GET",
        "statusCode": status,
        "latencyMs": number as f64 * 1.7,
        "timestamp": NOW * 1_000 - (number as i64 * 7_919_000) % 90_000_000,
        "responseSize": number,
        "consumer": consumer,
    })
}

pub(crate) fn hits(numbers: std::ops::Range<u64>) -> Vec<Value> {
    numbers.map(hit).collect()
}
