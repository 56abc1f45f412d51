//! Deploy markers over HTTP.

use crate::harness::{Reply, Tenant, TestServer};
use reqwest::Method;
use serde_json::{Value, json};

async fn mark(server: &TestServer, key: &str, body: &Value) -> Reply {
    let stranger = server.browser();
    stranger.send(stranger.request(Method::POST, "/api/markers").header("x-api-key", key).json(body)).await
}

async fn another_key(server: &TestServer, tenant: &Tenant, wish: &Value) -> String {
    let made = server.post(&format!("/api/clients/{}/keys", tenant.client), wish).await.expect(201);
    made["key"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_key_marks_and_members_see_it() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Acme").await;
    let other = server.with_key("Other").await;
    let made =
        mark(&server, &tenant.key, &json!({"title": " shop 2.4.1 ", "service": "shop"})).await.expect(201);
    assert_eq!((&made["title"], &made["service"]), (&json!("shop 2.4.1"), &json!("shop")));
    let at = server.now().as_millisecond() - 60_000;
    let dated = json!({"title": "config", "at": at, "url": "https://ci.example/7"});
    let first = mark(&server, &tenant.key, &dated).await.expect(201);
    assert_eq!(mark(&server, &tenant.key, &dated).await.expect(201)["id"], first["id"]);
    let list = async |client: i64, more: &str| {
        let path = format!("/api/markers?client={client}&range=1h{more}");
        let found = server.get(&path).await.expect(200);
        let titles = found["markers"].as_array().unwrap().iter();
        titles.map(|marker| marker["title"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(tenant.client, "").await, ["shop 2.4.1", "config"]);
    assert_eq!(list(tenant.client, "&service=mail").await, ["config"]);
    assert!(list(other.client, "").await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_a_marker_is_told_by_name() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Acme").await;
    let year = 366 * 86_400_000_i64;
    let now = server.now().as_millisecond();
    for (field, body) in [
        ("title", json!({})),
        ("title", json!({"title": 7})),
        ("title", json!({"title": "two\nlines"})),
        ("title", json!({"title": "x".repeat(101)})),
        ("service", json!({"title": "x", "service": "x".repeat(200)})),
        ("at", json!({"title": "x", "at": "yesterday"})),
        ("at", json!({"title": "x", "at": now - year})),
        ("at", json!({"title": "x", "at": now + 3_600_000})),
        ("at", json!({"title": "x", "at": [1]})),
        ("url", json!({"title": "x", "url": "javascript:alert(1)"})),
        ("url", json!({"title": "x", "url": "https://a b"})),
    ] {
        assert_eq!(mark(&server, &tenant.key, &body).await.wrong_field(), field, "{body}");
    }
}

#[tokio::test]
async fn a_key_marks_no_more_than_it_may_send() {
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Acme").await;
    let marker = json!({"title": "x", "service": "shop"});
    mark(&server, "snd_live_nonsense", &marker).await.refused(401);
    let pages = json!({"name": "pages", "origins": ["https://shop.example"]});
    mark(&server, &another_key(&server, &tenant, &pages).await, &marker).await.refused(403);
    let held = another_key(&server, &tenant, &json!({"name": "held", "services": ["shop"]})).await;
    mark(&server, &held, &marker).await.expect(201);
    mark(&server, &held, &json!({"title": "x", "service": "mail"})).await.refused(403);
    mark(&server, &held, &json!({"title": "x"})).await.refused(403);
}
