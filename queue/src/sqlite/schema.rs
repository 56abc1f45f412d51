//! The queue's file: its tables, and how connections to it are set up.

use crate::QueueError;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

const VERSION: i64 = 1;

/// A connection that may write, with every commit synced to the disk.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, QueueError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            super::unavailable(&format!("could not make the folder {}", folder.display()), error)
        })?;
    }
    let connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // The page size counts only before the first table: envelopes are large, and large pages hold them with fewer
    // overflow chains. FULL syncs the log at each commit, which is what a confirm promises. The reading side runs
    // checkpoints too; the size limit gives the disk back after a burst.
    connection.execute_batch(
        "PRAGMA page_size = 8192;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 2000;
         PRAGMA journal_size_limit = 67108864;
         PRAGMA cache_size = -4096;",
    )?;
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match version {
        0 => connection.execute_batch(include_str!("schema.sql"))?,
        VERSION => {}
        other => {
            return Err(QueueError::Unavailable(
                format!("the queue's file is of version {other}; this build knows {VERSION}"),
                None,
            ));
        }
    }
    Ok(connection)
}

/// A connection for reading only.
pub(super) fn open_for_reading(path: &Path) -> Result<Connection, QueueError> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA cache_size = -1024;")?;
    Ok(connection)
}
