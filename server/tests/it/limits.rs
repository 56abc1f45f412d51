//! Limits: how many hits a client and a key may send, and what is kept of them.

use crate::harness::{Reply, Tenant, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

async fn send(server: &TestServer, key: &str, hits: usize) -> Reply {
    let hit =
        json!({"serviceName": "shop", "endpoint": "/", "method": "GET", "statusCode": 200, "latencyMs": 1});
    let call = server.request(Method::POST, "/api/hits").header("x-api-key", key);
    server.send(call.json(&vec![hit; hits])).await
}

async fn limit(server: &TestServer, tenant: &Tenant, limits: &Value) -> Reply {
    let path = format!("/api/clients/{}/limits", tenant.client);
    server.send(server.request(Method::PUT, &path).json(limits)).await
}

/// The field and the seconds to wait that a 429 tells.
fn refused(reply: &Reply) -> (String, i64) {
    let (code, field) = reply.refused(429);
    assert_eq!(code, "limited");
    (field.unwrap(), reply.header("retry-after").parse().unwrap())
}

#[tokio::test]
async fn a_new_client_has_no_limit_and_its_admin_sets_one_by_name() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let path = format!("/api/clients/{}/limits", shop.client);
    let none = json!({"hitsPerSecond": null, "burst": null, "hitsPerDay": null, "hitsPerMonth": null,
        "captureBodies": true, "rawRetentionDays": 30});
    assert_eq!(server.get(&path).await.expect(200), none);
    for (wrong, field) in [
        (json!({"hitsPerSecond": 0}), "hitsPerSecond"),
        (json!({"hitsPerSecond": "ten"}), "hitsPerSecond"),
        (json!({"hitsPerSecond": 1.5}), "hitsPerSecond"),
        (json!({"burst": 5}), "burst"),
        (json!({"hitsPerDay": -1}), "hitsPerDay"),
        (json!({"hitsPerMonth": u64::MAX}), "hitsPerMonth"),
        (json!({"captureBodies": "no"}), "captureBodies"),
        (json!({"rawRetentionDays": 4_000}), "rawRetentionDays"),
    ] {
        assert_eq!(limit(&server, &shop, &wrong).await.wrong_field(), field);
    }
    assert_eq!(server.get(&path).await.expect(200), none, "nothing is half-written");
    let some = json!({"hitsPerSecond": 10, "burst": 20, "hitsPerDay": 1_000, "hitsPerMonth": 9_000,
        "captureBodies": false, "rawRetentionDays": 7});
    assert_eq!(limit(&server, &shop, &some).await.expect(200), some);
    assert_eq!(server.get(&path).await.expect(200), some);
    let audit = server.get(&format!("/api/clients/{}/audit", shop.client)).await.expect(200);
    assert_eq!(audit["entries"][0]["action"], "limits.set", "{audit}");
}

#[tokio::test]
async fn a_rate_lets_a_burst_through_and_says_when_to_come_again() {
    let server = TestServer::start().await.with_admin().await;
    let (shop, other) = (server.with_key("shop").await, server.with_key("other").await);
    limit(&server, &shop, &json!({"hitsPerSecond": 10, "burst": 20})).await.expect(200);
    send(&server, &shop.key, 15).await.expect(202);
    send(&server, &shop.key, 5).await.expect(202);
    let over = send(&server, &shop.key, 15).await;
    assert_eq!(refused(&over), ("hitsPerSecond".to_owned(), 2));
    assert!(over.text.contains("the client's limit of 10 hits a second with a burst of 20"), "{}", over.text);
    send(&server, &other.key, 100).await.expect(202);
    server.advance(1);
    assert_eq!(refused(&send(&server, &shop.key, 15).await).1, 1);
    send(&server, &shop.key, 10).await.expect(202);
    let large = send(&server, &shop.key, 21).await;
    assert_eq!(refused(&large).0, "burst");
    assert!(large.text.contains("batches of at most 20 hits"), "{}", large.text);
    limit(&server, &shop, &json!({})).await.expect(200);
    send(&server, &shop.key, 100).await.expect(202);
}

#[tokio::test]
async fn a_key_is_held_to_its_own_rate_and_its_successor_too() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let keys = format!("/api/clients/{}/keys", shop.client);
    let wrong = server.post(&keys, &json!({"name": "slow", "hitsPerSecond": 0})).await;
    assert_eq!(wrong.wrong_field(), "hitsPerSecond");
    let slow = server.post(&keys, &json!({"name": "slow", "hitsPerSecond": 5})).await.expect(201);
    assert_eq!((&slow["hitsPerSecond"], &slow["burst"]), (&json!(5), &Value::Null));
    let key = slow["key"].as_str().unwrap();
    send(&server, key, 5).await.expect(202);
    let over = send(&server, key, 1).await;
    assert_eq!(refused(&over), ("hitsPerSecond".to_owned(), 1));
    assert!(over.text.contains("the key's limit"), "{}", over.text);
    send(&server, &shop.key, 100).await.expect(202);
    let rotated = server.post(&format!("{keys}/{}/rotate", slow["id"]), &json!({})).await.expect(201);
    assert_eq!(rotated["hitsPerSecond"], 5);
    send(&server, rotated["key"].as_str().unwrap(), 6).await.refused(429);
}

#[tokio::test]
async fn a_quota_warns_before_it_refuses_and_ends_with_its_day() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    limit(&server, &shop, &json!({"hitsPerDay": 100, "hitsPerMonth": 150})).await.expect(200);
    let first = send(&server, &shop.key, 60).await;
    first.expect(202);
    assert_eq!(first.header("x-sendry-quota"), "");
    let over = send(&server, &shop.key, 41).await;
    // The server's day is half past noon and thirty seconds old.
    assert_eq!(refused(&over), ("hitsPerDay".to_owned(), 41_370));
    assert!(over.text.contains("2026-11-19T00:00:00Z"), "{}", over.text);
    let last = send(&server, &shop.key, 40).await;
    last.expect(202);
    assert_eq!(last.header("x-sendry-quota"), "day 100/100");
    send(&server, &shop.key, 1).await.refused(429);
    // What was counted today belongs to tomorrow's month.
    let counted = async {
        let usage = format!("/api/clients/{}/usage?from=2026-11-18&to=2026-11-18", shop.client);
        while server.get(&usage).await.expect(200)["days"][0]["accepted"] != 100 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), counted).await.expect("not counted");
    server.advance(12 * 3_600);
    let over = send(&server, &shop.key, 51).await;
    let (field, wait) = refused(&over);
    assert_eq!((field.as_str(), wait), ("hitsPerMonth", 12 * 86_400 - 1_830));
    send(&server, &shop.key, 50).await.expect(202);
}

#[tokio::test]
async fn hits_that_come_at_once_do_not_overrun_a_quota() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    limit(&server, &shop, &json!({"hitsPerDay": 25})).await.expect(200);
    let calls = (0..40).map(|_| send(&server, &shop.key, 1));
    let replies = futures::future::join_all(calls).await;
    assert_eq!(replies.iter().filter(|reply| reply.status == 202).count(), 25);
    assert_eq!(replies.iter().filter(|reply| reply.status == 429).count(), 15);
}

#[tokio::test]
async fn bodies_are_kept_only_where_the_client_wants_them() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let hit = |id: &str| {
        json!([{"serviceName": "shop", "endpoint": "/", "method": "POST", "statusCode": 200, "latencyMs": 1,
            "requestBody": "question", "responseBody": "answer", "error": "kept", "traceparent": null, "eventId": id}])
    };
    server.send_hits(&shop, &hit("with"), 1).await;
    limit(&server, &shop, &json!({"captureBodies": false, "rawRetentionDays": 7})).await.expect(200);
    server.send_hits(&shop, &hit("without"), 2).await;
    server.advance(1);
    let list = format!("/api/requests?range=1h&client={}", shop.client);
    let mut bodies = Vec::new();
    for request in server.get(&list).await.expect(200)["requests"].as_array().unwrap() {
        let path = format!("/api/requests/{}?client={}", request["id"].as_str().unwrap(), shop.client);
        let detail = server.get(&path).await.expect(200);
        bodies.push((
            detail["eventId"].clone(),
            detail["requestBody"].clone(),
            detail["responseBody"].clone(),
        ));
    }
    bodies.sort_by_key(|(id, _, _)| id.to_string());
    assert_eq!(
        bodies,
        [(json!("with"), json!("question"), json!("answer")), (json!("without"), Value::Null, Value::Null),]
    );
    let mut old = hit("old");
    old[0]["timestamp"] = json!("2026-11-10T12:00:00Z");
    let call = server.request(Method::POST, "/api/hits").header("x-api-key", &shop.key).json(&old);
    assert_eq!(server.send(call).await.wrong_field(), "[0].timestamp");
}

#[tokio::test]
async fn a_key_has_a_quota_of_its_own_that_outlives_the_server() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let keys = format!("/api/clients/{}/keys", shop.client);
    let wrong = server.post(&keys, &json!({"name": "few", "hitsPerDay": 0})).await;
    assert_eq!(wrong.wrong_field(), "hitsPerDay");
    let few = json!({"name": "few", "hitsPerDay": 10, "hitsPerMonth": 12});
    let few = server.post(&keys, &few).await.expect(201);
    assert_eq!((&few["hitsPerDay"], &few["hitsPerMonth"]), (&json!(10), &json!(12)));
    let key = few["key"].as_str().unwrap();
    assert_eq!(send(&server, key, 7).await.header("x-sendry-quota"), "");
    let over = send(&server, key, 4).await;
    assert_eq!(refused(&over), ("hitsPerDay".to_owned(), 41_370));
    assert!(over.text.contains("the key's limit of 10 hits a day"), "{}", over.text);
    let last = send(&server, key, 3).await;
    assert_eq!(last.header("x-sendry-quota"), "day 10/10");
    send(&server, &shop.key, 100).await.expect(202);
    let server = server.restarted().await;
    refused(&send(&server, key, 1).await);
    server.advance(86_400);
    assert_eq!(refused(&send(&server, key, 3).await).0, "hitsPerMonth");
    send(&server, key, 2).await.expect(202);
}

#[tokio::test]
async fn calls_refused_as_a_whole_are_in_the_usage_of_their_day() {
    let server = TestServer::start().await.with_admin().await;
    let (shop, other) = (server.with_key("shop").await, server.with_key("other").await);
    limit(&server, &shop, &json!({"hitsPerSecond": 1})).await.expect(200);
    for _ in 0..3 {
        send(&server, &shop.key, 2).await.refused(429);
    }
    let bad = server.request(Method::POST, "/api/hits").header("x-api-key", &shop.key).body("{");
    server.send(bad).await.refused(400);
    server.advance(86_400);
    send(&server, &shop.key, 2).await.refused(429);
    send(&server, "snd_live_nobody", 1).await.refused(401);
    // What has been noted is written down at the end, if not before.
    let server = server.restarted().await;
    let usage = |client: i64| format!("/api/clients/{client}/usage?from=2026-11-18&to=2026-11-19");
    let days = server.get(&usage(shop.client)).await.expect(200)["days"].clone();
    assert_eq!(days[0]["refusedCalls"], json!({"400": 1, "429": 3}), "{days}");
    assert_eq!(days[1]["refusedCalls"], json!({"429": 1}), "{days}");
    let none = server.get(&usage(other.client)).await.expect(200);
    assert_eq!(none["days"][0]["refusedCalls"], json!({}));
    let csv = server.get(&format!("{}&format=csv", usage(shop.client))).await.text;
    assert_eq!(
        csv.lines().take(2).collect::<Vec<_>>(),
        [
            "day,accepted,bytes,rejected,rejected_by_field,refused_calls,refused_calls_by_status",
            "2026-11-18,0,0,0,,4,400=1 429=3"
        ]
    );
}
