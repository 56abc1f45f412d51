//! Raw events: every hit as it was accepted, for as long as its client keeps them.
//!
//! The rule: here an event's id is its identity; what users see instead is made from it in [`crate::identity`], by the
//! reports.

use crate::access::ClientScope;
use crate::error::StoreError;
use async_trait::async_trait;
use telemetry::hit::{Hit, Method};
use telemetry::report::{ClientId, RequestDetail, RequestRow};
use telemetry::time::Range;

/// A hit to be stored, under its identity.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    pub client: ClientId,
    /// The batch id: `b:…`, `e:…` or `m:…`.
    pub batch: &'a str,
    /// Its position in the batch; with client and batch the identity (`telemetry::hit::identity`).
    pub position: u32,
    /// When its client has it no longer, Unix milliseconds. A backend that deletes by itself goes by this; for all, and for
    /// clients that change their mind, there is [`EventStore::prune`].
    pub expire_at: i64,
    /// What was observed.
    pub hit: Hit<'a>,
}

/// Which raw events to list. Absent means any.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub service: Option<String>,
    pub environment: Option<String>,
    pub method: Option<Method>,
    pub endpoint: Option<String>,
    /// Inclusive bounds: a code twice, or 500–599.
    pub status: Option<(u16, u16)>,
    pub trace_id: Option<String>,
    pub consumer: Option<String>,
    /// Inclusive.
    pub min_latency_ms: Option<f64>,
    /// Substring of endpoint, error, trace id, event id or consumer; ASCII case is ignored.
    pub text: Option<String>,
}

impl EventFilter {
    /// Whether a hit is one of those that the filter lists.
    pub fn matches(&self, hit: &Hit<'_>) -> bool {
        let is = |wanted: &Option<String>, text: Option<&str>| wanted.is_none() || wanted.as_deref() == text;
        let holds = |wanted: &str| {
            let wanted = wanted.as_bytes();
            [Some(hit.endpoint), hit.error, hit.trace_id, hit.event_id, hit.consumer]
                .into_iter()
                .flatten()
                .any(|text| {
                    text.as_bytes().windows(wanted.len().max(1)).any(|part| part.eq_ignore_ascii_case(wanted))
                })
        };
        is(&self.service, Some(hit.service))
            && is(&self.environment, Some(hit.environment))
            && is(&self.endpoint, Some(hit.endpoint))
            && is(&self.trace_id, hit.trace_id)
            && is(&self.consumer, hit.consumer)
            && self.method.is_none_or(|method| method == hit.method)
            && self.status.is_none_or(|(low, high)| (low..=high).contains(&hit.status))
            && self.min_latency_ms.is_none_or(|least| hit.latency_ms >= least)
            && self.text.as_deref().is_none_or(holds)
    }
}

/// Where a page of the request log begins: just before this event, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCursor {
    /// Unix milliseconds.
    pub at: i64,
    /// The event's identity.
    pub id: String,
}

/// One page.
#[derive(Debug, Clone)]
pub struct EventPage {
    /// Newest first.
    pub rows: Vec<RequestRow>,
    /// Where to go on; `None` at the end of the range. With a scan cut short by time, `rows` may be empty.
    pub next: Option<EventCursor>,
}

/// What of a hit the rollups count: see [`EventStore::each`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observation<'a> {
    /// The batch that brought it: `b:…`, `e:…` or `m:…`.
    pub batch: &'a str,
    pub service: &'a str,
    pub environment: &'a str,
    pub method: Method,
    pub endpoint: &'a str,
    pub status: u16,
    /// Unix milliseconds.
    pub at: i64,
    pub latency_ms: f64,
    /// Bytes.
    pub request_size: Option<u64>,
    /// Bytes.
    pub response_size: Option<u64>,
    /// Who called.
    pub consumer: Option<&'a str>,
}

impl<'a> Observation<'a> {
    pub fn new(batch: &'a str, hit: &Hit<'a>) -> Self {
        Self {
            batch,
            service: hit.service,
            environment: hit.environment,
            method: hit.method,
            endpoint: hit.endpoint,
            status: hit.status,
            at: hit.at,
            latency_ms: hit.latency_ms,
            request_size: hit.request_size,
            response_size: hit.response_size,
            consumer: hit.consumer,
        }
    }
}

/// Raw events. Every backend passes `tests/it/contract/events.rs`.
#[async_trait]
pub trait EventStore: Send + Sync {
    /// Stores events durably. One whose identity is stored already is left as it is: the first content wins. When
    /// the call returns an error, any part of them may have been stored; repeating the call is safe.
    async fn insert(&self, events: &[Event<'_>]) -> Result<(), StoreError>;

    /// A page of events of a range, newest first; events of one millisecond come in an order of their own that stays
    /// the same. Rows carry identities as ids. Stops after about `budget` of scanning, but never without having got on.
    /// `limit` is at least 1.
    async fn page(
        &self,
        scope: &ClientScope,
        range: Range,
        filter: &EventFilter,
        after: Option<&EventCursor>,
        limit: usize,
        budget: std::time::Duration,
    ) -> Result<EventPage, StoreError>;

    /// One event by its identity; `None` also for a text that is no identity.
    async fn get(&self, scope: &ClientScope, id: &str) -> Result<Option<RequestDetail>, StoreError>;

    /// The number of events of a client.
    async fn count(&self, scope: &ClientScope) -> Result<u64, StoreError>;

    /// Hands every event of a range to `each`, in any order, few of them in memory at a time: what rollups must equal.
    async fn each(
        &self,
        scope: &ClientScope,
        range: Range,
        each: &mut (dyn for<'e> FnMut(Observation<'e>) + Send),
    ) -> Result<(), StoreError>;

    /// Deletes up to `limit` events of `client` older than `before` (Unix milliseconds); the number deleted.
    async fn prune(&self, client: ClientId, before: i64, limit: u32) -> Result<u64, StoreError>;

    /// Answers when the store does.
    async fn ping(&self) -> Result<(), StoreError>;
}

/// The milliseconds of a range: `from` inclusive, `to` exclusive, both rounded up, since events are at whole ones.
pub(crate) fn milliseconds(range: Range) -> (i64, i64) {
    let rounded_up = |time: jiff::Timestamp| {
        let nanoseconds = time.as_nanosecond();
        let up = nanoseconds.div_euclid(1_000_000) + i128::from(nanoseconds.rem_euclid(1_000_000) > 0);
        i64::try_from(up).unwrap_or(i64::MAX)
    };
    (rounded_up(range.from), rounded_up(range.to))
}
