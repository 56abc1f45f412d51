//! Rates and quotas of this server alone.

use super::{Counted, Quotas, Rate, Reserved, Taken, Whose};
use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use moka::future::Cache;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use telemetry::time::Clock;

/// Buckets and quotas in memory.
const CAPACITY: u64 = 20_000;
/// A bucket that nobody has used for so long is full again, whatever its burst: the rate is at least one a second.
const IDLE: Duration = Duration::from_secs(3_600);
/// Longer than a window, which ends by the clock.
const LIFETIME: Duration = Duration::from_secs(60);

type Bucket = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Nanos>>;

pub(super) struct Memory {
    /// A changed rate begins with a full bucket.
    buckets: Cache<(Whose, Rate), Arc<Bucket>>,
    /// By window.
    used: Cache<(Whose, i64), Arc<Used>>,
    ticks: Ticks,
}

/// What was used of a quota.
#[derive(Debug)]
struct Used {
    counted: Counted,
    /// Accepted here since.
    since: AtomicU64,
}

/// Hits that were taken from a quota; given back when this is dropped, unless they were [`Held::kept`].
#[derive(Debug)]
pub(super) struct Held {
    used: Option<Arc<Used>>,
    hits: u64,
}

impl Held {
    pub(super) fn kept(mut self) {
        self.used = None;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(used) = &self.used {
            used.since.fetch_sub(self.hits, Ordering::Relaxed);
        }
    }
}

impl Memory {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            buckets: Cache::builder().max_capacity(CAPACITY).time_to_idle(IDLE).build(),
            used: Cache::builder().max_capacity(CAPACITY).time_to_live(LIFETIME).build(),
            ticks: Ticks::of(clock),
        }
    }

    pub(super) async fn take(&self, whose: Whose, rate: Rate, hits: NonZeroU32) -> Taken {
        let bucket = self.buckets.get_with((whose, rate), async {
            let quota = Quota::per_second(rate.hits_per_second).allow_burst(rate.burst);
            Arc::new(RateLimiter::direct_with_clock(quota, self.ticks.clone()))
        });
        match bucket.await.check_n(hits) {
            Ok(Ok(())) => Taken::Yes,
            Ok(Err(until)) => Taken::After(until.wait_time_from(self.ticks.now())),
            Err(_) => Taken::Never,
        }
    }

    /// `counted` is asked for where it is not known yet in this window.
    pub(super) async fn reserve(
        &self,
        whose: Whose,
        window: i64,
        quotas: Quotas,
        hits: u64,
        counted: impl Future<Output = Counted>,
    ) -> Reserved {
        let used = self.used.get_with((whose, window), async {
            Arc::new(Used { counted: counted.await, since: AtomicU64::new(0) })
        });
        let used = used.await;
        let taken = used.since.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |since| {
            quotas.have_room(used.counted.and(since), hits).then_some(since + hits)
        });
        let (Ok(since) | Err(since)) = taken;
        Reserved {
            used: used.counted.and(since),
            held: taken.ok().map(|_| Some(Held { used: Some(used), hits })),
        }
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
    use jiff::Timestamp;

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
}
