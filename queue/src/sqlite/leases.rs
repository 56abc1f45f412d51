//! Which messages are handed out, to whom, and until when.
//!
//! Sequence numbers only grow, so one mark separates what was handed out before from what is new; whatever comes back
//! below the mark is remembered one by one.

use super::LEASE;
use crate::DeliveryTag;
use std::collections::{BTreeMap, BTreeSet};
use tokio::time::Instant;

#[derive(Debug, Default)]
pub(super) struct Leases {
    /// The highest sequence number handed out so far.
    mark: u64,
    held: BTreeMap<u64, Lease>,
    /// Handed out once, to be handed out again.
    returned: BTreeSet<u64>,
}

#[derive(Debug)]
struct Lease {
    holder: u64,
    until: Instant,
}

impl Leases {
    /// What to read next: messages that came back, and where new ones begin.
    pub(super) fn next(&mut self, now: Instant, limit: usize) -> (Vec<u64>, u64) {
        let expired: Vec<u64> =
            self.held.iter().filter(|(_, lease)| lease.until <= now).map(|(sequence, _)| *sequence).collect();
        for sequence in expired {
            self.held.remove(&sequence);
            self.returned.insert(sequence);
        }
        (self.returned.iter().copied().take(limit).collect(), self.mark)
    }

    /// Hands a message out; whether it had been handed out before.
    pub(super) fn take(&mut self, sequence: u64, holder: u64, now: Instant) -> bool {
        self.held.insert(sequence, Lease { holder, until: now + LEASE });
        self.mark = self.mark.max(sequence);
        self.returned.remove(&sequence)
    }

    /// How many messages are handed out.
    pub(super) fn held(&self) -> u64 {
        self.held.len() as u64
    }

    /// Forgets messages that are there no more.
    pub(super) fn settle(&mut self, tags: &[DeliveryTag]) {
        for tag in tags {
            self.held.remove(&tag.0);
            self.returned.remove(&tag.0);
        }
    }

    /// Takes back everything a holder has.
    pub(super) fn give_back(&mut self, holder: u64) {
        let theirs: Vec<u64> = self
            .held
            .iter()
            .filter(|(_, lease)| lease.holder == holder)
            .map(|(sequence, _)| *sequence)
            .collect();
        for sequence in theirs {
            self.held.remove(&sequence);
            self.returned.insert(sequence);
        }
    }
}
