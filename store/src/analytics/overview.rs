use super::AnalyticsQuery;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::MetricsStore;
use jiff::Timestamp;
use telemetry::error::ApiError;
use telemetry::report::Overview;

pub async fn overview(
    _metrics: &dyn MetricsStore,
    _scope: &ClientScope,
    _query: &AnalyticsQuery,
    _now: Timestamp,
) -> Result<Overview, Failure> {
    Err(ApiError::unavailable("not yet").into())
}
