//! The numbers of series that were asked for lately, and the scopes that are known to be full.
//!
//! The rule: only what has been committed is remembered. Nothing here ever becomes wrong: series rows never change,
//! and a full scope stays full as long as the caps do, which is as long as this process.

use crate::error::StoreError;
use crate::metrics::{SeriesId, SeriesKey};
use crate::series_names::Scope;
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Series in each of two generations; a few megabytes at most.
const GENERATION: usize = 8_192;

#[derive(Default)]
pub(crate) struct SeriesCache(Mutex<Remembered>);

/// Two generations instead of a list by last use: when the young one is full it becomes the old one, and what was
/// not asked for since then is forgotten.
#[derive(Default)]
struct Remembered {
    young: HashMap<SeriesKey, SeriesId>,
    old: HashMap<SeriesKey, SeriesId>,
    full: HashSet<Scope>,
}

impl SeriesCache {
    pub(crate) fn numbers(&self, keys: &[SeriesKey]) -> Vec<Option<SeriesId>> {
        let mut remembered = self.lock();
        keys.iter().map(|key| remembered.get(key)).collect()
    }

    fn remember(&self, numbers: impl IntoIterator<Item = (SeriesKey, SeriesId)>) {
        let mut remembered = self.lock();
        for (key, id) in numbers {
            remembered.put(key, id);
        }
    }

    pub(crate) fn is_full(&self, scope: &Scope) -> bool {
        self.lock().full.contains(scope)
    }

    fn remember_full(&self, scopes: impl IntoIterator<Item = Scope>) {
        let mut remembered = self.lock();
        if remembered.full.len() > GENERATION {
            remembered.full.clear();
        }
        remembered.full.extend(scopes);
    }

    fn lock(&self) -> MutexGuard<'_, Remembered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was found out in a transaction, to be remembered once it has been committed.
#[derive(Default)]
pub(crate) struct Resolved {
    pub(crate) numbers: HashMap<SeriesKey, SeriesId>,
    pub(crate) full: HashSet<Scope>,
}

impl Resolved {
    /// The numbers of `keys`, in that order.
    pub(crate) fn of(&self, keys: &[SeriesKey]) -> Result<Vec<SeriesId>, StoreError> {
        let numbers = keys.iter().map(|key| self.numbers.get(key).copied()).collect::<Option<_>>();
        numbers.ok_or_else(|| StoreError::Damaged("a series was left without a number".to_owned()))
    }

    pub(crate) fn committed(self, cache: &SeriesCache) {
        cache.remember(self.numbers);
        cache.remember_full(self.full);
    }
}

impl Remembered {
    fn get(&mut self, key: &SeriesKey) -> Option<SeriesId> {
        if let Some(id) = self.young.get(key) {
            return Some(*id);
        }
        let (key, id) = self.old.remove_entry(key)?;
        self.put(key, id);
        Some(id)
    }

    fn put(&mut self, key: SeriesKey, id: SeriesId) {
        if self.young.len() >= GENERATION {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key, id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::SeriesKind;
    use telemetry::report::ClientId;

    fn key(n: usize) -> SeriesKey {
        SeriesKey { client: ClientId(1), environment: n.to_string(), kind: SeriesKind::Client }
    }

    #[test]
    fn what_is_asked_for_stays_and_the_rest_is_bounded() {
        let cache = SeriesCache::default();
        for n in 0..5 * GENERATION {
            cache.remember([(key(n), SeriesId(n as i64))]);
            assert_eq!(cache.numbers(&[key(0)]), [Some(SeriesId(0))]);
        }
        let remembered = cache.lock();
        assert!(remembered.young.len() + remembered.old.len() <= 2 * GENERATION);
        assert!(!remembered.young.contains_key(&key(1)) && !remembered.old.contains_key(&key(1)));
    }
}
