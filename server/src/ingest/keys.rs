//! Checks API keys in memory: the checksum first, then a bounded cache, and only then the store.
//!
//! The rule: an entry lives ten seconds, so that a revoked key stops working within ten seconds on every server, and at
//! once on the one that revoked it. Unknown keys are remembered too, so that junk does not reach the store.
//!
//! While the store is away, keys that it knew within the last hour go on: an outage of the accounts must not stop hits.

use crate::reply::{Answer, ErrorReply};
use jiff::Timestamp;
use moka::future::Cache;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::accounts::IngestKey;
use store::{AccountStore, StoreError};
use telemetry::error::ApiError;
use telemetry::key::ApiKey;
use telemetry::time::Clock;
use tokio::sync::Semaphore;

/// How long an answer of the store is believed.
const LIFETIME: Duration = Duration::from_secs(10);
/// Keys in memory, known and unknown.
const CAPACITY: u64 = 20_000;
/// The longest that one look-up may take.
const LOOK_UP: Duration = Duration::from_secs(2);
/// How long the store's last answer about a key stands while it cannot be asked.
const GRACE: Duration = Duration::from_secs(3_600);
/// The longest that a look-up may take where an earlier answer can stand in for it.
const SECOND_LOOK_UP: Duration = Duration::from_millis(500);

/// Keys never seen before that are looked up at once: inventing keys must not keep the store from others.
const STRANGERS: usize = 8;

/// The keys seen lately.
pub struct KeyCache {
    /// By the key's SHA-256; `None` is a key that the store does not know.
    known: Cache<[u8; 32], Option<Arc<IngestKey>>>,
    /// What stands in for the store while that is away.
    remembered: Cache<[u8; 32], Arc<IngestKey>>,
    accounts: Arc<dyn AccountStore>,
    strangers: Semaphore,
    clock: Clock,
    /// When keys were last looked up, for their "last used"; bounded by the number of keys that exist.
    used: Mutex<HashMap<i64, Timestamp>>,
}

impl KeyCache {
    pub fn new(accounts: Arc<dyn AccountStore>, clock: Clock) -> Self {
        let known = Cache::builder().max_capacity(CAPACITY).time_to_live(LIFETIME).build();
        let remembered = Cache::builder().max_capacity(CAPACITY).time_to_live(GRACE).build();
        let strangers = Semaphore::new(STRANGERS);
        Self { known, remembered, accounts, strangers, clock, used: Mutex::default() }
    }

    /// The key that was presented, if it may send hits.
    pub async fn check(&self, presented: Option<&str>) -> Answer<Arc<IngestKey>> {
        let Some(presented) = presented else {
            return Err(refused("send your API key in the x-api-key header").into());
        };
        let parsed = ApiKey::parse(presented)
            .map_err(|_| refused("this is no API key of Sendry; check for missing characters"))?;
        let digest = parsed.digest();
        let found = match self.known.get(&digest).await {
            Some(found) => found,
            None => self
                .known
                .try_get_with(digest, self.look_up(digest))
                .await
                .map_err(|error| unavailable(&error))?,
        };
        let key = found.ok_or_else(|| refused("this API key is unknown or revoked"))?;
        if key.expires_at.is_some_and(|at| at <= (self.clock)()) {
            return Err(refused("this API key has expired").into());
        }
        Ok(key)
    }

    async fn look_up(&self, digest: [u8; 32]) -> Result<Option<Arc<IngestKey>>, StoreError> {
        let remembered = self.remembered.get(&digest).await;
        let limit = if remembered.is_some() { SECOND_LOOK_UP } else { LOOK_UP };
        let asking = async {
            // Whoever was let in before does not queue up with those who were not.
            let _turn = match remembered {
                None => self.strangers.acquire().await.ok(),
                Some(_) => None,
            };
            self.accounts.ingest_key(digest).await
        };
        let asked = tokio::time::timeout(limit, asking).await;
        let answer = asked.unwrap_or_else(|late| Err(StoreError::Unavailable(Box::new(late))));
        let found = match (answer, remembered) {
            (Ok(Some(key)), _) => {
                let key = Arc::new(key);
                self.remembered.insert(digest, Arc::clone(&key)).await;
                Some(key)
            }
            (Ok(None), _) => {
                self.remembered.invalidate(&digest).await;
                None
            }
            (Err(error), Some(key)) if error.is_retryable() => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "keys stand as they were last looked up"
                );
                Some(key)
            }
            (Err(error), _) => return Err(error),
        };
        if let Some(key) = &found {
            self.note_use(key.id);
        }
        Ok(found)
    }

    /// A key is being used just now.
    pub fn note_use(&self, key: i64) {
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (self.clock)());
    }

    /// Forgets every answer: after a key was made, rotated or revoked here.
    pub fn forget(&self) {
        self.known.invalidate_all();
        self.remembered.invalidate_all();
    }

    /// Writes down when keys were last used.
    pub async fn note_uses(&self) -> Result<(), StoreError> {
        let used: Vec<(i64, Timestamp)> =
            std::mem::take(&mut *self.used.lock().unwrap_or_else(PoisonError::into_inner))
                .into_iter()
                .collect();
        if used.is_empty() { Ok(()) } else { self.accounts.touch_keys(&used).await }
    }
}

fn refused(message: &str) -> ApiError {
    ApiError::unauthorized(message)
}

fn unavailable(error: &StoreError) -> ErrorReply {
    tracing::error!(error = error as &dyn std::error::Error, "a key could not be looked up");
    ApiError::unavailable("keys cannot be checked at the moment; try again").into()
}
