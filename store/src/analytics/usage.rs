//! Usage by UTC day: what was accepted, what was refused inside accepted calls, and calls that were refused as a whole.

use crate::Stores;
use crate::access::ClientScope;
use crate::error::StoreError;
use std::collections::{BTreeMap, HashMap};
use telemetry::report::UsageDay;
use telemetry::time::{DAY, date};

/// Every day from `from` to `to`, also those without use, ascending. Both are starts of days, Unix seconds; `to` is the
/// last day.
pub async fn usage(
    stores: &Stores,
    scope: &ClientScope,
    from: i64,
    to: i64,
) -> Result<Vec<UsageDay>, StoreError> {
    let used = stores.metrics.usage(scope, from, to + DAY).await?;
    let mut used: HashMap<i64, _> = used.into_iter().map(|usage| (usage.day, usage)).collect();
    let mut refused: HashMap<i64, BTreeMap<String, u64>> = HashMap::new();
    for of_status in stores.accounts.refused_calls(scope, from, to + DAY).await? {
        let calls = refused.entry(of_status.day).or_default();
        calls.insert(of_status.status.to_string(), of_status.calls);
    }
    let days = (from..=to).step_by(DAY as usize).map(|day| {
        let usage = used.remove(&day);
        let (accepted, bytes) = usage.as_ref().map_or((0, 0), |usage| (usage.accepted, usage.bytes));
        UsageDay {
            day: date(day),
            accepted,
            bytes,
            rejected: usage.map(|usage| usage.rejected).unwrap_or_default(),
            refused_calls: refused.remove(&day).unwrap_or_default(),
        }
    });
    Ok(days.collect())
}
