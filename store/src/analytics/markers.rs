//! The markers that the charts of a range show.

use super::AnalyticsQuery;
use crate::access::ClientScope;
use crate::accounts::AccountStore;
use crate::error::Failure;
use jiff::Timestamp;
use telemetry::report::Markers;
use telemetry::time::{Resolution, cover};

/// More than these nobody can tell apart on a chart.
const MOST: u32 = 200;

/// `GET /api/markers`. Of the query only range and service count.
pub async fn markers(
    accounts: &dyn AccountStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
) -> Result<Markers, Failure> {
    let range = cover(query.range, Resolution::Day, now).range;
    let markers = accounts.markers(scope, range, query.service.as_deref(), MOST).await?;
    Ok(Markers { from: range.from, to: range.to, markers })
}
