//! Reports: from rollup rows to what the dashboard shows.
//!
//! The rule: totals come from rollups only, never from raw events (what does says that it is a sample), so a report costs series × buckets, never hits; and
//! the overview and the time series of one range add up to the same numbers.

mod changes;
mod consumers;
mod cursor;
mod endpoints;
mod failures;
mod health;
mod latencies;
mod markers;
mod overview;
mod requests;
mod services;
mod shared;
mod status_codes;
mod tally;
mod timeseries;
mod usage;

pub use changes::changes;
pub use consumers::consumers;
pub use endpoints::endpoints;
pub use failures::failures;
pub use latencies::latencies;
pub use markers::markers;
pub use overview::overview;
pub use requests::{RequestsQuery, request, requests};
pub use services::services;
pub use shared::Shared;
pub use status_codes::status_codes;
pub use timeseries::timeseries;
pub use usage::usage;

use crate::metrics::{SeriesFilter, SeriesFilterKind};
use telemetry::hit::Method;
use telemetry::time::Range;
use telemetry::zone::Zone;

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
    /// Whose days and quarters of days slots are cut at.
    pub zone: Zone,
}

impl AnalyticsQuery {
    /// The coarsest series whose sum answers the question: the client's, a service's, or those of endpoints.
    fn totals_filter(&self) -> SeriesFilter {
        self.filter(if self.endpoint.is_some() || self.method.is_some() {
            SeriesFilterKind::Endpoint
        } else if self.service.is_some() {
            SeriesFilterKind::Service
        } else {
            SeriesFilterKind::Client
        })
    }

    /// The series that answer the question service by service.
    fn services_filter(&self) -> SeriesFilter {
        self.filter(if self.endpoint.is_some() || self.method.is_some() {
            SeriesFilterKind::Endpoint
        } else {
            SeriesFilterKind::Service
        })
    }

    fn endpoints_filter(&self) -> SeriesFilter {
        self.filter(SeriesFilterKind::Endpoint)
    }

    fn filter(&self, kind: SeriesFilterKind) -> SeriesFilter {
        SeriesFilter {
            kind,
            service: self.service.clone(),
            method: self.method,
            endpoint: self.endpoint.clone(),
            environment: self.environment.clone(),
        }
    }
}
