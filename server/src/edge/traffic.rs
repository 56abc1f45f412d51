//! What each edge has done, gathered in memory and noted in the store every few seconds.

use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::accounts::EdgeTraffic;
use store::{AccountStore, StoreError};

/// By edge; bounded by the number of edges that exist, since only callers with a valid token come here.
#[derive(Debug, Default)]
pub struct Traffic(Mutex<HashMap<i64, EdgeTraffic>>);

/// What became of a call's messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) messages: u64,
    pub(super) hits: u64,
    pub(super) refused: u64,
}

impl Traffic {
    fn lock(&self) -> MutexGuard<'_, HashMap<i64, EdgeTraffic>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn seen(&self, edge: i64, at: Timestamp) {
        self.add(edge, at, Counts::default());
    }

    pub(super) fn add(&self, edge: i64, at: Timestamp, counts: Counts) {
        let mut all = self.lock();
        let traffic =
            all.entry(edge).or_insert(EdgeTraffic { edge, seen_at: at, messages: 0, hits: 0, refused: 0 });
        traffic.seen_at = traffic.seen_at.max(at);
        traffic.messages += counts.messages;
        traffic.hits += counts.hits;
        traffic.refused += counts.refused;
    }

    /// Writes it down. What could not be written is kept for the next time.
    pub async fn note(&self, accounts: &dyn AccountStore) -> Result<(), StoreError> {
        let traffic: Vec<EdgeTraffic> = std::mem::take(&mut *self.lock()).into_values().collect();
        if traffic.is_empty() {
            return Ok(());
        }
        let noted = accounts.note_edges(&traffic).await;
        if noted.is_err() {
            for EdgeTraffic { edge, seen_at, messages, hits, refused } in traffic {
                self.add(edge, seen_at, Counts { messages, hits, refused });
            }
        }
        noted
    }
}
