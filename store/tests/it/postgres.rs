//! PostgreSQL passes the contracts; and what only a server can do.

mod accounts;
mod outages;
mod side_by_side;

use crate::Opened;
use crate::contract::metrics;
use sqlx::{Connection as _, PgConnection};
use std::sync::Arc;
use store::MetricsStore;
use store::postgres::{PostgresDatabase, PostgresOptions};

/// A database of its own in a PostgreSQL that others use too; dropped with this.
pub(crate) struct OwnDatabase {
    server: String,
    name: String,
}

impl OwnDatabase {
    pub(crate) async fn create() -> Self {
        let server = tokio::task::spawn_blocking(testbed::shared::postgres).await.unwrap().unwrap();
        let name = format!("store_{}", uuid::Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&server).await.unwrap();
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"));
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
        Self { server, name }
    }

    pub(crate) fn url(&self) -> String {
        let (server, _) = self.server.rsplit_once('/').unwrap();
        format!("{server}/{}", self.name)
    }
}

impl Drop for OwnDatabase {
    fn drop(&mut self) {
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name);
        let server = self.server.clone();
        // A runtime of its own: this may be dropped inside one.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&server).await?;
                sqlx::raw_sql(sqlx::AssertSqlSafe(drop)).execute(&mut connection).await
            })
        });
        let _ = dropping.join();
    }
}

async fn open_metrics() -> Opened<dyn MetricsStore> {
    let database = OwnDatabase::create().await;
    let options = PostgresOptions { caps: metrics::CAPS, ..PostgresOptions::new(database.url()) };
    let store = Arc::new(PostgresDatabase::open(options).await.unwrap());
    Opened { store, _kept: Box::new(database) }
}

metrics::contract!(super::open_metrics());

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_may_migrate_at_once() {
    let database = OwnDatabase::create().await;
    let opening = (0..6).map(|_| PostgresDatabase::open(PostgresOptions::new(database.url())));
    for opened in futures::future::join_all(opening).await {
        MetricsStore::ping(&opened.unwrap()).await.unwrap();
    }
}

#[tokio::test]
async fn what_waiting_does_not_mend_is_refused_at_once() {
    let database = OwnDatabase::create().await;
    let missing = format!("{}_missing", database.url());
    for url in [missing.as_str(), "postgres://127.0.0.1:x/", "nonsense"] {
        let error = PostgresDatabase::open(PostgresOptions::new(url)).await.err().unwrap();
        assert!(!error.is_retryable(), "{url}");
    }
    let mut options = PostgresOptions::new(database.url());
    options.ca_file = Some("/nowhere/ca.pem".into());
    assert!(!format!("{options:?}").contains("postgres://"), "a password is never shown");
    assert!(!PostgresDatabase::open(options).await.err().unwrap().is_retryable());
}
