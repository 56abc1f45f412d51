//! Every row of the ingest contract, over real HTTP.

use crate::harness::{Reply, Tenant, TestServer};
use reqwest::{Body, Method, RequestBuilder};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};
use telemetry::key::ApiKey;

fn hit() -> Value {
    json!({"serviceName": "orders", "endpoint": "/orders", "method": "GET", "statusCode": 200, "latencyMs": 12.5})
}

fn hits(number: usize) -> Value {
    json!(vec![hit(); number])
}

fn call(server: &TestServer, path: &str, tenant: &Tenant) -> RequestBuilder {
    server
        .request(Method::POST, path)
        .header("x-api-key", &tenant.key)
        .header("content-type", "application/json")
}

async fn send(server: &TestServer, path: &str, tenant: &Tenant, body: impl Into<Body>) -> Reply {
    server.send(call(server, path, tenant).body(body)).await
}

async fn ready() -> (TestServer, Tenant) {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("shop").await;
    (server, tenant)
}

/// Waits until the client's requests are `expected`; more is an error at once.
async fn expect_counted(server: &TestServer, tenant: &Tenant, expected: u64) -> Value {
    let path = format!("/api/analytics/overview?range=24h&client={}", tenant.client);
    let counted = async {
        loop {
            let overview = server.get(&path).await.expect(200);
            let requests = overview["requests"].as_u64().unwrap();
            assert!(requests <= expected, "{requests} of {expected}");
            if requests == expected {
                return overview;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted).await.expect("the hits were not counted")
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hits_in_every_form_are_accepted_and_counted() {
    let (server, tenant) = ready().await;
    let accepted = |n: u32| json!({"accepted": n, "rejected": []});

    let one = send(&server, "/api/hit", &tenant, hit().to_string()).await;
    assert_eq!(one.expect(202), accepted(1));
    assert!(!one.header("x-request-id").is_empty());
    let bearer = server.request(Method::POST, "/api/hit").bearer_auth(&tenant.key).json(&hit());
    assert_eq!(server.send(bearer).await.expect(202), accepted(1));
    // As a client without a content type sends it.
    let bare =
        server.request(Method::POST, "/api/hit").header("x-api-key", &tenant.key).body(hit().to_string());
    assert_eq!(server.send(bare).await.expect(202), accepted(1));

    assert_eq!(send(&server, "/api/hits", &tenant, hits(3).to_string()).await.expect(202), accepted(3));
    let wrapped = json!({"hits": hits(2)}).to_string();
    assert_eq!(send(&server, "/api/hits", &tenant, wrapped).await.expect(202), accepted(2));
    let lines = format!("{}\n{}\n", hit(), hit());
    let ndjson = server
        .request(Method::POST, "/api/hits")
        .header("x-api-key", &tenant.key)
        .header("content-type", "application/x-ndjson")
        .body(lines);
    assert_eq!(server.send(ndjson).await.expect(202), accepted(2));

    let plain = hits(1_000).to_string();
    let zipped =
        call(&server, "/api/hits", &tenant).header("content-encoding", "gzip").body(gzip(plain.as_bytes()));
    assert_eq!(server.send(zipped).await.expect(202), accepted(1_000));
    let zstd = zstd::stream::encode_all(plain.as_bytes(), 1).unwrap();
    let zstd = call(&server, "/api/hits", &tenant).header("content-encoding", "zstd").body(zstd);
    assert_eq!(server.send(zstd).await.expect(202), accepted(1_000));
    expect_counted(&server, &tenant, 2_010).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_latency_of_zero_counts() {
    let (server, tenant) = ready().await;
    let mut zero = hit();
    zero["latencyMs"] = json!(0);
    send(&server, "/api/hit", &tenant, zero.to_string()).await.expect(202);
    let overview = expect_counted(&server, &tenant, 1).await;
    assert_eq!(overview["latencyMs"]["p99"], 0.0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn valid_hits_of_a_partly_invalid_batch_are_kept() {
    let (server, tenant) = ready().await;
    let mut batch = hits(4);
    batch[1]["statusCode"] = json!(99);
    batch[3]["latencyMs"] = json!("fast");
    let reply = send(&server, "/api/hits", &tenant, batch.to_string()).await.expect(202);
    assert_eq!(reply["accepted"], 2);
    let rejected = reply["rejected"].as_array().unwrap();
    assert_eq!((&rejected[0]["index"], &rejected[0]["field"]), (&json!(1), &json!("statusCode")));
    assert_eq!((&rejected[1]["index"], &rejected[1]["field"]), (&json!(3), &json!("latencyMs")));
    expect_counted(&server, &tenant, 2).await;

    // Accepted, bytes and rejects of accepted calls are exact.
    let usage = server.get(&format!("/api/clients/{}/usage", tenant.client)).await.expect(200);
    let day = usage["days"].as_array().unwrap().last().unwrap();
    assert_eq!((&day["accepted"], &day["bytes"]), (&json!(2), &json!(batch.to_string().len())), "{usage}");
    assert_eq!(day["rejected"], json!({"statusCode": 1, "latencyMs": 1}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_understood_is_a_400_that_names_index_and_field() {
    let (server, tenant) = ready().await;
    for (path, body, field) in [
        ("/api/hit", "not json".to_owned(), "body"),
        ("/api/hit", String::new(), "body"),
        ("/api/hit", json!({"serviceName": "a"}).to_string(), "endpoint"),
        ("/api/hits", "[]".to_owned(), "body"),
        ("/api/hits", json!([{"serviceName": 5}]).to_string(), "[0].serviceName"),
        ("/api/hits", r#"{"hits": 5}"#.to_owned(), "body"),
    ] {
        assert_eq!(send(&server, path, &tenant, body.clone()).await.wrong_field(), field, "{path} {body}");
    }
    let damaged = call(&server, "/api/hits", &tenant).header("content-encoding", "gzip").body("no gzip");
    assert_eq!(server.send(damaged).await.wrong_field(), "body");
    let short_id =
        call(&server, "/api/hits", &tenant).header("idempotency-key", "short").body(hits(1).to_string());
    assert_eq!(server.send(short_id).await.wrong_field(), "Idempotency-Key");
    let clock = call(&server, "/api/hit", &tenant).header("x-sendry-sent-at", "now").body(hit().to_string());
    assert_eq!(server.send(clock).await.wrong_field(), "x-sendry-sent-at");
    let coding = call(&server, "/api/hits", &tenant).header("content-encoding", "br").body("x");
    assert_eq!(server.send(coding).await.refused(415).1.as_deref(), Some("content-encoding"));
    assert_eq!(server.get("/api/hit").await.refused(405).0, "method_not_allowed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_are_missing_malformed_unknown_or_revoked_are_401() {
    let (server, tenant) = ready().await;
    let unknown = ApiKey::generate("live", [7; 32]).unwrap();
    let cut = &tenant.key[..tenant.key.len() - 1];
    for key in ["", "snd_live_x", cut, unknown.reveal()] {
        let request = server.request(Method::POST, "/api/hit").header("x-api-key", key).json(&hit());
        assert_eq!(server.send(request).await.refused(401).0, "unauthorized", "{key}");
    }
    assert_eq!(server.post("/api/hit", &hit()).await.refused(401).0, "unauthorized");

    send(&server, "/api/hit", &tenant, hit().to_string()).await.expect(202);
    let revoke = format!("/api/clients/{}/keys/{}", tenant.client, tenant.key_id);
    server.delete(&revoke).await.expect(204);
    send(&server, "/api/hit", &tenant, hit().to_string()).await.refused(401);
    expect_counted(&server, &tenant, 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn too_many_bytes_or_hits_are_413() {
    let (server, tenant) = ready().await;
    let nine_mib = vec![b' '; 9 << 20];
    assert_eq!(send(&server, "/api/hits", &tenant, nine_mib.clone()).await.refused(413).0, "too_large");
    // The same without a length told in advance.
    let (sender, receiver) = tokio::io::duplex(64 << 10);
    let streamed = call(&server, "/api/hits", &tenant)
        .body(Body::wrap_stream(tokio_util::io::ReaderStream::new(receiver)));
    let feeding = tokio::spawn(async move {
        let mut sender = sender;
        // The server hangs up once it has read enough.
        let _ = tokio::io::AsyncWriteExt::write_all(&mut sender, &nine_mib).await;
    });
    if let Ok(reply) = streamed.send().await {
        assert_eq!(reply.status(), 413);
    }
    feeding.await.unwrap();

    let bomb = call(&server, "/api/hits", &tenant)
        .header("content-encoding", "gzip")
        .body(gzip(&vec![b' '; 33 << 20]));
    assert_eq!(server.send(bomb).await.refused(413).0, "too_large");
    assert_eq!(
        send(&server, "/api/hits", &tenant, hits(10_001).to_string()).await.refused(413).0,
        "too_large"
    );
    send(&server, "/api/hits", &tenant, hits(10_000).to_string()).await.expect(202);
    expect_counted(&server, &tenant, 10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn repeated_batches_and_events_count_once() {
    let (server, tenant) = ready().await;
    for _ in 0..3 {
        let batch = call(&server, "/api/hits", &tenant).header("idempotency-key", "a-batch-of-the-tests");
        assert_eq!(server.send(batch.body(hits(5).to_string())).await.expect(202)["accepted"], 5);
        let mut event = hit();
        event["eventId"] = json!("an-event");
        send(&server, "/api/hit", &tenant, event.to_string()).await.expect(202);
    }
    send(&server, "/api/hit", &tenant, hit().to_string()).await.expect(202);
    expect_counted(&server, &tenant, 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_queue_that_cannot_be_written_gives_503_in_time_and_then_at_once() {
    let server = TestServer::start_with(|config| config.confirm_timeout_ms = 300).await.with_admin().await;
    let tenant = server.with_key("shop").await;
    send(&server, "/api/hit", &tenant, hit().to_string()).await.expect(202);
    expect_counted(&server, &tenant, 1).await;

    // Somebody else holds the queue's file: commits cannot go through.
    let lock = rusqlite::Connection::open(server.data().join("queue.db")).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    for _ in 0..5 {
        let started = Instant::now();
        let reply = send(&server, "/api/hit", &tenant, hit().to_string()).await;
        assert_eq!(reply.refused(503).0, "unavailable");
        assert!(!reply.header("retry-after").is_empty());
        assert!(started.elapsed() < Duration::from_secs(10), "it must not hang");
    }
    // Five errors open the breaker, once their publishes have run out too: from then on nothing is even tried.
    let mut waits = Vec::new();
    while waits.last().is_none_or(|wait| *wait < 20) {
        let reply = send(&server, "/api/hit", &tenant, hit().to_string()).await;
        assert_eq!(reply.refused(503).0, "unavailable");
        waits.push(reply.header("retry-after").parse::<u64>().unwrap());
        assert!(waits.len() < 10, "the breaker did not open: {waits:?}");
    }
    assert!(waits.last().is_some_and(|wait| *wait <= 30), "{waits:?}");
    let ready = server.get("/readyz").await.body();
    assert_eq!(ready["parts"][0]["breaker"], "open", "{ready}");
    lock.execute_batch("ROLLBACK").unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_may_report_from_any_page() {
    let (server, tenant) = ready().await;
    let preflight = server
        .request(Method::OPTIONS, "/api/hit")
        .header("origin", "https://shop.example.com")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-api-key,content-type");
    let reply = server.send(preflight).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, "*"));
    let report = call(&server, "/api/hit", &tenant).header("origin", "https://shop.example.com");
    let reply = server.send(report.body(hit().to_string())).await;
    reply.expect(202);
    assert_eq!(reply.header("access-control-allow-origin"), "*");
    // Other routes say nothing of the kind.
    let other = server.request(Method::GET, "/api/clients").header("origin", "https://shop.example.com");
    assert_eq!(server.send(other).await.header("access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_folder_is_refused() {
    let (server, _) = ready().await;
    let folder = server.data().to_owned();
    let error = TestServer::fails_to_start(move |config| config.data_dir = folder).await;
    assert!(error.contains("another Sendry is running"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stopping_keeps_what_was_accepted() {
    let (server, tenant) = ready().await;
    send(&server, "/api/hits", &tenant, hits(500).to_string()).await.expect(202);
    server.stop().await;
}
