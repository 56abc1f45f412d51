//! How long each client's raw events are kept, as the consumer knows it.
//!
//! The rule: a figure is at most [`FRESH`] old when an event gets its end from it; the store is asked for all clients at
//! once, and only when one is unknown or the figures are older.

use crate::failure::StepError;
use crate::stats::Step;
use crate::{Consumer, lock};
use std::collections::{BTreeSet, HashMap};
use telemetry::report::ClientId;

/// Seconds.
const FRESH: i64 = 60;

/// For a client that the store does not know, or no longer.
const UNKNOWN_DAYS: u32 = 30;

const DAY_MS: i64 = 86_400_000;

/// Days by client.
#[derive(Default)]
pub(crate) struct Retentions {
    days: HashMap<ClientId, u32>,
    /// When the store was asked, Unix seconds.
    asked_at: Option<i64>,
}

impl Retentions {
    /// The days of these clients, if all are known and fresh at `now` (Unix seconds).
    fn of(&self, clients: &BTreeSet<ClientId>, now: i64) -> Option<HashMap<ClientId, u32>> {
        if !(0..FRESH).contains(&(now - self.asked_at?)) {
            return None;
        }
        clients.iter().map(|client| Some((*client, *self.days.get(client)?))).collect()
    }
}

/// When events end, by client.
pub(crate) struct Expiry(HashMap<ClientId, u32>);

impl Expiry {
    /// When an event of `at` ends; both Unix milliseconds.
    pub(crate) fn of(&self, client: ClientId, at: i64) -> i64 {
        let days = self.0.get(&client).copied().unwrap_or(UNKNOWN_DAYS);
        at.saturating_add(i64::from(days) * DAY_MS)
    }
}

impl Consumer {
    /// When events of these clients end.
    pub(crate) async fn expiry(&self, clients: &BTreeSet<ClientId>) -> Result<Expiry, StepError> {
        let now = (self.clock)().as_second();
        if let Some(days) = lock(&self.shared.retentions).of(clients, now) {
            return Ok(Expiry(days));
        }
        let all = self.step(Step::Retention, self.stores.accounts.all_clients()).await?;
        let mut days: HashMap<ClientId, u32> = clients.iter().map(|client| (*client, UNKNOWN_DAYS)).collect();
        days.extend(all.into_iter().map(|(client, days)| (client.id, days)));
        // Unknown ones too: else each of their groups would ask again.
        *lock(&self.shared.retentions) = Retentions { days: days.clone(), asked_at: Some(now) };
        Ok(Expiry(days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_good_for_a_minute_and_for_known_clients() {
        let retentions = Retentions { days: [(ClientId(1), 7)].into(), asked_at: Some(1_000) };
        let of = |client, now| retentions.of(&[ClientId(client)].into(), now);
        assert_eq!(of(1, 1_059), Some([(ClientId(1), 7)].into()));
        assert_eq!((of(1, 1_060), of(1, 999), of(2, 1_000)), (None, None, None));
        assert!(Retentions::default().of(&BTreeSet::new(), 0).is_none());
    }

    #[test]
    fn an_event_ends_its_clients_days_after_it_happened() {
        let expiry = Expiry([(ClientId(1), 7)].into());
        assert_eq!(expiry.of(ClientId(1), 5), 7 * DAY_MS + 5);
        assert_eq!(expiry.of(ClientId(2), 5), 30 * DAY_MS + 5);
    }
}
