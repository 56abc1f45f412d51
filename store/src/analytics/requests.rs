//! Raw requests: the log, newest first, and one request whole.
//!
//! The rule: ids and cursors are opaque outside; whatever a caller makes of them finds nothing or is refused.

use super::{AnalyticsQuery, cursor};
use crate::access::ClientScope;
use crate::error::Failure;
use crate::events::{EventCursor, EventFilter, EventStore};
use crate::identity;
use std::time::Duration;
use telemetry::error::ApiError;
use telemetry::limits::SEARCH_BYTES;
use telemetry::report::{RequestDetail, Requests};

/// How long a scan may take before the page is handed back as it is, with a cursor to go on from.
const SCAN: Duration = Duration::from_millis(500);

/// Rows of a page at most.
const PAGE: usize = 500;

/// What `GET /api/requests` can ask for.
#[derive(Debug, Clone)]
pub struct RequestsQuery {
    pub analytics: AnalyticsQuery,
    pub trace_id: Option<String>,
    pub consumer: Option<String>,
    /// Inclusive.
    pub min_latency_ms: Option<f64>,
    /// Substring of endpoint, error, trace id, event id or consumer; ASCII case is ignored.
    pub text: Option<String>,
    /// Held between 1 and 500.
    pub limit: usize,
    pub cursor: Option<String>,
}

impl RequestsQuery {
    /// A full page of whatever the analytics would count.
    pub fn of(analytics: AnalyticsQuery) -> Self {
        Self {
            analytics,
            trace_id: None,
            consumer: None,
            min_latency_ms: None,
            text: None,
            limit: PAGE,
            cursor: None,
        }
    }

    /// What the raw events are asked for.
    pub fn filter(&self) -> EventFilter {
        let asked = &self.analytics;
        EventFilter {
            service: asked.service.clone(),
            environment: asked.environment.clone(),
            method: asked.method,
            endpoint: asked.endpoint.clone(),
            status: asked.status,
            // As the trace context writes it.
            trace_id: not_empty(&self.trace_id).map(|id| id.to_ascii_lowercase()),
            consumer: not_empty(&self.consumer),
            min_latency_ms: self.min_latency_ms,
            text: not_empty(&self.text),
        }
    }
}

/// `GET /api/requests`.
pub async fn requests(
    events: &dyn EventStore,
    scope: &ClientScope,
    query: &RequestsQuery,
) -> Result<Requests, Failure> {
    if query.text.as_ref().is_some_and(|text| text.len() > SEARCH_BYTES) {
        return Err(ApiError::invalid("q", format!("q is longer than {SEARCH_BYTES} bytes")).into());
    }
    let filter = query.filter();
    let after = query.cursor.as_deref().map(read_cursor).transpose()?;
    let limit = query.limit.clamp(1, PAGE);
    let mut page = events.page(scope, query.analytics.range, &filter, after.as_ref(), limit, SCAN).await?;
    for row in &mut page.rows {
        row.id = identity::to_public(&row.id);
    }
    let next = page.next.map(|next| cursor::write(&(next.at, next.id))).transpose()?;
    Ok(Requests { requests: page.rows, next })
}

/// `GET /api/requests/{id}`.
pub async fn request(
    events: &dyn EventStore,
    scope: &ClientScope,
    id: &str,
) -> Result<RequestDetail, Failure> {
    let missing = || ApiError::not_found("request");
    let identity = identity::from_public(id).ok_or_else(missing)?;
    let mut detail = events.get(scope, &identity).await?.ok_or_else(missing)?;
    detail.row.id = identity::to_public(&detail.row.id);
    Ok(detail)
}

fn read_cursor(text: &str) -> Result<EventCursor, ApiError> {
    let (at, id): (i64, String) = cursor::read(text)?;
    if identity::parse(&id).is_none() {
        return Err(cursor::invalid());
    }
    Ok(EventCursor { at, id })
}

fn not_empty(text: &Option<String>) -> Option<String> {
    text.clone().filter(|text| !text.is_empty())
}
