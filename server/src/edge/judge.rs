//! Whether a message of an edge may be counted.

use super::Edge;
use super::caller::Caller;
use axum::body::Bytes;
use jiff::Timestamp;
use queue::Message;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use store::accounts::KeyAtAnyTime;
use telemetry::edge::{self, REVOCATION_DELAY};
use telemetry::envelope::{Envelope, MessageId};
use telemetry::error::{ApiError, ErrorCode};
use telemetry::hit::Hit;
use telemetry::limits::{
    BATCH_HITS, BATCH_ID, CONSUMER_BYTES, ENDPOINT_BYTES, ENVIRONMENT_BYTES, FUTURE_MS, LATENCY_MS,
    SERVICE_BYTES, SIZE_BYTES,
};
use telemetry::report::ClientId;
use telemetry::time::DAY;

/// How old a message may be, in milliseconds: as long as the platform's queues keep one. The inbox remembers batches for
/// longer, so that what is forwarded again counts once.
const OLDEST_MS: i64 = 14 * DAY * 1_000;

/// More fields than a hit has; a batch counts its refused hits by field.
const FIELDS: usize = 64;

/// What is to be done with a message.
pub(super) enum Verdict {
    /// Publish it; it holds so many hits, and came with this key.
    Pass(Message, u64, Arc<KeyAtAnyTime>),
    /// It can never be counted.
    Refuse(Message, ApiError),
    /// It cannot be judged just now.
    Wait,
}

/// A message opened.
struct Opened {
    digest: [u8; 32],
    message: Message,
    hits: u64,
}

impl Edge {
    pub(super) async fn judge(&self, caller: &Caller, sent: Bytes, now: Timestamp) -> Verdict {
        // Inflating and reading may take long: too long for a thread that serves connections.
        let opening = sent.clone();
        let opened = tokio::task::spawn_blocking(move || open(&opening)).await;
        let Opened { digest, message, hits } = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return Verdict::Refuse(of_nobody(&sent, now), error),
            Err(_) => return Verdict::Wait,
        };
        let Ok(key) = self.key(digest).await else { return Verdict::Wait };
        let good_until = |end: Timestamp| end.as_millisecond() + REVOCATION_DELAY * 1_000;
        let age = now.as_millisecond().saturating_sub(message.accepted_at);
        let foreign = |error| Verdict::Refuse(of_nobody(&sent, now), error);
        let Some(key) = key else { return foreign(ApiError::unauthorized("the key is unknown")) };
        if key.key.client != message.client {
            return foreign(ApiError::invalid("client", "the hits are not of the key's client"));
        }
        if !caller.may_speak_of(key.key.client) {
            return foreign(ApiError::forbidden("this edge may not forward hits of this client"));
        }
        let over = |end: Option<Timestamp>| end.is_some_and(|at| message.accepted_at > good_until(at));
        let error = match () {
            () if over(key.revoked_at) => {
                ApiError::unauthorized("the key had been revoked when the hits were accepted")
            }
            // A rotation may have set its end since the edge was told of it: the delay is the same.
            () if over(key.key.expires_at) => {
                ApiError::unauthorized("the key had expired when the hits were accepted")
            }
            // The inbox goes by the time in the id: one that told another could be taken for too old, and never counted.
            () if message.id.time() != Some(message.accepted_at) => {
                ApiError::invalid("message", "the message id does not tell when the hits were accepted")
            }
            () if age < -FUTURE_MS => {
                ApiError::invalid("acceptedAt", "accepted more than 10 minutes in the future")
            }
            () if age > OLDEST_MS => {
                ApiError::invalid("acceptedAt", "accepted more than 14 days ago: it may have been counted")
            }
            () => return Verdict::Pass(message, hits, key),
        };
        Verdict::Refuse(message, error)
    }
}

/// What may not stand for any client is kept as it was sent: as a dead letter that nobody can replay into numbers, and
/// no larger than it came. It names nobody, so its id is made of its bytes: the same each time.
fn of_nobody(sent: &[u8], now: Timestamp) -> Message {
    let digest: [u8; 32] = Sha256::digest(sent).into();
    let id = digest.first_chunk().map_or(MessageId(0), |bytes| MessageId(u128::from_be_bytes(*bytes)));
    Message { id, client: ClientId(0), accepted_at: now.as_millisecond(), body: sent.to_vec() }
}

fn open(sent: &[u8]) -> Result<Opened, ApiError> {
    let invalid = |error: String| ApiError::new(ErrorCode::Invalid, error);
    let opened = edge::decode(sent).map_err(|error| invalid(error.to_string()))?;
    // A message is one call.
    let envelope = Envelope::decode_at_most(&opened.envelope, BATCH_HITS);
    let envelope = envelope.map_err(|error| invalid(error.to_string()))?;
    let batches = &envelope.batches;
    let mut hits = batches.iter().flat_map(|batch| &batch.hits);
    if hits.any(|(_, hit)| !is_plausible(hit, envelope.accepted_at)) {
        return Err(invalid("a hit is not as an edge's judgement leaves it".to_owned()));
    }
    if batches.iter().any(|batch| batch.rejected.len() > FIELDS || batch.id.len() > BATCH_ID.end() + 34) {
        return Err(invalid("a batch is not as an edge's judgement leaves it".to_owned()));
    }
    let hits = batches.iter().map(|batch| batch.hits.len() as u64).sum();
    let (id, client, accepted_at) = (envelope.id, envelope.client, envelope.accepted_at);
    Ok(Opened {
        digest: opened.digest,
        hits,
        message: Message { id, client, accepted_at, body: opened.envelope },
    })
}

/// An edge judges by our own code; what that would never have let through comes from somebody else.
fn is_plausible(hit: &Hit<'_>, accepted_at: i64) -> bool {
    let named = |name: &str, most: usize| !name.is_empty() && name.len() <= most;
    (100..=599).contains(&hit.status)
        && (0.0..=LATENCY_MS).contains(&hit.latency_ms)
        && hit.at <= accepted_at.saturating_add(FUTURE_MS)
        && hit.at > 0
        && named(hit.service, SERVICE_BYTES)
        && named(hit.endpoint, ENDPOINT_BYTES)
        && named(hit.environment, ENVIRONMENT_BYTES)
        && hit.consumer.is_none_or(|consumer| consumer.len() <= CONSUMER_BYTES)
        && [hit.request_size, hit.response_size].into_iter().flatten().all(|size| size <= SIZE_BYTES)
}
