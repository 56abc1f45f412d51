//! Under which numbers the hits of a client are counted.

use std::collections::BTreeMap;
use store::access::ClientScope;
use store::metrics::{RollupKey, SeriesFilter, SeriesFilterKind, SeriesId, SeriesKey, SeriesKind};
use store::{AdmittedNames, StoreError, Stores};
use telemetry::time::from_second;

/// The series of a client, and those that should be there.
pub(super) struct KnownSeries {
    names: AdmittedNames,
    numbers: BTreeMap<SeriesKey, SeriesId>,
    keys: BTreeMap<SeriesId, SeriesKey>,
}

impl KnownSeries {
    pub(super) async fn read(stores: &Stores, scope: &ClientScope) -> Result<Self, StoreError> {
        let (mut numbers, mut keys) = (BTreeMap::new(), BTreeMap::new());
        for kind in SeriesFilterKind::ALL {
            let filter = SeriesFilter { kind, ..SeriesFilter::default() };
            for series in stores.metrics.series(scope, &filter).await? {
                numbers.insert(series.key.clone(), series.id);
                keys.insert(series.id, series.key);
            }
        }
        Ok(Self { names: AdmittedNames::of(numbers.keys()), numbers, keys })
    }

    /// The number under which hits of a series are counted; one below all others where the series is missing.
    pub(super) fn number(&mut self, key: &SeriesKey) -> SeriesId {
        let key = self.names.counted_under(key);
        let missing = SeriesId(self.keys.keys().next().map_or(0, |lowest| lowest.0).min(0) - 1);
        let number = *self.numbers.entry(key.clone()).or_insert(missing);
        self.keys.insert(number, key);
        number
    }

    pub(super) fn words(&self, row: &RollupKey) -> String {
        let name = match self.keys.get(&row.series) {
            Some(SeriesKey { environment, kind, .. }) => match kind {
                SeriesKind::Client => format!("all services in {environment}"),
                SeriesKind::Service { service } => format!("{service} in {environment}"),
                SeriesKind::Endpoint { service, method, endpoint } => {
                    format!("{method} {endpoint} of {service} in {environment}")
                }
                SeriesKind::Consumer { service, consumer } => {
                    format!("{consumer} of {service} in {environment}")
                }
            },
            None => format!("series {}", row.series.0),
        };
        let (resolution, start) = (format!("{:?}", row.resolution).to_lowercase(), from_second(row.bucket));
        format!("{resolution} {start}, status {}, {name}", row.status)
    }
}
