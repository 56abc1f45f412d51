//! What an edge and the core say to each other, in one place for both sides.
//!
//! An edge judges hits as the core does ([`crate::batch`]) and wraps what it accepts as a whole envelope, with the message
//! id it will keep: so however often it is forwarded, and by whichever way, it counts once. What travels is a
//! *message*: the digest of the key it was accepted with, and that envelope, compressed. Messages are concatenated into
//! one call ([`pack`]); the core answers with one [`Outcome`] each, in order.
//!
//! An edge proves who it is by a [`Claims`] token that it signs with its [`EdgeSecret`]; the core holds the public key.

use crate::error::ApiError;
use crate::report::ClientId;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// How long an edge believes what the core says of a key, in seconds.
pub const KEY_LIFETIME: i64 = 60;
/// How long an edge believes that a key is unknown, in seconds.
pub const UNKNOWN_KEY_LIFETIME: i64 = 10;
/// How long beyond [`KEY_LIFETIME`] an edge believes it while the core does not answer, in seconds, at most.
pub const STALE_GRACE: i64 = 3_600;
/// How long the core itself believes its store, in seconds.
pub const CORE_LIFETIME: i64 = 10;
/// The longest that an edge may have taken hits with a key after it was revoked, in seconds: hits accepted until then
/// stand. While the core answers it is [`KEY_LIFETIME`] + [`CORE_LIFETIME`].
pub const REVOCATION_DELAY: i64 = KEY_LIFETIME + CORE_LIFETIME + STALE_GRACE + CLOCKS;

/// What the clocks of edge and core may be apart, and what a body may take to arrive behind its key; seconds.
const CLOCKS: i64 = 60;

/// How long a token may be good for, in seconds.
pub const TOKEN_LIFETIME: i64 = 60;
/// Whom tokens are for.
pub const AUDIENCE: &str = "sendry-core";

/// Messages in one call, at most.
pub const CALL_MESSAGES: usize = 100;
/// Bytes of one call's body, at most.
pub const CALL_BYTES: usize = 16 << 20;
/// Bytes of an envelope, at most: masking may lengthen what an inflated body held, never double it.
pub const ENVELOPE_BYTES: usize = 2 * crate::limits::INFLATED_BYTES;

const MAGIC: [u8; 3] = [b'S', b'e', 1];
const DIGEST: usize = 32;
/// Deflate's quickest level: hits repeat themselves so much that more effort gains little.
const LEVEL: u8 = 1;

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// The edge's id.
    pub iss: String,
    /// [`AUDIENCE`].
    pub aud: String,
    /// When it was signed, Unix seconds.
    pub iat: i64,
    /// When it ends, Unix seconds; at most [`TOKEN_LIFETIME`] after `iat`.
    pub exp: i64,
}

/// `GET /edge/keys/{digest}`: what judging hits of a key needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct EdgeKey {
    pub client: ClientId,
    /// The environment of hits that name none.
    pub environment: String,
    /// How long raw hits are kept; older ones are refused.
    pub raw_retention_days: u32,
    /// Whether captured bodies are kept; a core that says nothing keeps them.
    #[serde(default = "kept")]
    pub capture_bodies: bool,
    /// Fields that are masked beside the well-known ones.
    pub masked_fields: Vec<String>,
    /// From when on the key is refused, Unix milliseconds; `null`: never.
    #[serde(default)]
    pub expires_at: Option<i64>,
    /// The only web origins whose pages may use the key; empty: no restriction.
    #[serde(default)]
    pub origins: Vec<String>,
    /// The only services whose hits the key may send; empty: all.
    #[serde(default)]
    pub services: Vec<String>,
}

const fn kept() -> bool {
    true
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// It is durable in the core's queue.
    Accepted,
    /// It never will be. Unless its sender is told, it lies among the dead letters.
    Refused { error: ApiError },
    /// Not now; send it again later.
    Retry,
}

/// `POST /edge/batches`: one outcome for each message, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Outcomes {
    pub outcomes: Vec<Outcome>,
}

/// Why bytes are not what an edge sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EdgeError {
    #[error("not a message of an edge")]
    NotAMessage,
    #[error("a message of version {0}, which this build does not know")]
    UnknownVersion(u8),
    #[error("the message is damaged: its envelope cannot be inflated")]
    Damaged,
    #[error("the envelope is larger than {ENVELOPE_BYTES} bytes")]
    TooLarge,
    #[error("the messages of the call are cut, or more than {CALL_MESSAGES}")]
    Cut,
}

/// A message read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeMessage {
    /// SHA-256 of the key that the hits were accepted with.
    pub digest: [u8; DIGEST],
    /// See [`crate::envelope`].
    pub envelope: Vec<u8>,
}

/// Encodes a message.
pub fn encode(digest: &[u8; DIGEST], envelope: &[u8]) -> Vec<u8> {
    let compressed = miniz_oxide::deflate::compress_to_vec(envelope, LEVEL);
    let mut message = Vec::with_capacity(MAGIC.len() + DIGEST + compressed.len());
    message.extend_from_slice(&MAGIC);
    message.extend_from_slice(digest);
    message.extend_from_slice(&compressed);
    message
}

/// Reads a message. Never panics, and never inflates more than [`ENVELOPE_BYTES`], whatever the bytes are.
pub fn decode(message: &[u8]) -> Result<EdgeMessage, EdgeError> {
    use miniz_oxide::inflate::{TINFLStatus, decompress_to_vec_with_limit};
    let (mark, rest) = message.split_at_checked(MAGIC.len()).ok_or(EdgeError::NotAMessage)?;
    if mark[..2] != MAGIC[..2] {
        return Err(EdgeError::NotAMessage);
    }
    if mark[2] != MAGIC[2] {
        return Err(EdgeError::UnknownVersion(mark[2]));
    }
    let (digest, compressed) = rest.split_first_chunk().ok_or(EdgeError::NotAMessage)?;
    let envelope =
        decompress_to_vec_with_limit(compressed, ENVELOPE_BYTES).map_err(|error| match error.status {
            TINFLStatus::HasMoreOutput => EdgeError::TooLarge,
            _ => EdgeError::Damaged,
        })?;
    Ok(EdgeMessage { digest: *digest, envelope })
}

/// Concatenates messages into the body of one call, each behind its length: four bytes, big-endian.
pub fn pack<'a>(messages: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut body = Vec::new();
    for message in messages {
        // Messages are far below 4 GiB: the platform's queue and ENVELOPE_BYTES see to that.
        body.extend_from_slice(&(message.len() as u32).to_be_bytes());
        body.extend_from_slice(message);
    }
    body
}

/// The messages of a call.
pub fn unpack(mut body: &[u8]) -> Result<Vec<&[u8]>, EdgeError> {
    let mut messages = Vec::new();
    while !body.is_empty() {
        let (length, rest) = body.split_first_chunk().ok_or(EdgeError::Cut)?;
        let (message, rest) =
            rest.split_at_checked(u32::from_be_bytes(*length) as usize).ok_or(EdgeError::Cut)?;
        messages.push(message);
        if messages.len() > CALL_MESSAGES {
            return Err(EdgeError::Cut);
        }
        body = rest;
    }
    Ok(messages)
}

/// What an edge signs with: `sne_<id>_<64 hexadecimal digits>`, its id and the seed of an Ed25519 key. It is shown once
/// by the core, and appears in no `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct EdgeSecret {
    /// The edge's id.
    pub edge: i64,
    pub seed: [u8; 32],
}

impl EdgeSecret {
    /// As it is given to the Worker.
    pub fn reveal(&self) -> String {
        format!("sne_{}_{}", self.edge, Hex(self.seed))
    }
}

impl FromStr for EdgeSecret {
    type Err = HexError;
    fn from_str(text: &str) -> Result<Self, HexError> {
        let (edge, seed) =
            text.trim().strip_prefix("sne_").and_then(|rest| rest.split_once('_')).ok_or(HexError)?;
        let edge = edge.parse().map_err(|_| HexError)?;
        Ok(Self { edge, seed: seed.parse::<Hex>()?.0 })
    }
}

impl fmt::Debug for EdgeSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EdgeSecret({}, …)", self.edge)
    }
}

/// 32 bytes, written as 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hex(pub [u8; 32]);

/// A text that is not what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not of the expected form")]
pub struct HexError;

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Hex {
    type Err = HexError;
    fn from_str(text: &str) -> Result<Self, HexError> {
        let digits = text.as_bytes();
        let value = |digit: u8| match digit {
            b'0'..=b'9' => Ok(digit - b'0'),
            b'a'..=b'f' => Ok(digit - b'a' + 10),
            _ => Err(HexError),
        };
        let mut bytes = [0; 32];
        if digits.len() != 2 * bytes.len() {
            return Err(HexError);
        }
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = value(pair[0])? << 4 | value(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_message_comes_back_and_is_smaller() {
        let envelope = b"GET /orders/:id 200 ".repeat(500);
        let message = encode(&[7; 32], &envelope);
        assert!(message.len() < envelope.len() / 10, "{}", message.len());
        assert_eq!(decode(&message), Ok(EdgeMessage { digest: [7; 32], envelope }));
    }

    #[test]
    fn what_inflates_too_far_is_refused_at_the_limit() {
        let bomb = encode(&[0; 32], &vec![0; ENVELOPE_BYTES + 1]);
        assert!(bomb.len() < 1 << 20);
        assert_eq!(decode(&bomb), Err(EdgeError::TooLarge));
        assert!(decode(&encode(&[0; 32], &vec![0; ENVELOPE_BYTES])).is_ok());
    }

    #[test]
    fn junk_is_told_from_a_message() {
        let message = encode(&[1; 32], b"an envelope that is long enough to be cut somewhere");
        let mut newer = message.clone();
        newer[2] = 2;
        for (bytes, error) in [
            (&b""[..], EdgeError::NotAMessage),
            (b"Se\x01short", EdgeError::NotAMessage),
            (b"something else altogether, of some length", EdgeError::NotAMessage),
            (&newer, EdgeError::UnknownVersion(2)),
            (&message[..message.len() - 4], EdgeError::Damaged),
        ] {
            assert_eq!(decode(bytes), Err(error));
        }
    }

    #[test]
    fn messages_of_a_call_come_back_in_order() {
        let messages: [&[u8]; 3] = [b"one", b"", b"three"];
        let body = pack(messages);
        assert_eq!(unpack(&body), Ok(messages.to_vec()));
        assert_eq!(unpack(&[]), Ok(Vec::new()));
        assert_eq!(unpack(&body[..body.len() - 1]), Err(EdgeError::Cut));
        assert_eq!(unpack(&[0, 0]), Err(EdgeError::Cut));
        assert_eq!(unpack(&[255; 4]), Err(EdgeError::Cut));
        let many = pack(std::iter::repeat_n(&b"x"[..], CALL_MESSAGES + 1));
        assert_eq!(unpack(&many), Err(EdgeError::Cut));
    }

    #[test]
    fn a_secret_is_one_text_and_keeps_to_itself() {
        let secret = EdgeSecret { edge: 12, seed: [0xab; 32] };
        let text = secret.reveal();
        assert_eq!(text, format!("sne_12_{}", "ab".repeat(32)));
        assert_eq!(text.parse(), Ok(secret.clone()));
        assert_eq!(format!("{secret:?}"), "EdgeSecret(12, …)");
        for wrong in ["", "sne_12", "sne_x_ab", "sne_12_abcd", &text[..text.len() - 1], &text.to_uppercase()]
        {
            assert_eq!(wrong.parse::<EdgeSecret>(), Err(HexError), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = decode(&bytes);
            let _ = unpack(&bytes);
            let mut marked = MAGIC.to_vec();
            marked.extend(bytes);
            let _ = decode(&marked);
        }

        #[test]
        fn hex_comes_back(bytes: [u8; 32]) {
            prop_assert_eq!(Hex(bytes).to_string().parse::<Hex>().map(|hex| hex.0), Ok(bytes));
        }
    }
}
