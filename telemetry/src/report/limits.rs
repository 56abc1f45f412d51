//! What a client may send, and what is kept of it.

use serde::{Deserialize, Serialize};

/// The limits of a client. `None` is no limit, which is how every client begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ClientLimits {
    /// Hits a second, on average.
    pub hits_per_second: Option<u32>,
    /// Hits that may come at once; as many as in a second unless it is given. A larger batch never passes.
    pub burst: Option<u32>,
    /// Hits of a UTC day.
    pub hits_per_day: Option<u64>,
    /// Hits of a UTC month.
    pub hits_per_month: Option<u64>,
    /// Whether captured request and response bodies are kept.
    pub capture_bodies: bool,
    /// How long raw events are kept, in days. Rollups stay.
    pub raw_retention_days: u32,
}

impl Default for ClientLimits {
    fn default() -> Self {
        Self {
            hits_per_second: None,
            burst: None,
            hits_per_day: None,
            hits_per_month: None,
            capture_bodies: true,
            raw_retention_days: 30,
        }
    }
}
