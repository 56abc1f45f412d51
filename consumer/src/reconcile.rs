//! Holds the rollups against the raw events they were made from.
//!
//! The rule that it checks: for every bucket wholly inside both retentions, at every resolution and for every kind of
//! series, a rollup equals the GROUP BY of raw: count, latency, bytes, and the number of latencies in its sketch.

use std::collections::{BTreeMap, HashSet};
use store::access::ClientScope;
use store::metrics::{OTHER, SeriesFilter, SeriesFilterKind, SeriesKey, SeriesKind};
use store::{StoreError, Stores};
use telemetry::hit::Method;
use telemetry::report::ClientId;
use telemetry::time::{Range, Resolution, Span};

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Reconciliation {
    /// Hits in raw events of the range.
    pub raw: u64,
    /// Hits in the client's own minute rollups of the range.
    pub counted: u64,
    /// Buckets compared.
    pub buckets: usize,
    /// The first few differences, in words.
    pub differences: Vec<String>,
    /// All of them.
    pub different: usize,
}

impl Reconciliation {
    pub fn is_exact(&self) -> bool {
        self.different == 0
    }
}

/// How many differences are told in words.
const TOLD: usize = 20;

/// Where a sum belongs: series, width and start of the bucket, status.
type Place = (SeriesKey, Resolution, i64, u16);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sum {
    count: u64,
    latency_us: i64,
    bytes_in: u64,
    bytes_out: u64,
}

impl Sum {
    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.latency_us += other.latency_us;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

/// Compares all of `range` of a client. Its ends should be edges of days, and nothing of the client be in the queue.
pub async fn reconcile(
    stores: &Stores,
    client: ClientId,
    range: Range,
) -> Result<Reconciliation, StoreError> {
    let scope = ClientScope::of_the_instance(client);
    let mut found = Reconciliation::default();
    let stored = stored(stores, &scope, range, &mut found).await?;
    let expected = expected(stores, &scope, range, &mut found).await?;
    found.buckets = expected.len();
    for place in expected.keys().chain(stored.keys().filter(|place| !expected.contains_key(place))) {
        let (raw, counted) = (expected.get(place), stored.get(place));
        if raw != counted {
            found.different += 1;
            if found.differences.len() < TOLD {
                let (key, resolution, bucket, status) = place;
                found.differences.push(format!(
                    "{resolution:?} {bucket} status {status} of {key:?}: raw {raw:?}, counted {counted:?}"
                ));
            }
        }
    }
    Ok(found)
}

/// What the rollups say.
async fn stored(
    stores: &Stores,
    scope: &ClientScope,
    range: Range,
    found: &mut Reconciliation,
) -> Result<BTreeMap<Place, Sum>, StoreError> {
    let mut sums = BTreeMap::new();
    for kind in [SeriesFilterKind::Client, SeriesFilterKind::Service, SeriesFilterKind::Endpoint] {
        let filter = SeriesFilter { kind, ..SeriesFilter::default() };
        let names: BTreeMap<_, _> = stores
            .metrics
            .series(scope, &filter)
            .await?
            .into_iter()
            .map(|series| (series.id, series.key))
            .collect();
        for resolution in Resolution::ALL {
            let span = Span {
                resolution,
                start: resolution.floor(range.from.as_second()),
                end: resolution.ceil(range.to.as_second()),
            };
            for row in stores.metrics.rollups(scope, &filter, &[span], None, true).await? {
                let Some(key) = names.get(&row.series) else { continue };
                let aggregate = row.aggregate;
                if kind == SeriesFilterKind::Client && resolution == Resolution::Minute {
                    found.counted += aggregate.count;
                }
                if aggregate.sketch.count() != aggregate.count {
                    found.different += 1;
                    found.differences.push(format!("{key:?} {}: its sketch counts otherwise", row.bucket));
                }
                let sum = Sum {
                    count: aggregate.count,
                    latency_us: aggregate.latency_us,
                    bytes_in: aggregate.bytes_in,
                    bytes_out: aggregate.bytes_out,
                };
                sums.insert((key.clone(), resolution, row.bucket, row.status), sum);
            }
        }
    }
    Ok(sums)
}

/// What the raw events come to.
async fn expected(
    stores: &Stores,
    scope: &ClientScope,
    range: Range,
    found: &mut Reconciliation,
) -> Result<BTreeMap<Place, Sum>, StoreError> {
    let known: HashSet<SeriesKey> = stores
        .metrics
        .series(scope, &SeriesFilter { kind: SeriesFilterKind::Endpoint, ..SeriesFilter::default() })
        .await?
        .into_iter()
        .map(|series| series.key)
        .collect();
    let mut sums: BTreeMap<Place, Sum> = BTreeMap::new();
    for group in stores.events.group(scope, range).await? {
        found.raw += group.count;
        let sum = Sum {
            count: group.count,
            latency_us: group.latency_us,
            bytes_in: group.bytes_in,
            bytes_out: group.bytes_out,
        };
        let key = |kind| SeriesKey { client: scope.client(), environment: group.environment.clone(), kind };
        let named = SeriesKind::Endpoint {
            service: group.service.clone(),
            method: group.method,
            endpoint: group.endpoint.clone(),
        };
        // Beyond a cap there is no series of that name: first the endpoint gives way to `(other)`, then the service.
        let other = |service: &str| SeriesKind::Endpoint {
            service: service.to_owned(),
            method: Method::Other,
            endpoint: OTHER.to_owned(),
        };
        let (endpoint, service) = if known.contains(&key(named.clone())) {
            (named, group.service.as_str())
        } else if known.contains(&key(other(&group.service))) {
            (other(&group.service), group.service.as_str())
        } else {
            (other(OTHER), OTHER)
        };
        for kind in [endpoint, SeriesKind::Service { service: service.to_owned() }, SeriesKind::Client] {
            for resolution in Resolution::ALL {
                let place = (key(kind.clone()), resolution, resolution.floor(group.minute), group.status);
                sums.entry(place).or_default().add(sum);
            }
        }
    }
    Ok(sums)
}
