//! What every backend promises, one suite per trait.

pub(crate) mod accounts;
pub(crate) mod events;
pub(crate) mod metrics;
