//! A circuit breaker: after enough failures it refuses at once, for a while, then lets probes through.
//!
//! A pure state machine; its caller tells it the time, so tests need no sleep. closed → (5 errors in 10 s) → open →
//! (30 s) → half-open → (2 probes succeed) → closed, or (one fails) → open again.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The figures of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// Errors within `window` that open it.
    pub errors: usize,
    pub window: Duration,
    /// How long it stays open.
    pub cool_down: Duration,
    /// Successful probes that close it; also how many may be under way at once.
    pub probes: u32,
}

impl Default for BreakerConfig {
    fn default() -> Self {
        Self { errors: 5, window: Duration::from_secs(10), cool_down: Duration::from_secs(30), probes: 2 }
    }
}

/// What a breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    Closed,
    Open,
    HalfOpen,
}

impl BreakerState {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Open => "open",
            Self::HalfOpen => "half-open",
        }
    }
}

#[derive(Debug)]
enum Inner {
    Closed { errors: VecDeque<Instant> },
    Open { until: Instant },
    HalfOpen { under_way: u32, succeeded: u32 },
}

/// A circuit breaker.
#[derive(Debug)]
pub struct Breaker {
    config: BreakerConfig,
    inner: Inner,
    /// When it left `Closed`.
    broken_since: Option<Instant>,
}

impl Breaker {
    pub fn new(config: BreakerConfig) -> Self {
        Self { config, inner: Inner::Closed { errors: VecDeque::new() }, broken_since: None }
    }

    /// Whether a call may go through now; if not, when to come again. Each admitted call must be followed by
    /// [`Self::succeeded`] or [`Self::failed`].
    pub fn admit(&mut self, now: Instant) -> Result<(), Duration> {
        if let Inner::Open { until } = self.inner {
            if now < until {
                return Err(until - now);
            }
            self.inner = Inner::HalfOpen { under_way: 0, succeeded: 0 };
        }
        if let Inner::HalfOpen { under_way, succeeded } = &mut self.inner {
            if *under_way + *succeeded >= self.config.probes {
                return Err(Duration::from_secs(1));
            }
            *under_way += 1;
        }
        Ok(())
    }

    /// How long until calls have a chance again; zero while they have one.
    pub fn open_for(&self, now: Instant) -> Duration {
        match self.inner {
            Inner::Open { until } => until.saturating_duration_since(now),
            _ => Duration::ZERO,
        }
    }

    pub fn succeeded(&mut self) {
        if let Inner::HalfOpen { under_way, succeeded } = &mut self.inner {
            *under_way = under_way.saturating_sub(1);
            *succeeded += 1;
            if *succeeded >= self.config.probes {
                self.inner = Inner::Closed { errors: VecDeque::new() };
                self.broken_since = None;
            }
        }
    }

    pub fn failed(&mut self, now: Instant) {
        match &mut self.inner {
            Inner::Closed { errors } => {
                errors.push_back(now);
                while errors.front().is_some_and(|first| now.duration_since(*first) > self.config.window) {
                    errors.pop_front();
                }
                if errors.len() >= self.config.errors {
                    self.open(now);
                }
            }
            Inner::HalfOpen { .. } => self.open(now),
            // A call admitted before it opened: known already.
            Inner::Open { .. } => {}
        }
    }

    /// What it does with a call that comes now. Once its cool-down is over an open one is half-open, also while no call
    /// has come to try it: whoever sends calls elsewhere while it is open may send some again.
    pub fn state(&self, now: Instant) -> BreakerState {
        match self.inner {
            Inner::Closed { .. } => BreakerState::Closed,
            Inner::Open { until } if now < until => BreakerState::Open,
            Inner::Open { .. } | Inner::HalfOpen { .. } => BreakerState::HalfOpen,
        }
    }

    /// Since when it has not been closed.
    pub fn broken_since(&self) -> Option<Instant> {
        self.broken_since
    }

    fn open(&mut self, now: Instant) {
        self.inner = Inner::Open { until: now + self.config.cool_down };
        self.broken_since.get_or_insert(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(at: Instant) -> Breaker {
        let mut breaker = Breaker::new(BreakerConfig::default());
        for _ in 0..5 {
            breaker.admit(at).unwrap();
            breaker.failed(at);
        }
        breaker
    }

    #[test]
    fn five_errors_in_ten_seconds_open_it() {
        let start = Instant::now();
        let mut breaker = Breaker::new(BreakerConfig::default());
        for second in [0, 3, 6, 9] {
            breaker.failed(start + Duration::from_secs(second));
        }
        assert_eq!(breaker.state(start + Duration::from_secs(9)), BreakerState::Closed);
        let then = start + Duration::from_secs(13);
        breaker.failed(then);
        assert_eq!(breaker.state(then), BreakerState::Closed, "the first two are older than ten seconds");
        breaker.failed(start + Duration::from_millis(13_100));
        breaker.failed(start + Duration::from_millis(13_200));
        assert_eq!(breaker.state(start + Duration::from_millis(13_200)), BreakerState::Open);
    }

    #[test]
    fn it_refuses_for_thirty_seconds_and_says_how_long() {
        let start = Instant::now();
        let mut breaker = opened(start);
        assert_eq!(breaker.admit(start + Duration::from_secs(10)), Err(Duration::from_secs(20)));
        assert_eq!(breaker.state(start + Duration::from_secs(29)), BreakerState::Open);
        assert_eq!(breaker.state(start + Duration::from_secs(30)), BreakerState::HalfOpen);
        assert_eq!(breaker.admit(start + Duration::from_secs(30)), Ok(()));
        assert_eq!(breaker.state(start + Duration::from_secs(30)), BreakerState::HalfOpen);
    }

    #[test]
    fn two_probes_close_it_and_no_third_is_admitted_meanwhile() {
        let later = Instant::now() + Duration::from_secs(31);
        let mut breaker = opened(later - Duration::from_secs(31));
        breaker.admit(later).unwrap();
        breaker.admit(later).unwrap();
        assert!(breaker.admit(later).is_err());
        breaker.succeeded();
        assert!(breaker.admit(later).is_err());
        assert!(breaker.broken_since().is_some());
        breaker.succeeded();
        assert_eq!(breaker.state(later), BreakerState::Closed);
        assert_eq!(breaker.broken_since(), None);
        assert_eq!(breaker.admit(later), Ok(()));
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let later = Instant::now() + Duration::from_secs(31);
        let mut breaker = opened(later - Duration::from_secs(31));
        breaker.admit(later).unwrap();
        breaker.failed(later);
        assert_eq!(breaker.state(later), BreakerState::Open);
        assert_eq!(breaker.admit(later), Err(Duration::from_secs(30)));
        let first = later - Duration::from_secs(31);
        assert_eq!(breaker.broken_since(), Some(first), "since the first failure, not since the last probe");
    }
}
