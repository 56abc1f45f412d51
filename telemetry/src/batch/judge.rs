//! Judges one hit: what is missing, of the wrong type, too long or out of time is refused by name.
//!
//! Default, correction, normalisation and masking happen here, once; nothing downstream judges again.

use super::Reader;
use super::raw::{RawHit, Scalar};
use crate::envelope::Place;
use crate::hit::{Hit, Method};
use crate::limits::{self, cut};
use crate::mask::Masking;
use crate::route;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Under which circumstances hits are accepted.
#[derive(Debug, Clone, Copy)]
pub struct Acceptance<'a> {
    /// Our clock, Unix milliseconds.
    pub now: i64,
    /// The sender's clock at this attempt (`x-sendry-sent-at`), Unix milliseconds.
    pub sent_at: Option<i64>,
    /// How long raw hits are kept, in milliseconds; older hits are refused.
    pub raw_retention: i64,
    /// The environment of hits that name none: the key's.
    pub environment: &'a str,
    pub masking: &'a Masking,
    /// Whether captured bodies are kept.
    pub capture_bodies: bool,
    /// The only services whose hits may be sent; empty: all.
    pub services: &'a [String],
    /// What is known of where the call came from; the server itself does not say.
    pub origin: Origin<'a>,
}

/// Where a call came from, as an edge is told by its platform. A hit that says otherwise of itself is believed.
#[derive(Debug, Clone, Copy, Default)]
pub struct Origin<'a> {
    /// The sender's address: the `ip` of hits that have none.
    pub address: Option<&'a str>,
    /// The sender's country, two letters; becomes the attribute `country`.
    pub country: Option<&'a str>,
    /// The platform's data centre; becomes the attribute `colo`.
    pub colo: Option<&'a str>,
}

impl Origin<'_> {
    /// The attributes of a hit together with what is known of its origin. Attributes that are no object, or would become
    /// too long, stay as they are.
    fn add_to<'a>(&self, attributes: Option<Cow<'a, str>>) -> Option<Cow<'a, str>> {
        let known = [("country", self.country), ("colo", self.colo)];
        if known.iter().all(|(_, value)| value.is_none()) {
            return attributes;
        }
        let given = attributes.as_deref().unwrap_or("{}").trim();
        let Some(members) = given.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
            return attributes;
        };
        let mut object = String::from("{");
        for (name, value) in known {
            // Looked for as text: to find it deeper down, too, only means to add nothing.
            let plain =
                value.filter(|value| value.len() <= 16 && value.bytes().all(|b| b.is_ascii_alphanumeric()));
            if let Some(value) = plain
                && !members.contains(&format!("\"{name}\""))
            {
                object.push_str(&format!("\"{name}\":\"{value}\","));
            }
        }
        if object.len() == 1 {
            return attributes;
        }
        if members.trim().is_empty() {
            object.pop();
        } else {
            object.push_str(members);
        }
        object.push('}');
        if object.len() > limits::ATTRIBUTES_BYTES { attributes } else { Some(Cow::Owned(object)) }
    }
}

/// Why a hit is refused.
#[derive(Debug)]
pub(super) struct Refusal {
    pub field: &'static str,
    pub error: Cow<'static, str>,
}

fn refuse<T>(field: &'static str, error: impl Into<Cow<'static, str>>) -> Result<T, Refusal> {
    Err(Refusal { field, error: error.into() })
}

impl Reader<'_> {
    /// Judges a hit and, if it is valid, encodes it. The caller notes the outcome.
    pub(super) fn judge(&mut self, raw: &RawHit<'_>) -> Result<(), Refusal> {
        let rules = self.acceptance;
        let masking = rules.masking;
        let service = name(&raw.service, "serviceName", limits::SERVICE_BYTES)?;
        if !rules.services.is_empty() && !rules.services.iter().any(|allowed| allowed == service) {
            return refuse("serviceName", "is not one that this key may send hits of");
        }
        let endpoint = name(&raw.endpoint, "endpoint", limits::ENDPOINT_BYTES)?;
        let method = Method::parse(name(&raw.method, "method", limits::METHOD_BYTES)?);
        let status = status(&raw.status)?;
        let latency_ms = latency(&raw.latency)?;
        let at = time(&raw.timestamp, rules)?;
        let event_id = optional_name(&raw.event_id, "eventId", limits::EVENT_ID_BYTES)?;
        let environment = optional_name(&raw.environment, "environment", limits::ENVIRONMENT_BYTES)?
            .unwrap_or(rules.environment);
        let request_headers = headers(raw.request_headers, "requestHeaders", masking)?;
        let response_headers = headers(raw.response_headers, "responseHeaders", masking)?;
        let request_body = body(raw.request_body.filter(|_| rules.capture_bodies), masking);
        let response_body = body(raw.response_body.filter(|_| rules.capture_bodies), masking);
        let attributes = rules.origin.add_to(attributes(raw.attributes, masking));
        let endpoint = route::normalise(endpoint);

        let hit = Hit {
            at,
            service,
            environment,
            method,
            endpoint: &endpoint,
            status,
            latency_ms,
            request_size: size(&raw.request_size, "requestSize")?,
            response_size: size(&raw.response_size, "responseSize")?,
            consumer: optional_name(&raw.consumer, "consumer", limits::CONSUMER_BYTES)?,
            trace_id: free_text(&raw.traceparent, "traceparent", usize::MAX)?.and_then(trace_id),
            event_id,
            error: free_text(&raw.error, "error", limits::ERROR_BYTES)?,
            ip: optional_name(&raw.ip, "ip", limits::IP_BYTES)?
                .or(rules.origin.address.map(|address| cut(address, limits::IP_BYTES))),
            user_agent: free_text(&raw.user_agent, "userAgent", limits::USER_AGENT_BYTES)?,
            request_headers: request_headers.as_deref(),
            response_headers: response_headers.as_deref(),
            request_body: request_body.as_deref(),
            response_body: response_body.as_deref(),
            attributes: attributes.as_deref(),
        };
        let place = match event_id {
            _ if self.in_batch => Place::InBatch(self.next),
            Some(id) => Place::Event(id),
            None => Place::Idless,
        };
        self.writer.push(place, &hit);
        Ok(())
    }
}

/// A required text that names something: trimmed, not empty, not too long, without control characters.
fn name<'a>(value: &'a Scalar<'_>, field: &'static str, max: usize) -> Result<&'a str, Refusal> {
    match optional_name(value, field, max)? {
        Some(name) => Ok(name),
        None => refuse(field, "is required"),
    }
}

fn optional_name<'a>(
    value: &'a Scalar<'_>,
    field: &'static str,
    max: usize,
) -> Result<Option<&'a str>, Refusal> {
    let Some(text) = text(value, field)? else { return Ok(None) };
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > max {
        return refuse(field, format!("must be at most {max} bytes long"));
    }
    if text.bytes().any(|byte| byte.is_ascii_control()) {
        return refuse(field, "must not hold control characters");
    }
    Ok(Some(text))
}

/// Free text, cut to `max` bytes.
fn free_text<'a>(value: &'a Scalar<'_>, field: &'static str, max: usize) -> Result<Option<&'a str>, Refusal> {
    Ok(text(value, field)?.map(|text| cut(text, max)).filter(|text| !text.is_empty()))
}

fn text<'a>(value: &'a Scalar<'_>, field: &'static str) -> Result<Option<&'a str>, Refusal> {
    match value {
        Scalar::Absent => Ok(None),
        Scalar::Text(text) => Ok(Some(text)),
        Scalar::Unsigned(_) | Scalar::Signed(_) | Scalar::Float(_) => {
            refuse(field, "must be text, not a number")
        }
        Scalar::Wrong(what) => refuse(field, format!("must be text, not {what}")),
    }
}

fn status(value: &Scalar<'_>) -> Result<u16, Refusal> {
    const FIELD: &str = "statusCode";
    match value {
        Scalar::Unsigned(code @ 100..=599) => Ok(*code as u16),
        Scalar::Float(code) if code.fract() == 0.0 && (100.0..600.0).contains(code) => Ok(*code as u16),
        Scalar::Unsigned(_) | Scalar::Signed(_) | Scalar::Float(_) => {
            refuse(FIELD, "must be a whole number from 100 to 599")
        }
        Scalar::Absent => refuse(FIELD, "is required"),
        Scalar::Text(_) => refuse(FIELD, "must be a number, not text"),
        Scalar::Wrong(what) => refuse(FIELD, format!("must be a number, not {what}")),
    }
}

fn latency(value: &Scalar<'_>) -> Result<f64, Refusal> {
    const FIELD: &str = "latencyMs";
    let ms = match value {
        Scalar::Unsigned(number) => *number as f64,
        Scalar::Signed(number) => *number as f64,
        Scalar::Float(number) => *number,
        Scalar::Absent => return refuse(FIELD, "is required"),
        Scalar::Text(_) => return refuse(FIELD, "must be a number, not text"),
        Scalar::Wrong(what) => return refuse(FIELD, format!("must be a number, not {what}")),
    };
    if !ms.is_finite() || ms < 0.0 {
        return refuse(FIELD, "must be 0 or more");
    }
    if ms > limits::LATENCY_MS {
        return refuse(FIELD, "must be at most 86400000, a day in milliseconds");
    }
    // A negative zero is zero.
    Ok(ms + 0.0)
}

fn size(value: &Scalar<'_>, field: &'static str) -> Result<Option<u64>, Refusal> {
    match value {
        Scalar::Absent => Ok(None),
        Scalar::Unsigned(bytes) if *bytes <= limits::SIZE_BYTES => Ok(Some(*bytes)),
        Scalar::Float(bytes) if bytes.fract() == 0.0 && (0.0..=limits::SIZE_BYTES as f64).contains(bytes) => {
            Ok(Some(*bytes as u64))
        }
        Scalar::Text(_) => refuse(field, "must be a number, not text"),
        Scalar::Wrong(what) => refuse(field, format!("must be a number, not {what}")),
        _ => refuse(field, "must be a whole number of bytes, at most a tebibyte"),
    }
}

/// The time of a hit: corrected by the sender's skew if that is over a minute, then held against what is kept.
fn time(value: &Scalar<'_>, rules: &Acceptance<'_>) -> Result<i64, Refusal> {
    const FIELD: &str = "timestamp";
    let sent = match value {
        Scalar::Absent => return Ok(rules.now),
        Scalar::Text(text) => match text.parse::<jiff::Timestamp>() {
            Ok(time) => time.as_millisecond(),
            Err(_) => {
                return refuse(
                    FIELD,
                    "must be RFC 3339, such as 2026-01-31T12:00:00Z, or epoch milliseconds",
                );
            }
        },
        Scalar::Unsigned(ms) => i64::try_from(*ms).unwrap_or(i64::MAX),
        Scalar::Signed(ms) => *ms,
        // Saturates: whatever is out of range is out of time as well.
        Scalar::Float(ms) => *ms as i64,
        Scalar::Wrong(what) => return refuse(FIELD, format!("must be a time, not {what}")),
    };
    let skew = rules.sent_at.map_or(0, |sent_at| rules.now.saturating_sub(sent_at));
    let at = if skew.saturating_abs() > limits::SKEW_MS { sent.saturating_add(skew) } else { sent };
    if at > rules.now.saturating_add(limits::FUTURE_MS) {
        return refuse(FIELD, "lies more than 10 minutes in the future");
    }
    if at < rules.now.saturating_sub(rules.raw_retention) {
        return refuse(FIELD, "lies before what is kept (are these seconds? milliseconds are expected)");
    }
    Ok(at)
}

/// The trace id of a W3C `traceparent`. One that does not follow the standard is ignored, as the standard asks.
fn trace_id(traceparent: &str) -> Option<&str> {
    let mut parts = traceparent.trim().split('-');
    let (version, trace, parent) = (parts.next()?, parts.next()?, parts.next()?);
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let valid = hex(version, 2) && version != "ff" && hex(trace, 32) && hex(parent, 16);
    (valid && trace.bytes().any(|byte| byte != b'0')).then_some(trace)
}

/// A JSON object of headers, masked; `null` is absent.
fn headers<'a>(
    value: Option<&'a RawValue>,
    field: &'static str,
    masking: &Masking,
) -> Result<Option<Cow<'a, str>>, Refusal> {
    let Some(raw) = value.map(RawValue::get) else { return Ok(None) };
    if !raw.starts_with('{') {
        return refuse(field, "must be an object of names and values");
    }
    if raw.len() > limits::HEADERS_BYTES {
        return Ok(Some(left_out(raw)));
    }
    match masking.mask_headers(raw) {
        Ok(masked) => Ok(Some(masked)),
        Err(_) => refuse(field, "must be an object of names and values"),
    }
}

/// A captured body as text: JSON text is unquoted, other JSON stays as it is written.
fn body<'a>(value: Option<&'a RawValue>, masking: &Masking) -> Option<Cow<'a, str>> {
    let raw = value?.get();
    let text: Cow<'a, str> = if raw.starts_with('"') {
        // A borrowed string where nothing is escaped.
        match serde_json::from_str::<Scalar<'a>>(raw) {
            Ok(Scalar::Text(text)) => text,
            _ => return None,
        }
    } else {
        Cow::Borrowed(raw)
    };
    if text.is_empty() {
        return None;
    }
    // Masked before it is cut: a cut document is no JSON any more, and its secrets would go unseen.
    let masked = match text {
        Cow::Borrowed(text) => masking.mask_body(text),
        Cow::Owned(text) => Cow::Owned(masking.mask_body(&text).into_owned()),
    };
    Some(match masked {
        Cow::Borrowed(text) => Cow::Borrowed(cut(text, limits::CAPTURED_BODY_BYTES)),
        Cow::Owned(mut text) => {
            text.truncate(cut(&text, limits::CAPTURED_BODY_BYTES).len());
            Cow::Owned(text)
        }
    })
}

fn attributes<'a>(value: Option<&'a RawValue>, masking: &Masking) -> Option<Cow<'a, str>> {
    let raw = value?.get();
    Some(if raw.len() > limits::ATTRIBUTES_BYTES { left_out(raw) } else { masking.mask_body(raw) })
}

/// What stands in for JSON that is too long to be kept.
fn left_out(raw: &str) -> Cow<'static, str> {
    Cow::Owned(format!(r#"{{"leftOut":"{} bytes"}}"#, raw.len()))
}
