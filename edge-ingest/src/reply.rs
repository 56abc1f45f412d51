//! Replies, in the same words as the core's: JSON, `x-request-id`, open to browsers of any page.

use serde::Serialize;
use std::cell::Cell;
use telemetry::batch::Rejection;
use telemetry::error::{ApiError, ErrorBody, ErrorCode};
use worker::{Response, ResponseBuilder};

/// Which pages may read a reply.
pub(crate) enum Readers {
    All,
    Only(String),
    Nobody,
}

/// An error on its way to the caller.
pub(crate) struct Refusal {
    pub(crate) error: ApiError,
    /// Seconds after which to come again.
    retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        let retry_after = matches!(error.code, ErrorCode::Unavailable | ErrorCode::Limited).then_some(1);
        Self { error, retry_after }
    }
}

#[derive(Serialize)]
struct Accepted<'a> {
    accepted: u32,
    rejected: &'a [Rejection],
}

pub(crate) fn accepted(accepted: u32, rejected: &[Rejection], readers: &Readers) -> worker::Result<Response> {
    json(202, &Accepted { accepted, rejected }, None, readers)
}

pub(crate) fn error(refusal: &Refusal) -> worker::Result<Response> {
    refused(refusal, &Readers::All)
}

pub(crate) fn refused(refusal: &Refusal, readers: &Readers) -> worker::Result<Response> {
    let body = ErrorBody { error: refusal.error.clone() };
    json(refusal.error.code.status(), &body, refusal.retry_after, readers)
}

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
}

pub(crate) fn health() -> worker::Result<Response> {
    json(200, &Health { status: "ok", version: env!("CARGO_PKG_VERSION") }, None, &Readers::All)
}

/// What a browser asks before it reports hits from another page.
pub(crate) fn preflight() -> worker::Result<Response> {
    let headers = "x-api-key,idempotency-key,x-sendry-sent-at,content-type,authorization,content-encoding";
    Ok(ResponseBuilder::new()
        .with_status(204)
        .with_header("access-control-allow-origin", "*")?
        .with_header("access-control-allow-methods", "POST")?
        .with_header("access-control-allow-headers", headers)?
        .with_header("access-control-max-age", "86400")?
        .empty())
}

fn json<T: Serialize>(
    status: u16,
    body: &T,
    retry_after: Option<u64>,
    readers: &Readers,
) -> worker::Result<Response> {
    let mut reply = ResponseBuilder::new()
        .with_status(status)
        .with_header("content-type", "application/json")?
        .with_header("x-request-id", &request_id())?
        .with_header("access-control-expose-headers", "x-request-id,retry-after")?;
    reply = match readers {
        Readers::All => reply.with_header("access-control-allow-origin", "*")?,
        Readers::Only(origin) => {
            reply.with_header("access-control-allow-origin", origin)?.with_header("vary", "origin")?
        }
        Readers::Nobody => reply,
    };
    if let Some(seconds) = retry_after {
        reply = reply.with_header("retry-after", &seconds.to_string())?;
    }
    Ok(reply.fixed(serde_json::to_vec(body)?))
}

/// Eight digits that name this isolate, and a number.
fn request_id() -> String {
    thread_local! {
        static ISOLATE: Cell<Option<u32>> = const { Cell::new(None) };
        static NUMBER: Cell<u64> = const { Cell::new(0) };
    }
    // Drawn at the first request: the platform gives no random numbers before.
    let isolate = ISOLATE.get().unwrap_or_else(|| getrandom::u32().unwrap_or_default());
    ISOLATE.set(Some(isolate));
    NUMBER.set(NUMBER.get() + 1);
    format!("{isolate:08x}-{:x}", NUMBER.get())
}
