//! The backend of larger installations for rollups and accounts: PostgreSQL 13 or newer, for any number of processes.
//!
//! The rule: what a call acknowledged is on disk, what it did not acknowledge happened whole or not at all, and no call
//! waits without a limit. Rows that several transactions may want are locked in key order, always.

// One source, compiled for each SQL backend.
#[allow(clippy::duplicate_mod)]
#[path = "../sql/accounts/mod.rs"]
mod accounts;
mod connections;
mod database;
mod dialect;
pub(crate) mod errors;
mod metrics;

pub use database::{PostgresDatabase, PostgresOptions};
