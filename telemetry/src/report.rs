//! What the dashboard and the analytics API show: the shapes shared by server and browser.
//!
//! Latencies are in milliseconds, times are RFC 3339 in UTC, rates are fractions (0.05 is 5 %). Where nothing was
//! counted, counts are 0, and rates and latencies are `null`: a ratio of nothing is not zero.

pub mod accounts;
mod changes;
mod consumers;
pub mod edges;
mod failures;
mod latencies;
pub mod limits;
mod live;
mod markers;
pub mod ops;
mod status;

pub use changes::{Changes, ConsumerShare, EndpointShare, Rise, StatusShare};
pub use consumers::{ConsumerCounts, ConsumerRow, ConsumerSample, Consumers, OtherConsumers};
pub use failures::{FailureGroup, Failures};
pub use latencies::{Latencies, LatencyBand, LatencySlot};
pub use live::{Counted, LastMinute, Tailed};
pub use markers::{Marker, Markers};
pub use status::{StatusFilter, StatusFilterError};

use crate::hit::{Hit, Method};
use crate::time::{Resolution, Step, from_millisecond};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A tenant's number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct ClientId(pub i64);

impl std::fmt::Display for ClientId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for ClientId {
    type Err = std::num::ParseIntError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        s.parse().map(Self)
    }
}

/// Latency of a set of requests in milliseconds; all `null` when the set is empty.
///
/// Percentiles are by nearest rank from the latency sketch: at most 0.55 % off the true value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Latency {
    pub avg: Option<f64>,
    pub min: Option<f64>,
    pub max: Option<f64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

/// Requests by class of their status code.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StatusClasses {
    #[serde(rename = "1xx")]
    pub informational: u64,
    #[serde(rename = "2xx")]
    pub success: u64,
    #[serde(rename = "3xx")]
    pub redirect: u64,
    #[serde(rename = "4xx")]
    pub client_error: u64,
    #[serde(rename = "5xx")]
    pub server_error: u64,
}

impl StatusClasses {
    /// Counts `n` requests that were answered with `status` (100–599).
    pub fn add(&mut self, status: u16, n: u64) {
        match status / 100 {
            1 => self.informational += n,
            2 => self.success += n,
            3 => self.redirect += n,
            4 => self.client_error += n,
            _ => self.server_error += n,
        }
    }

    /// All requests.
    pub fn total(&self) -> u64 {
        self.informational + self.success + self.redirect + self.client_error + self.server_error
    }
}

/// What is counted of any set of requests. `errors` = status ≥ 400 = `clientErrors` + `serverErrors`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    pub requests: u64,
    pub errors: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    /// errors ÷ requests, 0–1; `null` without requests.
    pub error_rate: Option<f64>,
    pub latency_ms: Latency,
    /// Requests by status class.
    pub by_status: StatusClasses,
    /// Request bytes, where clients told them.
    pub bytes_in: u64,
    /// Response bytes, where clients told them.
    pub bytes_out: u64,
}

/// `GET /api/analytics/overview`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// The effective range: the asked one, rounded outwards to `resolution` at its ends.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    /// The finest buckets that were read.
    pub resolution: Resolution,
    #[serde(flatten)]
    pub totals: Totals,
    /// Distinct services with requests in the range.
    pub services: u64,
    /// Distinct endpoints (service, method, route) with requests in the range.
    pub endpoints: u64,
    /// The period of the same length just before.
    pub previous: Previous,
}

/// The period before, to compare with. Its own effective range may be up to an hour longer at its start, where
/// minutes have expired.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Previous {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    #[serde(flatten)]
    pub totals: Totals,
}

/// `GET /api/analytics/timeseries`. The sum of the buckets equals the overview's totals of the same range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Timeseries {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    pub step: Step,
    /// Where the last slot ends: later than `to` where it is not complete. Every other slot ends where the next begins.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub end: Timestamp,
    /// Every bucket of the range, also the empty ones, oldest first.
    pub buckets: Vec<Bucket>,
}

/// One slot of a time series.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Bucket {
    /// Where the slot begins. The first slot may begin before the range; only what lies inside is counted.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub start: Timestamp,
    #[serde(flatten)]
    pub totals: Totals,
}

/// What an endpoints table is ordered by, largest first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum EndpointSort {
    #[default]
    Requests,
    Errors,
    ErrorRate,
    P50,
    P95,
    P99,
    /// requests × mean latency: where the time goes.
    TotalTime,
    /// By service, route and method, ascending.
    Name,
}

/// `GET /api/analytics/endpoints`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    pub endpoints: Vec<EndpointRow>,
    /// The cursor of the next page, if there is one.
    pub next: Option<String>,
}

/// One endpoint: method + route template of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EndpointRow {
    pub service: String,
    pub method: Method,
    pub endpoint: String,
    #[serde(flatten)]
    pub totals: Totals,
}

/// How a service is doing, judged over its last five minutes. Client errors never make it unhealthy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// Server errors ≥ 5 % of at least 20 requests.
    Failing,
    /// Server errors ≥ 1 %, or p95 more than twice that of the last 24 hours.
    Degraded,
    /// No request, where the hour before had some.
    Silent,
    Healthy,
}

/// `GET /api/analytics/services`, worst health first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Services {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    pub services: Vec<ServiceRow>,
}

/// One monitored application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ServiceRow {
    pub service: String,
    pub health: Health,
    /// Why, in one short sentence: "5xx 8.2 % of 410 requests in 5 min".
    pub reason: String,
    #[serde(flatten)]
    pub totals: Totals,
    /// Requests per step over the range, oldest first, for a sparkline.
    pub sparkline: Vec<u64>,
}

/// `GET /api/analytics/status-codes`, most frequent first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatusCodes {
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub from: Timestamp,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub to: Timestamp,
    pub status_codes: Vec<StatusRow>,
}

/// One status code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StatusRow {
    pub status: u16,
    pub requests: u64,
    /// requests ÷ all requests of the range, 0–1.
    pub share: f64,
    pub latency_ms: Latency,
}

/// `GET /api/requests`: raw hits, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Requests {
    pub requests: Vec<RequestRow>,
    /// The cursor of the next page. Present also when a scan stopped after its time, perhaps with no row found.
    pub next: Option<String>,
}

/// One raw hit, without its headers and bodies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RequestRow {
    pub id: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub timestamp: Timestamp,
    pub service: String,
    pub environment: String,
    pub method: Method,
    pub endpoint: String,
    pub status: u16,
    pub latency_ms: f64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub consumer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<String>,
}

impl RequestRow {
    /// A hit as the log shows it, under this id.
    pub fn of(id: String, hit: &Hit<'_>) -> Self {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Self {
            id,
            timestamp: from_millisecond(hit.at),
            service: hit.service.to_owned(),
            environment: hit.environment.to_owned(),
            method: hit.method,
            endpoint: hit.endpoint.to_owned(),
            status: hit.status,
            latency_ms: hit.latency_ms,
            consumer: owned(hit.consumer),
            trace_id: owned(hit.trace_id),
            event_id: owned(hit.event_id),
            error: owned(hit.error),
        }
    }
}

/// `GET /api/requests/{id}`: one raw hit, whole. Sensitive values are masked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct RequestDetail {
    #[serde(flatten)]
    pub row: RequestRow,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub user_agent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_headers: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response_headers: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response_body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attributes: Option<serde_json::Value>,
}

/// One day of `GET /api/clients/{id}/usage`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct UsageDay {
    /// The UTC day, `2026-01-31`.
    pub day: String,
    /// Hits accepted; exact.
    pub accepted: u64,
    /// Bytes of the accepted calls' bodies, inflated; exact.
    pub bytes: u64,
    /// Hits refused inside accepted calls, by the field at fault; exact.
    pub rejected: std::collections::BTreeMap<String, u64>,
    /// Calls refused as a whole, by HTTP status; counted in memory for some seconds, so a crash loses some.
    pub refused_calls: std::collections::BTreeMap<String, u64>,
}

/// A user as others may see them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct User {
    pub id: i64,
    pub username: String,
    pub email: String,
    /// Administers the whole instance.
    pub super_admin: bool,
}

/// A tenant: the namespace that owns services, keys, members and limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Client {
    pub id: ClientId,
    pub name: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
}

/// An API key as it may be shown after its creation: never the key itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct KeyInfo {
    pub id: i64,
    pub name: String,
    /// The key's beginning, to recognise it by.
    pub prefix: String,
    pub environment: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub created_at: Timestamp,
    /// When it was last used, to the minute or so.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub last_used_at: Option<Timestamp>,
    /// From when on it is refused; `null`: never.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub expires_at: Option<Timestamp>,
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub revoked_at: Option<Timestamp>,
    /// The key that took its place when it was rotated.
    pub replaced_by: Option<i64>,
    /// The only web origins whose pages may send hits with it; empty: whoever has it may.
    pub origins: Vec<String>,
    /// The only services whose hits it may send; empty: all.
    pub services: Vec<String>,
    /// Hits a second, on average, that may come with it; `None`: no limit of its own.
    #[serde(default)]
    pub hits_per_second: Option<u32>,
    /// Hits that may come with it at once; `None`: as many as in a second.
    #[serde(default)]
    pub burst: Option<u32>,
    /// Hits of a UTC day that may come with it; `None`: no limit of its own.
    #[serde(default)]
    pub hits_per_day: Option<u64>,
    /// Hits of a UTC month that may come with it; `None`: no limit of its own.
    #[serde(default)]
    pub hits_per_month: Option<u64>,
}

/// A key just made. `key` is shown this once.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct NewKey {
    #[serde(flatten)]
    pub info: KeyInfo,
    pub key: String,
}
