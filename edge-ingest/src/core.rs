//! Calls to the core.

use crate::settings::CoreAddress;
use crate::token;
use crate::wait::now;
use js_sys::Uint8Array;
use std::time::Duration;
use worker::{AbortSignal, Fetch, Headers, Method, Request, RequestInit, RequestRedirect};

/// What the core answered.
pub(crate) struct CoreReply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// Seconds, where it said so.
    pub(crate) retry_after: Option<u64>,
}

impl CoreAddress {
    /// `None` where the core does not answer in time. `body` is what a POST carries; without one it is a GET.
    pub(crate) async fn call(&self, path: &str, body: Option<&[u8]>, limit: Duration) -> Option<CoreReply> {
        match self.try_call(path, body, limit).await {
            Ok(reply) => Some(reply),
            Err(error) => {
                worker::console_warn!("the core does not answer: {error}");
                None
            }
        }
    }

    async fn try_call(&self, path: &str, body: Option<&[u8]>, limit: Duration) -> worker::Result<CoreReply> {
        let headers = Headers::new();
        headers.set("authorization", &format!("Bearer {}", token::current(&self.secret, now())))?;
        let mut init = RequestInit::new();
        // The token is for this address and no other.
        init.with_redirect(RequestRedirect::Manual);
        if let Some(body) = body {
            headers.set("content-type", "application/octet-stream")?;
            init.with_method(Method::Post).with_body(Some(Uint8Array::from(body).into()));
        }
        init.with_headers(headers);
        let request = Request::new_with_init(&format!("{}{path}", self.url), &init)?;
        // Ends the whole call, also the reading of its answer.
        let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(millis(limit)));
        let mut response = Fetch::Request(request).send_with_signal(&signal).await?;
        let retry_after = response.headers().get("retry-after")?.and_then(|value| value.parse().ok());
        Ok(CoreReply { status: response.status_code(), body: response.bytes().await?, retry_after })
    }
}

fn millis(limit: Duration) -> u32 {
    u32::try_from(limit.as_millis()).unwrap_or(u32::MAX)
}
