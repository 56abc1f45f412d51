//! What changed against the period before: which endpoints, status codes and consumers a rise comes from.

use crate::hit::Method;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /api/analytics/changes`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Changes {
    /// The effective range, as in the overview.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    /// Whether the period before had any request: without one, all there is has risen from nothing.
    pub has_before: bool,
    /// What took longer than this is slow, in milliseconds: the 95th percentile of the period before. `null` without
    /// requests then.
    pub slow_ms: Option<f64>,
    /// Requests with a status of 400 or more.
    pub errors: Rise,
    /// Requests that were slow.
    pub slow: Rise,
}

/// How much more of something there is than before, and where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Rise {
    /// In the period before, scaled to the length of the range.
    pub before: u64,
    pub now: u64,
    /// The endpoints with at least 20 requests that have more than before, the largest share of the rise first; at most
    /// five. Empty where nothing has risen notably: by a tenth, and by five.
    pub endpoints: Vec<EndpointShare>,
    /// The same by status code; empty for slow requests.
    pub status_codes: Vec<StatusShare>,
    /// The same by consumer, with at least 20 requests; empty for slow requests, and where the question is about an
    /// endpoint or a method.
    pub consumers: Vec<ConsumerShare>,
}

/// One endpoint's part in a rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EndpointShare {
    pub service: String,
    pub method: Method,
    pub endpoint: String,
    pub before: u64,
    pub now: u64,
    /// Of all that has risen, 0–1.
    pub share: f64,
}

/// One status code's part in a rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatusShare {
    pub status: u16,
    pub before: u64,
    pub now: u64,
    /// Of all that has risen, 0–1.
    pub share: f64,
}

/// One consumer's part in a rise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerShare {
    pub consumer: String,
    pub before: u64,
    pub now: u64,
    /// Those of `now` with a status of 500 or more.
    pub server_errors: u64,
    /// Of all that has risen, 0–1.
    pub share: f64,
}
