//! Who called: the requests of a range by consumer.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /api/analytics/consumers`. All rows, `others` and `unnamed` together are the requests of the range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Consumers {
    /// The effective range, as in the overview; the asked one where it is a sample.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    /// Those with the most requests, first; at most ten.
    pub consumers: Vec<ConsumerRow>,
    /// All other consumers together; `null` without any.
    pub others: Option<OtherConsumers>,
    /// Requests that do not say who called.
    pub unnamed: u64,
    /// Aggregates know consumers by service, not by endpoint: where the question is about an endpoint or a method, the
    /// newest requests are counted instead, and this says how many. `null`: all requests are counted.
    pub sample: Option<ConsumerSample>,
}

/// One consumer, whichever services it has called.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerRow {
    pub consumer: String,
    /// Where all of its requests went to the same one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<String>,
    #[serde(flatten)]
    pub counts: ConsumerCounts,
}

/// The consumers that have no row of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct OtherConsumers {
    /// How many they are; `null` where a service has more consumers than are told apart.
    pub consumers: Option<u64>,
    #[serde(flatten)]
    pub counts: ConsumerCounts,
}

/// What is counted of a consumer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerCounts {
    pub requests: u64,
    pub errors: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    /// errors ÷ requests, 0–1; `null` without requests.
    pub error_rate: Option<f64>,
    /// Milliseconds; `null` without requests.
    pub avg_latency_ms: Option<f64>,
}

/// How much was counted instead of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerSample {
    /// The requests that were looked at, the newest of the range.
    pub looked_at: u64,
    /// Whether these are all of the range that are still kept.
    pub complete: bool,
}
