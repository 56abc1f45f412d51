use super::AnalyticsQuery;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::events::EventStore;
use telemetry::error::ApiError;
use telemetry::report::{RequestDetail, Requests};

#[derive(Debug, Clone)]
pub struct RequestsQuery {
    pub analytics: AnalyticsQuery,
    pub trace_id: Option<String>,
    pub text: Option<String>,
    pub limit: usize,
    pub cursor: Option<String>,
}

pub async fn requests(
    _events: &dyn EventStore,
    _scope: &ClientScope,
    _query: &RequestsQuery,
) -> Result<Requests, Failure> {
    Err(ApiError::unavailable("not yet").into())
}

pub async fn request(
    _events: &dyn EventStore,
    _scope: &ClientScope,
    _id: &str,
) -> Result<RequestDetail, Failure> {
    Err(ApiError::unavailable("not yet").into())
}
