//! `sendry reconcile`, `sendry dead-letters` and `sendry edge`, typed beside a real server and after it.

use crate::process::Process;
use queue::sqlite::SqliteQueue;
use queue::{Burial, Message, Queue, ReceiveLimit};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use telemetry::envelope::MessageId;
use telemetry::report::ClientId;
use tokio::process::Command;

/// What a command said.
struct Said {
    succeeded: bool,
    /// Both streams.
    text: String,
}

async fn sendry(folder: &Path, arguments: &[&str]) -> Said {
    let command = Command::new(env!("CARGO_BIN_EXE_sendry"))
        .args(arguments)
        .current_dir(folder)
        .env("SENDRY_DATA_DIR", folder.join("data"))
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(Duration::from_secs(60), command).await.expect("it hangs").unwrap();
    let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap()).concat();
    Said { succeeded: output.status.success(), text }
}

impl Said {
    fn succeeded_with(self, words: &[&str]) -> Self {
        assert!(self.succeeded, "{}", self.text);
        self.said(words)
    }

    fn failed_with(self, words: &[&str]) -> Self {
        assert!(!self.succeeded, "{}", self.text);
        self.said(words)
    }

    fn said(self, words: &[&str]) -> Self {
        for words in words {
            assert!(self.text.contains(words), "{words:?} is missing in {}", self.text);
        }
        self
    }
}

/// A server with a client whose hits have been counted.
async fn server_with_hits(folder: &Path, hits: u64) -> Process {
    let server = Process::start(folder).await;
    let http =
        reqwest::Client::builder().cookie_store(true).timeout(Duration::from_secs(10)).build().unwrap();
    let (client, key) = server.set_up(&http).await;
    let body: Vec<Value> = (0..hits)
        .map(|n| json!({"serviceName": "orders", "endpoint": "/orders/:id", "method": "GET", "statusCode": 200, "latencyMs": n}))
        .collect();
    let reply = http.post(server.url("/api/hits")).header("x-api-key", key).json(&body).send().await.unwrap();
    assert_eq!(reply.status(), 202);
    let counted = async {
        let overview = server.url(&format!("/api/analytics/overview?client={client}&range=24h"));
        while http.get(&overview).send().await.unwrap().json::<Value>().await.unwrap()["requests"] != hits {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), counted).await.expect("the hits were not counted");
    server
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_tells_what_differs_and_rebuilds_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let server = server_with_hits(path, 40).await;
    let exact = "accepted 40, stored 40, counted 40, stored and not counted yet 0";
    sendry(path, &["reconcile"]).await.succeeded_with(&[
        exact,
        "  exact",
        "in the hands of the running server",
    ]);

    // Also beside the running server.
    let database = rusqlite::Connection::open(path.join("data/sendry.db")).unwrap();
    let damaged =
        database.execute("UPDATE rollups SET count = count + 2 WHERE resolution = 3600", []).unwrap();
    assert_eq!(damaged, 3, "an hour of three series");
    sendry(path, &["reconcile"]).await.failed_with(&[
        "NOT EXACT: 3 rollup rows differ",
        "count: raw 40, counted 42",
        "one client is not exact",
    ]);
    sendry(path, &["reconcile", "--client", "1", "--rebuild"])
        .await
        .succeeded_with(&[exact, "rollup rows rebuilt: exact"]);
    server.stop().await;
    sendry(path, &["reconcile"])
        .await
        .succeeded_with(&[exact, "The queue: 0 messages waiting, 0 dead letters."]);

    // Raw events that are gone are missed.
    let events = rusqlite::Connection::open(path.join("data/events.db")).unwrap();
    events.execute("DELETE FROM events WHERE latency_ms = 7", []).unwrap();
    sendry(path, &["reconcile"]).await.failed_with(&["accepted and stored differ"]);
    let told = sendry(path, &["reconcile", "--rebuild"]).await;
    told.failed_with(&["accepted 40, stored 39, counted 39", "accepted and stored differ"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reconcile_refuses_what_it_cannot_know() {
    let folder = tempfile::tempdir().unwrap();
    server_with_hits(folder.path(), 1).await.stop().await;
    for arguments in
        [&["--from", "2020-01-01"][..], &["--rebuild", "--from", "2020-01-01", "--to", "2020-01-05"]]
    {
        let said = sendry(folder.path(), &[&["reconcile"], arguments].concat()).await;
        said.failed_with(&["kept for 30 days: only days from", "not 2020-01-01"]);
    }
    sendry(folder.path(), &["reconcile", "--client", "9"]).await.failed_with(&["there is no client 9"]);
    sendry(folder.path(), &["reconcile", "--to", "2020-01-01"]).await.failed_with(&["there is no day from"]);
    sendry(folder.path(), &["reconcile", "--from", "soon"]).await.failed_with(&["--from"]);
}

/// Buries two messages, the first of them readable.
async fn bury(folder: &Path) {
    let queue = SqliteQueue::open(&folder.join("data/queue.db")).await.unwrap();
    let mut readable = Vec::new();
    telemetry::envelope::begin(MessageId(1), ClientId(1), 1_772_366_400_000, &mut readable);
    let messages = [(1, readable), (2, b"\x00poison".to_vec())].map(|(id, body)| Message {
        id: MessageId(id),
        client: ClientId(1),
        accepted_at: 1_772_366_400_000,
        body,
    });
    queue.publish(messages.into()).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    let limit = ReceiveLimit { messages: 10, bytes: usize::MAX };
    for delivery in subscription.receive(limit).await.unwrap() {
        let burial = Burial {
            cause: "for the test".to_owned(),
            attempts: 3,
            first_seen: 0,
            buried_at: 1_772_366_460_000,
        };
        subscription.bury(delivery.tag, burial).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_listed_inspected_and_replayed_while_no_server_has_the_queue() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let server = Process::start(path).await;
    sendry(path, &["dead-letters", "list"])
        .await
        .failed_with(&["a server is running", "stop the server first"]);
    server.stop().await;
    sendry(path, &["dead-letters", "list"]).await.succeeded_with(&["There are no dead letters."]);

    bury(path).await;
    let (first, second) = (MessageId(1).to_string(), MessageId(2).to_string());
    let list = sendry(path, &["dead-letters", "list"]).await;
    list.succeeded_with(&["CAUSE", &first, &second, "2026-03-01T12:01:00Z", "unreadable", "for the test"]);
    sendry(path, &["dead-letters", "list", "--limit", "1"]).await.succeeded_with(&["1 more: --skip 1"]);
    let shown = sendry(path, &["dead-letters", "inspect", &first]).await;
    assert!(shown.succeeded, "{}", shown.text);
    let shown: Value = serde_json::from_str(&shown.text).unwrap();
    assert_eq!((&shown["id"], &shown["attempts"], &shown["batches"]), (&json!(first), &json!(3), &json!([])));
    let shown = sendry(path, &["dead-letters", "inspect", &second]).await;
    shown.succeeded_with(&["00706f69736f6e", "does not begin with the envelope's mark"]);
    sendry(path, &["dead-letters", "inspect", "3"]).await.failed_with(&["there is no dead letter"]);

    sendry(path, &["dead-letters", "replay", &first]).await.succeeded_with(&["1 put back"]);
    sendry(path, &["dead-letters", "replay", "--all"]).await.succeeded_with(&["1 put back"]);
    sendry(path, &["dead-letters", "list"]).await.succeeded_with(&["There are no dead letters."]);
    // A server counts the first, and buries the second again.
    let server = Process::start(path).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn edges_are_made_rotated_and_revoked_by_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    sendry(path, &["edge", "list"]).await.succeeded_with(&["There are no edges."]);
    sendry(path, &["edge", "create", "frankfurt"]).await.succeeded_with(&["sne_1_", "shown this once"]);
    sendry(path, &["edge", "create", "Frankfurt"]).await.failed_with(&["could not be made"]);
    sendry(path, &["edge", "create", "held", "--client", "7"]).await.failed_with(&["there is no client 7"]);
    let rotated = sendry(path, &["edge", "rotate", "1"]).await.succeeded_with(&["sne_1_"]);
    let listed = sendry(path, &["edge", "list"]).await.succeeded_with(&["frankfurt", "good", "never"]);
    assert!(rotated.text.contains("sne_1_") && !listed.text.contains("sne_"), "{}", listed.text);
    sendry(path, &["edge", "revoke", "1"]).await.succeeded_with(&["is revoked"]);
    sendry(path, &["edge", "list"]).await.succeeded_with(&["revoked"]);
    sendry(path, &["edge", "rotate", "1"]).await.failed_with(&["no such edge"]);
}
