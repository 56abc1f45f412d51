//! MongoDB passes the contract of raw events; and what only a server can do.
//!
//! The server is `mongod` where there is one on PATH, else a server that speaks its protocol (`testbed`). What that one
//! cannot show stands untested here and is done for `mongod`: the wait for a majority and its time-out, retryable writes,
//! `mongodb+srv`, TLS, users and passwords other than wrong ones, and the limit on the time of a query.

use crate::Opened;
use crate::contract::events::{self, NEVER};
use crate::samples::{NOW, Sample};
use futures::TryStreamExt as _;
use mongodb::bson::{Bson, Document, doc};
use mongodb::{Client, Collection};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use store::access::ClientScope;
use store::events::{Event, EventFilter};
use store::mongodb::{MongoEvents, MongoOptions};
use store::{EventStore, StoreError};
use telemetry::hit::Hit;
use telemetry::report::ClientId;
use telemetry::time::{DAY, Range, from_second};
use testbed::MongoDb;

const CLIENT: ClientId = ClientId(7);

fn scope() -> ClientScope {
    ClientScope::of_the_instance(CLIENT)
}

/// A database of its own in a MongoDB that others use too; dropped with this.
struct OwnDatabase {
    server: String,
    name: String,
}

impl OwnDatabase {
    async fn new() -> Self {
        let server = tokio::task::spawn_blocking(testbed::shared::mongodb).await.unwrap().unwrap();
        Self { server, name: format!("store_{}", uuid::Uuid::now_v7().simple()) }
    }

    fn url(&self) -> String {
        format!("{}/{}", self.server, self.name)
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        // A runtime of its own: this may be dropped inside one.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = Client::with_uri_str(server).await?;
                client.database(&name).drop().await
            })
        });
        let _ = dropping.join();
    }
}

pub(crate) async fn open_events() -> Opened<dyn EventStore> {
    let database = OwnDatabase::new().await;
    // Where many tests share a slow server, patience decides nothing.
    let options =
        MongoOptions { call_timeout: Duration::from_secs(120), ..MongoOptions::new(database.url()) };
    let store = Arc::new(MongoEvents::open(options).await.unwrap());
    Opened { store, _kept: Box::new(database) }
}

events::contract!(super::open_events());

/// A server of its own, to be killed.
async fn server() -> MongoDb {
    tokio::task::spawn_blocking(MongoDb::start).await.unwrap().unwrap()
}

/// Gives up soon.
async fn hasty(server: &MongoDb) -> MongoEvents {
    let options = MongoOptions {
        connect_timeout: Duration::from_millis(700),
        call_timeout: Duration::from_secs(5),
        ..MongoOptions::new(server.url("sendry"))
    };
    MongoEvents::open(options).await.unwrap()
}

async fn collection(server: &MongoDb) -> Collection<Document> {
    Client::with_uri_str(server.url("")).await.unwrap().database("sendry").collection("events")
}

/// Waits until it is so, with a bound.
async fn until<F: Future<Output = bool>>(what: &str, so: impl Fn() -> F) {
    let started = Instant::now();
    while !so().await {
        assert!(started.elapsed() < Duration::from_secs(60), "{what} did not come about");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn batch<'a>(name: &'a str, hits: u32, hit: Hit<'a>) -> Vec<Event<'a>> {
    (0..hits).map(|position| Event { client: CLIENT, batch: name, position, expire_at: NEVER, hit }).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn indexes_are_made_once_the_server_is_there_and_documents_read_well() {
    let mut server = server().await;
    server.kill();
    let events = hasty(&server).await;
    assert!(events.ping().await.is_err_and(|error| error.is_retryable()));
    let (server, events) = tokio::task::spawn_blocking(move || {
        server.restart().unwrap();
        (server, events)
    })
    .await
    .unwrap();
    until("an answer", async || events.ping().await.is_ok()).await;
    // Several processes make the same ones at once: that changes nothing.
    let (other, sample) = (hasty(&server).await, Sample::at(NOW));
    let (first, second) = (batch("b:x", 1, sample.hit()), batch("b:y", 40, sample.hit()));
    let (one, another) = tokio::join!(events.insert(&first), other.insert(&second));
    one.and(another).unwrap();
    assert_eq!(events.count(&scope()).await.unwrap(), 41);

    let stored = collection(&server).await;
    let mut indexes: Vec<Document> =
        stored.list_indexes().await.unwrap().with_type().try_collect().await.unwrap();
    indexes.sort_by_key(|index| index.get_str("name").unwrap().to_owned());
    let expected = [
        ("_id_", doc! { "_id": 1 }),
        ("expiry", doc! { "expireAt": 1 }),
        ("log", doc! { "client": 1, "at": 1, "_id": 1 }),
        ("service", doc! { "client": 1, "service": 1, "at": 1, "_id": 1 }),
        ("trace", doc! { "client": 1, "traceId": 1, "at": 1, "_id": 1 }),
    ];
    for (index, (name, keys)) in indexes.iter().zip(expected) {
        assert_eq!(index.get_str("name").unwrap(), name);
        let numbers = |keys: &Document| -> Vec<(String, i64)> {
            keys.iter().map(|(key, order)| (key.clone(), number(order))).collect()
        };
        assert_eq!(numbers(index.get_document("key").unwrap()), numbers(&keys), "{name}");
    }
    assert_eq!(indexes[1].get("expireAfterSeconds").map(number), Some(0));
    assert!(indexes[4].get_document("partialFilterExpression").is_ok());

    let document = stored.find_one(doc! { "_id": "7/b:x/0" }).await.unwrap().unwrap();
    assert_eq!(document.get_str("_id").unwrap(), "7/b:x/0");
    assert_eq!(document.get_datetime("expireAt").unwrap().timestamp_millis(), NEVER);
    assert_eq!(document.get_datetime("at").unwrap().timestamp_millis(), sample.at);
    let names: Vec<&String> = document.keys().collect();
    assert_eq!(
        names,
        [
            "_id",
            "client",
            "at",
            "expireAt",
            "service",
            "environment",
            "method",
            "endpoint",
            "status",
            "latencyMs",
            "requestSize",
            "responseSize"
        ]
    );
}

fn number(value: &Bson) -> i64 {
    match value {
        Bson::Int32(n) => i64::from(*n),
        Bson::Int64(n) => *n,
        Bson::Double(n) => *n as i64,
        other => panic!("{other} is no number"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_killed_during_inserts_has_each_event_once_after_they_were_repeated() {
    const BATCHES: u32 = 60;
    const HITS: u32 = 200;
    let mut server = server().await;
    let events = hasty(&server).await;
    let failures = Arc::new(AtomicU32::new(0));
    let inserting = tokio::spawn({
        let (events, failures) = (events.clone(), Arc::clone(&failures));
        async move {
            for number in 0..BATCHES {
                let (name, sample) = (format!("b:{number}"), Sample::at(NOW + i64::from(number)));
                let list = batch(&name, HITS, sample.hit());
                while let Err(error) = events.insert(&list).await {
                    assert!(error.is_retryable(), "{error:?}");
                    let failures = failures.fetch_add(1, Ordering::SeqCst);
                    assert!(failures < 1_000, "the server does not come back");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    });
    for portion in [2, 20, 40] {
        let stored = async || events.count(&scope()).await.unwrap_or(0) >= u64::from(portion * HITS);
        until("some events", stored).await;
        let before = failures.load(Ordering::SeqCst);
        tokio::task::block_in_place(|| server.kill());
        until("an insert that fails", async || failures.load(Ordering::SeqCst) > before).await;
        tokio::task::block_in_place(|| server.restart().unwrap());
    }
    inserting.await.unwrap();
    assert_eq!(events.count(&scope()).await.unwrap(), u64::from(BATCHES * HITS));
    let range = Range::new(from_second(NOW), from_second(NOW + DAY)).unwrap();
    let mut found = std::collections::BTreeMap::new();
    let each = &mut |event: store::events::Observation<'_>| {
        *found.entry((event.batch.to_owned(), event.at)).or_insert(0) += 1;
    };
    events.each(&scope(), range, each).await.unwrap();
    let expected = (0..BATCHES)
        .map(|number| ((format!("b:{number}"), (NOW + i64::from(number)) * 1_000), HITS))
        .collect();
    assert_eq!(found, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_an_outage_within_the_limit() {
    let server = server().await;
    let limit = Duration::from_millis(900);
    let options = MongoOptions {
        connect_timeout: Duration::from_millis(600),
        call_timeout: limit,
        ..MongoOptions::new(server.url("sendry"))
    };
    let events = MongoEvents::open(options).await.unwrap();
    let sample = Sample::at(NOW);
    let list = batch("b:frozen", 10, sample.hit());
    until("a first answer", async || events.insert(&list[..1]).await.is_ok()).await;
    server.freeze();
    let started = Instant::now();
    let range = Range::new(from_second(NOW - DAY), from_second(NOW + DAY)).unwrap();
    let (scope, filter) = (scope(), EventFilter::default());
    let (inserted, page, ping) = tokio::join!(
        events.insert(&list),
        events.page(&scope, range, &filter, None, 10, Duration::from_secs(60)),
        events.ping(),
    );
    let elapsed = started.elapsed();
    assert!(inserted.is_err_and(|error| error.is_retryable()));
    assert!(page.is_err_and(|error| error.is_retryable()));
    assert!(ping.is_err_and(|error| error.is_retryable()));
    assert!(elapsed < limit * 2, "{elapsed:?}");
    server.thaw();
    until("an answer after the thaw", async || events.insert(&list).await.is_ok()).await;
    assert_eq!(events.count(&scope).await.unwrap(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn size_is_no_outage() {
    let opened = open_events().await;
    let body = "x".repeat(1 << 20);
    let sample = Sample::at(NOW);
    let large = Hit { response_body: Some(&body), ..sample.hit() };
    // 50 MB at once: more than one command may have.
    opened.store.insert(&batch("b:large", 50, large)).await.unwrap();
    assert_eq!(opened.store.count(&scope()).await.unwrap(), 50);

    let body = body.repeat(17);
    let too_large = Hit { response_body: Some(&body), ..sample.hit() };
    let refused = opened.store.insert(&batch("b:too-large", 1, too_large)).await;
    assert!(matches!(refused, Err(StoreError::Refused(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_are_not_told() {
    let all = |error: StoreError| {
        let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        format!("{error} {error:?} {cause}")
    };
    for url in [
        "mongodb://user:secret@host",
        "mongodb://user:secret?@host/sendry",
        "mongodb://user:secret/@host/sendry",
        "mongodb://user:secret:1@host:x/sendry",
        "mongodb://user:secret%@host/sendry",
        "mongodb+srv://user:secret@host:27017/sendry",
        "mongodb://host/sendry?w=secret&w=-1&socketTimeoutMS=1",
        "secret",
        "",
    ] {
        let error = MongoEvents::open(MongoOptions::new(url)).await.err().unwrap();
        assert!(!error.is_retryable(), "{url}");
        assert!(!all(error).contains("secret"), "{url}");
    }
    let missing = MongoOptions {
        ca_file: Some("/nowhere/ca.pem".into()),
        ..MongoOptions::new("mongodb://user:secret@host/sendry?tls=true")
    };
    assert!(!format!("{missing:?}").contains("secret"));
    assert!(!MongoEvents::open(missing).await.err().unwrap().is_retryable());

    let server = tokio::task::spawn_blocking(testbed::shared::mongodb).await.unwrap().unwrap();
    let url = server.replace("mongodb://", "mongodb://user:secret@");
    let events = MongoEvents::open(MongoOptions::new(format!("{url}/sendry"))).await.unwrap();
    // A wrong password is an outage: no hit is lost while it is put right.
    let error = events.count(&scope()).await.err().unwrap();
    assert!(error.is_retryable());
    assert!(!all(error).contains("secret"));
}
