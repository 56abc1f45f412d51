//! The same server on other engines: chosen by URL, in any mixture.

use crate::harness::{PASSWORD, TestServer};
use runtime::config::EngineUrl;
use serde_json::{Value, json};
use testbed::Postgres;
use tokio::task::block_in_place;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rollups_and_accounts_may_lie_in_postgresql() {
    let postgres = block_in_place(Postgres::start).unwrap();
    let url = EngineUrl::new(postgres.url("postgres"));
    let server = TestServer::start_with(|config| config.database_url = Some(url)).await.with_admin().await;
    let tenant = server.with_key("first").await;
    let hit = |status: u16| {
        json!({"serviceName": "shop", "endpoint": "/items/7", "method": "GET", "statusCode": status,
            "latencyMs": 12.5})
    };
    server.send_hits(&tenant, &json!([hit(200), hit(200), hit(503)]), 3).await;
    let overview = server.get("/api/analytics/overview").await.expect(200);
    assert_eq!((&overview["requests"], &overview["serverErrors"]), (&json!(3), &json!(1)));
    server.advance(60);
    let logged = server.get("/api/requests").await.expect(200);
    assert_eq!(logged["requests"].as_array().map(Vec::len), Some(3), "raw events are in SQLite");

    let browser = server.browser();
    assert_eq!(browser.log_in("ADMIN", "wrong").await.status, 401);
    let user = browser.log_in("ADMIN", PASSWORD).await.expect(200);
    assert_eq!(user["user"]["username"], "admin");
    let renewed = browser.post("/api/auth/refresh", &Value::Null).await;
    assert!((200..300).contains(&renewed.status), "{}", renewed.text);

    let files = ["queue.db", "events.db", "sendry.db"].map(|file| server.data().join(file).exists());
    assert_eq!(files, [true, true, false]);
    let readiness = server.get("/readyz").await;
    assert_eq!(readiness.status, 200, "{}", readiness.text);
    server.stop().await;
}
