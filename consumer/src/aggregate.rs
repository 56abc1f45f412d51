//! Adds hits up: once per endpoint, minute and status, and once per consumer, minute and status; all coarser rollups are
//! merged from those.
//!
//! The rule: every hit enters nine rollup rows (three series at three resolutions), and three more where it names its
//! consumer, each exactly once.

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

/// Where a hit adds to, for [`Sums::add`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target {
    /// The number of its endpoint.
    endpoint: usize,
    /// The place of its consumer's series, where it names one.
    consumer: Option<usize>,
}

/// The endpoints and consumers that some hits are about, each once, and the series they add to.
#[derive(Default)]
pub(crate) struct SeriesOfHits {
    endpoints: HashMap<EndpointName<'static>, usize>,
    /// By the place of the service's series, and the name.
    consumers: HashMap<(usize, Cow<'static, str>), usize>,
    keys: HashMap<SeriesKey, usize>,
    /// Every series once.
    pub(crate) series: Vec<SeriesKey>,
    /// Of each endpoint: the places of its own, its service's and its client's series in `series`.
    levels: Vec<[usize; 3]>,
}

impl SeriesOfHits {
    /// What a hit adds to.
    pub(crate) fn target(&mut self, client: ClientId, hit: &Observation<'_>) -> Target {
        let endpoint = self.endpoint(client, hit);
        let consumer = hit.consumer.map(|name| self.consumer(client, endpoint, hit, name));
        Target { endpoint, consumer }
    }

    fn consumer(&mut self, client: ClientId, endpoint: usize, hit: &Observation<'_>, name: &str) -> usize {
        let [_, service, _] = self.levels[endpoint];
        let asked: (usize, Cow<'_, str>) = (service, name.into());
        if let Some(place) = self.consumers.get(&asked) {
            return *place;
        }
        let kind = SeriesKind::Consumer { service: hit.service.to_owned(), consumer: name.to_owned() };
        let place = self.number(SeriesKey { client, environment: hit.environment.to_owned(), kind });
        self.consumers.insert((service, name.to_owned().into()), place);
        place
    }

    fn endpoint(&mut self, client: ClientId, hit: &Observation<'_>) -> usize {
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

/// Of an endpoint's number or the place of a consumer's series, by minute and status.
type Cells = HashMap<(usize, i64, u16), Aggregate>;

/// Sums per endpoint, minute and status, and per consumer, minute and status.
#[derive(Default)]
pub(crate) struct Sums {
    endpoints: Cells,
    /// Without sketches.
    consumers: Cells,
}

impl Sums {
    /// Adds a hit to its target.
    pub(crate) fn add(&mut self, target: Target, hit: &Observation<'_>) {
        let minute = Resolution::Minute.floor(hit.at.div_euclid(1_000));
        add(&mut self.endpoints, (target.endpoint, minute, hit.status), hit).sketch.add(hit.latency_ms);
        if let Some(consumer) = target.consumer {
            add(&mut self.consumers, (consumer, minute, hit.status), hit);
        }
    }

    /// The rollup rows, in key order. `numbers` are the ids of `series.series`, in that order; beyond the caps several
    /// series share one id, and their sums one row.
    pub(crate) fn rollups(
        self,
        series: &SeriesOfHits,
        numbers: &[SeriesId],
    ) -> BTreeMap<RollupKey, Aggregate> {
        let mut rows: BTreeMap<RollupKey, Aggregate> = BTreeMap::new();
        let mut merge = |place: usize, minute: i64, status: u16, sum: &Aggregate| {
            for resolution in Resolution::ALL {
                let bucket = resolution.floor(minute);
                let key = RollupKey { series: numbers[place], resolution, bucket, status };
                rows.entry(key).or_default().merge(sum);
            }
        };
        for ((endpoint, minute, status), sum) in &self.endpoints {
            series.levels[*endpoint].into_iter().for_each(|place| merge(place, *minute, *status, sum));
        }
        for ((consumer, minute, status), sum) in &self.consumers {
            merge(*consumer, *minute, *status, sum);
        }
        rows
    }
}

/// Adds all of a hit but its sketch to a cell; hands the cell back.
fn add<'c>(cells: &'c mut Cells, key: (usize, i64, u16), hit: &Observation<'_>) -> &'c mut Aggregate {
    let latency_us = latency_us(hit.latency_ms);
    let cell = cells.entry(key).or_insert_with(|| Aggregate {
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
    cell
}
