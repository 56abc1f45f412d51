//! The file that holds rollups, inbox, usage and accounts.

use super::connections::{Bounds, Connections, WAIT};
use crate::error::StoreError;
use crate::metrics::{MetricsRetention, SeriesCaps};
use crate::sql::SeriesCache;
use std::path::Path;
use std::sync::Arc;

/// Metrics and accounts in a SQLite file.
#[derive(Clone)]
pub struct SqliteDatabase {
    pub(super) connections: Connections,
    pub(super) caps: SeriesCaps,
    /// How long the inbox remembers a batch, in seconds.
    pub(super) inbox_retention: i64,
    pub(super) series: Arc<SeriesCache>,
}

impl SqliteDatabase {
    /// Opens the file with the default caps and retention, making it where it is missing, and brings its schema up
    /// to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        Self::open_with(path, SeriesCaps::default(), MetricsRetention::default().inbox).await
    }

    /// As [`SqliteDatabase::open`]. `inbox_retention` (seconds) must not be longer than what is given to
    /// [`prune`](crate::MetricsStore::prune): claims older than it are refused.
    pub async fn open_with(path: &Path, caps: SeriesCaps, inbox_retention: i64) -> Result<Self, StoreError> {
        let bounds = Bounds { writer_kib: 4_096, reader_kib: 2_048, readers: 3, wait: WAIT };
        let migrator = sqlx::migrate!("src/sqlite/migrations/database");
        let connections = Connections::open(path, &bounds, &migrator).await?;
        Ok(Self { connections, caps, inbox_retention, series: Arc::default() })
    }
}
