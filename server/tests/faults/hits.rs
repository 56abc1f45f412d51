//! Hits that are known by a number, and that tell it.
//!
//! A hit's latency in microseconds is its number, so whatever is stored can be held against what was sent.

use serde_json::{Value, json};

/// What is sent as hit number `n`. With `at` (Unix milliseconds) it carries its time, else it takes that of its acceptance.
pub(crate) fn hit(n: u64, at: Option<i64>) -> Value {
    let Expected { service, endpoint, method, status, request_size, response_size, consumer } = expected(n);
    let mut hit = json!({
        "serviceName": service,
        "endpoint": endpoint,
        "method": method,
        "statusCode": status,
        "latencyMs": n as f64 / 1_000.0,
        "requestSize": request_size,
        "responseSize": response_size,
        "consumer": consumer,
    });
    if let Some(at) = at {
        hit["timestamp"] = json!(at);
    }
    hit
}

/// What must be stored of hit number `n`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Expected {
    pub(crate) service: &'static str,
    pub(crate) endpoint: &'static str,
    pub(crate) method: &'static str,
    pub(crate) status: u16,
    pub(crate) request_size: u64,
    pub(crate) response_size: u64,
    pub(crate) consumer: Option<&'static str>,
}

pub(crate) fn expected(n: u64) -> Expected {
    let of = |choices: &[&'static str], by: u64| choices[(n / by % choices.len() as u64) as usize];
    Expected {
        service: of(&["orders", "catalog", "payment"], 1),
        endpoint: of(&["/orders", "/orders/:id", "/carts/:id/items", "/health"], 3),
        method: of(&["GET", "POST", "DELETE"], 5),
        status: [200, 201, 304, 404, 422, 500, 503][(n % 7) as usize],
        request_size: n % 4_096,
        response_size: n * 3 % 65_536,
        consumer: [None, Some("web"), Some("acme")][(n / 2 % 3) as usize],
    }
}

/// The number of the hit that took so many milliseconds.
pub(crate) fn number(latency_ms: f64) -> u64 {
    (latency_ms * 1_000.0).round() as u64
}
