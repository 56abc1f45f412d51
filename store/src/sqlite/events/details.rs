//! The part of an event that only its own page shows: one JSON object, absent when there is nothing in it.
//!
//! The rule: what was stored comes back as it was, also where a header block is not the JSON it should be.

use crate::error::StoreError;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use telemetry::hit::Hit;
use telemetry::report::{RequestDetail, RequestRow};

/// JSON that was checked at ingest and is stored as it came; should it be no JSON after all, as a string.
#[derive(Serialize)]
#[serde(untagged)]
enum Json<'a> {
    Raw(&'a RawValue),
    Text(&'a str),
}

impl<'a> Json<'a> {
    fn new(text: &'a str) -> Self {
        serde_json::from_str(text).map_or(Self::Text(text), Self::Raw)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_agent: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_headers: Option<Json<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_headers: Option<Json<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_body: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Json<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Read {
    ip: Option<String>,
    user_agent: Option<String>,
    request_headers: Option<Value>,
    response_headers: Option<Value>,
    request_body: Option<String>,
    response_body: Option<String>,
    attributes: Option<Value>,
}

/// The details of a hit, if it has any.
pub(super) fn encode(hit: &Hit<'_>) -> Result<Option<String>, StoreError> {
    let has_any = hit.ip.is_some()
        || hit.user_agent.is_some()
        || hit.request_headers.is_some()
        || hit.response_headers.is_some()
        || hit.request_body.is_some()
        || hit.response_body.is_some()
        || hit.attributes.is_some();
    if !has_any {
        return Ok(None);
    }
    let details = Written {
        ip: hit.ip,
        user_agent: hit.user_agent,
        request_headers: hit.request_headers.map(Json::new),
        response_headers: hit.response_headers.map(Json::new),
        request_body: hit.request_body,
        response_body: hit.response_body,
        attributes: hit.attributes.map(Json::new),
    };
    serde_json::to_string(&details).map(Some).map_err(|error| StoreError::Refused(error.into()))
}

/// An event with its details.
pub(super) fn decode(
    row: RequestRow,
    request_size: Option<u64>,
    response_size: Option<u64>,
    details: Option<&str>,
) -> Result<RequestDetail, StoreError> {
    let details: Read = match details {
        Some(text) => serde_json::from_str(text)
            .map_err(|error| StoreError::Damaged(format!("the details of event {}: {error}", row.id)))?,
        None => Read::default(),
    };
    Ok(RequestDetail {
        row,
        ip: details.ip,
        user_agent: details.user_agent,
        request_size,
        response_size,
        request_headers: details.request_headers,
        response_headers: details.response_headers,
        request_body: details.request_body,
        response_body: details.response_body,
        attributes: details.attributes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::hit::Method;

    const HIT: Hit<'_> = Hit {
        at: 0,
        service: "s",
        environment: "e",
        method: Method::Get,
        endpoint: "/",
        status: 200,
        latency_ms: 1.0,
        request_size: None,
        response_size: None,
        consumer: None,
        trace_id: None,
        event_id: None,
        error: None,
        ip: None,
        user_agent: None,
        request_headers: None,
        response_headers: None,
        request_body: None,
        response_body: None,
        attributes: None,
    };

    #[test]
    fn a_hit_without_details_stores_none() {
        assert_eq!(encode(&HIT).unwrap(), None);
    }

    #[test]
    fn headers_are_stored_as_json_and_what_is_no_json_as_text() {
        let hit = Hit { request_headers: Some(r#"{"a":"b"}"#), attributes: Some("{broken"), ..HIT };
        let stored = encode(&hit).unwrap().unwrap();
        assert_eq!(stored, r#"{"requestHeaders":{"a":"b"},"attributes":"{broken"}"#);
    }
}
