//! Reports over real hits: their shapes, their sums, their parameters, and whose they are.

use crate::harness::{Tenant, TestServer};
use runtime::config::Registration;
use serde_json::{Value, json};
use store::access::Role;

const REPORTS: [&str; 8] = [
    "/api/analytics/overview",
    "/api/analytics/timeseries",
    "/api/analytics/endpoints",
    "/api/analytics/services",
    "/api/analytics/status-codes",
    "/api/analytics/consumers",
    "/api/requests",
    "/api/requests/eA",
];

/// A server and a client with 60 hits: 40 fine ones of `shop`, 10 not found, 10 failed ones of `pay`.
async fn server() -> (TestServer, Tenant) {
    let server =
        TestServer::start_with(|config| config.registration = Registration::Open).await.with_admin().await;
    let tenant = server.with_key("first").await;
    let hits: Vec<Value> = (0..60)
        .map(|n| {
            let (service, endpoint, method, status) = match n {
                0..40 => ("shop", format!("/items/{n}"), "GET", 200),
                40..50 => ("shop", "/missing".to_owned(), "GET", 404),
                _ => ("pay", "/charge".to_owned(), "POST", 503),
            };
            json!({
                "serviceName": service, "endpoint": endpoint, "method": method, "statusCode": status,
                "latencyMs": n + 1, "requestSize": 10, "responseSize": 100, "eventId": format!("event-{n}"),
                "traceparent": format!("00-{:032x}-00000000000000ab-01", n + 1), "consumer": "mobile",
                "timestamp": format!("2026-11-18T12:{:02}:00Z", n / 2),
                "requestHeaders": {"authorization": "Bearer very-secret", "accept": "text/html"},
            })
        })
        .collect();
    server.send_hits(&tenant, &json!(hits), 60).await;
    (server, tenant)
}

#[tokio::test]
async fn the_overview_adds_everything_up() {
    let (server, _) = server().await;
    let reply = server.get("/api/analytics/overview").await;
    assert_eq!(reply.header("cache-control"), "no-store");
    let body = reply.expect(200);
    let expected = [
        ("from", json!("2026-11-17T12:30:00Z")),
        ("to", json!("2026-11-18T12:31:00Z")),
        ("resolution", json!("minute")),
        ("requests", json!(60)),
        ("errors", json!(20)),
        ("clientErrors", json!(10)),
        ("serverErrors", json!(10)),
        ("errorRate", json!(20.0 / 60.0)),
        ("services", json!(2)),
        ("endpoints", json!(3)),
        ("bytesIn", json!(600)),
        ("bytesOut", json!(6_000)),
    ];
    for (name, value) in expected {
        assert_eq!(body[name], value, "{name}");
    }
    let latency = &body["latencyMs"];
    assert_eq!(
        (&latency["avg"], &latency["min"], &latency["max"]),
        (&json!(30.5), &json!(1.0), &json!(60.0))
    );
    for (percentile, exact) in [("p50", 30.0), ("p95", 57.0), ("p99", 60.0)] {
        let value = latency[percentile].as_f64().unwrap();
        assert!((value / exact - 1.0).abs() < 0.006, "{percentile} {value}");
    }
    assert_eq!(body["previous"]["requests"], 0);
    assert_eq!(body["previous"]["errorRate"], Value::Null);
}

#[tokio::test]
async fn every_report_takes_the_same_filters() {
    let (server, _) = server().await;
    for (filter, requests) in [
        ("service=pay", 10),
        ("service=nothing", 0),
        ("service=shop&endpoint=/items/:id", 40),
        ("endpoint=%2Fmissing&service=", 10),
        ("method=post", 10),
        ("status=404", 10),
        ("status=5xx", 10),
        ("status=2xx&service=shop", 40),
        ("environment=live", 60),
        ("environment=test", 0),
        ("from=2026-11-18T12:00:00Z&to=2026-11-18T12:10:00Z", 20),
        ("from=1795003200000&to=1795003800000", 20),
        ("range=15m", 30),
    ] {
        let get = async |path: &str| server.get(&format!("{path}?{filter}")).await.expect(200);
        assert_eq!(get("/api/analytics/overview").await["requests"], requests, "{filter}");
        let sum = |rows: &Value| -> u64 {
            rows.as_array().unwrap().iter().map(|row| row["requests"].as_u64().unwrap()).sum()
        };
        assert_eq!(sum(&get("/api/analytics/timeseries").await["buckets"]), requests, "{filter}");
        assert_eq!(sum(&get("/api/analytics/endpoints").await["endpoints"]), requests, "{filter}");
        assert_eq!(sum(&get("/api/analytics/services").await["services"]), requests, "{filter}");
        assert_eq!(sum(&get("/api/analytics/status-codes").await["statusCodes"]), requests, "{filter}");
        let consumers = get("/api/analytics/consumers").await;
        assert_eq!(sum(&consumers["consumers"]), requests, "{filter}");
        assert_eq!((&consumers["others"], &consumers["unnamed"]), (&Value::Null, &json!(0)), "{filter}");
        // Of endpoints and methods raw hits are counted, and the reply says so.
        let of_raw = filter.contains("endpoint") || filter.contains("method");
        assert_eq!(consumers["sample"].is_object(), of_raw, "{filter}");
        let raw = server.get(&format!("/api/requests?limit=500&{filter}")).await.expect(200);
        // Raw hits are cut at the asked instants, reports at whole minutes.
        if !filter.starts_with("range") {
            assert_eq!(raw["requests"].as_array().unwrap().len() as u64, requests, "{filter}");
        }
    }
}

#[tokio::test]
async fn consumers_are_told_with_their_figures() {
    let (server, _) = server().await;
    let report = server.get("/api/analytics/consumers?service=shop").await.expect(200);
    let row = json!({
        "consumer": "mobile", "service": "shop", "requests": 50, "errors": 10, "clientErrors": 10,
        "serverErrors": 0, "errorRate": 0.2, "avgLatencyMs": 25.5,
    });
    assert_eq!(report["consumers"], json!([row]));
    let report = server.get("/api/analytics/consumers").await.expect(200);
    assert_eq!(report["consumers"][0]["requests"], 60);
    assert!(report["consumers"][0].get("service").is_none(), "it has called two");
    let report = server.get("/api/analytics/consumers?method=POST").await.expect(200);
    assert_eq!(report["sample"], json!({"lookedAt": 10, "complete": true}));
    assert_eq!(report["consumers"][0]["errors"], 10);
    let changes = server.get("/api/analytics/changes").await.expect(200);
    let share = json!({"consumer": "mobile", "before": 0, "now": 20, "serverErrors": 10, "share": 1.0});
    assert_eq!(changes["errors"]["consumers"], json!([share]));
}

#[tokio::test]
async fn series_steps_and_pages_follow_their_parameters() {
    let (server, _) = server().await;
    let series = server.get("/api/analytics/timeseries?range=1h&step=5m").await.expect(200);
    assert_eq!(series["step"], "5m");
    assert!((12..=13).contains(&series["buckets"].as_array().unwrap().len()));
    assert_eq!(series["buckets"][7]["byStatus"]["2xx"], 10);
    let auto = server.get("/api/analytics/timeseries?range=1h&step=auto").await.expect(200);
    assert_eq!(auto["step"], "1m");

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page =
            server.get(&format!("/api/analytics/endpoints?sort=p99&limit=1{cursor}")).await.expect(200);
        seen.push(page["endpoints"][0]["endpoint"].as_str().unwrap().to_owned());
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ["/charge", "/missing", "/items/:id"]);
    let services = server.get("/api/analytics/services").await.expect(200);
    assert_eq!(
        (&services["services"][0]["service"], &services["services"][0]["health"]),
        (&json!("pay"), &json!("degraded"))
    );
    assert!(!services["services"][0]["reason"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn raw_hits_are_listed_found_and_shown() {
    let (server, _) = server().await;
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = server.get(&format!("/api/requests?limit=25{cursor}")).await.expect(200);
        ids.extend(
            page["requests"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(ids.len(), 60);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 60);

    let found = server.get("/api/requests?q=EVENT-59").await.expect(200);
    let row = &found["requests"][0];
    assert_eq!(
        (&row["endpoint"], &row["status"], &row["latencyMs"]),
        (&json!("/charge"), &json!(503), &json!(60.0))
    );
    let by_trace = server.get(&format!("/api/requests?traceId={:032X}", 60)).await.expect(200);
    assert_eq!(by_trace["requests"], json!([row]));

    let detail = server.get(&format!("/api/requests/{}", row["id"].as_str().unwrap())).await;
    assert!(!detail.text.contains("very-secret"), "{}", detail.text);
    let detail = detail.expect(200);
    assert_eq!(detail["requestHeaders"]["accept"], "text/html");
    assert_eq!(detail["responseSize"], 100);
    server.get("/api/requests/nonsense").await.refused(404);
}

#[tokio::test]
async fn a_hit_of_another_client_is_not_there() {
    let (server, first) = server().await;
    let second = server.with_key("second").await;
    let list = server.get(&format!("/api/requests?client={}&limit=1", first.client)).await.expect(200);
    let id = list["requests"][0]["id"].as_str().unwrap().to_owned();
    let member = server.with_member("ann", &[(second.client, Role::Admin)]).await;
    for path in [
        format!("/api/requests/{id}"),
        format!("/api/requests/{id}?client={}", second.client),
        format!("/api/requests/{id}?client={}", first.client),
    ] {
        member.get(&path).await.refused(404);
    }
    // Nor does a cursor of another client's lead there.
    let next = list["next"].as_str().unwrap();
    let reply = member.get(&format!("/api/requests?client={}&cursor={next}", second.client)).await;
    assert!(reply.status == 400 || reply.body()["requests"] == json!([]), "{}", reply.text);
}

#[tokio::test]
async fn the_client_must_be_named_by_those_who_see_several() {
    let (server, first) = server().await;
    let second = server.with_key("second").await;
    let of_both =
        server.with_member("both", &[(first.client, Role::Viewer), (second.client, Role::Viewer)]).await;
    let of_one = server.with_member("one", &[(first.client, Role::Viewer)]).await;
    let of_none = server.with_member("none", &[]).await;
    for path in REPORTS {
        assert_eq!(of_both.get(path).await.wrong_field(), "client", "{path}");
        of_none.get(path).await.refused(404);
        server.browser().get(path).await.refused(401);
        assert_eq!(of_one.get(&format!("{path}?client=first")).await.wrong_field(), "client", "{path}");
    }
    assert_eq!(of_one.get("/api/analytics/overview").await.expect(200)["requests"], 60);
    let path = format!("/api/analytics/overview?client={}", second.client);
    assert_eq!(of_both.get(&path).await.expect(200)["requests"], 0);
    of_one.get(&path).await.refused(404);
}

#[tokio::test]
async fn a_parameter_that_cannot_be_read_is_named() {
    let (server, _) = server().await;
    let all = [
        ("from", "yesterday"),
        ("to", "2026-13-01T00:00:00Z"),
        ("range", "2w"),
        ("method", "FETCH"),
        ("status", "600"),
        ("status", "9xx"),
    ];
    for path in &REPORTS[..7] {
        for (name, value) in all {
            assert_eq!(server.get(&format!("{path}?{name}={value}")).await.wrong_field(), name, "{path}");
        }
        let backwards = format!("{path}?from=2026-11-18T12:00:00Z&to=2026-11-18T11:00:00Z");
        assert_eq!(server.get(&backwards).await.wrong_field(), "to");
        assert_eq!(server.get(&format!("{path}?from=0&from=1")).await.wrong_field(), "query");
    }
    for (query, name) in [
        ("/api/analytics/timeseries?step=2h", "step"),
        ("/api/analytics/timeseries?range=30d&step=1m", "step"),
        ("/api/analytics/endpoints?sort=size", "sort"),
        ("/api/analytics/endpoints?limit=0", "limit"),
        ("/api/analytics/endpoints?cursor=%21", "cursor"),
        ("/api/requests?limit=ten", "limit"),
        ("/api/requests?cursor=%21", "cursor"),
        ("/api/requests?traceId=xyz", "traceId"),
    ] {
        assert_eq!(server.get(query).await.wrong_field(), name, "{query}");
    }
    let long = "x".repeat(257);
    assert_eq!(server.get(&format!("/api/requests?q={long}")).await.wrong_field(), "q");
}
