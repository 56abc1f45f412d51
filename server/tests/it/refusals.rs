//! Refusals have one form, and nothing that is secret appears in a reply or in the log.

use crate::harness::{PASSWORD, TestServer, account};
use reqwest::Method;
use serde_json::json;
use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt;

#[tokio::test]
async fn every_refusal_is_json_and_has_a_request_id() {
    let server = TestServer::start().await.with_admin().await;
    let long = format!(r#"{{"name":"{}"}}"#, "x".repeat(100_000));
    let post = |body: &str| {
        let call = server.request(Method::POST, "/api/clients").header("content-type", "application/json");
        call.body(body.to_owned())
    };
    for (status, code, call) in [
        (404, "not_found", server.request(Method::GET, "/api/nothing")),
        (404, "not_found", server.request(Method::POST, "/api/auth/nothing/at/all")),
        (404, "not_found", server.request(Method::GET, "/api/clients/x")),
        (405, "method_not_allowed", server.request(Method::PUT, "/api/clients")),
        (405, "method_not_allowed", server.request(Method::GET, "/api/auth/login")),
        (400, "invalid", post("{")),
        (400, "invalid", post("")),
        (400, "invalid", post("\"text\"")),
        (413, "too_large", post(&long)),
        (415, "unsupported", server.request(Method::POST, "/api/clients").body("{}")),
        (403, "forbidden", post("{}").header("origin", "https://evil.example")),
    ] {
        let reply = server.send(call).await;
        assert_eq!(reply.refused(status).0, code, "{}", reply.text);
        assert_eq!(reply.header("content-type"), "application/json");
        assert!(!reply.header("x-request-id").is_empty());
    }
}

thread_local! {
    /// What this thread has logged since it began to listen.
    static LOG: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

struct ThreadLog;

impl Write for ThreadLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LOG.with_borrow_mut(|log| log.as_mut().map_or(Ok(bytes.len()), |log| log.write(bytes)))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Keeps what the server logs on this thread, at its most talkative. The subscriber is the whole process's: one of a
/// single thread misses what other threads were the first to log.
fn listen() {
    // The client's own side of the conversation is not ours to keep quiet.
    const CLIENT: [&str; 4] = ["reqwest", "hyper", "hyper_util", "cookie_store"];
    static START: Once = Once::new();
    START.call_once(|| {
        let heard = dynamic_filter_fn(|meta, _| {
            let client = CLIENT.contains(&meta.target().split("::").next().unwrap_or_default());
            !client && LOG.with_borrow(Option::is_some)
        });
        let lines =
            tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| ThreadLog).with_filter(heard);
        tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines)).unwrap();
    });
    LOG.set(Some(Vec::new()));
}

// The runtime has one thread, so the log is this test's alone.
#[tokio::test]
async fn no_secret_appears_in_a_reply_or_in_the_log() {
    listen();
    let server =
        TestServer::start_with(|config| config.registration = runtime::config::Registration::Open).await;
    let onboarded = server.post("/api/auth/onboard", &account("admin")).await;
    let tenant = server.with_key("shop").await;
    let login = server.browser().log_in("admin", PASSWORD).await;
    let refreshed = server.post("/api/auth/refresh", &json!({})).await;
    let taken = server.browser().post("/api/auth/register", &account("admin")).await;
    let wrong = server.browser().log_in("admin", "a wrong password").await;
    let odd =
        server.browser().post("/api/auth/login", &json!({"username": "admin", "password": [PASSWORD]})).await;
    let broken = server.request(Method::POST, "/api/auth/login").header("content-type", "application/json");
    let broken = server.send(broken.body(format!(r#"{{"username":"admin","password":"{PASSWORD}"#))).await;
    let hit = server.request(Method::POST, "/api/hit").header("x-api-key", &tenant.key).json(&json!({}));
    let refused_hit = server.send(hit).await;
    let mangled = format!("{}x", &tenant.key[..tenant.key.len() - 1]);
    let hit = server.request(Method::POST, "/api/hit").header("x-api-key", &mangled).json(&json!({}));
    let refused_key = server.send(hit).await;
    let others = [
        server.get("/api/auth/me").await,
        server.get("/api/clients").await,
        server.get(&format!("/api/clients/{}/keys", tenant.client)).await,
        server.get(&format!("/api/clients/{}", tenant.client)).await,
        server.get("/api/analytics/overview").await,
        server.get(&format!("/api/auth/me?password={PASSWORD}&token={}", tenant.key)).await,
    ];

    let mut secrets = vec![PASSWORD.to_owned(), "a wrong password".to_owned(), tenant.key.clone(), mangled];
    for reply in [&onboarded, &login, &refreshed] {
        for name in ["sendry_access", "sendry_refresh"] {
            secrets.push(reply.cookie(name).unwrap());
        }
    }
    let mut replies = vec![onboarded, login, refreshed, taken, wrong, odd, broken, refused_hit, refused_key];
    replies.extend(others);
    for secret in &secrets {
        assert!(secret.len() > 10);
        for reply in &replies {
            assert!(!reply.text.contains(secret), "{secret} in {}", reply.text);
        }
    }
    for reply in &replies {
        assert!(!reply.text.contains("argon2") && !reply.text.to_lowercase().contains("passwordhash"));
    }
    server.stop().await;
    let log = String::from_utf8(LOG.take().unwrap()).unwrap();
    assert!(log.contains("/api/auth/login"), "{log}");
    for secret in &secrets {
        let line = log.lines().find(|line| line.contains(secret.as_str()));
        assert_eq!(line, None, "a secret is in the log");
    }
    assert!(!log.contains("$argon2id$"));
}
