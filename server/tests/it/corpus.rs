//! The corpus of payloads, as the core judges it. `edge-ingest/tests/corpus.test.js` runs the same table through the edge.

use crate::harness::TestServer;
use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    path: String,
    content_type: Option<String>,
    body: String,
    status: u16,
    reply: Value,
}

#[tokio::test]
async fn every_payload_is_answered_as_the_table_says() {
    let cases: Vec<Case> =
        serde_json::from_str(include_str!("../../../telemetry/tests/corpus.json")).unwrap();
    assert!(cases.len() > 100);
    let server = TestServer::start().await.with_admin().await;
    let tenant = server.with_key("Shop").await;
    for case in cases {
        let call = server.request(Method::POST, &case.path).header("x-api-key", &tenant.key).body(case.body);
        let kind = case.content_type.as_deref().unwrap_or("application/json");
        let reply = server.send(call.header("content-type", kind)).await;
        assert_eq!((reply.status, reply.body()), (case.status, case.reply), "{}", case.name);
    }
}
