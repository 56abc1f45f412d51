//! An event as a document, there and back.
//!
//! The rule: field names are those of the API, so that what an operator sees in `mongosh` needs no key. What is absent in
//! a hit is absent in its document; JSON that a hit carries stays the text it came as, since not all of JSON survives as
//! a document.

use super::date;
use crate::error::StoreError;
use crate::events::{Event, Observation};
use crate::identity;
use ::mongodb::bson::raw::{CStr, RawBsonRef, RawDocument, cstr};
use ::mongodb::bson::{DateTime, RawDocumentBuf};
use serde_json::Value;
use telemetry::hit::{Method, identity};
use telemetry::report::{RequestDetail, RequestRow};
use telemetry::time::from_millisecond;

pub(super) fn encode(event: &Event<'_>) -> RawDocumentBuf {
    let hit = &event.hit;
    let mut document = RawDocumentBuf::new();
    document.append(cstr!("_id"), identity(event.client, event.batch, event.position).as_str());
    document.append(cstr!("client"), event.client.0);
    document.append(cstr!("at"), date(hit.at));
    document.append(cstr!("expireAt"), date(event.expire_at));
    document.append(cstr!("service"), hit.service);
    document.append(cstr!("environment"), hit.environment);
    document.append(cstr!("method"), hit.method.as_str());
    document.append(cstr!("endpoint"), hit.endpoint);
    document.append(cstr!("status"), i32::from(hit.status));
    document.append(cstr!("latencyMs"), hit.latency_ms);
    let sizes = [(cstr!("requestSize"), hit.request_size), (cstr!("responseSize"), hit.response_size)];
    for (name, bytes) in sizes {
        if let Some(bytes) = bytes {
            document.append(name, i64::try_from(bytes).unwrap_or(i64::MAX));
        }
    }
    let texts: [(&CStr, Option<&str>); 11] = [
        (cstr!("consumer"), hit.consumer),
        (cstr!("traceId"), hit.trace_id),
        (cstr!("eventId"), hit.event_id),
        (cstr!("error"), hit.error),
        (cstr!("ip"), hit.ip),
        (cstr!("userAgent"), hit.user_agent),
        (cstr!("requestHeaders"), hit.request_headers),
        (cstr!("responseHeaders"), hit.response_headers),
        (cstr!("requestBody"), hit.request_body),
        (cstr!("responseBody"), hit.response_body),
        (cstr!("attributes"), hit.attributes),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            document.append(name, text);
        }
    }
    document
}

/// The fields of a document, read in one pass, with text borrowed from it. Those not asked for are absent.
#[derive(Default)]
pub(super) struct Stored<'a> {
    id: Option<&'a str>,
    at: Option<i64>,
    service: Option<&'a str>,
    environment: Option<&'a str>,
    method: Option<&'a str>,
    endpoint: Option<&'a str>,
    status: Option<i64>,
    latency_ms: Option<f64>,
    request_size: Option<i64>,
    response_size: Option<i64>,
    consumer: Option<&'a str>,
    trace_id: Option<&'a str>,
    event_id: Option<&'a str>,
    error: Option<&'a str>,
    ip: Option<&'a str>,
    user_agent: Option<&'a str>,
    request_headers: Option<&'a str>,
    response_headers: Option<&'a str>,
    request_body: Option<&'a str>,
    response_body: Option<&'a str>,
    attributes: Option<&'a str>,
}

impl<'a> Stored<'a> {
    pub(super) fn read(document: &'a RawDocument) -> Result<Self, StoreError> {
        let mut stored = Self::default();
        for field in document {
            let (name, value) = field.map_err(|error| StoreError::Damaged(error.to_string()))?;
            match name.as_str() {
                "_id" => stored.id = value.as_str(),
                "at" => stored.at = value.as_datetime().map(DateTime::timestamp_millis),
                "service" => stored.service = value.as_str(),
                "environment" => stored.environment = value.as_str(),
                "method" => stored.method = value.as_str(),
                "endpoint" => stored.endpoint = value.as_str(),
                "status" => stored.status = integer(value),
                "latencyMs" => stored.latency_ms = value.as_f64(),
                "requestSize" => stored.request_size = integer(value),
                "responseSize" => stored.response_size = integer(value),
                "consumer" => stored.consumer = value.as_str(),
                "traceId" => stored.trace_id = value.as_str(),
                "eventId" => stored.event_id = value.as_str(),
                "error" => stored.error = value.as_str(),
                "ip" => stored.ip = value.as_str(),
                "userAgent" => stored.user_agent = value.as_str(),
                "requestHeaders" => stored.request_headers = value.as_str(),
                "responseHeaders" => stored.response_headers = value.as_str(),
                "requestBody" => stored.request_body = value.as_str(),
                "responseBody" => stored.response_body = value.as_str(),
                "attributes" => stored.attributes = value.as_str(),
                _ => {}
            }
        }
        Ok(stored)
    }

    /// The identity.
    pub(super) fn id(&self) -> Result<&'a str, StoreError> {
        self.needed(self.id, "_id")
    }

    /// Unix milliseconds.
    pub(super) fn at(&self) -> Result<i64, StoreError> {
        self.needed(self.at, "at")
    }

    pub(super) fn row(&self) -> Result<RequestRow, StoreError> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(RequestRow {
            id: self.id()?.to_owned(),
            timestamp: from_millisecond(self.at()?),
            service: self.needed(self.service, "service")?.to_owned(),
            environment: self.needed(self.environment, "environment")?.to_owned(),
            method: Method::parse(self.needed(self.method, "method")?),
            endpoint: self.needed(self.endpoint, "endpoint")?.to_owned(),
            status: self.status()?,
            latency_ms: self.needed(self.latency_ms, "latencyMs")?,
            consumer: owned(self.consumer),
            trace_id: owned(self.trace_id),
            event_id: owned(self.event_id),
            error: owned(self.error),
        })
    }

    pub(super) fn detail(&self) -> Result<RequestDetail, StoreError> {
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Ok(RequestDetail {
            row: self.row()?,
            ip: owned(self.ip),
            user_agent: owned(self.user_agent),
            request_size: size(self.request_size),
            response_size: size(self.response_size),
            request_headers: self.request_headers.map(json),
            response_headers: self.response_headers.map(json),
            request_body: owned(self.request_body),
            response_body: owned(self.response_body),
            attributes: self.attributes.map(json),
        })
    }

    pub(super) fn observation(&self) -> Result<Observation<'a>, StoreError> {
        let id = identity::parse(self.id()?);
        Ok(Observation {
            batch: self.needed(id.map(|id| id.batch), "_id")?,
            service: self.needed(self.service, "service")?,
            environment: self.needed(self.environment, "environment")?,
            method: Method::parse(self.needed(self.method, "method")?),
            endpoint: self.needed(self.endpoint, "endpoint")?,
            status: self.status()?,
            at: self.at()?,
            latency_ms: self.needed(self.latency_ms, "latencyMs")?,
            request_size: size(self.request_size),
            response_size: size(self.response_size),
            consumer: self.consumer,
        })
    }

    fn status(&self) -> Result<u16, StoreError> {
        self.needed(self.status.and_then(|status| u16::try_from(status).ok()), "status")
    }

    fn needed<T>(&self, field: Option<T>, name: &str) -> Result<T, StoreError> {
        let id = self.id.unwrap_or("without an id");
        field.ok_or_else(|| StoreError::Damaged(format!("the event {id} has no proper {name}")))
    }
}

fn integer(value: RawBsonRef<'_>) -> Option<i64> {
    value.as_i64().or_else(|| value.as_i32().map(i64::from))
}

fn size(bytes: Option<i64>) -> Option<u64> {
    bytes.map(|n| u64::try_from(n).unwrap_or(0))
}

/// JSON that was checked at ingest; should it be no JSON after all, a string.
fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
}
