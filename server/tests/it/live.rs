//! `GET /api/live`: what listeners hear, and who may listen.

use crate::harness::{Tenant, TestServer};
use reqwest::Method;
use runtime::config::Registration;
use serde_json::{Value, json};
use std::time::Duration;
use store::access::Role;

/// An open stream.
struct Listener {
    reply: reqwest::Response,
    read: String,
}

impl Listener {
    async fn open(server: &TestServer, query: &str) -> Self {
        let reply = server.request(Method::GET, &format!("/api/live?{query}")).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        assert_eq!(reply.headers()["content-type"], "text/event-stream");
        let mut listener = Self { reply, read: String::new() };
        // What is said first is said once everything is being watched.
        let begun = listener.block().await.unwrap();
        assert!(begun.contains("retry: 2000"), "{begun}");
        listener
    }

    /// The next block of lines; `None` at the end.
    async fn block(&mut self) -> Option<String> {
        loop {
            if let Some((block, rest)) = self.read.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.read = rest;
                return Some(block);
            }
            let chunk = tokio::time::timeout(Duration::from_secs(20), self.reply.chunk()).await;
            let chunk = chunk.expect("nothing was told within 20 seconds").unwrap()?;
            self.read.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next event of a name; others are passed over.
    async fn event(&mut self, name: &str) -> Value {
        loop {
            let block = self.block().await.expect("the stream has ended");
            let line = |field: &str| {
                block.lines().find_map(|line| Some(line.strip_prefix(field)?.trim_start().to_owned()))
            };
            if line("event:").as_deref() == Some(name) {
                return serde_json::from_str(&line("data:").unwrap()).unwrap();
            }
        }
    }
}

fn hits(service: &str, count: u64) -> Value {
    let hit = |n: u64| {
        json!({
            "serviceName": service, "endpoint": "/items/:id", "method": "GET",
            "statusCode": if n.is_multiple_of(4) { 503 } else { 200 }, "latencyMs": 10, "consumer": "mobile",
        })
    };
    json!((0..count).map(hit).collect::<Vec<_>>())
}

async fn server() -> (TestServer, Tenant) {
    let server =
        TestServer::start_with(|config| config.registration = Registration::Open).await.with_admin().await;
    let tenant = server.with_key("first").await;
    (server, tenant)
}

#[tokio::test]
async fn listeners_hear_of_what_is_counted_and_of_what_arrives() {
    let (server, tenant) = server().await;
    let mut counted = Listener::open(&server, "").await;
    let mut tail = Listener::open(&server, "tail=true&service=shop&status=5xx").await;
    server.send_hits(&tenant, &hits("mail", 8), 8).await;
    server.send_hits(&tenant, &hits("shop", 8), 16).await;

    while counted.event("counted").await["accepted"] != 16 {}
    // Figures of nothing may come first.
    let mut told = tail.event("tail").await;
    while told["matched"] == 0 {
        told = tail.event("tail").await;
    }
    assert_eq!((&told["matched"], &told["requests"].as_array().unwrap().len()), (&json!(2), &2));
    assert_eq!(told["lastMinute"]["requests"], 2);
    assert_eq!(told["lastMinute"]["errors"], 2);
    let row = &told["requests"][0];
    assert_eq!((&row["service"], &row["status"]), (&json!("shop"), &json!(503)));
    // What was told can be opened.
    let whole = server.get(&format!("/api/requests/{}", row["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(whole["consumer"], "mobile");
}

#[tokio::test]
async fn of_very_many_a_sample_is_told_and_the_number_of_all() {
    let (server, tenant) = server().await;
    let mut tail = Listener::open(&server, "tail=true").await;
    server.send_hits(&tenant, &hits("shop", 5_000), 5_000).await;
    let mut matched = 0;
    while matched < 5_000 {
        let told = tail.event("tail").await;
        matched += told["matched"].as_u64().unwrap();
        assert!(told["requests"].as_array().unwrap().len() <= 20);
    }
    assert_eq!(matched, 5_000);
}

#[tokio::test]
async fn only_those_who_may_see_a_client_may_listen() {
    let (server, tenant) = server().await;
    let other = server.with_key("second").await;
    let address = |client: i64| format!("/api/live?client={client}");
    server.browser().get(&address(tenant.client)).await.expect(401);
    let viewer = server.with_member("viewer", &[(tenant.client, Role::Viewer)]).await;
    viewer.get(&address(other.client)).await.expect(404);
    assert_eq!(viewer.get(&format!("{}&tail=perhaps", address(tenant.client))).await.wrong_field(), "tail");
    assert_eq!(viewer.get(&format!("{}&status=9xx", address(tenant.client))).await.wrong_field(), "status");
    let reply = viewer.request(Method::GET, &address(tenant.client)).send().await.unwrap();
    assert_eq!(reply.status(), 200);
}

#[tokio::test]
async fn an_open_stream_keeps_no_server_from_ending() {
    let (server, _) = server().await;
    let mut listener = Listener::open(&server, "tail=true").await;
    tokio::time::timeout(Duration::from_secs(10), server.stop()).await.expect("it is still running");
    while listener.block().await.is_some() {}
}
