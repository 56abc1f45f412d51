//! Clients and their keys: who may make, see and end them.

use crate::harness::{Browser, TestServer};
use reqwest::Method;
use runtime::config::Registration;
use serde_json::{Value, json};
use store::access::Role;

async fn server() -> TestServer {
    TestServer::start_with(|config| config.registration = Registration::Open).await.with_admin().await
}

async fn hit(server: &Browser, key: &str) -> u16 {
    let hit =
        json!({"serviceName": "shop", "endpoint": "/", "method": "GET", "statusCode": 200, "latencyMs": 1});
    server.send(server.request(Method::POST, "/api/hit").header("x-api-key", key).json(&hit)).await.status
}

/// Everything that can be asked or done about a client, and whether it takes more than looking.
fn routes(client: i64, key: i64) -> Vec<(Method, String, bool)> {
    let mut routes = vec![
        (Method::GET, format!("/api/clients/{client}"), false),
        (Method::GET, format!("/api/clients/{client}/keys"), false),
        (Method::POST, format!("/api/clients/{client}/keys"), true),
        (Method::DELETE, format!("/api/clients/{client}/keys/{key}"), true),
        (Method::GET, format!("/api/clients/{client}/usage"), false),
        (Method::GET, format!("/api/requests?client={client}"), false),
    ];
    for report in ["overview", "timeseries", "endpoints", "services", "status-codes"] {
        routes.push((Method::GET, format!("/api/analytics/{report}?client={client}"), false));
    }
    routes
}

async fn call(browser: &Browser, method: Method, path: &str) -> crate::harness::Reply {
    let request = browser.request(method.clone(), path);
    browser.send(if method == Method::POST { request.json(&json!({"name": "a key"})) } else { request }).await
}

#[tokio::test]
async fn a_super_admin_makes_clients_and_sees_all() {
    let server = server().await;
    let shop = server.post("/api/clients", &json!({"name": " Shop "})).await.expect(201);
    assert_eq!(shop["name"], "Shop");
    assert_eq!(shop["createdAt"], "2026-11-18T12:30:30Z");
    assert_eq!(server.get(&format!("/api/clients/{}", shop["id"])).await.expect(200), shop);
    assert_eq!(server.get("/api/clients").await.expect(200), json!({"clients": [shop]}));
    let taken = server.post("/api/clients", &json!({"name": "shop"})).await.refused(409);
    assert_eq!(taken, ("conflict".to_owned(), Some("name".to_owned())));
    for name in [json!(""), json!("  "), json!("x".repeat(101)), json!("a\nb"), json!(7), Value::Null] {
        assert_eq!(server.post("/api/clients", &json!({"name": name})).await.wrong_field(), "name", "{name}");
    }
}

#[tokio::test]
async fn a_stranger_cannot_tell_a_client_from_one_that_does_not_exist() {
    let server = server().await;
    let shop = server.with_key("shop").await;
    let own = server.with_key("own").await;
    let stranger = server.with_member("stranger", &[(own.client, Role::Admin)]).await;
    let nobody = server.browser();

    stranger.post("/api/clients", &json!({"name": "mine"})).await.refused(403);
    let seen = stranger.get("/api/clients").await.expect(200);
    assert_eq!(seen["clients"].as_array().unwrap().len(), 1);
    assert_eq!(seen["clients"][0]["id"], own.client);
    for ((method, real, _), (_, missing, _)) in
        routes(shop.client, shop.key_id).into_iter().zip(routes(999, 999))
    {
        let foreign = call(&stranger, method.clone(), &real).await;
        foreign.refused(404);
        assert_eq!(foreign.text, call(&stranger, method.clone(), &missing).await.text, "{method} {real}");
        call(&nobody, method, &real).await.refused(401);
    }
    // Nor by the way of a client of one's own.
    let detour = format!("/api/clients/{}/keys/{}", own.client, shop.key_id);
    stranger.delete(&detour).await.refused(404);
    assert_eq!(hit(&server, &shop.key).await, 202);
    for junk in ["x", "1.5", "99999999999999999999", "%00", "1%2F..%2F2"] {
        stranger.get(&format!("/api/clients/{junk}")).await.refused(404);
    }
}

#[tokio::test]
async fn each_role_may_do_its_part() {
    let server = server().await;
    let shop = server.with_key("shop").await;
    for role in [Role::Viewer, Role::Operator, Role::Admin] {
        let member = server.with_member(&format!("member-{role:?}"), &[(shop.client, role)]).await;
        for (method, path, administers) in routes(shop.client, shop.key_id) {
            let reply = call(&member, method, &path).await;
            if administers && role != Role::Admin {
                reply.refused(403);
            } else {
                assert!(reply.status < 300, "{role:?} {path}: {}", reply.text);
            }
        }
        member.post("/api/clients", &json!({"name": "mine"})).await.refused(403);
    }
}

#[tokio::test]
async fn a_role_that_was_taken_away_ends_at_once() {
    let server = server().await;
    let shop = server.with_key("shop").await;
    let member = server.with_member("ann", &[(shop.client, Role::Admin)]).await;
    // Somebody has to stay admin.
    server.with_member("bob", &[(shop.client, Role::Admin)]).await;
    let path = format!("/api/clients/{}/keys", shop.client);
    member.post(&path, &json!({"name": "mine"})).await.expect(201);
    let id = member.get("/api/auth/me").await.expect(200)["user"]["id"].as_i64().unwrap();
    let scope = store::access::ClientScope::of_the_instance(telemetry::report::ClientId(shop.client));
    server.stores().await.accounts.set_member(&scope, id, Role::Viewer).await.unwrap();
    member.post(&path, &json!({"name": "mine"})).await.refused(403);
}

#[tokio::test]
async fn a_key_is_shown_once() {
    let server = server().await;
    let client = server.post("/api/clients", &json!({"name": "shop"})).await.expect(201)["id"].clone();
    let path = format!("/api/clients/{client}/keys");
    let made = server.post(&path, &json!({"name": "billing", "environment": "test"})).await;
    assert_eq!(made.header("cache-control"), "no-store");
    let made = made.expect(201);
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("snd_test_") && key.starts_with(made["prefix"].as_str().unwrap()), "{made}");
    assert_eq!((&made["name"], &made["environment"]), (&json!("billing"), &json!("test")));
    let default = server.post(&path, &json!({"name": "other"})).await.expect(201);
    assert!(default["key"].as_str().unwrap().starts_with("snd_live_"));

    let listed = server.get(&path).await;
    assert!(!listed.text.contains(key));
    let listed = listed.expect(200);
    assert_eq!(listed["keys"].as_array().unwrap().len(), 2);
    assert_eq!(listed["keys"][1]["id"], made["id"]);
    assert_eq!(listed["keys"][1]["revokedAt"], Value::Null);
    for (field, body) in [
        ("name", json!({})),
        ("name", json!({"name": " "})),
        ("environment", json!({"name": "a", "environment": "Live"})),
        ("environment", json!({"name": "a", "environment": "x".repeat(17)})),
        ("environment", json!({"name": "a", "environment": 5})),
    ] {
        assert_eq!(server.post(&path, &body).await.wrong_field(), field, "{body}");
    }
}

#[tokio::test]
async fn a_revoked_key_is_refused_at_once() {
    let server = server().await;
    let shop = server.with_key("shop").await;
    assert_eq!(hit(&server, &shop.key).await, 202);
    let path = format!("/api/clients/{}/keys/{}", shop.client, shop.key_id);
    server.delete(&path).await.expect(204);
    assert_eq!(hit(&server, &shop.key).await, 401);
    let keys = server.get(&format!("/api/clients/{}/keys", shop.client)).await.expect(200);
    assert_eq!(keys["keys"][0]["revokedAt"], "2026-11-18T12:30:30Z");
    server.delete(&format!("/api/clients/{}/keys/999", shop.client)).await.refused(404);
    // A second time changes nothing.
    server.advance(60);
    server.delete(&path).await.expect(204);
    let again = server.get(&format!("/api/clients/{}/keys", shop.client)).await.expect(200);
    assert_eq!(again["keys"][0]["revokedAt"], "2026-11-18T12:30:30Z");
}

#[tokio::test]
async fn usage_counts_by_day_what_was_accepted_and_refused() {
    let server = server().await;
    let shop = server.with_key("shop").await;
    let good =
        json!({"serviceName": "shop", "endpoint": "/", "method": "GET", "statusCode": 200, "latencyMs": 1});
    let mut bad = good.clone();
    bad["statusCode"] = json!(999);
    server.send_hits(&shop, &json!([good, good]), 2).await;
    let mixed =
        server.request(Method::POST, "/api/hits").header("x-api-key", &shop.key).json(&json!([good, bad]));
    assert_eq!(server.send(mixed).await.expect(202)["accepted"], 1);
    server.send_hits(&shop, &json!([good]), 4).await;

    let path = format!("/api/clients/{}/usage", shop.client);
    let month = server.get(&path).await.expect(200);
    assert_eq!((&month["from"], &month["to"]), (&json!("2026-11-01"), &json!("2026-11-18")));
    let days = month["days"].as_array().unwrap();
    assert_eq!(days.len(), 18);
    let today = &days[17];
    assert_eq!((&today["day"], &today["accepted"]), (&json!("2026-11-18"), &json!(4)));
    assert_eq!(today["rejected"], json!({"statusCode": 1}));
    assert!(today["bytes"].as_u64().unwrap() > 300);
    assert_eq!(
        days[0],
        json!({"day": "2026-11-01", "accepted": 0, "bytes": 0, "rejected": {}, "refusedCalls": {}})
    );
    assert!(month["note"].as_str().unwrap().contains("approximately"));

    let one = server.get(&format!("{path}?from=2026-11-18&to=2026-11-18")).await.expect(200);
    assert_eq!(one["days"], json!([today]));
    let csv = server.get(&format!("{path}?from=2026-11-17&to=2026-11-18&format=csv")).await;
    assert_eq!(csv.status, 200);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert!(csv.header("content-disposition").contains("sendry-usage-2026-11-17-2026-11-18.csv"));
    let lines = format!(
        "day,accepted,bytes,rejected,rejected_by_field,refused_calls,refused_calls_by_status\n\
         2026-11-17,0,0,0,,0,\n2026-11-18,4,{},1,statusCode=1,0,\n",
        today["bytes"]
    );
    assert_eq!(csv.text, lines);
    assert_eq!(server.get(&format!("{path}?format=xml")).await.wrong_field(), "format");
    assert_eq!(server.get(&format!("{path}?from=soon")).await.wrong_field(), "from");
    assert_eq!(server.get(&format!("{path}?to=2026-01-01")).await.wrong_field(), "to");
}
