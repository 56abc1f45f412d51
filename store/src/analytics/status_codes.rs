use super::AnalyticsQuery;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::MetricsStore;
use jiff::Timestamp;
use telemetry::error::ApiError;
use telemetry::report::StatusCodes;

pub async fn status_codes(
    _metrics: &dyn MetricsStore,
    _scope: &ClientScope,
    _query: &AnalyticsQuery,
    _now: Timestamp,
) -> Result<StatusCodes, Failure> {
    Err(ApiError::unavailable("not yet").into())
}
