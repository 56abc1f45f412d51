//! Sends batches as a careful client does: with an id, and again until they are taken.

use anyhow::{Context, bail};
use reqwest::{StatusCode, Url, header};
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

/// How often a batch is sent before the demo gives up.
const TRIES: u32 = 20;

pub(super) struct Sender {
    http: reqwest::Client,
    url: Url,
    markers: Url,
    key: String,
}

#[derive(Deserialize)]
struct Taken {
    accepted: u64,
    rejected: Vec<Value>,
}

impl Sender {
    pub(super) fn new(url: &str, key: &str) -> anyhow::Result<Self> {
        let base = Url::parse(url).with_context(|| format!("--url: {url} is no URL"))?;
        let url = base.join("/api/hits").context("--url must be an http URL")?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        let markers = base.join("/api/markers").context("--url must be an http URL")?;
        Ok(Self { http, url, markers, key: key.to_owned() })
    }

    /// Marks a deployment. A marker less is no reason to stop.
    pub(super) async fn mark(&self, marker: &Value) {
        let request = self.http.post(self.markers.clone()).header("x-api-key", &self.key).json(marker);
        let refused = match request.send().await {
            Ok(reply) if reply.status().is_success() => return,
            Ok(reply) => reply.status().to_string(),
            Err(error) => error.to_string(),
        };
        eprintln!("\r  a deployment could not be marked: {refused}");
    }

    /// Sends hits until they are durable; how many were accepted.
    pub(super) async fn send(&self, hits: &[Value]) -> anyhow::Result<u64> {
        if hits.is_empty() {
            return Ok(0);
        }
        let body = serde_json::to_vec(hits)?;
        let id = uuid::Uuid::new_v4().to_string();
        for attempt in 0..TRIES {
            let request = self
                .http
                .post(self.url.clone())
                .header("x-api-key", &self.key)
                .header("idempotency-key", &id)
                .header(header::CONTENT_TYPE, "application/json")
                .body(body.clone());
            let wait = match request.send().await {
                Ok(reply) if reply.status() == StatusCode::ACCEPTED => {
                    let taken: Taken =
                        reply.json().await.context("the reply is not Sendry's; is --url right?")?;
                    if let Some(first) = taken.rejected.first() {
                        bail!("Sendry refused a hit of the demo: {first}");
                    }
                    return Ok(taken.accepted);
                }
                Ok(reply) if reply.status() == StatusCode::UNAUTHORIZED => {
                    bail!("the key is not accepted; take one from the dashboard's set-up page");
                }
                Ok(reply) if matches!(reply.status().as_u16(), 429 | 503) => {
                    let after = reply
                        .headers()
                        .get(header::RETRY_AFTER)
                        .and_then(|after| after.to_str().ok()?.parse().ok());
                    Duration::from_secs(after.unwrap_or(1))
                }
                Ok(reply) => {
                    let (status, text) = (reply.status(), reply.text().await.unwrap_or_default());
                    bail!("{} answered {status}: {text}", self.url);
                }
                Err(error) if attempt == 0 && error.is_connect() => {
                    return Err(error)
                        .with_context(|| format!("nothing answers at {}; is the server running?", self.url));
                }
                Err(_) => Duration::from_millis(250) * 2u32.pow(attempt.min(5)),
            };
            tokio::time::sleep(wait).await;
        }
        bail!("the server did not take a batch after {TRIES} tries")
    }
}
