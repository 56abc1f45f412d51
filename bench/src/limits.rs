//! What the disk and SQLite can do at best, without a server.

use crate::bare;
use anyhow::{Context, Result};
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Long enough that every write finds its blocks allocated, as the log of a busy SQLite does.
const FILE_BYTES: usize = 16 << 20;

/// The median time of writing `bytes` and syncing them, in milliseconds.
pub(crate) fn fdatasync_ms(folder: &Path, bytes: usize, repeats: usize) -> Result<f64> {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path).with_context(|| format!("could not make {}", path.display()))?;
    file.write_all(&vec![0; FILE_BYTES])?;
    file.sync_all()?;
    let piece = vec![0x5a; bytes];
    let mut times = Vec::with_capacity(repeats);
    for number in 0..repeats {
        file.seek(SeekFrom::Start((number * bytes % (FILE_BYTES - bytes)) as u64))?;
        let began = Instant::now();
        file.write_all(&piece)?;
        file.sync_data()?;
        times.push(began.elapsed());
    }
    std::fs::remove_file(&path)?;
    times.sort_unstable();
    Ok(times[repeats / 2].as_secs_f64() * 1e3)
}

/// Commits a second of one row of 100 bytes each, each synced.
pub(crate) fn sqlite_commits(folder: &Path, time: Duration) -> Result<f64> {
    let path = folder.join("commits.db");
    let connection = bare::open(&path)?;
    let mut insert = connection.prepare("INSERT INTO messages (body) VALUES (?1)")?;
    let row = [0x5a_u8; 100];
    let began = Instant::now();
    let mut commits = 0;
    while began.elapsed() < time {
        insert.execute([row])?;
        commits += 1;
    }
    Ok(f64::from(commits) / began.elapsed().as_secs_f64())
}
