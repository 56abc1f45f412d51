//! The connections to one PostgreSQL database, and its schema.
//!
//! The rule: nothing waits without a limit, on either side. A call has its time-out ([`Connections::bounded`]); the
//! server ends statements, waits for locks and idle transactions of ours that take longer, so that a process that hangs
//! holds nobody up; and a connection that does not answer is thrown away, not waited for.

use super::database::PostgresOptions;
use super::errors::is_misconfiguration;
use crate::error::StoreError;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};
use sqlx::{ConnectOptions, Connection as _, Postgres, Transaction};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::timeout;

static MIGRATIONS: Migrator = sqlx::migrate!("src/postgres/migrations");

/// How long a migration may take, and waiting for another process that migrates.
const MIGRATION: Duration = Duration::from_secs(600);

/// Between two attempts to migrate while the database is away.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(500);

/// How long a connection may take to show that it is alive.
const ALIVE: Duration = Duration::from_secs(2);

/// A connection that was used so lately is taken for alive.
const LATELY: Duration = Duration::from_secs(1);

/// Connections that have been idle this long are closed.
const IDLE: Duration = Duration::from_secs(300);

/// What every session is set to, where the server knows the setting. Statements reach their rows by key: the planner,
/// which knows nothing yet of a table that has just begun to grow, may not think that reading all of it is cheaper.
const SESSION: &str = "
    SELECT set_config(wanted.name, wanted.value, false)
    FROM unnest($1::text[], $2::text[]) AS wanted (name, value) JOIN pg_settings USING (name)
    WHERE name <> 'synchronous_commit' OR setting = 'off'";

#[derive(Clone)]
pub(super) struct Connections {
    pool: PgPool,
    /// Whether the schema is up to date. The sender's end is the task that sees to it.
    ready: watch::Receiver<bool>,
    limit: Duration,
    acquire: Duration,
}

impl Connections {
    /// Prepares the connections, and migrates if the database can be reached; else that is repeated in the background.
    pub(super) async fn open(options: &PostgresOptions) -> Result<Self, StoreError> {
        let unreadable = |_| StoreError::Refused("the URL of the PostgreSQL database cannot be read".into());
        // Statements are not logged: whoever handles an error logs that.
        let mut connect: PgConnectOptions =
            options.url.parse::<PgConnectOptions>().map_err(unreadable)?.disable_statement_logging();
        if let Some(file) = &options.ca_file {
            let certificates = std::fs::read(file).map_err(|error| StoreError::Refused(error.into()))?;
            connect = connect.ssl_root_cert_from_pem(certificates);
        }
        if connect.get_application_name().is_none() {
            connect = connect.application_name("sendry");
        }
        let pool = pool(options, connect.clone());
        let (said, ready) = watch::channel(false);
        match migrate(&connect, options.connect_timeout).await {
            Ok(()) => {
                said.send_replace(true);
            }
            Err(Attempt::Hopeless(error)) => return Err(error),
            Err(Attempt::Later) => {
                tokio::spawn(keep_migrating(said, connect, options.connect_timeout));
            }
        }
        let (limit, acquire) = (options.call_timeout, options.connect_timeout);
        Ok(Self { pool, ready, limit, acquire })
    }

    /// Runs a whole call under its time-out. Whatever it had begun and not committed does not happen.
    pub(super) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        match timeout(self.limit, call).await {
            Ok(answer) => answer,
            Err(late) => Err(StoreError::Unavailable(late.into())),
        }
    }

    /// Where single statements go, once the schema is there.
    pub(super) async fn pool(&self) -> Result<&PgPool, StoreError> {
        let mut ready = self.ready.clone();
        if *ready.borrow_and_update() {
            return Ok(&self.pool);
        }
        match timeout(self.acquire, ready.wait_for(|ready| *ready)).await {
            Ok(Ok(_)) => Ok(&self.pool),
            Ok(Err(_)) => Err(StoreError::Refused("the schema cannot be brought up to date".into())),
            Err(late) => Err(StoreError::Unavailable(late.into())),
        }
    }

    /// Begins a transaction (read committed); dropped without a commit it is rolled back.
    pub(super) async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.pool().await?.begin().await?)
    }

    /// Answers when the database does, and its schema is up to date.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        self.bounded(async {
            sqlx::query("SELECT 1").execute(self.pool().await?).await?;
            Ok(())
        })
        .await
    }
}

fn pool(options: &PostgresOptions, connect: PgConnectOptions) -> PgPool {
    let settings = Arc::new(session(options.call_timeout));
    PgPoolOptions::new()
        .max_connections(options.max_connections)
        .acquire_timeout(options.connect_timeout)
        .idle_timeout(IDLE)
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let settings = settings.clone();
            Box::pin(async move { set_session(connection, &settings).await })
        })
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for > LATELY {
                    alive(connection).await?;
                }
                Ok(true)
            })
        })
        .after_release(|connection, _| {
            Box::pin(async move {
                nothing_open(connection).await?;
                Ok(true)
            })
        })
        .connect_lazy_with(connect)
}

type Settings = (Vec<&'static str>, Vec<String>);

fn session(limit: Duration) -> Settings {
    let limit = limit.as_millis().to_string();
    [
        ("statement_timeout", limit.clone()),
        ("lock_timeout", limit.clone()),
        ("idle_in_transaction_session_timeout", limit),
        // A statement whose caller has gone ends within this time. Known since PostgreSQL 14.
        ("client_connection_check_interval", "2s".to_owned()),
        ("default_transaction_isolation", "read committed".to_owned()),
        // What was acknowledged is on disk: never off, whatever the server's default is.
        ("synchronous_commit", "on".to_owned()),
        ("enable_seqscan", "off".to_owned()),
        ("enable_hashjoin", "off".to_owned()),
        ("enable_mergejoin", "off".to_owned()),
        ("jit", "off".to_owned()),
        // A rollback where nothing is open is no news.
        ("client_min_messages", "error".to_owned()),
    ]
    .into_iter()
    .unzip()
}

async fn set_session(connection: &mut PgConnection, (names, values): &Settings) -> Result<(), sqlx::Error> {
    sqlx::query(SESSION).bind(names).bind(values).persistent(false).execute(connection).await?;
    Ok(())
}

/// Ends whatever an abandoned call may have left behind: a statement that still runs is waited for a little, then the
/// connection is closed, which ends it; and a transaction is rolled back. The driver does not always do that: a BEGIN
/// whose caller stopped waiting would stay, and the next call's single statements would be part of it.
async fn nothing_open(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match timeout(ALIVE, sqlx::raw_sql("ROLLBACK").execute(connection)).await {
        Ok(answer) => answer.map(drop),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

async fn alive(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match timeout(ALIVE, connection.ping()).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

enum Attempt {
    /// The database does not answer.
    Later,
    Hopeless(StoreError),
}

/// Brings the schema up to date over a connection of its own. Several processes may try at once: they take turns by an
/// advisory lock.
async fn migrate(connect: &PgConnectOptions, limit: Duration) -> Result<(), Attempt> {
    let mut connection = match timeout(limit, connect.connect()).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) if is_misconfiguration(&error) => {
            return Err(Attempt::Hopeless(StoreError::Refused(error.into())));
        }
        Ok(Err(_)) | Err(_) => return Err(Attempt::Later),
    };
    let migration = async {
        set_session(&mut connection, &session(MIGRATION)).await?;
        MIGRATIONS.run_direct(None, &mut connection, false).await?;
        Ok::<_, StoreError>(())
    };
    match timeout(MIGRATION, migration).await {
        Ok(Ok(())) => {
            let _ = timeout(ALIVE, connection.close()).await;
            Ok(())
        }
        Ok(Err(error)) if error.is_retryable() => Err(Attempt::Later),
        Ok(Err(error)) => Err(Attempt::Hopeless(error)),
        Err(_) => Err(Attempt::Later),
    }
}

/// Migrates until it has worked, or cannot work, or nobody waits for it any more.
async fn keep_migrating(said: watch::Sender<bool>, connect: PgConnectOptions, limit: Duration) {
    loop {
        tokio::select! {
            () = said.closed() => return,
            () = tokio::time::sleep(BETWEEN_ATTEMPTS) => {}
        }
        match migrate(&connect, limit).await {
            Ok(()) => {
                said.send_replace(true);
                return;
            }
            Err(Attempt::Later) => {}
            // A password may be put right while we run: only the schema of a newer build is beyond hope.
            Err(Attempt::Hopeless(StoreError::Refused(cause))) if cause.is::<sqlx::Error>() => {}
            Err(Attempt::Hopeless(_)) => return,
        }
    }
}
