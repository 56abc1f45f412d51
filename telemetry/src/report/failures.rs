//! What the newest failed requests have in common.

use super::RequestRow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /api/analytics/failures`: from raw events, so only as far back as they are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Failures {
    /// The failed requests that were looked at, the newest of the range.
    pub looked_at: u64,
    /// Whether these are all of the range.
    pub complete: bool,
    /// The largest first; at most 20.
    pub groups: Vec<FailureGroup>,
}

/// Failed requests with the same status and the same error, but for numbers, ids and quoted texts in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct FailureGroup {
    pub status: u16,
    /// The error with `#` for numbers and ids and `…` for quoted texts; absent where applications told none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
    pub requests: u64,
    /// Distinct endpoints (service, method, route).
    pub endpoints: u64,
    /// When the oldest of those looked at came.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub first: Timestamp,
    /// The newest one.
    pub sample: RequestRow,
}
