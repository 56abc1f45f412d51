//! How long to wait before trying again: `base × 2^attempt`, capped, ± jitter.
//!
//! A value, not a loop: its caller sleeps, and brings the randomness, so tests are exact.

use std::time::Duration;

/// An exponential backoff.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    pub base: Duration,
    pub cap: Duration,
    /// Share of the delay that randomness adds or takes, 0–1.
    pub jitter: f64,
}

impl Backoff {
    /// While a store or a queue is down.
    pub const OUTAGE: Self =
        Self { base: Duration::from_millis(100), cap: Duration::from_secs(10), jitter: 0.25 };

    /// The delay before attempt number `attempt` + 1. `random` is uniform in 0..1.
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let doubled = self.base.saturating_mul(2u32.saturating_pow(attempt.min(31))).min(self.cap);
        doubled.mul_f64(1.0 + self.jitter * (2.0 * random.clamp(0.0, 1.0) - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_the_cap() {
        let backoff = Backoff { jitter: 0.0, ..Backoff::OUTAGE };
        let delays: Vec<_> = (0..9).map(|attempt| backoff.delay(attempt, 0.5).as_millis()).collect();
        assert_eq!(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000]);
        assert_eq!(backoff.delay(u32::MAX, 0.5), Duration::from_secs(10));
    }

    #[test]
    fn jitter_stays_inside_its_share() {
        for random in [0.0, 0.3, 1.0] {
            let delay = Backoff::OUTAGE.delay(0, random).as_secs_f64();
            assert!((0.075..=0.125).contains(&delay), "{delay}");
        }
    }
}
