//! What Sendry remembers: raw events, rollups, accounts.
//!
//! Each kind has one trait ([`EventStore`], [`MetricsStore`], [`AccountStore`]), several backends, and one contract
//! suite (`tests/it/contract`) that every backend passes. Reports over them ([`analytics`]) and who may ask for them
//! ([`access`]) exist once, above the traits, so that a JSON route and a server function cannot differ.

pub mod access;
pub mod accounts;
pub mod analytics;
pub mod error;
pub mod events;
pub mod identity;
pub mod metrics;
pub mod mongodb;
pub mod postgres;
mod series_names;
mod sql;
pub mod sqlite;

pub use accounts::AccountStore;
pub use error::{Failure, StoreError};
pub use events::EventStore;
pub use metrics::MetricsStore;
pub use series_names::AdmittedNames;

use std::sync::Arc;

/// The three stores of one instance.
#[derive(Clone)]
pub struct Stores {
    pub events: Arc<dyn EventStore>,
    pub metrics: Arc<dyn MetricsStore>,
    pub accounts: Arc<dyn AccountStore>,
}
