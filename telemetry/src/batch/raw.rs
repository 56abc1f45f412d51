//! A hit as it stands in the JSON, before judgement: every field in whatever type it was sent.
//!
//! Nothing here fails on a wrong type; that is judged later, so that one bad value cannot spoil its neighbours.

use super::{HitsSeed, Reader};
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;

/// A scalar of any type.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) enum Scalar<'a> {
    /// Not sent, or null.
    #[default]
    Absent,
    Text(Cow<'a, str>),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    /// Something that no field takes; the name of its type.
    Wrong(&'static str),
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Owned(text.to_owned())))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Unsigned(number))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Signed(number))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Float(number))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Wrong("a boolean"))
            }
            fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Absent)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar<'de>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Scalar::Wrong("an array"))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar<'de>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Scalar::Wrong("an object"))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// All fields of a hit as they were sent. A field sent twice counts as it was sent last.
#[derive(Debug, Default)]
pub(super) struct RawHit<'a> {
    pub service: Scalar<'a>,
    pub endpoint: Scalar<'a>,
    pub method: Scalar<'a>,
    pub status: Scalar<'a>,
    pub latency: Scalar<'a>,
    pub event_id: Scalar<'a>,
    pub timestamp: Scalar<'a>,
    pub ip: Scalar<'a>,
    pub user_agent: Scalar<'a>,
    pub request_size: Scalar<'a>,
    pub response_size: Scalar<'a>,
    pub traceparent: Scalar<'a>,
    pub consumer: Scalar<'a>,
    pub environment: Scalar<'a>,
    pub error: Scalar<'a>,
    pub request_headers: Option<&'a RawValue>,
    pub response_headers: Option<&'a RawValue>,
    pub request_body: Option<&'a RawValue>,
    pub response_body: Option<&'a RawValue>,
    pub attributes: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    ServiceName,
    Endpoint,
    Method,
    StatusCode,
    LatencyMs,
    EventId,
    Timestamp,
    Ip,
    UserAgent,
    RequestSize,
    ResponseSize,
    Traceparent,
    Consumer,
    Environment,
    Error,
    RequestHeaders,
    ResponseHeaders,
    RequestBody,
    ResponseBody,
    Attributes,
    Hits,
    #[serde(other)]
    Unknown,
}

impl<'de> RawHit<'de> {
    fn set<A: MapAccess<'de>>(&mut self, field: &Field, map: &mut A) -> Result<(), A::Error> {
        match field {
            Field::ServiceName => self.service = map.next_value()?,
            Field::Endpoint => self.endpoint = map.next_value()?,
            Field::Method => self.method = map.next_value()?,
            Field::StatusCode => self.status = map.next_value()?,
            Field::LatencyMs => self.latency = map.next_value()?,
            Field::EventId => self.event_id = map.next_value()?,
            Field::Timestamp => self.timestamp = map.next_value()?,
            Field::Ip => self.ip = map.next_value()?,
            Field::UserAgent => self.user_agent = map.next_value()?,
            Field::RequestSize => self.request_size = map.next_value()?,
            Field::ResponseSize => self.response_size = map.next_value()?,
            Field::Traceparent => self.traceparent = map.next_value()?,
            Field::Consumer => self.consumer = map.next_value()?,
            Field::Environment => self.environment = map.next_value()?,
            Field::Error => self.error = map.next_value()?,
            Field::RequestHeaders => self.request_headers = map.next_value()?,
            Field::ResponseHeaders => self.response_headers = map.next_value()?,
            Field::RequestBody => self.request_body = map.next_value()?,
            Field::ResponseBody => self.response_body = map.next_value()?,
            Field::Attributes => self.attributes = map.next_value()?,
            Field::Hits | Field::Unknown => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// Reads an object that either wraps `hits` or is a single hit.
pub(super) fn visit_document<'de, A: MapAccess<'de>>(
    reader: &mut Reader<'_>,
    mut map: A,
) -> Result<(), A::Error> {
    let mut single = RawHit::default();
    let mut wraps = false;
    while let Some(field) = map.next_key::<Field>()? {
        if matches!(field, Field::Hits) {
            wraps = true;
            map.next_value_seed(HitsSeed(reader))?;
        } else {
            single.set(&field, &mut map)?;
        }
    }
    if !wraps {
        let judged = reader.judge(&single);
        reader.note(judged);
    }
    Ok(())
}

/// Reads and judges one hit, whatever stands in its place.
pub(super) struct HitSeed<'r, 'a>(pub &'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for HitSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl HitSeed<'_, '_> {
    fn not_an_object<E>(self, what: &'static str) -> Result<(), E> {
        let refusal = super::Refusal { field: "hit", error: format!("must be an object, not {what}").into() };
        self.0.note(Err(refusal));
        Ok(())
    }
}

impl<'de> Visitor<'de> for HitSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a hit")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut hit = RawHit::default();
        while let Some(field) = map.next_key::<Field>()? {
            hit.set(&field, &mut map)?;
        }
        let judged = self.0.judge(&hit);
        self.0.note(judged);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        self.not_an_object("an array")
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.not_an_object("text")
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.not_an_object("a number")
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.not_an_object("a number")
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.not_an_object("a number")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.not_an_object("a boolean")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.not_an_object("null")
    }
}
