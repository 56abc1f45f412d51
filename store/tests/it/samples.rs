//! Hits to count, and the arithmetic that reports are compared with: straight over the hits, without any bucket.

use std::collections::BTreeMap;
use store::MetricsStore;
use store::metrics::{
    Aggregate, BatchClaim, Claimed, Completed, Completion, RollupKey, SeriesId, SeriesKey, SeriesKind, Usage,
};
use telemetry::envelope::MessageId;
use telemetry::hit::{Hit, Method, latency_us};
use telemetry::report::ClientId;
use telemetry::sketch::{Sketch, bin_of};
use telemetry::time::{DAY, Resolution};

/// The tests' clock, Unix seconds: a Monday, 13:46:40 UTC.
pub(crate) const NOW: i64 = 1_790_000_000;

/// A hit with texts of its own.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    /// Unix milliseconds.
    pub(crate) at: i64,
    pub(crate) service: String,
    pub(crate) environment: String,
    pub(crate) method: Method,
    pub(crate) endpoint: String,
    pub(crate) status: u16,
    pub(crate) latency_ms: f64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) consumer: Option<String>,
}

impl Sample {
    /// An uneventful hit at a Unix second.
    pub(crate) fn at(second: i64) -> Self {
        Self {
            at: second * 1_000,
            service: "shop".into(),
            environment: "live".into(),
            method: Method::Get,
            endpoint: "/orders/:id".into(),
            status: 200,
            latency_ms: 12.5,
            bytes_in: 10,
            bytes_out: 100,
            consumer: None,
        }
    }

    pub(crate) fn second(&self) -> i64 {
        self.at.div_euclid(1_000)
    }

    pub(crate) fn hit(&self) -> Hit<'_> {
        Hit {
            at: self.at,
            service: &self.service,
            environment: &self.environment,
            method: self.method,
            endpoint: &self.endpoint,
            status: self.status,
            latency_ms: self.latency_ms,
            request_size: Some(self.bytes_in),
            response_size: Some(self.bytes_out),
            consumer: self.consumer.as_deref(),
            trace_id: None,
            event_id: None,
            error: None,
            ip: None,
            user_agent: None,
            request_headers: None,
            response_headers: None,
            request_body: None,
            response_body: None,
            attributes: None,
        }
    }

    /// The series that it adds to: three, and its consumer's, if it names one.
    pub(crate) fn series(&self, client: ClientId) -> Vec<SeriesKey> {
        let service = || self.service.clone();
        let mut kinds = vec![
            SeriesKind::Client,
            SeriesKind::Service { service: service() },
            SeriesKind::Endpoint { service: service(), method: self.method, endpoint: self.endpoint.clone() },
        ];
        let consumer = self.consumer.clone();
        kinds.extend(consumer.map(|consumer| SeriesKind::Consumer { service: service(), consumer }));
        let key = |kind| SeriesKey { client, environment: self.environment.clone(), kind };
        kinds.into_iter().map(key).collect()
    }
}

/// A stream of numbers that is the same on every run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// SplitMix64.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    pub(crate) fn of<'a, T>(&mut self, choices: &'a [T]) -> &'a T {
        &choices[self.below(choices.len() as u64) as usize]
    }

    /// A hit somewhere in `seconds` before `end` (Unix seconds).
    pub(crate) fn sample(&mut self, end: i64, seconds: i64) -> Sample {
        let spread = [0.0, 0.02, 0.7, 3.0, 18.0, 240.0, 4_000.0];
        Sample {
            at: (end - seconds) * 1_000 + self.below(seconds as u64 * 1_000) as i64,
            service: (*self.of(&["shop", "cart", "mail"])).into(),
            environment: (*self.of(&["live", "test"])).into(),
            method: *self.of(&[Method::Get, Method::Post]),
            endpoint: (*self.of(&["/", "/orders/:id", "/users/:id/mail", "/health"])).into(),
            status: *self.of(&[200, 200, 200, 201, 304, 404, 429, 500, 503]),
            latency_ms: self.of(&spread) * (1.0 + self.below(10_000) as f64 / 10_000.0),
            bytes_in: self.below(5_000),
            bytes_out: self.below(100_000),
            consumer: self.of(&[None, Some("web"), Some("ios"), Some("acme")]).map(str::to_owned),
        }
    }
}

pub(crate) fn message(n: u128) -> MessageId {
    MessageId(n)
}

pub(crate) fn claim(client: ClientId, batch: &str, message: MessageId) -> BatchClaim {
    BatchClaim { client, batch: batch.into(), message }
}

/// The rollups of hits: a direct group-by, at every resolution.
pub(crate) fn rollups(
    client: ClientId,
    samples: &[Sample],
    number: impl Fn(&SeriesKey) -> SeriesId,
) -> BTreeMap<RollupKey, Aggregate> {
    let mut rollups: BTreeMap<RollupKey, Aggregate> = BTreeMap::new();
    for sample in samples {
        for series in sample.series(client) {
            for resolution in Resolution::ALL {
                let bucket = resolution.floor(sample.second());
                let key = RollupKey { series: number(&series), resolution, bucket, status: sample.status };
                let mut one = aggregate(sample);
                if matches!(series.kind, SeriesKind::Consumer { .. }) {
                    one.sketch = Sketch::new();
                }
                rollups.entry(key).or_default().merge(&one);
            }
        }
    }
    rollups
}

fn aggregate(sample: &Sample) -> Aggregate {
    let us = latency_us(sample.latency_ms);
    let mut one = Aggregate {
        count: 1,
        latency_us: us,
        min_us: us,
        max_us: us,
        bytes_in: sample.bytes_in,
        bytes_out: sample.bytes_out,
        ..Aggregate::default()
    };
    one.sketch.add_n(bin_of(sample.latency_ms), 1);
    one
}

/// Claims a batch and works out what to complete it with.
pub(crate) async fn prepare(
    metrics: &dyn MetricsStore,
    batch: &BatchClaim,
    samples: &[Sample],
) -> (Claimed, Completion) {
    let mut keys: Vec<SeriesKey> = samples.iter().flat_map(|sample| sample.series(batch.client)).collect();
    keys.sort_unstable();
    keys.dedup();
    let claims = metrics.claim(std::slice::from_ref(batch), &keys, NOW).await.unwrap();
    let numbers: BTreeMap<&SeriesKey, SeriesId> = keys.iter().zip(claims.series).collect();
    let usage = Usage {
        client: batch.client,
        day: Resolution::Day.floor(NOW),
        accepted: samples.len() as u64,
        bytes: samples.len() as u64 * 100,
        rejected: [("latencyMs".to_owned(), 1)].into(),
    };
    let completion = Completion {
        batches: vec![batch.clone()],
        rollups: rollups(batch.client, samples, |key| numbers[key]),
        usage: vec![usage],
    };
    (claims.claimed[0], completion)
}

/// Counts a batch, as the consumer does.
pub(crate) async fn count(
    metrics: &dyn MetricsStore,
    client: ClientId,
    batch: &str,
    message: MessageId,
    samples: &[Sample],
) {
    let (claimed, completion) = prepare(metrics, &claim(client, batch, message), samples).await;
    assert_eq!(claimed, Claimed::Mine);
    assert_eq!(metrics.complete(&completion).await.unwrap(), Completed::All);
}

/// The day that [`NOW`] lies in, Unix seconds.
pub(crate) fn today() -> (i64, i64) {
    let day = Resolution::Day.floor(NOW);
    (day, day + DAY)
}
