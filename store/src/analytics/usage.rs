//! Usage by UTC day: what was accepted, and what was refused inside accepted calls.

use crate::access::ClientScope;
use crate::error::StoreError;
use crate::metrics::{MetricsStore, Usage};
use std::collections::HashMap;
use telemetry::report::UsageDay;
use telemetry::time::{DAY, date};

/// Every day from `from` to `to`, also those without use, ascending. Both are starts of days, Unix seconds; `to` is the
/// last day.
pub async fn usage(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    from: i64,
    to: i64,
) -> Result<Vec<UsageDay>, StoreError> {
    let used = metrics.usage(scope, from, to + DAY).await?;
    let mut used: HashMap<i64, Usage> = used.into_iter().map(|usage| (usage.day, usage)).collect();
    let days = (from..=to).step_by(DAY as usize).map(|day| match used.remove(&day) {
        Some(usage) => UsageDay {
            day: date(day),
            accepted: usage.accepted,
            bytes: usage.bytes,
            rejected: usage.rejected,
        },
        None => UsageDay { day: date(day), accepted: 0, bytes: 0, rejected: Default::default() },
    });
    Ok(days.collect())
}
