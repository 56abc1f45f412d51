use super::AnalyticsQuery;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::MetricsStore;
use jiff::Timestamp;
use telemetry::error::ApiError;
use telemetry::report::Services;

pub async fn services(
    _metrics: &dyn MetricsStore,
    _scope: &ClientScope,
    _query: &AnalyticsQuery,
    _now: Timestamp,
) -> Result<Services, Failure> {
    Err(ApiError::unavailable("not yet").into())
}
