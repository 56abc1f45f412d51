use super::AnalyticsQuery;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::MetricsStore;
use jiff::Timestamp;
use telemetry::error::ApiError;
use telemetry::report::Timeseries;
use telemetry::time::Step;

pub async fn timeseries(
    _metrics: &dyn MetricsStore,
    _scope: &ClientScope,
    _query: &AnalyticsQuery,
    _step: Option<Step>,
    _now: Timestamp,
) -> Result<Timeseries, Failure> {
    Err(ApiError::unavailable("not yet").into())
}
