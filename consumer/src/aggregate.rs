//! Adds hits up: once per endpoint, minute and status; all coarser rollups are merged from those.
//!
//! The rule: every hit enters nine rollup rows (three series at three resolutions), each exactly once.

use std::collections::{BTreeMap, HashMap};
use store::metrics::{Aggregate, RollupKey, SeriesId, SeriesKey, SeriesKind};
use telemetry::hit::{Hit, Method};
use telemetry::report::ClientId;
use telemetry::time::Resolution;

/// Names an endpoint with text borrowed from envelopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct EndpointName<'a> {
    client: ClientId,
    environment: &'a str,
    service: &'a str,
    method: Method,
    endpoint: &'a str,
}

/// The endpoints that a group's hits are about, each once, and the series they add to.
#[derive(Default)]
pub(crate) struct SeriesOfGroup<'a> {
    endpoints: HashMap<EndpointName<'a>, usize>,
    keys: HashMap<SeriesKey, usize>,
    /// Every series once.
    pub(crate) series: Vec<SeriesKey>,
    /// Of each endpoint: the places of its own, its service's and its client's series in `series`.
    levels: Vec<[usize; 3]>,
}

impl<'a> SeriesOfGroup<'a> {
    /// The number of a hit's endpoint, for [`Sums::add`].
    pub(crate) fn endpoint(&mut self, client: ClientId, hit: &Hit<'a>) -> usize {
        let &Hit { environment, service, method, endpoint, .. } = hit;
        let name = EndpointName { client, environment, service, method, endpoint };
        if let Some(number) = self.endpoints.get(&name) {
            return *number;
        }
        let of_service = service.to_owned();
        let levels = [
            SeriesKind::Endpoint { service: of_service.clone(), method, endpoint: endpoint.to_owned() },
            SeriesKind::Service { service: of_service },
            SeriesKind::Client,
        ]
        .map(|kind| self.number(SeriesKey { client, environment: environment.to_owned(), kind }));
        self.endpoints.insert(name, self.levels.len());
        self.levels.push(levels);
        self.levels.len() - 1
    }

    fn number(&mut self, key: SeriesKey) -> usize {
        *self.keys.entry(key).or_insert_with_key(|key| {
            self.series.push(key.clone());
            self.series.len() - 1
        })
    }
}

/// Sums per endpoint, minute and status.
#[derive(Default)]
pub(crate) struct Sums {
    cells: HashMap<(usize, i64, u16), Aggregate>,
}

impl Sums {
    /// Adds a hit of the endpoint numbered `endpoint`.
    pub(crate) fn add(&mut self, endpoint: usize, hit: &Hit<'_>) {
        let minute = Resolution::Minute.floor(hit.at.div_euclid(1_000));
        let latency_us = hit.latency_us();
        let cell = self.cells.entry((endpoint, minute, hit.status)).or_insert_with(|| Aggregate {
            min_us: i64::MAX,
            max_us: i64::MIN,
            ..Aggregate::default()
        });
        cell.count += 1;
        cell.latency_us = cell.latency_us.saturating_add(latency_us);
        cell.min_us = cell.min_us.min(latency_us);
        cell.max_us = cell.max_us.max(latency_us);
        cell.bytes_in = cell.bytes_in.saturating_add(hit.request_size.unwrap_or(0));
        cell.bytes_out = cell.bytes_out.saturating_add(hit.response_size.unwrap_or(0));
        cell.sketch.add(hit.latency_ms);
    }

    /// The rollup rows, in key order. `numbers` are the ids of `series.series`, in that order; beyond the caps several
    /// series share one id, and their sums one row.
    pub(crate) fn rollups(
        self,
        series: &SeriesOfGroup<'_>,
        numbers: &[SeriesId],
    ) -> BTreeMap<RollupKey, Aggregate> {
        let mut rows: BTreeMap<RollupKey, Aggregate> = BTreeMap::new();
        for ((endpoint, minute, status), sum) in self.cells {
            for level in series.levels[endpoint] {
                for resolution in Resolution::ALL {
                    let bucket = resolution.floor(minute);
                    let key = RollupKey { series: numbers[level], resolution, bucket, status };
                    rows.entry(key).or_default().merge(&sum);
                }
            }
        }
        rows
    }
}
