//! Gives every request an id, which its reply carries in `x-request-id` and its log lines name.

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::Instrument;

pub const HEADER: &str = "x-request-id";

/// A new id: eight digits that name this process, and a number.
pub fn next() -> HeaderValue {
    static PROCESS: LazyLock<u32> = LazyLock::new(|| uuid::Uuid::new_v4().as_fields().0);
    static NUMBER: AtomicU64 = AtomicU64::new(1);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let id = format!("{:08x}-{number:x}", *PROCESS);
    HeaderValue::try_from(id).unwrap_or(HeaderValue::from_static("unknown"))
}

/// Runs a request inside a log span under its id, logs its outcome, and names the id in the reply.
pub async fn layer(request: Request, next_layer: Next) -> Response {
    let id = next();
    let method = request.method().clone();
    // The path only: query strings may hold what does not belong into logs.
    let path = request.uri().path().to_owned();
    let name = id.to_str().unwrap_or_default().to_owned();
    let span = tracing::info_span!("request", id = name, %method, path);
    let started = std::time::Instant::now();
    let mut response = async {
        let response = next_layer.run(request).await;
        let (status, ms) = (response.status().as_u16(), started.elapsed().as_secs_f64() * 1e3);
        if status >= 500 {
            tracing::warn!(status, ms, "answered");
        } else {
            tracing::debug!(status, ms, "answered");
        }
        response
    }
    .instrument(span)
    .await;
    response.headers_mut().insert(HEADER, id);
    response
}
