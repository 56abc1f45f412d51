//! How latencies are spread, over a range and slot by slot.

use super::Latency;
use crate::time::Step;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// `GET /api/analytics/latencies`. The sum of all slots, and of all bands, equals the overview's requests of the same range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Latencies {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    pub step: Step,
    /// Where the last slot ends: later than `to` where it is not complete. Every other slot ends where the next begins.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub end: Timestamp,
    pub latency_ms: Latency,
    /// From the fastest request to the slowest without a gap, each a fixed factor wider than the one before; the first is
    /// 0 to 0 where requests took no time at all. At most 49.
    pub bands: Vec<LatencyBand>,
    /// Every slot of the range, also the empty ones, oldest first.
    pub slots: Vec<LatencySlot>,
}

/// Latencies from `fromMs` (inclusive) to `toMs` (exclusive).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LatencyBand {
    pub from_ms: f64,
    pub to_ms: f64,
    /// In the whole range.
    pub requests: u64,
}

/// One slot of the range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct LatencySlot {
    /// Where the slot begins. The first slot may begin before the range; only what lies inside is counted.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub start: Timestamp,
    /// The place in `bands` that `requests` begins with.
    pub first: usize,
    /// Requests band by band, up to the last band that has any.
    pub requests: Vec<u64>,
}
