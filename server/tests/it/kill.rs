//! kill -9 under load: what was acknowledged, or sent again until it was, is counted exactly once.

use crate::process::Process;
use consumer::reconcile::reconcile;
use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use telemetry::report::ClientId;
use telemetry::time::{DAY, Range, Resolution, from_second};

const BATCHES: u64 = 200;
const IN_A_BATCH: u64 = 500;
const SINGLES: u64 = 10_000;
const TOTAL: u64 = BATCHES * IN_A_BATCH + SINGLES;
const KILLS: u64 = 5;

fn hit(number: u64) -> Value {
    json!({
        "serviceName": format!("service-{}", number % 4),
        "endpoint": format!("/things/{}", number),
        "method": if number.is_multiple_of(5) { "POST" } else { "GET" },
        "statusCode": if number.is_multiple_of(17) { 500 } else { 200 },
        "latencyMs": number % 900,
        "consumer": if number.is_multiple_of(3) { "web" } else { "acme" },
    })
}

/// What the senders have come to.
#[derive(Default)]
struct Progress {
    acknowledged: AtomicU64,
    retries: AtomicUsize,
}

/// Sends until it is acknowledged, however often the server dies meanwhile.
async fn send(
    http: &reqwest::Client,
    url: &str,
    key: &str,
    id: Option<&str>,
    body: &Value,
    progress: &Progress,
) {
    let hits = body.as_array().map_or(1, |hits| hits.len() as u64);
    loop {
        let mut request = http.post(url).header("x-api-key", key).json(body);
        if let Some(id) = id {
            request = request.header("idempotency-key", id);
        }
        match request.send().await {
            Ok(reply) if reply.status() == StatusCode::ACCEPTED => {
                // The reply may be cut by a kill; then it was no acknowledgement.
                if let Ok(taken) = reply.json::<Value>().await {
                    assert_eq!(taken["accepted"], hits, "{taken}");
                    progress.acknowledged.fetch_add(hits, Ordering::SeqCst);
                    return;
                }
            }
            Ok(reply) => {
                assert_eq!(reply.status(), StatusCode::SERVICE_UNAVAILABLE, "{:?}", reply.text().await)
            }
            Err(_) => {}
        }
        progress.retries.fetch_add(1, Ordering::SeqCst);
        // A client's own pause before it tries again.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_thousand_hits_and_five_kills_end_in_the_exact_number() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::start(folder.path()).await;
    let http =
        reqwest::Client::builder().cookie_store(true).timeout(Duration::from_secs(10)).build().unwrap();
    let (client, key) = server.set_up(&http).await;

    let progress = Arc::new(Progress::default());
    let mut senders = tokio::task::JoinSet::new();
    for lane in 0..4 {
        let (http, key, url, progress) =
            (http.clone(), key.clone(), server.url("/api/hits"), Arc::clone(&progress));
        senders.spawn(async move {
            for batch in (lane..BATCHES).step_by(4) {
                let hits: Vec<Value> = (batch * IN_A_BATCH..(batch + 1) * IN_A_BATCH).map(hit).collect();
                send(&http, &url, &key, Some(&format!("batch-number-{batch:06}")), &json!(hits), &progress)
                    .await;
            }
        });
    }
    for lane in 0..16 {
        let (http, key, url, progress) =
            (http.clone(), key.clone(), server.url("/api/hit"), Arc::clone(&progress));
        senders.spawn(async move {
            for number in (lane..SINGLES).step_by(16) {
                let mut body = hit(number);
                // Half of them are known by their own id, half by their call's.
                let id = format!("single-number-{number:06}");
                if number.is_multiple_of(2) {
                    body["eventId"] = json!(id);
                    send(&http, &url, &key, None, &body, &progress).await;
                } else {
                    send(&http, &url, &key, Some(&id), &body, &progress).await;
                }
            }
        });
    }

    // The kills fall evenly over the work, not over time.
    for kill in 1..=KILLS {
        let due = TOTAL * kill / (KILLS + 1);
        while progress.acknowledged.load(Ordering::SeqCst) < due {
            assert!(!senders.is_empty());
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        assert!(
            progress.acknowledged.load(Ordering::SeqCst) < TOTAL,
            "it must be under way when it is killed"
        );
        server.kill_and_restart().await;
    }
    while let Some(sent) = senders.join_next().await {
        sent.unwrap();
    }
    assert_eq!(progress.acknowledged.load(Ordering::SeqCst), TOTAL);
    assert!(progress.retries.load(Ordering::SeqCst) >= KILLS as usize, "kills were felt by senders");

    let overview = format!("/api/analytics/overview?client={client}&range=24h");
    let counted = async {
        loop {
            let reply = http.get(server.url(&overview)).send().await.unwrap();
            let body: Value = reply.json().await.unwrap();
            let requests = body["requests"].as_u64().unwrap_or_else(|| panic!("{body}"));
            assert!(requests <= TOTAL, "counted {requests} of {TOTAL}");
            if requests == TOTAL {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let body =
        tokio::time::timeout(Duration::from_secs(120), counted).await.expect("not everything was counted");
    let errors = |numbers: u64| (0..numbers).filter(|number| number.is_multiple_of(17)).count() as u64;
    assert_eq!(body["serverErrors"], errors(BATCHES * IN_A_BATCH) + errors(SINGLES));
    server.stop().await;

    let data = folder.path().join("data");
    let stores =
        store::sqlite::open_embedded(&data.join("events.db"), &data.join("sendry.db")).await.unwrap();
    let today = Resolution::Day.floor(Timestamp::now().as_second());
    let range = Range::new(from_second(today - DAY), from_second(today + 2 * DAY)).unwrap();
    let found = reconcile(&stores, ClientId(client), range).await.unwrap();
    assert!(found.is_exact(), "{:#?}", found.differences);
    assert_eq!((found.raw, found.counted), (TOTAL, TOTAL));
}
