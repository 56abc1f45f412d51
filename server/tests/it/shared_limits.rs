//! Limits that two servers share through Redis, with their accounts in one PostgreSQL.

use crate::harness::{PASSWORD, Reply, TestServer};
use reqwest::Method;
use runtime::config::EngineUrl;
use serde_json::{Value, json};
use std::time::Duration;
use testbed::{Postgres, Redis};
use tokio::task::block_in_place;

struct Installation {
    one: TestServer,
    two: TestServer,
    redis: Redis,
    client: i64,
    key: String,
    _postgres: Postgres,
}

impl Installation {
    async fn with_limits(limits: Value) -> Self {
        let (postgres, redis) = block_in_place(|| (Postgres::start().unwrap(), Redis::start().unwrap()));
        let start = async || {
            TestServer::start_with(|config| {
                config.database_url = Some(EngineUrl::new(postgres.url("postgres")));
                config.limits_url = Some(EngineUrl::new(redis.url()));
            })
            .await
        };
        let one = start().await.with_admin().await;
        let two = start().await;
        two.log_in("admin", PASSWORD).await.expect(200);
        let tenant = one.with_key("shop").await;
        let path = format!("/api/clients/{}/limits", tenant.client);
        one.send(one.request(Method::PUT, &path).json(&limits)).await.expect(200);
        Self { one, two, redis, client: tenant.client, key: tenant.key, _postgres: postgres }
    }

    async fn send(&self, server: &TestServer, hits: usize) -> Reply {
        let hit = json!({"serviceName": "shop", "endpoint": "/", "method": "GET", "statusCode": 200, "latencyMs": 1});
        let call = server.request(Method::POST, "/api/hits").header("x-api-key", &self.key);
        // Far longer than it takes, far shorter than for ever.
        let sent = tokio::time::timeout(Duration::from_secs(10), server.send(call.json(&vec![hit; hits])));
        sent.await.expect("a call hangs")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_a_rate() {
    let shop = Installation::with_limits(json!({"hitsPerSecond": 1, "burst": 1_000})).await;
    shop.send(&shop.one, 600).await.expect(202);
    shop.send(&shop.two, 400).await.expect(202);
    for server in [&shop.one, &shop.two] {
        let over = shop.send(server, 500).await;
        assert_eq!(over.refused(429).1.as_deref(), Some("hitsPerSecond"));
        let wait: u64 = over.header("retry-after").parse().unwrap();
        assert!((400..=500).contains(&wait), "{wait}");
        assert_eq!(shop.send(server, 1_001).await.refused(429).1.as_deref(), Some("burst"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_share_a_quota() {
    let shop = Installation::with_limits(json!({"hitsPerDay": 100, "hitsPerMonth": 1_000})).await;
    shop.send(&shop.one, 60).await.expect(202);
    let over = shop.send(&shop.two, 41).await;
    assert_eq!(over.refused(429).1.as_deref(), Some("hitsPerDay"));
    assert!(over.text.contains("of which 60 are used"), "{}", over.text);
    let last = shop.send(&shop.two, 40).await;
    last.expect(202);
    assert_eq!(last.header("x-sendry-quota"), "day 100/100");
    shop.send(&shop.one, 1).await.refused(429);
    // What was counted in the database is what the next window begins with, on both.
    let usage = format!("/api/clients/{}/usage?from=2026-11-18&to=2026-11-18", shop.client);
    let counted = async {
        while shop.one.get(&usage).await.expect(200)["days"][0]["accepted"] != 100 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), counted).await.expect("not counted");
    for server in [&shop.one, &shop.two] {
        server.advance(3_600);
        shop.send(server, 1).await.refused(429);
    }
}

/// The rate is one hit in a thousand seconds or so: nothing flows in while this runs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_each_server_goes_on_by_itself_and_neither_hangs() {
    let mut shop = Installation::with_limits(json!({"hitsPerSecond": 1, "burst": 5_000})).await;
    shop.send(&shop.one, 3_000).await.expect(202);
    shop.send(&shop.two, 3_000).await.refused(429);
    // It hangs.
    shop.redis.freeze();
    shop.send(&shop.one, 5_000).await.expect(202);
    shop.send(&shop.two, 5_000).await.expect(202);
    shop.send(&shop.one, 2_000).await.refused(429);
    shop.redis.thaw();
    // It is gone.
    block_in_place(|| shop.redis.kill());
    shop.send(&shop.one, 2_000).await.refused(429);
    shop.send(&shop.two, 2_000).await.refused(429);
    let metrics = shop.two.get("/metrics").await.text;
    let unanswered = metrics.lines().find(|line| line.starts_with("sendry_ingest_limits_unanswered_total"));
    assert!(unanswered.is_some_and(|line| !line.ends_with(" 0")), "{metrics}");
    // It is back, and has forgotten all: its bucket is full, those in memory are empty.
    block_in_place(|| shop.redis.restart().unwrap());
    let back = async {
        while shop.send(&shop.two, 4_000).await.status != 202 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), back).await.expect("Redis is not asked again");
}

#[tokio::test]
async fn an_address_that_is_none_is_refused_at_start_without_its_password() {
    for url in ["http://:secret@host", "redis://:secret@host:notaport/0"] {
        let error = TestServer::fails_to_start(|config| config.limits_url = Some(EngineUrl::new(url))).await;
        assert!(error.contains("limits_url") && !error.contains("secret"), "{error}");
    }
}
