//! The connections to one SQLite file: one that writes, a few that read.
//!
//! The rule: whoever writes holds the only writing connection and has begun with `BEGIN IMMEDIATE`, so writers queue
//! up here, in order and with a time limit, and no transaction fails half-way for a lock that another one holds.

use crate::error::StoreError;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Sqlite, SqlitePool, Transaction};
use std::path::Path;
use std::time::Duration;

/// Readers that have been idle this long are closed: their page caches are given back.
const READER_IDLE: Duration = Duration::from_secs(60);

/// Pages (of 4 KiB) in the log after which a commit checkpoints: 16 MB, so that a bulk insert does so every few tens
/// of thousands of rows and not at every commit.
const CHECKPOINT_PAGES: &str = "4000";

/// Bytes that the log file may keep after a checkpoint; beyond, it is cut.
const LOG_BYTES: &str = "67108864";

/// How long a call waits for a connection, and SQLite for a lock of another process, before it is `Unavailable`.
pub(super) const WAIT: Duration = Duration::from_secs(5);

/// How large one file's connections may grow, and how long a call may wait for one.
pub(super) struct Bounds {
    /// Page cache of the writing connection, KiB.
    pub(super) writer_kib: u32,
    /// Page cache of each reading connection, KiB.
    pub(super) reader_kib: u32,
    /// Reading connections at most.
    pub(super) readers: u32,
    pub(super) wait: Duration,
}

#[derive(Clone)]
pub(super) struct Connections {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl Connections {
    /// Opens a file, making it and its folder where they are missing, and brings its schema up to date.
    pub(super) async fn open(path: &Path, bounds: &Bounds, migrator: &Migrator) -> Result<Self, StoreError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| StoreError::Unavailable(error.into()))?;
        }
        // Statements are not logged: the multi-row ones are long, and whoever handles an error logs that.
        let common = SqliteConnectOptions::new()
            .filename(path)
            .busy_timeout(bounds.wait)
            .foreign_keys(true)
            .disable_statement_logging();
        let writing = common
            .clone()
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .pragma("cache_size", format!("-{}", bounds.writer_kib))
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("journal_size_limit", LOG_BYTES);
        let reading = common
            .read_only(true)
            // Rows are handed from SQLite's thread to the caller's: in larger portions where there are many.
            .row_buffer_size(512)
            .pragma("cache_size", format!("-{}", bounds.reader_kib));

        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .min_connections(1)
            .acquire_timeout(bounds.wait)
            .idle_timeout(None)
            .max_lifetime(None)
            // A thread hop per transaction; a connection in this process does not go away unnoticed.
            .test_before_acquire(false)
            .connect_with(writing)
            .await?;
        migrator.run(&writer).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(bounds.readers)
            .acquire_timeout(bounds.wait)
            .idle_timeout(READER_IDLE)
            .max_lifetime(None)
            .test_before_acquire(false)
            .connect_lazy_with(reading);
        Ok(Self { writer, readers })
    }

    /// Begins a writing transaction; dropped without a commit it is rolled back.
    pub(super) async fn write(&self) -> Result<Transaction<'static, Sqlite>, StoreError> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// Where single reading statements go.
    pub(super) fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// Answers when the file can be read.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT count(*) FROM sqlite_schema").fetch_one(&self.readers).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn open(path: &Path) -> Connections {
        let bounds = Bounds { writer_kib: 256, reader_kib: 256, readers: 1, wait: Duration::from_millis(50) };
        Connections::open(path, &bounds, &sqlx::migrate!("src/sqlite/migrations/events")).await.unwrap()
    }

    #[tokio::test]
    async fn whoever_cannot_write_in_time_is_told_so_and_reads_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("events.db");
        let (one, other) = (open(&path).await, open(&path).await);
        let writing = one.write().await.unwrap();
        // The one for want of the connection, the other, as another process would, for SQLite's lock.
        assert!(one.write().await.is_err_and(|error| error.is_retryable()));
        assert!(other.write().await.is_err_and(|error| error.is_retryable()));
        one.ping().await.unwrap();
        drop(writing);
        one.write().await.unwrap().commit().await.unwrap();
        other.write().await.unwrap().commit().await.unwrap();
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let connections = open(&folder.path().join("events.db")).await;
        assert!(sqlx::query("DELETE FROM events").execute(connections.readers()).await.is_err());
    }
}
