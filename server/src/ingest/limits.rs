//! Holds clients and keys to their limits: hits a second, hits of a day and of a month.
//!
//! The rule: a limit costs nothing where none is set; where one is, the database is asked at most once in ten seconds
//! per client, and where it does not answer the hits pass: limits must not become an outage. Rates are exact per
//! server; quotas count what all servers have counted at the last look and what this one has accepted since, so they
//! can be overrun by what came elsewhere, or was not counted yet, within these ten seconds.

use crate::reply::{Answer, ErrorReply};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use jiff::Timestamp;
use jiff::tz::Offset;
use moka::future::Cache;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::MetricsStore;
use store::access::ClientScope;
use store::accounts::IngestKey;
use telemetry::error::{ApiError, ErrorCode};
use telemetry::report::ClientId;
use telemetry::time::{Clock, DAY, first_of_month};

/// Buckets and quotas in memory.
const CAPACITY: u64 = 20_000;
/// How long what the store says of a client's usage is believed.
const LIFETIME: Duration = Duration::from_secs(10);
/// A bucket that nobody has used for so long is full again, whatever its burst: the rate is at least one a second.
const IDLE: Duration = Duration::from_secs(3_600);
/// The longest that a look at the usage may hold up hits.
const LOOK_UP: Duration = Duration::from_millis(500);

/// Who is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Whose {
    Client(ClientId),
    Key(i64),
}

impl Whose {
    const fn word(self) -> &'static str {
        match self {
            Self::Client(_) => "client",
            Self::Key(_) => "key",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Rate {
    hits_per_second: NonZeroU32,
    burst: NonZeroU32,
}

impl Rate {
    fn of(hits_per_second: Option<u32>, burst: Option<u32>) -> Option<Self> {
        let hits_per_second = NonZeroU32::new(hits_per_second?)?;
        Some(Self { hits_per_second, burst: burst.and_then(NonZeroU32::new).unwrap_or(hits_per_second) })
    }
}

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;

/// The limits of one server.
pub(super) struct Limits {
    /// A changed rate begins with a full bucket.
    buckets: Cache<(Whose, Rate), Arc<Bucket>>,
    /// By client and UTC day.
    used: Cache<(ClientId, i64), Arc<Used>>,
    metrics: Arc<dyn MetricsStore>,
    clock: Clock,
    ticks: Ticks,
}

/// What a client has used.
#[derive(Debug, Default)]
struct Used {
    /// Counted before the last look: of this day, and of this month with it.
    day: u64,
    month: u64,
    /// Accepted here since.
    since: AtomicU64,
}

/// Hits that were admitted. Unless they are [`Admitted::kept`], they are given back to the quotas.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    used: Option<Arc<Used>>,
    hits: u64,
    /// What is nearly used up, for whoever sends.
    pub(super) warning: Option<String>,
}

impl Admitted {
    /// They are durable.
    pub(super) fn kept(mut self) {
        self.used = None;
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        if let Some(used) = &self.used {
            used.since.fetch_sub(self.hits, Ordering::Relaxed);
        }
    }
}

impl Limits {
    pub(super) fn new(metrics: Arc<dyn MetricsStore>, clock: Clock) -> Self {
        Self {
            buckets: Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build(),
            used: Cache::builder().max_capacity(CAPACITY).time_to_live(LIFETIME).build(),
            metrics,
            ticks: Ticks::of(Arc::clone(&clock)),
            clock,
        }
    }

    /// Admits hits of a key, or says which limit they are over and when that ends.
    pub(super) async fn admit(&self, key: &IngestKey, hits: u32) -> Answer<Admitted> {
        let limits = &key.limits;
        for (whose, rate) in [
            (Whose::Key(key.id), Rate::of(key.hits_per_second, key.burst)),
            (Whose::Client(key.client), Rate::of(limits.hits_per_second, limits.burst)),
        ] {
            if let (Some(rate), Some(hits)) = (rate, NonZeroU32::new(hits)) {
                self.take(whose, rate, hits).await?;
            }
        }
        if limits.hits_per_day.is_none() && limits.hits_per_month.is_none() {
            return Ok(Admitted::default());
        }
        let now = (self.clock)();
        let used = self.used(key.client, now).await;
        let quotas = [
            Period { name: "day", field: "hitsPerDay", limit: limits.hits_per_day, counted: used.day },
            Period {
                name: "month",
                field: "hitsPerMonth",
                limit: limits.hits_per_month,
                counted: used.month,
            },
        ];
        let hits = u64::from(hits);
        let taken = used.since.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |since| {
            quotas.iter().all(|quota| quota.has_room(since + hits)).then_some(since + hits)
        });
        match taken {
            Ok(before) => {
                let warning = quotas.iter().find_map(|quota| quota.warning(before + hits));
                Ok(Admitted { used: Some(used), hits, warning })
            }
            Err(since) => {
                let over = quotas.iter().rfind(|quota| !quota.has_room(since + hits));
                Err(over.map_or_else(|| ApiError::internal().into(), |quota| quota.refusal(since, now)))
            }
        }
    }

    async fn take(&self, whose: Whose, rate: Rate, hits: NonZeroU32) -> Answer<()> {
        let bucket = self.buckets.get_with((whose, rate), async {
            let quota = Quota::per_second(rate.hits_per_second).allow_burst(rate.burst);
            Arc::new(RateLimiter::direct_with_clock(quota, self.ticks.clone()))
        });
        let Rate { hits_per_second, burst } = rate;
        let over = |what: String, field: &str| ApiError {
            code: ErrorCode::Limited,
            message: format!("over the {}'s limit of {what}", whose.word()),
            field: Some(field.to_owned()),
        };
        match bucket.await.check_n(hits) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(until)) => {
                let wait = until.wait_time_from(self.ticks.now()).as_millis().div_ceil(1_000).max(1);
                let what =
                    format!("{hits_per_second} hits a second with a burst of {burst}; try again in {wait} s");
                let error = ErrorReply::from(over(what, "hitsPerSecond"));
                Err(error.retry_after(u64::try_from(wait).unwrap_or(u64::MAX)))
            }
            Err(_) => {
                let what =
                    format!("{burst} hits at once; send batches of at most {burst} hits, not of {hits}");
                Err(over(what, "burst").into())
            }
        }
    }

    async fn used(&self, client: ClientId, now: Timestamp) -> Arc<Used> {
        let day = now.as_second() - now.as_second().rem_euclid(DAY);
        self.used.get_with((client, day), async { Arc::new(self.look_up(client, day).await) }).await
    }

    async fn look_up(&self, client: ClientId, day: i64) -> Used {
        // The instance itself asks, whoever sends: the answer decides, and is shown to nobody.
        let scope = ClientScope::of_the_instance(client);
        let asked = self.metrics.usage(&scope, first_of_month(day), day + DAY);
        match tokio::time::timeout(LOOK_UP, asked).await {
            Ok(Ok(days)) => Used {
                day: days.iter().filter(|usage| usage.day == day).map(|usage| usage.accepted).sum(),
                month: days.iter().map(|usage| usage.accepted).sum(),
                since: AtomicU64::new(0),
            },
            Ok(Err(error)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, %client, "the usage is not known: quotas are not held for ten seconds");
                Used::default()
            }
            Err(_) => {
                tracing::warn!(%client, "the usage was not told in time: quotas are not held for ten seconds");
                Used::default()
            }
        }
    }
}

/// A quota, and what was counted of it before the last look.
struct Period {
    name: &'static str,
    field: &'static str,
    limit: Option<u64>,
    counted: u64,
}

impl Period {
    fn has_room(&self, since: u64) -> bool {
        self.limit.is_none_or(|limit| self.counted + since <= limit)
    }

    /// From four fifths on.
    fn warning(&self, since: u64) -> Option<String> {
        let (limit, used) = (self.limit?, self.counted + since);
        (used.saturating_mul(5) >= limit.saturating_mul(4)).then(|| format!("{} {used}/{limit}", self.name))
    }

    fn refusal(&self, since: u64, now: Timestamp) -> ErrorReply {
        let today = Offset::UTC.to_datetime(now).date();
        let next = match self.name {
            "day" => today.tomorrow(),
            _ => today.last_of_month().tomorrow(),
        };
        let end = next.ok().and_then(|date| Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok());
        let wait = end.map_or(1, |end| end.as_second() - now.as_second()).max(1).unsigned_abs();
        let ends = end.map(|end| end.to_string()).unwrap_or_default();
        let (name, limit) = (self.name, self.limit.unwrap_or_default());
        let message = format!(
            "over the client's limit of {limit} hits a {name}, of which {} are used; it ends at {ends}",
            self.counted + since
        );
        let error = ApiError { code: ErrorCode::Limited, message, field: Some(self.field.to_owned()) };
        ErrorReply::from(error).retry_after(wait)
    }
}

/// Time that only goes on: a clock that is set back stops nobody.
#[derive(Clone)]
struct Ticks {
    clock: Clock,
    /// The clock's last reading in nanoseconds, and the time that has passed in all.
    passed: Arc<Mutex<(i128, u64)>>,
}

impl Ticks {
    fn of(clock: Clock) -> Self {
        let now = clock().as_nanosecond();
        Self { clock, passed: Arc::new(Mutex::new((now, 0))) }
    }
}

impl std::fmt::Debug for Ticks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ticks")
    }
}

impl GovernorClock for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let now = (self.clock)().as_nanosecond();
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let more = u64::try_from(now - passed.0).unwrap_or(0);
        *passed = (now, passed.1.saturating_add(more));
        Nanos::from(passed.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_set_back_stops_nobody() {
        let now = Arc::new(Mutex::new(Timestamp::from_second(1_790_000_000).unwrap()));
        let clock: Clock = {
            let now = Arc::clone(&now);
            Arc::new(move || *now.lock().unwrap())
        };
        let ticks = Ticks::of(clock);
        let set = |second: i64| {
            *now.lock().unwrap() = Timestamp::from_second(1_790_000_000 + second).unwrap();
            ticks.now()
        };
        assert_eq!(set(5), Nanos::from(5_000_000_000));
        assert_eq!(set(-3_600), Nanos::from(5_000_000_000));
        assert_eq!(set(-3_599), Nanos::from(6_000_000_000));
    }

    #[test]
    fn a_month_begins_on_its_first_day() {
        let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
        assert_eq!(first_of_month(second("2026-11-18T00:00:00Z")), second("2026-11-01T00:00:00Z"));
        assert_eq!(first_of_month(second("2026-03-01T00:00:00Z")), second("2026-03-01T00:00:00Z"));
    }
}
