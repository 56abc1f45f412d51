//! What a key is held to: its time, its origins, its services; and how one takes the place of another.

use crate::harness::{Reply, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

const HOUR: i64 = 60 * 60;

async fn hits(server: &TestServer, key: &str, origin: Option<&str>, services: &[&str]) -> Reply {
    let hit = |service: &&str| json!({"serviceName": service, "endpoint": "/", "method": "GET", "statusCode": 200, "latencyMs": 1});
    let call = server.request(Method::POST, "/api/hits").header("x-api-key", key);
    let call = origin.into_iter().fold(call, |call, origin| call.header("origin", origin));
    server.send(call.json(&services.iter().map(hit).collect::<Vec<_>>())).await
}

async fn make(server: &TestServer, client: i64, wish: &Value) -> Value {
    server.post(&format!("/api/clients/{client}/keys"), wish).await.expect(201)
}

fn text(key: &Value) -> &str {
    key["key"].as_str().unwrap()
}

#[tokio::test]
async fn a_rotated_key_and_its_successor_are_both_good_for_the_overlap() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let keys = format!("/api/clients/{}/keys", shop.client);
    let rotate = format!("{keys}/{}/rotate", shop.key_id);
    for wrong in ["x", "-1", "721"] {
        let reply = server.post(&format!("{rotate}?overlapHours={wrong}"), &json!({})).await;
        assert_eq!(reply.wrong_field(), "overlapHours");
    }
    let new = server.post(&format!("{rotate}?overlapHours=2"), &json!({})).await.expect(201);
    assert_eq!((&new["name"], &new["environment"]), (&json!("test"), &json!("live")));
    for key in [shop.key.as_str(), text(&new)] {
        hits(&server, key, None, &["shop"]).await.expect(202);
    }
    server.post(&rotate, &json!({})).await.refused(409);
    let listed = server.get(&keys).await.expect(200);
    assert_eq!(listed["keys"][1]["expiresAt"], "2026-11-18T14:30:30Z");
    assert_eq!(listed["keys"][1]["replacedBy"], new["id"]);
    assert!(!listed.to_string().contains(text(&new)));

    server.advance(2 * HOUR - 1);
    hits(&server, &shop.key, None, &["shop"]).await.expect(202);
    server.advance(1);
    let over = hits(&server, &shop.key, None, &["shop"]).await;
    assert_eq!(over.refused(401).0, "unauthorized");
    assert!(over.text.contains("expired"), "{}", over.text);
    hits(&server, text(&new), None, &["shop"]).await.expect(202);
    // At once, without any overlap.
    let path = format!("{keys}/{}/rotate?overlapHours=0", new["id"]);
    let third = server.post(&path, &json!({})).await.expect(201);
    hits(&server, text(&new), None, &["shop"]).await.refused(401);
    hits(&server, text(&third), None, &["shop"]).await.expect(202);
    server.post(&format!("{keys}/999/rotate"), &json!({})).await.refused(404);
}

#[tokio::test]
async fn a_key_with_an_end_is_refused_from_then_on() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let wish = json!({"name": "until one", "expiresAt": "2026-11-18T13:00:00Z"});
    let key = make(&server, shop.client, &wish).await;
    hits(&server, text(&key), None, &["shop"]).await.expect(202);
    server.advance(HOUR / 2);
    hits(&server, text(&key), None, &["shop"]).await.refused(401);
    for wrong in [json!("soon"), json!("2026-11-18T12:00:00Z"), json!(5)] {
        let wish = json!({"name": "x", "expiresAt": wrong});
        let path = format!("/api/clients/{}/keys", shop.client);
        assert_eq!(server.post(&path, &wish).await.wrong_field(), "expiresAt");
    }
}

#[tokio::test]
async fn a_key_that_is_held_to_origins_is_for_their_pages_only() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let wish = json!({"name": "pages", "origins": ["HTTPS://Shop.example:443/", "http://localhost:8080"]});
    let key = make(&server, shop.client, &wish).await;
    assert_eq!(key["origins"], json!(["https://shop.example", "http://localhost:8080"]));
    for origin in ["https://shop.example", "http://localhost:8080"] {
        let reply = hits(&server, text(&key), Some(origin), &["shop"]).await;
        reply.expect(202);
        assert_eq!(reply.header("access-control-allow-origin"), origin);
        let vary: Vec<_> = reply.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| value.to_str().unwrap().contains("origin")), "{vary:?}");
    }
    for origin in
        [Some("https://evil.example"), Some("https://shop.example.evil.example"), Some("null"), None]
    {
        let reply = hits(&server, text(&key), origin, &["shop"]).await;
        assert_eq!(reply.refused(403).0, "forbidden");
        assert_eq!(reply.header("access-control-allow-origin"), "", "no page may read it");
    }
    // A key that is held to none is everybody's, and so is the answer.
    let free = hits(&server, &shop.key, Some("https://evil.example"), &["shop"]).await;
    free.expect(202);
    assert_eq!(free.header("access-control-allow-origin"), "*");
    let path = format!("/api/clients/{}/keys", shop.client);
    for wrong in
        [json!("https://shop.example"), json!(["shop.example"]), json!([5]), json!(["https://a.b/c"])]
    {
        let wish = json!({"name": "x", "origins": wrong});
        assert_eq!(server.post(&path, &wish).await.wrong_field(), "origins", "{wrong}");
    }
}

#[tokio::test]
async fn a_key_that_is_held_to_services_rejects_hits_of_others_by_name() {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let wish = json!({"name": "cart", "services": [" cart ", "cart", "", "orders"]});
    let key = make(&server, shop.client, &wish).await;
    assert_eq!(key["services"], json!(["cart", "orders"]));
    let reply = hits(&server, text(&key), None, &["cart", "billing", "orders"]).await.expect(202);
    assert_eq!((&reply["accepted"], &reply["rejected"][0]["index"]), (&json!(2), &json!(1)));
    assert_eq!(reply["rejected"][0]["field"], "serviceName");
    let none = hits(&server, text(&key), None, &["billing"]).await;
    assert_eq!(none.wrong_field(), "[0].serviceName");
    let path = format!("/api/clients/{}/keys", shop.client);
    for wrong in [json!("cart"), json!(["a\nb"]), json!(["x".repeat(129)]), json!(0)] {
        let wish = json!({"name": "x", "services": wrong});
        assert_eq!(server.post(&path, &wish).await.wrong_field(), "services", "{wrong}");
    }
}
