//! What every backend promises, one suite per trait.

pub mod accounts;
pub mod events;
pub mod metrics;
