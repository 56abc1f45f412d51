//! What travels in the queue: the hits of one client under a message id.
//!
//! An envelope is a header followed by segments; a segment is what one ingest call accepted. So a call encodes its
//! hits once, and gathering calls is appending bytes. Batches are concatenated and never split.
//!
//! Layout, version 1: the bytes `S`, `n`, 1; then the header; then batch records to the end. A record is a tag
//! (id-less, `b:`, `e:`), its id, what the usage counters need, and its hits, each behind its position. Everything
//! after the version is postcard (varints, length-prefixed text).

use crate::hit::Hit;
use crate::report::ClientId;
use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::HashSet;

const MAGIC: [u8; 3] = [b'S', b'n', 1];

/// The id of a queue message: a UUID's 128 bits, written as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(pub u128);

impl MessageId {
    /// A UUID of version 7: `at` (Unix milliseconds, now) and 74 of the random bits. The inbox tells by the time whether it
    /// still remembers the message.
    pub fn new(at: i64, random: [u8; 10]) -> Self {
        let mut bytes = [0; 16];
        bytes[..6].copy_from_slice(&at.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&random);
        bytes[6] = 0x70 | bytes[6] & 0x0f;
        bytes[8] = 0x80 | bytes[8] & 0x3f;
        Self(u128::from_be_bytes(bytes))
    }

    /// The time in it, Unix milliseconds; `None` where it is no UUID of version 7.
    pub fn time(self) -> Option<i64> {
        let [version, variant] = [self.0 >> 76 & 0xf, self.0 >> 62 & 0b11];
        (version == 7 && variant == 0b10).then_some((self.0 >> 80) as i64)
    }
}

impl std::fmt::Display for MessageId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl std::str::FromStr for MessageId {
    type Err = std::num::ParseIntError;
    fn from_str(s: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(s, 16).map(Self)
    }
}

/// Why bytes are not an envelope. None of these gets better by waiting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("not an envelope: it does not begin with the envelope's mark")]
    NotAnEnvelope,
    #[error("an envelope of version {0}, which this build does not know")]
    UnknownVersion(u8),
    #[error("an envelope of more than {0} hits")]
    TooMany(usize),
    #[error("a damaged envelope: {0}")]
    Damaged(#[from] postcard::Error),
}

#[derive(Serialize, Deserialize)]
struct Header {
    message: u128,
    client: ClientId,
    accepted_at: i64,
}

#[derive(Serialize, Deserialize)]
enum Tag<'a> {
    Idless,
    Batch(&'a str),
    Event(&'a str),
}

#[derive(Serialize, Deserialize)]
struct RecordHeader<'a> {
    #[serde(borrow)]
    tag: Tag<'a>,
    bytes: u64,
    rejected: Vec<(&'a str, u32)>,
    hits: u32,
}

/// An envelope read back; text is borrowed from the bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Envelope<'a> {
    pub id: MessageId,
    pub client: ClientId,
    /// When it was accepted, Unix milliseconds.
    pub accepted_at: i64,
    /// Each id once: where the bytes repeat one, the first stands.
    pub batches: Vec<Batch<'a>>,
}

/// The hits that share a batch id.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<'a> {
    /// `b:` + the client's batch id, `e:` + a hit's own event id, or `m:` + the message id.
    pub id: Cow<'a, str>,
    /// Bytes of the call's body.
    pub bytes: u64,
    /// Hits refused in the same call: field at fault and number.
    pub rejected: Vec<(&'a str, u32)>,
    /// Hits with their positions in the batch as the client sent it.
    pub hits: Vec<(u32, Hit<'a>)>,
}

impl<'a> Envelope<'a> {
    /// Reads an envelope. Never panics, whatever the bytes are.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, EnvelopeError> {
        Self::decode_at_most(bytes, usize::MAX)
    }

    /// As [`Self::decode`]; an envelope of more records or more hits than `most` is given up before it takes memory.
    pub fn decode_at_most(bytes: &'a [u8], most: usize) -> Result<Self, EnvelopeError> {
        let (mut records_left, mut hits_left) = (most, most);
        let (mark, rest) = bytes.split_at_checked(MAGIC.len()).ok_or(EnvelopeError::NotAnEnvelope)?;
        if mark[..2] != MAGIC[..2] {
            return Err(EnvelopeError::NotAnEnvelope);
        }
        if mark[2] != MAGIC[2] {
            return Err(EnvelopeError::UnknownVersion(mark[2]));
        }
        let (header, mut rest): (Header, _) = postcard::take_from_bytes(rest)?;
        let id = MessageId(header.message);
        let mut batches: Vec<Batch<'a>> = Vec::new();
        let mut idless: Option<Batch<'a>> = None;
        let mut seen: HashSet<(bool, &'a str)> = HashSet::new();
        while !rest.is_empty() {
            let (record, after): (RecordHeader<'a>, _) = postcard::take_from_bytes(rest)?;
            rest = after;
            records_left = records_left.checked_sub(1).ok_or(EnvelopeError::TooMany(most))?;
            hits_left = hits_left.checked_sub(record.hits as usize).ok_or(EnvelopeError::TooMany(most))?;
            // A hit has more than ten bytes, so the bytes left bound what a damaged count may reserve.
            let mut hits = Vec::with_capacity((record.hits as usize).min(rest.len() / 10));
            for _ in 0..record.hits {
                let ((position, hit), after): ((u32, Hit<'a>), _) = postcard::take_from_bytes(rest)?;
                hits.push((position, hit));
                rest = after;
            }
            let id = match record.tag {
                Tag::Idless => {
                    let batch = idless.get_or_insert_with(|| Batch {
                        id: Cow::Owned(format!("m:{id}")),
                        bytes: 0,
                        rejected: Vec::new(),
                        hits: Vec::new(),
                    });
                    batch.bytes = batch.bytes.saturating_add(record.bytes);
                    batch.rejected.extend(record.rejected);
                    let first = batch.hits.len() as u32;
                    batch.hits.extend(hits.into_iter().zip(first..).map(|((_, hit), place)| (place, hit)));
                    continue;
                }
                Tag::Batch(id) if seen.insert((false, id)) => Cow::Owned(format!("b:{id}")),
                Tag::Event(id) if seen.insert((true, id)) => Cow::Owned(format!("e:{id}")),
                Tag::Batch(_) | Tag::Event(_) => continue,
            };
            batches.push(Batch { id, bytes: record.bytes, rejected: record.rejected, hits });
        }
        batches.extend(idless);
        Ok(Self { id, client: header.client, accepted_at: header.accepted_at, batches })
    }
}

/// Begins the bytes of an envelope; what follows is [`Segment`]s.
pub fn begin(id: MessageId, client: ClientId, accepted_at: i64, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&MAGIC);
    append(&Header { message: id.0, client, accepted_at }, bytes);
}

/// What one ingest call accepted, encoded: whole batch records, ready to be appended to an envelope.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Segment(Vec<u8>);

impl Segment {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// Which batch a hit of a call goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place<'a> {
    /// The call carries a batch id: this place in the batch as it was sent.
    InBatch(u32),
    /// No batch id, but the hit has an id of its own.
    Event(&'a str),
    /// Neither.
    Idless,
}

/// Encodes the accepted hits of one call.
pub struct SegmentWriter<'a> {
    batch: Option<&'a str>,
    /// Hits of the batch, or the id-less ones.
    main: Vec<u8>,
    main_hits: u32,
    /// Whole records of hits that have an id of their own, the first one apart: it may carry the call's counters.
    events: Vec<u8>,
    first_event: Option<(String, Vec<u8>)>,
}

impl<'a> SegmentWriter<'a> {
    /// `batch` is the call's batch id, if it has one; `expected` the number of bytes to make room for.
    pub fn new(batch: Option<&'a str>, expected: usize) -> Self {
        Self {
            batch,
            main: Vec::with_capacity(expected),
            main_hits: 0,
            events: Vec::new(),
            first_event: None,
        }
    }

    /// Adds a hit. Where the call has a batch id, `place` must be a place in that batch.
    pub fn push(&mut self, place: Place<'_>, hit: &Hit<'_>) {
        match place {
            Place::Event(id) if self.first_event.is_none() => {
                let mut bytes = Vec::new();
                append(&(0u32, hit), &mut bytes);
                self.first_event = Some((id.to_owned(), bytes));
            }
            Place::Event(id) => {
                append(
                    &RecordHeader { tag: Tag::Event(id), bytes: 0, rejected: Vec::new(), hits: 1 },
                    &mut self.events,
                );
                append(&(0u32, hit), &mut self.events);
            }
            Place::InBatch(position) => {
                append(&(position, hit), &mut self.main);
                self.main_hits += 1;
            }
            Place::Idless => {
                append(&(0u32, hit), &mut self.main);
                self.main_hits += 1;
            }
        }
    }

    /// Ends the call: `bytes` is the size of its body, `rejected` counts its refused hits by field. Both are booked
    /// on the call's first batch, so that a retry of the same call cannot book them twice.
    pub fn finish(self, bytes: u64, rejected: Vec<(&str, u32)>) -> Segment {
        let mut segment = Vec::with_capacity(self.main.len() + self.events.len() + 160);
        let mut counters = Some((bytes, rejected));
        if self.main_hits > 0 {
            let (bytes, rejected) = counters.take().unwrap_or_default();
            let tag = self.batch.map_or(Tag::Idless, Tag::Batch);
            append(&RecordHeader { tag, bytes, rejected, hits: self.main_hits }, &mut segment);
            segment.extend_from_slice(&self.main);
        }
        if let Some((id, hit)) = self.first_event {
            let (bytes, rejected) = counters.take().unwrap_or_default();
            append(&RecordHeader { tag: Tag::Event(&id), bytes, rejected, hits: 1 }, &mut segment);
            segment.extend_from_slice(&hit);
        }
        segment.extend_from_slice(&self.events);
        Segment(segment)
    }
}

/// Appends a value's encoding. Serialising these types to memory cannot fail: all lengths are known.
fn append<T: Serialize>(value: &T, bytes: &mut Vec<u8>) {
    struct Tail<'a>(&'a mut Vec<u8>);
    impl Flavor for Tail<'_> {
        type Output = ();
        fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
            self.0.push(byte);
            Ok(())
        }
        fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
            self.0.extend_from_slice(bytes);
            Ok(())
        }
        fn finalize(self) -> postcard::Result<()> {
            Ok(())
        }
    }
    let written = postcard::serialize_with_flavor(value, Tail(bytes));
    debug_assert!(written.is_ok(), "encoding to memory failed: {written:?}");
}
