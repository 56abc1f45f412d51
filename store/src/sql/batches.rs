//! What inbox rows mean for the batches asked about.

use crate::error::StoreError;
use crate::metrics::{BatchClaim, Claimed};
use std::collections::HashSet;
use telemetry::envelope::MessageId;
use uuid::Uuid;

/// What the inbox says of a batch.
pub(crate) struct State {
    pub(crate) owner: MessageId,
    pub(crate) done: bool,
}

impl State {
    /// From the columns of a row.
    pub(crate) fn read(message: &[u8], done: bool) -> Result<Self, StoreError> {
        let owner = <[u8; 16]>::try_from(message)
            .map_err(|_| StoreError::Damaged("the owner of a batch is no message id".to_owned()))?;
        Ok(Self { owner: MessageId(u128::from_be_bytes(owner)), done })
    }

    /// What it means for a message that asks.
    pub(crate) fn claimed_by(&self, message: MessageId) -> Claimed {
        match self {
            Self { owner, .. } if *owner != message => Claimed::Foreign,
            Self { done: true, .. } => Claimed::Done,
            Self { .. } => Claimed::Mine,
        }
    }
}

/// A message id as the inbox holds it.
pub(crate) fn bytes(message: MessageId) -> Vec<u8> {
    message.0.to_be_bytes().to_vec()
}

/// The places of batches in the order of the inbox: random ids then touch each of its pages once, and transactions that
/// share rows come to them in one order. Of equal batches the first stays first.
pub(crate) fn in_key_order(batches: &[BatchClaim]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..batches.len()).collect();
    places.sort_by_key(|place| (batches[*place].client, batches[*place].batch.as_str()));
    places
}

/// The places in key order, divided into those whose message is older than the inbox remembers (Unix seconds), and the
/// others.
pub(crate) fn by_age(batches: &[BatchClaim], remembered_since: i64) -> (Vec<usize>, Vec<usize>) {
    let is_old =
        |place: &usize| sent_at(batches[*place].message).is_some_and(|second| second < remembered_since);
    in_key_order(batches).into_iter().partition(is_old)
}

/// When a message was sent, Unix seconds; `None` where its id does not tell.
fn sent_at(message: MessageId) -> Option<i64> {
    let id = Uuid::from_u128(message.0);
    let (seconds, _) = (id.get_version_num() == 7).then(|| id.get_timestamp()).flatten()?.to_unix();
    i64::try_from(seconds).ok()
}

/// The places of batches that are done, another message's, unknown, or named a second time; `states` tells by place
/// what was found.
pub(crate) fn not_mine_to_do(batches: &[BatchClaim], states: Vec<(usize, State)>) -> Vec<usize> {
    let mut open = vec![false; batches.len()];
    for (place, state) in states {
        open[place] = state.claimed_by(batches[place].message) == Claimed::Mine;
    }
    let mut named = HashSet::new();
    (0..batches.len()).filter(|&place| !(open[place] && named.insert(&batches[place]))).collect()
}
