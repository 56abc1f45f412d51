//! The batches counted last, in memory: repeats of them need not ask the store.

use lru::LruCache;
use std::num::NonZeroUsize;
use telemetry::report::ClientId;

/// How many ids are remembered.
const REMEMBERED: NonZeroUsize = NonZeroUsize::new(100_000).unwrap();

/// A bounded set of ids of counted batches. Only a fast path: forgetting an id costs a look-up, never a number.
pub(crate) struct Recent {
    ids: LruCache<(ClientId, String), ()>,
}

impl Recent {
    pub(crate) fn new() -> Self {
        // Grows as it fills, so that an idle process does not pay for it.
        let mut ids = LruCache::unbounded();
        ids.resize(REMEMBERED);
        Self { ids }
    }

    pub(crate) fn insert(&mut self, client: ClientId, batch: String) {
        self.ids.put((client, batch), ());
    }

    pub(crate) fn contains(&mut self, client: ClientId, batch: &str) -> bool {
        // Batches under a message id come back only after a crash, when this memory is empty.
        !batch.starts_with("m:") && self.ids.get(&(client, batch.to_owned())).is_some()
    }
}
