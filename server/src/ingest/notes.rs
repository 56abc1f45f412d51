//! Calls refused as a whole by day and status, and hits accepted with keys that have a quota.
//!
//! The rule: they are counted in memory and written down every few seconds, off the way of hits; so a crash loses the
//! last of them, and whoever shows them says so.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::accounts::{CallNotes, IngestKey, KeyUse, RefusedCalls};
use store::{AccountStore, StoreError};
use telemetry::report::ClientId;
use telemetry::time::DAY;

/// The notes of one server. As large as there are clients and keys with a quota, at most.
#[derive(Debug, Default)]
pub struct Notes(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    /// By client, day and HTTP status.
    refused: HashMap<(ClientId, i64, u16), u64>,
    /// By client, key and day.
    uses: HashMap<(ClientId, i64, i64), u64>,
}

impl Notes {
    /// A call of a client was refused; `second` is Unix seconds, now.
    pub(super) fn refused(&self, client: ClientId, status: u16, second: i64) {
        *self.noted().refused.entry((client, day_of(second), status)).or_default() += 1;
    }

    /// Hits were accepted with a key.
    pub fn accepted(&self, key: &IngestKey, hits: u64, second: i64) {
        if key.hits_per_day.is_some() || key.hits_per_month.is_some() {
            *self.noted().uses.entry((key.client, key.id, day_of(second))).or_default() += hits;
        }
    }

    /// Writes them down; what could not be written is kept for the next time.
    pub async fn write_down(&self, accounts: &dyn AccountStore) -> Result<(), StoreError> {
        let noted = std::mem::take(&mut *self.noted());
        if noted.refused.is_empty() && noted.uses.is_empty() {
            return Ok(());
        }
        let refused = noted.refused.iter();
        let uses = noted.uses.iter();
        let notes = CallNotes {
            refused: refused
                .map(|(&(client, day, status), &calls)| RefusedCalls { client, day, status, calls })
                .collect(),
            uses: uses
                .map(|(&(client, key, day), &accepted)| KeyUse { client, key, day, accepted })
                .collect(),
        };
        let written = accounts.note_calls(&notes).await;
        if written.is_err() {
            let mut newer = self.noted();
            for (key, n) in noted.refused {
                *newer.refused.entry(key).or_default() += n;
            }
            for (key, n) in noted.uses {
                *newer.uses.entry(key).or_default() += n;
            }
        }
        written
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn day_of(second: i64) -> i64 {
    second - second.rem_euclid(DAY)
}
