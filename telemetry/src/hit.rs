//! A hit: one observed API request, already judged; what travels in envelopes and is stored.

use crate::report::ClientId;
use serde::{Deserialize, Serialize};

/// An HTTP method. Whatever is not one of HTTP's nine counts as `OTHER`, so that methods cannot explode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
    Options,
    Trace,
    Connect,
    Other,
}

impl Method {
    pub const ALL: [Self; 10] = [
        Self::Get,
        Self::Head,
        Self::Post,
        Self::Put,
        Self::Patch,
        Self::Delete,
        Self::Options,
        Self::Trace,
        Self::Connect,
        Self::Other,
    ];

    /// Reads a method in any case; unknown ones are `Other`.
    pub fn parse(text: &str) -> Self {
        Self::ALL.into_iter().find(|method| method.as_str().eq_ignore_ascii_case(text)).unwrap_or(Self::Other)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Options => "OPTIONS",
            Self::Trace => "TRACE",
            Self::Connect => "CONNECT",
            Self::Other => "OTHER",
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// One observed API request after judgement: times corrected, endpoint normalised, secrets masked.
///
/// The order of the fields is the wire format of envelopes, version 1: change it only with a new version.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Hit<'a> {
    /// When the request happened, Unix milliseconds.
    pub at: i64,
    pub service: &'a str,
    pub environment: &'a str,
    pub method: Method,
    /// The normalised route.
    pub endpoint: &'a str,
    /// 100–599.
    pub status: u16,
    /// ≥ 0, finite, milliseconds.
    pub latency_ms: f64,
    /// Bytes.
    pub request_size: Option<u64>,
    /// Bytes.
    pub response_size: Option<u64>,
    /// Who called.
    pub consumer: Option<&'a str>,
    /// 32 hexadecimal digits, from `traceparent`.
    pub trace_id: Option<&'a str>,
    pub event_id: Option<&'a str>,
    pub error: Option<&'a str>,
    pub ip: Option<&'a str>,
    pub user_agent: Option<&'a str>,
    /// A JSON object as text, masked.
    pub request_headers: Option<&'a str>,
    /// A JSON object as text, masked.
    pub response_headers: Option<&'a str>,
    /// Text, masked.
    pub request_body: Option<&'a str>,
    /// Text, masked.
    pub response_body: Option<&'a str>,
    /// JSON as text.
    pub attributes: Option<&'a str>,
}

impl Hit<'_> {
    /// The latency in whole microseconds, as sums, minima and maxima are kept.
    pub fn latency_us(&self) -> i64 {
        latency_us(self.latency_ms)
    }
}

/// Milliseconds in whole microseconds, rounded half away from zero.
pub fn latency_us(latency_ms: f64) -> i64 {
    (latency_ms * 1_000.0).round() as i64
}

/// The identity of a hit, the same on every redelivery and by every way: `{client}/{batch}/{position}`.
///
/// Positions hold no slash and clients are numbers, so it reads back unambiguously whatever the batch id holds.
pub fn identity(client: ClientId, batch: &str, position: u32) -> String {
    format!("{client}/{batch}/{position}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_read_back_and_unknown_ones_are_other() {
        for method in Method::ALL {
            assert_eq!(Method::parse(method.as_str()), method);
            assert_eq!(Method::parse(&method.as_str().to_lowercase()), method);
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        assert_eq!(Method::parse("PROPFIND"), Method::Other);
        assert_eq!(Method::parse(""), Method::Other);
    }
}
