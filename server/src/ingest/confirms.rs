//! How long the queue takes to confirm: since the start as a histogram, over the last minute as percentiles.
//!
//! Noted once per publish, not per hit, so a short lock is cheap enough.

use prometheus_client::metrics::histogram::Histogram;
use runtime::metrics::SECONDS;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use telemetry::report::ops::Confirm;
use telemetry::sketch::Sketch;

/// The last minute is kept in pieces of this length; the oldest is dropped whole.
const PIECE: Duration = Duration::from_secs(10);
const PIECES: usize = 6;

/// The confirmations of one server.
#[derive(Debug)]
pub struct Confirms {
    /// Seconds.
    pub histogram: Histogram,
    /// Newest last, each with its beginning.
    recent: Mutex<VecDeque<(Instant, Sketch)>>,
}

impl Default for Confirms {
    fn default() -> Self {
        Self { histogram: Histogram::new(SECONDS), recent: Mutex::default() }
    }
}

impl Confirms {
    /// The queue has confirmed a publish at `now`, after `took`.
    pub(super) fn note(&self, now: Instant, took: Duration) {
        self.histogram.observe(took.as_secs_f64());
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = recent.back().is_none_or(|(begun, _)| now.saturating_duration_since(*begun) >= PIECE);
        if fresh {
            if recent.len() == PIECES {
                recent.pop_front();
            }
            recent.push_back((now, Sketch::new()));
        }
        if let Some((_, sketch)) = recent.back_mut() {
            sketch.add(took.as_secs_f64() * 1e3);
        }
    }

    /// Percentiles of about the last minute.
    pub fn recent(&self, now: Instant) -> Confirm {
        let mut all = Sketch::new();
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let still = |begun: Instant| now.saturating_duration_since(begun) < PIECE * (PIECES as u32 + 1);
        recent.iter().filter(|(begun, _)| still(*begun)).for_each(|(_, sketch)| all.merge(sketch));
        Confirm { p50: all.percentile(50.0), p99: all.percentile(99.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_last_minute() {
        let confirms = Confirms::default();
        let start = Instant::now();
        assert_eq!(confirms.recent(start), Confirm::default());
        for second in 0..100 {
            let took = if second < 20 { 500 } else { 2 };
            confirms.note(start + Duration::from_secs(second), Duration::from_millis(took));
        }
        let now = start + Duration::from_secs(100);
        let recent = confirms.recent(now);
        assert!(recent.p99.is_some_and(|ms| (ms - 2.0).abs() < 0.02), "{recent:?}");
        assert_eq!(confirms.recent(now + Duration::from_secs(80)), Confirm::default());
    }
}
