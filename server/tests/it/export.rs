//! The request log as a file.

use crate::harness::{Tenant, TestServer};
use serde_json::{Value, json};

/// 1,200 hits, every tenth a failure, one with a text that a spreadsheet would run.
async fn filled() -> (TestServer, Tenant) {
    let server = TestServer::start().await.with_admin().await;
    let shop = server.with_key("shop").await;
    let hits: Vec<Value> = (0..1_200)
        .map(|n| {
            json!({"serviceName": "shop", "endpoint": "/orders", "method": "GET", "latencyMs": n,
                "statusCode": if n % 10 == 0 { 500 } else { 200 },
                "error": if n == 30 { json!("=HYPERLINK(\"http://evil\")") } else { json!(null) }})
        })
        .collect();
    server.send_hits(&shop, &json!(hits), 1_200).await;
    // The range ends before the second in which they came.
    server.advance(1);
    (server, shop)
}

#[tokio::test]
async fn a_file_holds_all_that_match_whatever_its_format() {
    let (server, shop) = filled().await;
    let export = async |rest: &str| {
        let path = format!("/api/requests/export?client={}&range=1h&{rest}", shop.client);
        let reply = server.get(&path).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert!(
            reply
                .header("content-disposition")
                .starts_with("attachment; filename=\"sendry-requests-2026-11-18")
        );
        reply
    };
    let csv = export("format=csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.text.lines().count(), 1_201);
    assert!(csv.text.starts_with("timestamp,service,environment,method,endpoint,status,latency_ms,"));
    assert!(csv.text.contains("'=HYPERLINK") && !csv.text.contains(",=HYPERLINK"), "a formula is none");

    let json = export("format=json").await.body();
    let rows = json.as_array().unwrap();
    assert_eq!(rows.len(), 1_200);
    let ids: std::collections::HashSet<&str> = rows.iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 1_200);

    let ndjson = export("format=ndjson&status=5xx&minLatencyMs=600").await.text;
    let rows: Vec<Value> = ndjson.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), 60);
    assert!(rows.iter().all(|row| row["status"] == 500 && row["latencyMs"].as_f64().unwrap() >= 600.0));

    assert_eq!(export("format=json&q=nothing").await.body(), json!([]));
    assert_eq!(export("format=ndjson&q=nothing").await.text, "");
    assert_eq!(export("format=csv&q=nothing").await.text.lines().count(), 1);
}

#[tokio::test]
async fn what_is_wrong_is_named_before_anything_is_sent() {
    let (server, shop) = filled().await;
    let path = format!("/api/requests/export?client={}", shop.client);
    for (rest, field) in
        [("", "format"), ("&format=xml", "format"), ("&format=csv&minLatencyMs=-1", "minLatencyMs")]
    {
        assert_eq!(server.get(&format!("{path}{rest}")).await.wrong_field(), field);
    }
}
