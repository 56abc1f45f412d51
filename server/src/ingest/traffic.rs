//! What ingest has done, for operators: hits, calls and refusals, since the start and second by second.
//!
//! The rule: it is counted on the way of every hit, so it costs a few atomic additions, no lock and no allocation.

use prometheus_client::metrics::counter::Counter;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use telemetry::error::ErrorCode;

/// What a call can be refused with.
const REFUSALS: [ErrorCode; 7] = [
    ErrorCode::Invalid,
    ErrorCode::Unauthorized,
    ErrorCode::TooLarge,
    ErrorCode::Unsupported,
    ErrorCode::Limited,
    ErrorCode::Unavailable,
    ErrorCode::Internal,
];

/// The counters of one server.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Hits answered with 202.
    pub hits: Counter,
    /// Calls answered with 202.
    pub calls: Counter,
    refused: [Counter; REFUSALS.len()],
    hits_by_second: Minute,
    refused_by_second: Minute,
}

impl Traffic {
    /// A call was answered with 202. `second` is Unix seconds, now.
    pub(super) fn accepted(&self, hits: u32, second: i64) {
        self.calls.inc();
        self.hits.inc_by(u64::from(hits));
        self.hits_by_second.add(second, hits);
    }

    /// A call was refused.
    pub(super) fn refused(&self, code: ErrorCode, second: i64) {
        // What is not in the table is no refusal of ingest's own making: it counts as ours.
        let place = REFUSALS.iter().position(|known| *known == code).unwrap_or(REFUSALS.len() - 1);
        self.refused[place].inc();
        self.refused_by_second.add(second, 1);
    }

    /// Refused calls since the start with their HTTP status.
    pub fn refusals(&self) -> impl Iterator<Item = (u16, &Counter)> {
        REFUSALS.iter().map(|code| code.status()).zip(&self.refused)
    }

    /// Refused calls since the start by HTTP status, without those that did not happen.
    pub fn refused_by_status(&self) -> BTreeMap<String, u64> {
        let refused = self.refusals().map(|(status, counter)| (status.to_string(), counter.get()));
        refused.filter(|(_, calls)| *calls > 0).collect()
    }

    /// Hits in each of the sixty seconds before `second`, oldest first.
    pub fn hits_by_second(&self, second: i64) -> Vec<u64> {
        self.hits_by_second.before(second)
    }

    /// Calls refused in the sixty seconds before `second`.
    pub fn refused_last_minute(&self, second: i64) -> u64 {
        self.refused_by_second.before(second).iter().sum()
    }
}

const SECONDS: usize = 64;
/// Seconds are told apart by their lower 32 bits, which repeat after 136 years.
const COUNT_BITS: u32 = 32;

/// Events by second: a ring of atomics, each with its second in the upper half and the number in the lower one.
#[derive(Debug)]
struct Minute([AtomicU64; SECONDS]);

impl Default for Minute {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; SECONDS])
    }
}

impl Minute {
    fn slot(&self, second: i64) -> &AtomicU64 {
        &self.0[second.rem_euclid(SECONDS as i64) as usize]
    }

    fn add(&self, second: i64, n: u32) {
        let stamp = u64::from(second as u32) << COUNT_BITS;
        // Always succeeds: whatever is held, there is a next value.
        let _ = self.slot(second).fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
            let same = held >> COUNT_BITS == stamp >> COUNT_BITS;
            let count = if same { (held as u32).saturating_add(n) } else { n };
            Some(stamp | u64::from(count))
        });
    }

    fn at(&self, second: i64) -> u64 {
        let held = self.slot(second).load(Ordering::Relaxed);
        if held >> COUNT_BITS == u64::from(second as u32) { u64::from(held as u32) } else { 0 }
    }

    fn before(&self, second: i64) -> Vec<u64> {
        (second - 60..second).map(|second| self.at(second)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_remembers_sixty_seconds_and_forgets_older_ones() {
        let minute = Minute::default();
        for second in 1_000..1_200 {
            minute.add(second, 2);
            minute.add(second, 1);
        }
        assert_eq!(minute.before(1_200), vec![3; 60]);
        let half = minute.before(1_230);
        assert_eq!((half.iter().sum::<u64>(), half[0], half[59]), (90, 3, 0));
        assert_eq!(minute.before(5_000).iter().sum::<u64>(), 0);
    }

    #[test]
    fn refusals_are_told_by_status() {
        let traffic = Traffic::default();
        traffic.accepted(7, 100);
        traffic.refused(ErrorCode::Unauthorized, 100);
        traffic.refused(ErrorCode::Unavailable, 101);
        traffic.refused(ErrorCode::Unavailable, 101);
        let refused = BTreeMap::from([("401".to_owned(), 1), ("503".to_owned(), 2)]);
        assert_eq!(traffic.refused_by_status(), refused);
        assert_eq!(traffic.refused_last_minute(102), 3);
        assert_eq!((traffic.hits.get(), traffic.calls.get()), (7, 1));
        assert_eq!(traffic.hits_by_second(101)[59], 7);
    }
}
