//! What `GET /api/live` sends, event by event.

use super::RequestRow;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `event: counted`: the client's numbers have changed, and reports can be asked for anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// Hits accepted since the UTC day before, as far as they are counted.
    pub accepted: u64,
}

/// `event: tail`: what has arrived within a second or less, with `tail=true`. Numbers are of what was seen on its way; under great
/// load some may go by unseen, so exact ones come from the reports.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Tailed {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// Requests that match since the event before.
    pub matched: u64,
    /// Of those a random sample, or all where they are few; newest first.
    pub requests: Vec<RequestRow>,
    pub last_minute: LastMinute,
}

/// What matched in the last sixty seconds, or since the stream began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LastMinute {
    /// Over how many seconds, 1 to 60.
    pub seconds: u32,
    pub requests: u64,
    /// Status 400 and above.
    pub errors: u64,
    /// `null` without requests.
    pub p95_ms: Option<f64>,
}
