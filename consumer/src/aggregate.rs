//! Adds hits up: once per endpoint, minute and status; all coarser rollups are merged from those.
//!
//! The rule: every hit enters nine rollup rows (three series at three resolutions), each exactly once.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use store::events::Observation;
use store::metrics::{Aggregate, RollupKey, SeriesId, SeriesKey, SeriesKind};
use telemetry::hit::{Method, latency_us};
use telemetry::report::ClientId;
use telemetry::time::Resolution;

/// Names an endpoint; with borrowed text to look it up, with text of its own to remember it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct EndpointName<'a> {
    client: ClientId,
    environment: Cow<'a, str>,
    service: Cow<'a, str>,
    method: Method,
    endpoint: Cow<'a, str>,
}

impl EndpointName<'_> {
    fn into_owned(self) -> EndpointName<'static> {
        EndpointName {
            client: self.client,
            environment: self.environment.into_owned().into(),
            service: self.service.into_owned().into(),
            method: self.method,
            endpoint: self.endpoint.into_owned().into(),
        }
    }
}

/// The endpoints that some hits are about, each once, and the series they add to.
#[derive(Default)]
pub(crate) struct SeriesOfHits {
    endpoints: HashMap<EndpointName<'static>, usize>,
    keys: HashMap<SeriesKey, usize>,
    /// Every series once.
    pub(crate) series: Vec<SeriesKey>,
    /// Of each endpoint: the places of its own, its service's and its client's series in `series`.
    levels: Vec<[usize; 3]>,
}

impl SeriesOfHits {
    /// The number of a hit's endpoint, for [`Sums::add`].
    pub(crate) fn endpoint(&mut self, client: ClientId, hit: &Observation<'_>) -> usize {
        let name = EndpointName {
            client,
            environment: hit.environment.into(),
            service: hit.service.into(),
            method: hit.method,
            endpoint: hit.endpoint.into(),
        };
        if let Some(number) = self.endpoints.get(&name) {
            return *number;
        }
        let name = name.into_owned();
        let (service, method) = (name.service.to_string(), name.method);
        let levels = [
            SeriesKind::Endpoint { service: service.clone(), method, endpoint: name.endpoint.to_string() },
            SeriesKind::Service { service },
            SeriesKind::Client,
        ]
        .map(|kind| self.number(SeriesKey { client, environment: name.environment.to_string(), kind }));
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
    pub(crate) fn add(&mut self, endpoint: usize, hit: &Observation<'_>) {
        let minute = Resolution::Minute.floor(hit.at.div_euclid(1_000));
        let latency_us = latency_us(hit.latency_ms);
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
        series: &SeriesOfHits,
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
