//! Reports: from rollup rows to what the dashboard shows.
//!
//! The rule: totals come from rollups only, never from raw events, so a report costs series × buckets, never hits; and
//! the overview and the time series of one range add up to the same numbers.

mod endpoints;
mod overview;
mod requests;
mod services;
mod status_codes;
mod timeseries;

pub use endpoints::endpoints;
pub use overview::overview;
pub use requests::{RequestsQuery, request, requests};
pub use services::services;
pub use status_codes::status_codes;
pub use timeseries::timeseries;

use telemetry::hit::Method;
use telemetry::time::Range;

/// What all analytics questions have in common.
#[derive(Debug, Clone)]
pub struct AnalyticsQuery {
    pub range: Range,
    pub service: Option<String>,
    pub endpoint: Option<String>,
    pub method: Option<Method>,
    pub environment: Option<String>,
    /// Inclusive bounds: 503–503, 500–599.
    pub status: Option<(u16, u16)>,
}
