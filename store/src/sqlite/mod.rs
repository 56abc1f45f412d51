//! The embedded backend: two SQLite files, one for raw events, one for everything else.
//!
//! The rule: what a call acknowledged is on disk (`synchronous = FULL`), and what a call did not acknowledge either
//! happened whole or not at all, except for [`EventStore::insert`](crate::EventStore::insert), which may be repeated.

// One source, compiled for each SQL backend.
#[allow(clippy::duplicate_mod)]
#[path = "../sql/accounts/mod.rs"]
mod accounts;
mod connections;
mod database;
mod dialect;
pub(crate) mod errors;
mod events;
mod metrics;
mod multi_row;

pub use database::SqliteDatabase;
pub use events::SqliteEvents;

use crate::Stores;
use crate::error::StoreError;
use std::path::Path;
use std::sync::Arc;

/// Opens both files, makes them where they are missing, and brings their schemas up to date.
pub async fn open_embedded(events: &Path, database: &Path) -> Result<Stores, StoreError> {
    let events = Arc::new(SqliteEvents::open(events).await?);
    let database = Arc::new(SqliteDatabase::open(database).await?);
    Ok(Stores { events, metrics: database.clone(), accounts: database })
}
