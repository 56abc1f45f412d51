//! What the SQL backends share: the meaning of errors and of rows, the memory of series, which names are at stake.
//!
//! The rule: no statement stands here; what differs between the engines stays with each. Accounts are the exception:
//! their statements are in words that all engines understand, so that they exist once. The folder `accounts` is no
//! module of this one: each backend mounts it as its own.

pub(crate) mod aggregates;
pub(crate) mod batches;
pub(crate) mod errors;
pub(crate) mod kinds;
mod series_cache;
pub(crate) mod usage;
pub(crate) mod workers;

pub(crate) use series_cache::{Resolved, SeriesCache};
