//! What operators see and do: the flow of hits, metrics, dead letters.

use crate::harness::{Reply, Tenant, TestServer};
use queue::sqlite::SqliteQueue;
use queue::{Burial, Message, Queue, ReceiveLimit};
use reqwest::Method;
use runtime::config::Registration;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use store::access::Role;
use store::metrics::Worker;
use telemetry::envelope::{self, MessageId, Place, SegmentWriter};
use telemetry::hit::{self, Hit};
use telemetry::report::ClientId;

/// The tests' noon in Unix milliseconds.
fn noon() -> i64 {
    crate::harness::NOON.parse::<jiff::Timestamp>().unwrap().as_millisecond()
}

/// Waits for what takes its moment.
async fn until<T>(what: &str, mut ready: impl AsyncFnMut() -> Option<T>) -> T {
    let waiting = async {
        loop {
            if let Some(found) = ready().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("never: {what}"))
}

fn hits(n: usize) -> Value {
    let hit = json!({"serviceName": "shop", "endpoint": "/dead", "method": "GET", "statusCode": 200, "latencyMs": 2});
    Value::Array(vec![hit; n])
}

/// A message with one batch of `n` hits of client 1.
fn message(id: u128, batch: &str, n: u32) -> Message {
    let mut writer = SegmentWriter::new(Some(batch), 0);
    for position in 0..n {
        let hit = Hit {
            at: noon(),
            service: "shop",
            environment: "production",
            method: hit::Method::Get,
            endpoint: "/dead",
            status: 200,
            latency_ms: 2.0,
            request_size: None,
            response_size: None,
            consumer: None,
            trace_id: None,
            event_id: None,
            error: None,
            ip: None,
            user_agent: None,
            request_headers: None,
            response_headers: None,
            request_body: None,
            response_body: None,
            attributes: None,
        };
        writer.push(Place::InBatch(position), &hit);
    }
    let (id, client) = (MessageId(id), ClientId(1));
    let mut body = Vec::new();
    envelope::begin(id, client, noon(), &mut body);
    body.extend_from_slice(writer.finish(10, Vec::new()).as_bytes());
    Message { id, client, accepted_at: noon(), body }
}

const COUNTED: u128 = 0xa1;
const FRESH: u128 = 0xa2;
const DAMAGED: u128 = 0xa3;

/// Leaves a queue behind, as an earlier server would: two buried messages and one that is no envelope.
async fn earlier_queue(data: &Path) {
    let queue = SqliteQueue::open(&data.join("queue.db")).await.unwrap();
    let buried = vec![message(COUNTED, "counted-before-12", 2), message(FRESH, "never-counted-12", 3)];
    queue.publish(buried).await.unwrap();
    let mut subscription = queue.subscribe().await.unwrap();
    for delivery in subscription.receive(ReceiveLimit { messages: 9, bytes: 1 << 20 }).await.unwrap() {
        let cause = "the store refused the call".to_owned();
        let burial = Burial { cause, attempts: 3, first_seen: noon() - 60_000, buried_at: noon() };
        subscription.bury(delivery.tag, burial).await.unwrap();
    }
    let body = b"this is no envelope".to_vec();
    let damaged = Message { id: MessageId(DAMAGED), client: ClientId(1), accepted_at: noon(), body };
    queue.publish(vec![damaged]).await.unwrap();
}

fn id(id: u128) -> String {
    MessageId(id).to_string()
}

async fn dead_letters(server: &TestServer) -> Value {
    server.get("/api/ops/dead-letters").await.expect(200)
}

async fn total(server: &TestServer, total: u64) -> Value {
    until("the number of dead letters", async || {
        let letters = dead_letters(server).await;
        (letters["total"] == total).then_some(letters)
    })
    .await
}

async fn replay(server: &TestServer, ids: &[u128]) -> Value {
    let ids: Vec<String> = ids.iter().copied().map(id).collect();
    server.post("/api/ops/dead-letters/replay", &json!({"ids": ids})).await.expect(200)["replayed"].clone()
}

async fn requests(server: &TestServer) -> Value {
    server.get("/api/analytics/overview?range=24h&client=1").await.expect(200)["requests"].clone()
}

async fn nothing_waits(server: &TestServer) {
    until("an empty queue", async || {
        let queue = server.get("/api/ops/pipeline").await.expect(200)["queue"].clone();
        (queue["waiting"] == 0 && queue["leased"] == 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_listed_opened_and_replayed_and_nothing_counts_twice() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    earlier_queue(&data).await;
    let server = TestServer::start_with(|config| config.data_dir = data).await.with_admin().await;
    let shop: Tenant = server.with_key("shop").await;
    assert_eq!(shop.client, 1);

    // The consumer buries the third by itself.
    let letters = total(&server, 3).await;
    let rows = letters["deadLetters"].as_array().unwrap();
    let ids: Vec<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [id(COUNTED), id(FRESH), id(DAMAGED)]);
    assert_eq!(rows[0]["hits"], 2);
    assert_eq!((&rows[0]["attempts"], &rows[0]["client"]), (&json!(3), &json!(1)));
    assert_eq!(rows[0]["firstSeen"], "2026-11-18T12:29:30Z");
    assert_eq!((&rows[2]["hits"], &rows[2]["attempts"]), (&Value::Null, &json!(1)));
    let page = server.get("/api/ops/dead-letters?skip=1&limit=1").await.expect(200);
    assert_eq!((&page["deadLetters"][0]["id"], &page["total"]), (&json!(id(FRESH)), &json!(3)));

    let open = async |message: u128| server.get(&format!("/api/ops/dead-letters/{}", id(message))).await;
    let whole = open(COUNTED).await.expect(200);
    assert_eq!(whole["batches"], json!([{"id": "b:counted-before-12", "hits": 2}]));
    assert_eq!(whole["shown"][1]["endpoint"], "/dead");
    assert_eq!(whole["dump"], Value::Null);
    let damaged = open(DAMAGED).await.expect(200);
    assert!(damaged["cause"].as_str().unwrap().contains("not an envelope"), "{damaged}");
    assert!(damaged["dump"].as_str().unwrap().contains("this is no envel"), "{damaged}");
    open(7).await.refused(404);
    server.get("/api/ops/dead-letters/xyz").await.refused(404);

    // The page shows the same before any script runs.
    let html = server.get(&format!("/pipeline?letter={}", id(DAMAGED))).await;
    assert_eq!(html.status, 200);
    for text in
        ["3 messages could not be processed", "the store refused the call", "this is no envel", "SQLite"]
    {
        assert!(html.text.contains(text), "{text} is missing in {}", html.text);
    }

    // One was counted by another way: its sender repeated it, and that came through.
    let again = server.request(Method::POST, "/api/hits").header("x-api-key", &shop.key);
    let again = again.header("idempotency-key", "counted-before-12").json(&hits(2));
    assert_eq!(server.send(again).await.expect(202)["accepted"], 2);
    until("the repeated hits", async || (requests(&server).await == 2).then_some(())).await;
    assert_eq!(replay(&server, &[COUNTED]).await, 1);
    total(&server, 2).await;
    nothing_waits(&server).await;
    assert_eq!(requests(&server).await, 2, "counted twice");
    assert_eq!(replay(&server, &[COUNTED, 7]).await, 0, "it is no dead letter any more");

    // The other two: one is counted now, the damaged one comes back.
    let all = server.post("/api/ops/dead-letters/replay", &json!({"all": true})).await.expect(200);
    assert_eq!(all["replayed"], 2);
    until("the fresh hits", async || (requests(&server).await == 5).then_some(())).await;
    assert_eq!(total(&server, 1).await["deadLetters"][0]["id"], id(DAMAGED));
    nothing_waits(&server).await;
    assert_eq!(requests(&server).await, 5);
}

#[tokio::test]
async fn only_super_admins_operate_and_members_hear_only_whether_hits_come_through() {
    let open = |config: &mut runtime::config::Config| config.registration = Registration::Open;
    let server = TestServer::start_with(open).await.with_admin().await;
    let shop = server.with_key("shop").await;
    let member = server.with_member("member", &[(shop.client, Role::Admin)]).await;
    let nobody = server.browser();
    let letter = format!("/api/ops/dead-letters/{}", id(1));
    for path in ["/api/ops/pipeline", "/api/ops/dead-letters", &letter, "/api/fn/pipeline"] {
        assert_eq!(member.get(path).await.refused(403).0, "forbidden", "{path}");
        assert_eq!(nobody.get(path).await.refused(401).0, "unauthorized", "{path}");
    }
    let all = json!({"all": true});
    member.post("/api/ops/dead-letters/replay", &all).await.refused(403);
    nobody.post("/api/ops/dead-letters/replay", &all).await.refused(401);
    let flow = member.get("/api/fn/flow").await.expect(200);
    assert_eq!(flow["report"], json!({"refusingSince": null, "behindMs": null, "standingStill": false}));
    nobody.get("/api/fn/flow").await.refused(401);
    assert!(member.get("/pipeline").await.text.contains("The pipeline is for super admins"));

    for (body, field) in [
        (json!({}), "ids"),
        (json!({"all": false}), "ids"),
        (json!({"ids": ["not hexadecimal"]}), "ids"),
        (json!({"ids": [7]}), "ids"),
        (json!({"ids": vec![id(1); 1_001]}), "ids"),
        (json!({"ids": [id(1)], "all": true}), "ids"),
    ] {
        assert_eq!(server.post("/api/ops/dead-letters/replay", &body).await.wrong_field(), field, "{body}");
    }
    for (query, field) in
        [("skip=-1", "skip"), ("limit=0", "limit"), ("limit=101", "limit"), ("skip=x", "skip")]
    {
        assert_eq!(server.get(&format!("/api/ops/dead-letters?{query}")).await.wrong_field(), field);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_pipeline_tells_what_was_taken_refused_and_counted() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    server.send_hits(&shop, &hits(30), 30).await;
    let refused = server.request(Method::POST, "/api/hits").header("x-api-key", "snd_no_key").json(&hits(1));
    server.send(refused).await.refused(401);
    let wrong = server.request(Method::POST, "/api/hit").header("x-api-key", &shop.key).json(&json!({}));
    server.send(wrong).await.refused(400);
    nothing_waits(&server).await;
    server.advance(10);

    let pipeline = server.get("/api/ops/pipeline").await.expect(200);
    let ingest = &pipeline["ingest"];
    assert_eq!((&ingest["accepted"], &ingest["acceptedPerSecond"]), (&json!(30), &json!(3.0)));
    assert_eq!(ingest["acceptedBySecond"][50], 30, "ten seconds ago");
    assert_eq!(ingest["refused"], json!({"400": 1, "401": 1}));
    assert_eq!((&ingest["refusedLastMinute"], &ingest["waitingBytes"]), (&json!(2), &json!(0)));
    assert_eq!((&ingest["breaker"], &ingest["breakerSince"]), (&json!("closed"), &Value::Null));
    let (p50, p99) =
        (ingest["confirmMs"]["p50"].as_f64().unwrap(), ingest["confirmMs"]["p99"].as_f64().unwrap());
    assert!(0.0 < p50 && p50 <= p99, "{ingest}");
    let queue = &pipeline["queue"];
    assert_eq!(
        (&queue["engine"], &queue["answers"], &queue["deadLetters"]),
        (&json!("sqlite"), &json!(true), &json!(0))
    );
    let consumer = &pipeline["consumers"][0];
    assert_eq!(
        (&consumer["inline"], &consumer["alive"], &consumer["hits"]),
        (&json!(true), &json!(true), &json!(30))
    );
    assert_eq!((&consumer["breaker"], &pipeline["consumers"][1]), (&json!("closed"), &Value::Null));
    let stores = pipeline["stores"].as_array().unwrap();
    assert!(
        stores.len() == 3
            && stores.iter().all(|store| store["answers"] == true && store["engine"] == "sqlite")
    );
    assert_eq!(pipeline["flow"]["refusingSince"], Value::Null);
    assert_eq!(pipeline["version"], env!("CARGO_PKG_VERSION"));

    let metrics = server.get("/metrics").await;
    assert_eq!(metrics.status, 200, "{}", metrics.text);
    for line in [
        "sendry_ingest_hits_total 30",
        "sendry_ingest_calls_total 1",
        "sendry_ingest_calls_refused_total{status=\"400\"} 1",
        "sendry_ingest_calls_refused_total{status=\"401\"} 1",
        "sendry_ingest_calls_refused_total{status=\"503\"} 0",
        "sendry_ingest_breaker_state 0",
        "sendry_ingest_waiting_bytes 0",
        "sendry_queue_waiting 0",
        "sendry_queue_dead_letters 0",
        "sendry_queue_oldest_age_seconds 0.0",
        "sendry_up{part=\"events\"} 1",
        "sendry_hits_counted_total 30",
        "sendry_consumer_breaker_state 0",
    ] {
        assert!(metrics.text.lines().any(|found| found == line), "{line} is missing in {}", metrics.text);
    }
    assert!(metrics.text.contains("sendry_ingest_confirm_seconds_bucket{le=\"0.001\"}"), "{}", metrics.text);
    assert!(metrics.text.ends_with("# EOF\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn consumers_elsewhere_are_shown_and_told_when_they_fall_silent() {
    let server = TestServer::start_with(|config| config.consumer_lanes = 0).await.with_admin().await;
    let shop = server.with_key("shop").await;
    let call = server.request(Method::POST, "/api/hits").header("x-api-key", &shop.key).json(&hits(1));
    server.send(call).await.expect(202);
    let pipeline = async || server.get("/api/ops/pipeline").await.expect(200);
    server.advance(40);
    let alone = until("the waiting message", async || {
        Some(pipeline().await).filter(|it| it["queue"]["waiting"] == 1)
    });
    let alone = alone.await;
    assert_eq!(alone["consumers"], json!([]));
    assert_eq!(alone["flow"], json!({"refusingSince": null, "behindMs": 40_000, "standingStill": true}));

    let worker = Worker {
        id: "w1".to_owned(),
        host: "node-7".to_owned(),
        version: "0.1.0".to_owned(),
        started_at: noon(),
        seen_at: noon() + 40_000,
        hits: 12,
        lag_ms: Some(90),
        breaker: "half-open".to_owned(),
    };
    server.stores().await.metrics.note_worker(&worker).await.unwrap();
    let seen =
        until("the worker", async || Some(pipeline().await).filter(|it| it["consumers"][0]["alive"] == true));
    let seen = seen.await;
    let consumer = &seen["consumers"][0];
    assert_eq!(
        (&consumer["host"], &consumer["hits"], &consumer["lagMs"]),
        (&json!("node-7"), &json!(12), &json!(90))
    );
    assert_eq!((&consumer["breaker"], &consumer["inline"]), (&json!("half-open"), &json!(false)));
    assert_eq!(seen["flow"]["standingStill"], false, "somebody is at it");
    assert!(server.get("/pipeline").await.text.contains("node-7"));

    server.advance(60);
    assert_eq!(pipeline().await["consumers"][0]["alive"], false);
    assert_eq!(pipeline().await["flow"]["standingStill"], true);
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_a_token() {
    let server = TestServer::start_with(|config| config.metrics_token = Some("open sesame".to_owned())).await;
    let call = |token: &str| {
        let call = server.request(Method::GET, "/metrics").header("x-forwarded-for", "192.0.2.1");
        call.header("authorization", format!("Bearer {token}"))
    };
    assert_eq!(server.get("/metrics").await.status, 200);
    assert_eq!(server.send(call("open says me")).await.refused(403).0, "forbidden");
    let answer = server.send(call("open sesame")).await;
    assert_eq!(
        (answer.status, answer.header("content-type").starts_with("application/openmetrics-text")),
        (200, true)
    );
    assert!(!answer.text.contains("sesame"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_is_down_is_told_as_down_and_everything_still_answers() {
    let server = TestServer::start_with(|config| {
        config.confirm_timeout_ms = 200;
        config.breaker_cool_down_ms = 8_000;
    });
    let server = server.await.with_admin().await;
    let shop = server.with_key("shop").await;
    server.send_hits(&shop, &hits(1), 1).await;
    assert_eq!(server.get("/readyz").await.expect(200)["parts"][0]["breaker"], "closed");

    // Somebody else holds the queue's file: commits cannot go through.
    let lock = rusqlite::Connection::open(server.data().join("queue.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    let send = async || -> Reply {
        let call = server.request(Method::POST, "/api/hits").header("x-api-key", &shop.key);
        server.send(call.json(&hits(1))).await
    };
    for _ in 0..5 {
        send().await.refused(503);
    }
    // A call may be answered a moment before its publish has given up.
    let ready = until("the breaker that opens", async || {
        let ready = server.get("/readyz").await.expect(503);
        (ready["parts"][0]["breaker"] == "open").then_some(ready)
    });
    assert_eq!(ready.await["parts"][0]["name"], "ingest");
    let flow = server.get("/api/fn/flow").await.expect(200);
    assert_ne!(flow["report"]["refusingSince"], Value::Null);
    let pipeline = until("the queue that is down", async || {
        let pipeline = server.get("/api/ops/pipeline").await.expect(200);
        (pipeline["queue"]["answers"] == false).then_some(pipeline)
    })
    .await;
    assert_eq!(pipeline["queue"]["pingMs"], Value::Null);
    assert!(
        pipeline["stores"].as_array().unwrap().iter().all(|store| store["answers"] == true),
        "{pipeline}"
    );
    let html = server.get("/pipeline").await.text;
    assert!(html.contains("Hits are being refused since") && html.contains("Does not answer"), "{html}");
    let html = server.get("/overview").await.text;
    assert!(html.contains("Hits are being refused since") && html.contains("Open the pipeline"), "{html}");
    let metrics = server.get("/metrics").await.text;
    assert!(metrics.contains("sendry_up{part=\"queue\"} 0\n"), "{metrics}");
    assert!(!metrics.contains("sendry_ping_seconds{part=\"queue\"}"), "{metrics}");
    assert!(metrics.contains("sendry_ingest_calls_refused_total{status=\"503\"} 5\n"), "{metrics}");

    // Ready again without a hit having been risked, as soon as probes may pass.
    lock.execute_batch("ROLLBACK").unwrap();
    let ready = until("ready again", async || {
        let reply = server.get("/readyz").await;
        (reply.status == 200).then(|| reply.body())
    })
    .await;
    assert_eq!(ready["parts"][0]["breaker"], "half-open");
    for _ in 0..2 {
        send().await.expect(202);
    }
    assert_eq!(server.get("/readyz").await.expect(200)["parts"][0]["breaker"], "closed");
    let flow = server.get("/api/fn/flow").await.expect(200);
    assert_eq!(flow["report"]["refusingSince"], Value::Null);
}
