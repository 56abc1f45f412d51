//! What a message carries beside its body, and how it is read back.
//!
//! The rule: whoever published it and whatever it carries, a message can be read. What its properties do not tell is
//! looked for in the envelope, and at last made up, the same each time.

use crate::{Burial, Message};
use lapin::BasicProperties;
use lapin::types::{AMQPValue, FieldTable, ShortString};
use telemetry::envelope::{Envelope, MessageId};
use telemetry::report::ClientId;

const CONTENT_TYPE: &str = "application/vnd.sendry.envelope";
const PERSISTENT: u8 = 2;
/// Properties must fit into one frame of the protocol.
const CAUSE_BYTES: usize = 16 << 10;

const CLIENT: &str = "sendry-client";
const ACCEPTED_AT: &str = "sendry-accepted-at";
const CAUSE: &str = "sendry-cause";
const ATTEMPTS: &str = "sendry-attempts";
const FIRST_SEEN: &str = "sendry-first-seen";
const BURIED_AT: &str = "sendry-buried-at";

/// The properties of a message; with a burial, of a dead letter.
pub(super) fn write(message: &Message, burial: Option<&Burial>) -> BasicProperties {
    let mut headers = FieldTable::default();
    let mut number = |name: &str, value: i64| {
        headers.insert(name.into(), AMQPValue::LongLongInt(value));
    };
    number(CLIENT, message.client.0);
    number(ACCEPTED_AT, message.accepted_at);
    if let Some(burial) = burial {
        number(ATTEMPTS, i64::from(burial.attempts));
        number(FIRST_SEEN, burial.first_seen);
        number(BURIED_AT, burial.buried_at);
        let cause = &burial.cause[..burial.cause.floor_char_boundary(CAUSE_BYTES)];
        headers.insert(CAUSE.into(), AMQPValue::LongString(cause.into()));
    }
    BasicProperties::default()
        .with_content_type(CONTENT_TYPE.into())
        .with_delivery_mode(PERSISTENT)
        .with_message_id(message.id.to_string().into())
        .with_headers(headers)
}

/// A message as it came.
pub(super) fn message(properties: &BasicProperties, body: Vec<u8>) -> Message {
    let id = id(properties);
    let client = header(properties, CLIENT).and_then(integer).map(ClientId);
    let accepted_at = header(properties, ACCEPTED_AT).and_then(integer);
    if let (Some(id), Some(client), Some(accepted_at)) = (id, client, accepted_at) {
        return Message { id, client, accepted_at, body };
    }
    let told = Envelope::decode(&body).ok().map(|told| (told.id, told.client, told.accepted_at));
    Message {
        id: id.or(told.map(|told| told.0)).unwrap_or_else(|| digest(&body)),
        client: client.or(told.map(|told| told.1)).unwrap_or(ClientId(0)),
        accepted_at: accepted_at.or(told.map(|told| told.2)).unwrap_or(0),
        body,
    }
}

/// The message id, where it is one of ours.
pub(super) fn id(properties: &BasicProperties) -> Option<MessageId> {
    properties.message_id().as_ref()?.as_str().parse().ok()
}

/// Why a message is among the dead letters: what we wrote, or what the broker did.
pub(super) fn burial(properties: &BasicProperties) -> Burial {
    let number = |name| header(properties, name).and_then(integer);
    let buried_at = buried_at(properties).unwrap_or(0);
    match header(properties, CAUSE).and_then(text) {
        Some(cause) => Burial {
            cause,
            attempts: number(ATTEMPTS).and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or(0),
            first_seen: number(FIRST_SEEN).unwrap_or(0),
            buried_at,
        },
        None => {
            let death = death(properties);
            let told = |name: &str| death.and_then(|death| death.inner().get(name));
            let cause = match (told("reason").and_then(text), told("queue").and_then(text)) {
                (Some(reason), Some(queue)) => format!("the broker dead-lettered it from {queue}: {reason}"),
                _ => "not known: it was not buried by a consumer".to_owned(),
            };
            let attempts = number("x-delivery-count").or_else(|| told("count").and_then(integer));
            let attempts = attempts.and_then(|attempts| u32::try_from(attempts).ok()).unwrap_or(0);
            Burial { cause, attempts, first_seen: buried_at, buried_at }
        }
    }
}

/// When a message became a dead letter, Unix milliseconds, where that is known.
pub(super) fn buried_at(properties: &BasicProperties) -> Option<i64> {
    header(properties, BURIED_AT).and_then(integer).or_else(|| {
        let seconds = death(properties)?.inner().get("time")?.as_timestamp()?;
        i64::try_from(seconds).ok()?.checked_mul(1_000)
    })
}

/// What the broker wrote when it last dead-lettered a message.
fn death(properties: &BasicProperties) -> Option<&FieldTable> {
    header(properties, "x-death")?.as_array()?.as_slice().first()?.as_field_table()
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a AMQPValue> {
    properties.headers().as_ref()?.inner().get(name)
}

fn integer(value: &AMQPValue) -> Option<i64> {
    match *value {
        AMQPValue::ShortShortInt(value) => Some(value.into()),
        AMQPValue::ShortShortUInt(value) => Some(value.into()),
        AMQPValue::ShortInt(value) => Some(value.into()),
        AMQPValue::ShortUInt(value) => Some(value.into()),
        AMQPValue::LongInt(value) => Some(value.into()),
        AMQPValue::LongUInt(value) => Some(value.into()),
        AMQPValue::LongLongInt(value) => Some(value),
        _ => None,
    }
}

fn text(value: &AMQPValue) -> Option<String> {
    match value {
        AMQPValue::LongString(text) => Some(text.to_string()),
        AMQPValue::ShortString(text) => Some(ShortString::to_string(text)),
        _ => None,
    }
}

/// An id for a body that has none: FNV-1a, so that the same body is found again under the same id.
fn digest(body: &[u8]) -> MessageId {
    let fold =
        |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
    MessageId(body.iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, fold))
}
