//! The database that holds rollups, inbox, usage and accounts.

use super::connections::Connections;
use crate::error::StoreError;
use crate::metrics::{MetricsRetention, SeriesCaps};
use crate::sql::SeriesCache;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How to reach a PostgreSQL database, and what it is used with.
#[derive(Clone)]
pub struct PostgresOptions {
    /// `postgres://user:password@host:port/database?sslmode=…`; with `verify-ca` and `verify-full` the server's
    /// certificate is checked. Holds a password: never shown.
    pub url: String,
    /// Certificates (PEM) that the server's may be signed with, instead of the public ones.
    pub ca_file: Option<PathBuf>,
    /// Connections at most.
    pub max_connections: u32,
    /// How long connecting, and waiting for a free connection, may take.
    pub connect_timeout: Duration,
    /// How long one call may take, all its statements together.
    pub call_timeout: Duration,
    pub caps: SeriesCaps,
    /// How long the inbox remembers a batch, in seconds. Must not be longer than what is given to
    /// [`prune`](crate::MetricsStore::prune): claims older than it are refused.
    pub inbox_retention: i64,
}

impl PostgresOptions {
    /// The defaults for a URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            ca_file: None,
            max_connections: 8,
            connect_timeout: Duration::from_secs(5),
            call_timeout: Duration::from_secs(30),
            caps: SeriesCaps::default(),
            inbox_retention: MetricsRetention::default().inbox,
        }
    }
}

impl fmt::Debug for PostgresOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresOptions")
            .field("max_connections", &self.max_connections)
            .field("connect_timeout", &self.connect_timeout)
            .field("call_timeout", &self.call_timeout)
            .finish_non_exhaustive()
    }
}

/// Metrics and accounts in a PostgreSQL database. Clones share its connections.
#[derive(Clone)]
pub struct PostgresDatabase {
    pub(super) connections: Connections,
    pub(super) caps: SeriesCaps,
    /// How long the inbox remembers a batch, in seconds.
    pub(super) inbox_retention: i64,
    pub(super) series: Arc<SeriesCache>,
}

impl PostgresDatabase {
    /// Opens a database and brings its schema up to date.
    ///
    /// A database that does not answer is no error: it is tried again in the background, and calls are `Unavailable`
    /// until it does.
    ///
    /// # Errors
    /// `Refused` where waiting does not help: an unreadable URL, a wrong password, no such database, a schema that this
    /// build does not know.
    pub async fn open(options: PostgresOptions) -> Result<Self, StoreError> {
        let connections = Connections::open(&options).await?;
        let PostgresOptions { caps, inbox_retention, .. } = options;
        Ok(Self { connections, caps, inbox_retention, series: Arc::default() })
    }
}
