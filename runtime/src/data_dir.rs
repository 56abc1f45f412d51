//! The folder where SQLite files lie, and the lock on it.
//!
//! The rule: the queue's file belongs to one process, whose memory holds its leases and counters. Whoever opens it holds
//! the folder's lock.

use crate::config::Config;
use anyhow::{Context, bail};
use fs4::FileExt;
use std::fs::File;
use std::path::Path;

/// A held lock; dropping it, or the end of the process, releases it.
pub struct DataDir {
    _lock: File,
}

/// Makes the folder where it is missing, and locks it; `None` while another process holds the lock.
pub fn lock(folder: &Path) -> anyhow::Result<Option<DataDir>> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("could not make the data folder {}", folder.display()))?;
    let path = folder.join("sendry.lock");
    let file = File::create(&path).with_context(|| format!("could not make {}", path.display()))?;
    match FileExt::try_lock(&file) {
        Ok(()) => Ok(Some(DataDir { _lock: file })),
        Err(fs4::TryLockError::WouldBlock) => Ok(None),
        Err(fs4::TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("could not lock {}", path.display()))
        }
    }
}

/// For a command that opens the queue beside a server: the lock, where the queue is a file; nothing, where it is a broker
/// that many may use. An error in words for whoever typed the command, while the server runs.
pub fn lock_queue(config: &Config) -> anyhow::Result<Option<DataDir>> {
    if !config.queue_is_a_file() {
        return Ok(None);
    }
    match lock(&config.data_dir)? {
        Some(locked) => Ok(Some(locked)),
        None => bail!(
            "a server is running on the data folder {}, and the queue in a SQLite file belongs to one process: stop the \
             server first, or use its dashboard",
            config.data_dir.display()
        ),
    }
}
