//! One's own account, and what super admins do with those of others: sessions, passwords, disabling, the audit log.

use crate::harness::{Browser, PASSWORD, Reply, TestServer, publicly};
use reqwest::Method;
use reqwest::header::COOKIE;
use runtime::config::Registration;
use serde_json::{Value, json};
use store::access::Role;

async fn server() -> TestServer {
    TestServer::start_with(|config| config.registration = Registration::Open).await.with_admin().await
}

async fn id(browser: &Browser) -> Value {
    browser.get("/api/auth/me").await.expect(200)["user"]["id"].clone()
}

async fn patch(browser: &Browser, path: &str, body: &Value) -> Reply {
    browser.send(browser.request(Method::PATCH, path).json(body)).await
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_owner() {
    let server = server().await;
    let (ann, elsewhere) = (server.with_member("ann", &[]).await, server.browser());
    let call = elsewhere.request(Method::POST, "/api/auth/login").header("user-agent", "Elsewhere/1.0");
    elsewhere.send(call.json(&json!({"username": "ann", "password": PASSWORD}))).await.expect(200);
    let listed = ann.get("/api/auth/sessions").await.expect(200);
    let sessions = listed["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 2);
    let current = sessions.iter().filter(|session| session["current"] == true).count();
    let other = sessions.iter().find(|session| session["userAgent"] == "Elsewhere/1.0").unwrap();
    assert_eq!((current, &other["current"]), (1, &json!(false)));
    // Nobody ends a session of somebody else by this way, not even a super admin.
    let path = format!("/api/auth/sessions/{}", other["id"].as_str().unwrap());
    server.delete(&path).await.refused(404);
    assert!(elsewhere.is_signed_in().await);
    ann.delete(&path).await.expect(204);
    assert!(!elsewhere.is_signed_in().await, "it has ended at once");
    assert!(ann.is_signed_in().await);
    ann.delete(&path).await.refused(404);
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let server = server().await;
    let (ann, elsewhere) = (server.with_member("ann", &[]).await, server.browser());
    elsewhere.log_in("ann", PASSWORD).await.expect(200);
    let change = async |current: &str, password: &str| {
        ann.post("/api/auth/password", &json!({"current": current, "password": password})).await
    };
    assert_eq!(change("a wrong guess", "another good password").await.wrong_field(), "current");
    assert_eq!(change(PASSWORD, "short").await.wrong_field(), "password");
    let missing = ann.post("/api/auth/password", &json!({"password": "another good password"})).await;
    assert_eq!(missing.wrong_field(), "current");
    assert!(elsewhere.is_signed_in().await);
    change(PASSWORD, "another good password").await.expect(204);
    assert!(ann.is_signed_in().await && !elsewhere.is_signed_in().await);
    elsewhere.log_in("ann", PASSWORD).await.refused(401);
    elsewhere.log_in("ann", "another good password").await.expect(200);
    // Whoever sits at an open browser cannot guess the password there without being slowed down.
    server.advance(60);
    let mut last = 0;
    for _ in 0..11 {
        last = change("a wrong guess", "another good password").await.status;
    }
    assert_eq!(last, 429);
}

#[tokio::test]
async fn whoever_is_disabled_is_out_at_once_and_stays_out() {
    let server = server().await;
    let ann = server.with_member("ann", &[]).await;
    let path = format!("/api/users/{}", id(&ann).await);
    assert_eq!(patch(&server, &path, &json!({"disabled": "yes"})).await.wrong_field(), "disabled");
    patch(&server, &path, &json!({"disabled": true})).await.expect(204);
    assert!(!ann.is_signed_in().await);
    // As a wrong password is answered.
    let refused = ann.log_in("ann", PASSWORD).await;
    let wrong = ann.log_in("ann", "a wrong guess").await;
    assert_eq!((refused.status, &refused.text), (401, &wrong.text));
    let users = server.get("/api/users").await.expect(200);
    let told: Vec<_> = users["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| (&user["username"], &user["disabled"]))
        .collect();
    assert_eq!(told, [(&json!("admin"), &json!(false)), (&json!("ann"), &json!(true))]);
    patch(&server, &path, &json!({"disabled": false})).await.expect(204);
    ann.log_in("ann", PASSWORD).await.expect(200);

    let own = format!("/api/users/{}", id(&server).await);
    patch(&server, &own, &json!({"disabled": true})).await.refused(409);
    assert!(server.is_signed_in().await);
    patch(&server, "/api/users/999", &json!({"disabled": true})).await.refused(404);
}

#[tokio::test]
async fn a_super_admin_ends_sessions_of_others() {
    let server = server().await;
    let (ann, elsewhere) = (server.with_member("ann", &[]).await, server.browser());
    elsewhere.log_in("ann", PASSWORD).await.expect(200);
    let path = format!("/api/users/{}/sessions", id(&ann).await);
    let sessions = server.get(&path).await.expect(200)["sessions"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 2);
    server.delete(&format!("{path}/{}", sessions[0]["id"].as_str().unwrap())).await.expect(204);
    assert!(ann.is_signed_in().await != elsewhere.is_signed_in().await, "one of them has ended");
    server.delete(&path).await.expect(204);
    assert!(!ann.is_signed_in().await && !elsewhere.is_signed_in().await);
    assert!(server.is_signed_in().await);
    server.delete("/api/users/999/sessions").await.refused(404);
}

#[tokio::test]
async fn a_rotated_signing_key_signs_nobody_out_and_the_old_one_ends() {
    let server = server().await;
    let ann = server.browser();
    let signed_in = server.browser().log_in("admin", PASSWORD).await;
    let access = signed_in.cookie("sendry_access").unwrap();
    let with = async |token: &str| {
        let call = ann.request(Method::GET, "/api/auth/me").header(COOKIE, format!("sendry_access={token}"));
        ann.send(call).await.status
    };
    let rotated = server.post("/api/signing-keys/rotate", &json!({})).await.expect(201);
    assert_eq!(rotated["retiredAt"], Value::Null);
    assert_eq!(with(&access).await, 200, "what the old key signed is good for its time");
    let fresh = server.browser().log_in("admin", PASSWORD).await.cookie("sendry_access").unwrap();
    let header = |token: &str| token.split('.').next().unwrap().to_owned();
    assert_ne!(header(&access), header(&fresh), "another key has another kid");
    assert_eq!(with(&fresh).await, 200);
    // Another process rotates: this one learns of it from the token.
    let stores = server.stores().await;
    let scope = store::access::InstanceScope::of_the_instance();
    stores.accounts.rotate_signing_key(&scope, [7; 32], server.now()).await.unwrap();
    server.advance(61);
    let newest = server.browser().log_in("admin", PASSWORD).await.cookie("sendry_access").unwrap();
    assert_ne!(header(&newest), header(&fresh));
    assert_eq!((with(&newest).await, with(&fresh).await, with(&access).await), (200, 200, 200));
    server.advance(15 * 60);
    assert_eq!((with(&newest).await, with(&access).await), (401, 401));
}

#[tokio::test]
async fn what_is_done_can_be_read_by_those_in_charge() {
    let server = server().await;
    let (shop, other) = (server.with_key("shop").await, server.with_key("other").await);
    let ann = server.with_member("ann", &[(shop.client, Role::Admin)]).await;
    let path = format!("/api/clients/{}", shop.client);
    let call = ann.request(Method::POST, &format!("{path}/keys")).header("x-forwarded-for", "192.0.2.44");
    ann.send(call.json(&json!({"name": "billing"}))).await.expect(201);
    ann.delete(&format!("{path}/keys/{}", shop.key_id)).await.expect(204);
    // What is refused is not on record.
    ann.delete(&format!("{path}/keys/999")).await.refused(404);

    let log = ann.get(&format!("{path}/audit")).await.expect(200);
    let told: Vec<_> = log["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["name"].as_str().unwrap(), entry["action"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [("ann", "key.revoked"), ("ann", "key.made"), ("admin", "key.made"), ("admin", "client.made")]
    );
    assert_eq!(log["entries"][1]["address"], "192.0.2.44");
    assert!(log["entries"][1]["target"].as_str().unwrap().starts_with("billing (snd_live_"), "{log}");
    assert_eq!(log["entries"][0]["at"], "2026-11-18T12:30:30Z");
    assert!(!log.to_string().contains(&other.key) && !log.to_string().contains(&shop.key));
    ann.get(&format!("/api/clients/{}/audit", other.client)).await.refused(404);

    // Page by page; and the instance's has all of it, and the sign-ins.
    let first = ann.get(&format!("{path}/audit?limit=3")).await.expect(200);
    let rest = ann.get(&format!("{path}/audit?limit=3&cursor={}", first["next"])).await.expect(200);
    assert_eq!((rest["entries"].as_array().unwrap().len(), &rest["next"]), (1, &Value::Null));
    for (query, field) in [("limit=0", "limit"), ("limit=501", "limit"), ("cursor=x", "cursor")] {
        assert_eq!(ann.get(&format!("{path}/audit?{query}")).await.wrong_field(), field);
    }
    let whole = server.get("/api/audit?limit=500").await.expect(200).to_string();
    for action in ["instance.set-up", "session.begun", "user.registered", "key.revoked", "client.made"] {
        assert!(whole.contains(action), "{action}");
    }
}

#[tokio::test]
async fn a_dashboard_of_another_site_is_let_in_only_where_it_is_configured() {
    let settings = |config: &mut runtime::config::Config| {
        publicly(config, "https://sendry.test");
        config.dashboard_origin = Some("https://dashboard.test".to_owned());
    };
    let server = TestServer::start_with(settings).await;
    let reply = server.set_up().await;
    reply.expect(201);
    for cookie in reply.cookies() {
        assert!(cookie.starts_with("__Host-") && cookie.contains("; SameSite=None; Secure;"), "{cookie}");
    }
    let browser = server.browser();
    let call = |origin: &str| {
        let call = browser.request(Method::POST, "/api/auth/logout");
        call.header("origin", origin).header("sec-fetch-site", "cross-site")
    };
    let own = browser.send(call("https://dashboard.test")).await;
    own.expect(204);
    assert_eq!(own.header("access-control-allow-origin"), "https://dashboard.test");
    assert_eq!(own.header("access-control-allow-credentials"), "true");
    let foreign = browser.send(call("https://evil.test")).await;
    foreign.refused(403);
    assert_ne!(foreign.header("access-control-allow-origin"), "https://evil.test");
}
