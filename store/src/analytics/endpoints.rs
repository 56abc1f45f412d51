use super::AnalyticsQuery;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::MetricsStore;
use jiff::Timestamp;
use telemetry::error::ApiError;
use telemetry::report::{EndpointSort, Endpoints};

pub async fn endpoints(
    _metrics: &dyn MetricsStore,
    _scope: &ClientScope,
    _query: &AnalyticsQuery,
    _sort: EndpointSort,
    _limit: usize,
    _cursor: Option<&str>,
    _now: Timestamp,
) -> Result<Endpoints, Failure> {
    Err(ApiError::unavailable("not yet").into())
}
