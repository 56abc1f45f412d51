//! The numbers of a range beside those of the range before.

use super::AnalyticsQuery;
use super::tally::Tally;
use crate::access::ClientScope;
use crate::error::Failure;
use crate::metrics::{MetricsStore, SeriesKind};
use jiff::Timestamp;
use std::collections::BTreeSet;
use telemetry::report::{Overview, Previous};
use telemetry::time::{Cover, Range, Resolution, cover, from_second};

/// `GET /api/analytics/overview`. `(other)`, where there is one, counts as one service or endpoint.
pub async fn overview(
    metrics: &dyn MetricsStore,
    scope: &ClientScope,
    query: &AnalyticsQuery,
    now: Timestamp,
) -> Result<Overview, Failure> {
    let current = cover(query.range, Resolution::Day, now);
    let previous = before(query.range, &current, now);
    let filter = query.totals_filter();

    let totals = Tally::read(metrics, scope, &filter, &current.spans, query.status).await?.totals();
    let before = Tally::read(metrics, scope, &filter, &previous.spans, query.status).await?.totals();
    let previous = Previous { from: previous.range.from, to: previous.range.to, totals: before };

    // Environments apart, since a name counts once however many of them it runs in.
    let mut services = BTreeSet::new();
    let mut endpoints = BTreeSet::new();
    for series in
        metrics.active_series(scope, &query.endpoints_filter(), &current.spans, query.status).await?
    {
        if let SeriesKind::Endpoint { service, method, endpoint } = series.key.kind {
            services.insert(service.clone());
            endpoints.insert((service, method, endpoint));
        }
    }
    Ok(Overview {
        from: current.range.from,
        to: current.range.to,
        resolution: current.resolution,
        totals,
        services: services.len() as u64,
        endpoints: endpoints.len() as u64,
        previous,
    })
}

/// The cover of the period of the same length that ends where `current` begins.
pub(super) fn before(asked: Range, current: &Cover, now: Timestamp) -> Cover {
    let start = current.range.from.as_second();
    let range = Range { from: from_second(start - current.range.seconds()), to: current.range.from };
    // `current` was rounded outwards, perhaps over the age at which minutes (hours) are no longer read. Judged from a
    // clock set back by that rounding, its start is as old as the asked one is now: so this cover ends exactly there.
    let rounding = asked.from.as_second() - start;
    cover(range, Resolution::Day, from_second(now.as_second() - rounding))
}

#[cfg(test)]
mod tests {
    use super::*;
    use telemetry::time::{DAY, HOUR, HOURS_READ, MINUTES_READ};

    #[test]
    fn the_period_before_ends_where_the_range_begins_at_every_age() {
        const NOW: i64 = 1_790_000_017;
        let now = from_second(NOW);
        let ages = [HOUR, MINUTES_READ, HOURS_READ].into_iter().flat_map(|age| age - 61..age + 61);
        for age in ages.chain([DAY, 30 * DAY, 500 * DAY]) {
            for length in [60, HOUR, DAY] {
                let asked = Range::new(from_second(NOW - age), from_second(NOW - age + length)).unwrap();
                let current = cover(asked, Resolution::Day, now);
                let previous = before(asked, &current, now);
                assert_eq!(previous.range.to, current.range.from, "{age} {length}");
                assert!(previous.range.seconds() >= current.range.seconds());
            }
        }
    }
}
