//! What an operator is shown: the flow of hits through this installation, and the messages that fell out of it.
//!
//! The rule: a part that does not answer is told as that, with `null` for what it would have said; never as zero.

use super::edges::EdgeInfo;
use super::{ClientId, RequestRow};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// `GET /api/ops/pipeline`: the whole flow, part by part.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Pipeline {
    /// When it was looked at.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub at: Timestamp,
    /// The version of the server that answers.
    pub version: String,
    /// When the server that answers was started.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    pub flow: Flow,
    pub ingest: IngestReport,
    pub queue: QueueReport,
    /// Those in this server first.
    pub consumers: Vec<ConsumerReport>,
    pub stores: Vec<StoreReport>,
    /// Edges that forward hits, revoked ones excluded; `null` where the store does not tell.
    pub edges: Option<Vec<EdgeInfo>>,
}

/// Whether hits come through.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Flow {
    /// Since when hits are refused because the queue does not take them; `null` while they are taken.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub refusing_since: Option<Timestamp>,
    /// How far the numbers lag behind what was accepted, in milliseconds, where that is long enough to be told.
    pub behind_ms: Option<u64>,
    /// Whether hits are waiting and no consumer takes them.
    pub standing_still: bool,
}

impl Flow {
    /// Whether nothing is wrong.
    pub fn is_well(&self) -> bool {
        self == &Self::default()
    }
}

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BreakerState {
    /// Lets them through.
    Closed,
    /// Refuses them at once.
    Open,
    /// Lets a few through, to see whether they succeed.
    HalfOpen,
}

impl BreakerState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

/// How the answering server takes hits. Each server counts for itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct IngestReport {
    /// Hits answered with 202 since the start.
    pub accepted: u64,
    /// Hits per second, over the last minute.
    pub accepted_per_second: f64,
    /// Hits in each second of the last minute, oldest first.
    pub accepted_by_second: Vec<u64>,
    /// Calls refused since the start, by HTTP status.
    pub refused: BTreeMap<String, u64>,
    /// Calls refused in the last minute.
    pub refused_last_minute: u64,
    /// Envelopes that the queue has confirmed since the start.
    pub envelopes: u64,
    /// Bytes of hits that wait for the queue's confirmation.
    pub waiting_bytes: u64,
    /// As many may wait at once; beyond that hits are refused.
    pub max_waiting_bytes: u64,
    /// How long the queue took to confirm, in milliseconds, over the last minute; `null` where it confirmed nothing.
    pub confirm_ms: Confirm,
    pub breaker: BreakerState,
    /// Since when the breaker has not been closed.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub breaker_since: Option<Timestamp>,
}

/// Percentiles by nearest rank, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Confirm {
    pub p50: Option<f64>,
    pub p99: Option<f64>,
}

/// The queue.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct QueueReport {
    /// `sqlite`, `rabbitmq`.
    pub engine: String,
    /// Whether it can take messages.
    pub answers: bool,
    /// How long that took to find out, in milliseconds; `null` where it does not answer.
    pub ping_ms: Option<f64>,
    /// Messages that no consumer holds.
    pub waiting: Option<u64>,
    /// Messages that consumers hold, where the queue can tell.
    pub leased: Option<u64>,
    /// When the oldest message not yet counted was accepted, where the queue can tell.
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>, format = DateTime))]
    pub oldest: Option<Timestamp>,
    pub dead_letters: Option<u64>,
}

/// A process that counts hits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerReport {
    /// Names the process.
    pub id: String,
    /// Where it runs.
    pub host: String,
    /// Whether it is the answering server itself.
    pub inline: bool,
    pub version: String,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub started_at: Timestamp,
    /// When it last said that it lives.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub last_seen: Timestamp,
    /// Whether it has said so lately.
    pub alive: bool,
    /// Hits counted since its start.
    pub hits: u64,
    /// From acceptance to being counted, of its newest message, in milliseconds, where it has told.
    pub lag_ms: Option<u64>,
    /// The breaker before the stores, where it has told.
    pub breaker: Option<BreakerState>,
}

/// A store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StoreReport {
    /// `events`, `metrics`, `accounts`.
    pub name: String,
    /// `sqlite`, `mongodb`, `postgresql`.
    pub engine: String,
    pub answers: bool,
    /// How long its answer took, in milliseconds; `null` where it does not answer.
    pub ping_ms: Option<f64>,
}

/// `GET /api/ops/dead-letters`: messages that could not be processed, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeadLetters {
    pub dead_letters: Vec<DeadLetterRow>,
    /// All there are.
    pub total: u64,
    /// So many stand before these.
    pub skip: u64,
}

/// A message that could not be processed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterRow {
    /// The message id, 32 hexadecimal digits.
    pub id: String,
    pub client: ClientId,
    /// Why it was given up.
    pub cause: String,
    /// How often it was tried.
    pub attempts: u32,
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub accepted_at: Timestamp,
    /// When a consumer first saw it.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub first_seen: Timestamp,
    /// When it was given up.
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = DateTime))]
    pub buried_at: Timestamp,
    /// The size of its body.
    pub bytes: u64,
    /// The hits in it; `null` where it cannot be decoded.
    pub hits: Option<u64>,
}

/// `GET /api/ops/dead-letters/{messageId}`: one of them, opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeadLetterDetail {
    #[serde(flatten)]
    pub row: DeadLetterRow,
    pub batches: Vec<DeadBatch>,
    /// The first of its hits, at most [`SHOWN_HITS`]. Sensitive values were masked when they were accepted.
    pub shown: Vec<RequestRow>,
    /// Where it cannot be decoded: its beginning, as a dump of bytes and characters.
    pub dump: Option<String>,
}

/// Hits that a [`DeadLetterDetail`] shows, at most.
pub const SHOWN_HITS: usize = 100;

/// Batches that a [`DeadLetterDetail`] names, at most.
pub const SHOWN_BATCHES: usize = 100;

/// Hits that share a batch id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct DeadBatch {
    /// `b:` + the sender's batch id, `e:` + a hit's own id, or `m:` + the message id.
    pub id: String,
    pub hits: u64,
}

/// `POST /api/ops/dead-letters/replay`: what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Replayed {
    /// Messages put back into the queue. What was counted before is not counted again.
    pub replayed: u64,
}
