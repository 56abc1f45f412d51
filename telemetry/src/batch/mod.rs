//! Reads what a client sent: one hit, an array, `{"hits":[…]}` or NDJSON; judges each hit; encodes the accepted ones.
//!
//! The body is parsed in one pass, text is borrowed from it, and each hit is encoded as soon as it is judged. A value of
//! the wrong type refuses its hit only. A number or an escape that the parser itself refuses sends the body through a
//! second, slower pass that parses hit by hit, so that the neighbours are kept there too.

mod judge;
mod raw;

pub use judge::{Acceptance, Origin};

use crate::envelope::{Segment, SegmentWriter};
use crate::error::{ApiError, ErrorCode};
use crate::limits;
use judge::Refusal;
use raw::HitSeed;
use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// How the hits of a body are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object, as for `/api/hit`.
    One,
    /// A JSON array, `{"hits":[…]}`, or one JSON object, as for `/api/hits`.
    Many,
    /// One JSON object a line; empty lines are skipped.
    Ndjson,
}

/// A hit that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Rejection {
    /// Its place in the batch as it was sent, from 0.
    pub index: u32,
    /// The field at fault.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub field: &'static str,
    /// What is wrong with it.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub error: Cow<'static, str>,
}

/// A body that was read and holds at least one valid hit.
#[derive(Debug, Clone, PartialEq)]
pub struct Accepted {
    /// The valid hits, encoded for an envelope.
    pub segment: Segment,
    /// How many there are.
    pub hits: u32,
    pub rejected: Vec<Rejection>,
}

/// Why a body was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    #[error("the body is not JSON as expected: {0}")]
    NotJson(String),
    #[error("more than {max} hits in one batch; send several batches", max = limits::BATCH_HITS)]
    TooMany,
    #[error("the batch holds no hit")]
    Empty,
    #[error("nothing valid in the batch; {} is at fault: {}", .0.field, .0.error)]
    NothingValid(Rejection),
}

impl BatchError {
    /// The error as its sender sees it; `format` decides whether the field is named with its index.
    pub fn into_api_error(self, format: Format) -> ApiError {
        let message = self.to_string();
        match self {
            Self::TooMany => ApiError::new(ErrorCode::TooLarge, message),
            Self::NotJson(_) | Self::Empty => ApiError::invalid("body", message),
            Self::NothingValid(first) if format == Format::One => {
                ApiError::invalid(first.field, format!("{}: {}", first.field, first.error))
            }
            Self::NothingValid(first) => {
                let message = format!(
                    "nothing valid in the batch; hit {}: {}: {}",
                    first.index, first.field, first.error
                );
                ApiError::invalid(format!("[{}].{}", first.index, first.field), message)
            }
        }
    }
}

/// Checks a batch id as it comes in `Idempotency-Key`: 16–128 visible ASCII characters.
pub fn check_batch_id(id: &str) -> Result<&str, ApiError> {
    let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
    if visible && limits::BATCH_ID.contains(&id.len()) {
        Ok(id)
    } else {
        Err(ApiError::invalid(
            "Idempotency-Key",
            "must be 16 to 128 visible ASCII characters, such as a UUID",
        ))
    }
}

/// A time as it comes in `x-sendry-sent-at`: RFC 3339 or epoch milliseconds; as Unix milliseconds.
pub fn parse_time(text: &str) -> Option<i64> {
    text.parse().ok().or_else(|| Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
}

/// Reads a body. Never panics, whatever the bytes are.
pub fn read(
    body: &[u8],
    format: Format,
    batch: Option<&str>,
    acceptance: &Acceptance<'_>,
) -> Result<Accepted, BatchError> {
    let mut reader = Reader::new(body, batch, acceptance);
    match format {
        Format::Ndjson => reader.lines(body)?,
        Format::One | Format::Many => {
            if let Err(error) = reader.document(body, format) {
                if reader.too_many {
                    return Err(BatchError::TooMany);
                }
                reader = Reader::new(body, batch, acceptance);
                reader.document_hit_by_hit(body, format, &error)?;
            }
        }
    }
    reader.finish(body.len())
}

/// The state of reading one body.
struct Reader<'a> {
    acceptance: &'a Acceptance<'a>,
    in_batch: bool,
    writer: SegmentWriter<'a>,
    /// Place of the next hit.
    next: u32,
    accepted: u32,
    rejected: Vec<Rejection>,
    too_many: bool,
}

impl<'a> Reader<'a> {
    fn new(body: &[u8], batch: Option<&'a str>, acceptance: &'a Acceptance<'a>) -> Self {
        Self {
            acceptance,
            in_batch: batch.is_some(),
            writer: SegmentWriter::new(batch, body.len()),
            next: 0,
            accepted: 0,
            rejected: Vec::new(),
            too_many: false,
        }
    }

    /// Notes what became of the next hit.
    fn note(&mut self, judged: Result<(), Refusal>) {
        match judged {
            Ok(()) => self.accepted += 1,
            Err(Refusal { field, error }) => self.rejected.push(Rejection { index: self.next, field, error }),
        }
        self.next += 1;
    }

    /// Whether one more hit may come; else remembers that there were too many.
    fn has_room(&mut self) -> bool {
        self.too_many |= self.next as usize >= limits::BATCH_HITS;
        !self.too_many
    }

    fn document(&mut self, body: &[u8], format: Format) -> Result<(), serde_json::Error> {
        let mut json = serde_json::Deserializer::from_slice(body);
        match format {
            Format::One => HitSeed(self).deserialize(&mut json)?,
            _ => json.deserialize_any(Document(self))?,
        }
        json.end()
    }

    fn document_hit_by_hit(
        &mut self,
        body: &[u8],
        format: Format,
        error: &serde_json::Error,
    ) -> Result<(), BatchError> {
        let not_json = || BatchError::NotJson(error.to_string());
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let hits: Vec<&RawValue> = match (format, first) {
            (Format::Many, Some(b'[')) => serde_json::from_slice(body).map_err(|_| not_json())?,
            (Format::Many, Some(b'{')) => {
                #[derive(Deserialize)]
                struct Wrapped<'a> {
                    #[serde(borrow)]
                    hits: Vec<&'a RawValue>,
                }
                serde_json::from_slice::<Wrapped<'_>>(body).map_err(|_| not_json())?.hits
            }
            _ => return Err(not_json()),
        };
        hits.into_iter().try_for_each(|hit| self.single(hit.get().as_bytes()))
    }

    fn lines(&mut self, body: &[u8]) -> Result<(), BatchError> {
        body.split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .try_for_each(|line| self.single(line))
    }

    /// Reads one hit's own text; what is no JSON refuses this hit only.
    fn single(&mut self, text: &[u8]) -> Result<(), BatchError> {
        if !self.has_room() {
            return Err(BatchError::TooMany);
        }
        let place = self.next;
        let mut json = serde_json::Deserializer::from_slice(text);
        let read = HitSeed(self).deserialize(&mut json).and_then(|()| json.end());
        if let Err(error) = read
            && self.next == place
        {
            self.note(Err(Refusal {
                field: "hit",
                error: format!("is not JSON as expected: {error}").into(),
            }));
        }
        Ok(())
    }

    fn finish(self, bytes: usize) -> Result<Accepted, BatchError> {
        if self.accepted == 0 {
            return Err(match self.rejected.into_iter().next() {
                Some(first) => BatchError::NothingValid(first),
                None => BatchError::Empty,
            });
        }
        let mut by_field: BTreeMap<&str, u32> = BTreeMap::new();
        for rejection in &self.rejected {
            *by_field.entry(rejection.field).or_default() += 1;
        }
        let segment = self.writer.finish(bytes as u64, by_field.into_iter().collect());
        Ok(Accepted { segment, hits: self.accepted, rejected: self.rejected })
    }
}

/// A whole document: an array of hits, or an object that either holds `hits` or is a hit itself.
struct Document<'r, 'a>(&'r mut Reader<'a>);

impl<'de> Visitor<'de> for Document<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an array of hits, an object with `hits`, or a hit")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut hits: A) -> Result<(), A::Error> {
        while self.0.has_room() {
            if hits.next_element_seed(HitSeed(self.0))?.is_none() {
                return Ok(());
            }
        }
        // Full: one more element is one too many.
        match hits.next_element::<serde::de::IgnoredAny>()? {
            None => {
                self.0.too_many = false;
                Ok(())
            }
            Some(_) => Err(serde::de::Error::custom("too many hits")),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        raw::visit_document(self.0, map)
    }
}

/// The value of `hits`.
struct HitsSeed<'r, 'a>(&'r mut Reader<'a>);

impl<'de> DeserializeSeed<'de> for HitsSeed<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        struct Hits<'r, 'a>(&'r mut Reader<'a>);
        impl<'de> Visitor<'de> for Hits<'_, '_> {
            type Value = ();
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("`hits` to be an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, hits: A) -> Result<(), A::Error> {
                Document(self.0).visit_seq(hits)
            }
        }
        deserializer.deserialize_seq(Hits(self.0))
    }
}
