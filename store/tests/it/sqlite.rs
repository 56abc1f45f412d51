//! SQLite passes the contracts; and what only a file can do.

use crate::Opened;
use crate::contract::{accounts, events, metrics};
use crate::samples::{NOW, Sample, count, message};
use sqlx::Connection as _;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use std::path::Path;
use std::sync::Arc;
use store::access::ClientScope;
use store::metrics::{SeriesCaps, SeriesFilter, SeriesFilterKind};
use store::sqlite::{SqliteDatabase, SqliteEvents, open_embedded};
use store::{AccountStore, EventStore, MetricsStore, StoreError};
use telemetry::report::ClientId;
use telemetry::time::{Resolution, Span};

const INBOX: i64 = 35 * 86_400;

pub(crate) async fn open_events() -> Opened<dyn EventStore> {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteEvents::open(&folder.path().join("events.db")).await.unwrap());
    Opened { store, _kept: Box::new(folder) }
}

async fn open_metrics() -> Opened<dyn MetricsStore> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sendry.db");
    let store = Arc::new(SqliteDatabase::open_with(&path, metrics::CAPS, INBOX).await.unwrap());
    Opened { store, _kept: Box::new(folder) }
}

async fn open_accounts() -> Opened<dyn AccountStore> {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteDatabase::open(&folder.path().join("sendry.db")).await.unwrap());
    Opened { store, _kept: Box::new(folder) }
}

events::contract!(super::open_events());
metrics::contract!(super::open_metrics());
accounts::contract!(super::open_accounts());

#[tokio::test]
async fn files_and_folders_are_made_and_what_they_hold_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let (events, database) = (folder.path().join("a/b/events.db"), folder.path().join("a/c/sendry.db"));
    for round in 0..2 {
        let stores = open_embedded(&events, &database).await.unwrap();
        assert_eq!(stores.accounts.any_user().await.unwrap(), round > 0);
        if round == 0 {
            let first = accounts::new_user("root");
            stores.accounts.create_first_user(&first, accounts::now()).await.unwrap().unwrap();
        }
        stores.events.ping().await.unwrap();
        stores.metrics.ping().await.unwrap();
        stores.accounts.ping().await.unwrap();
    }
}

#[tokio::test]
async fn caps_hold_for_a_second_process_and_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sendry.db");
    let caps = SeriesCaps { services: 2, ..metrics::CAPS };
    let open = |path: &Path| {
        let path = path.to_owned();
        async move { SqliteDatabase::open_with(&path, caps, INBOX).await.unwrap() }
    };
    let (one, other) = (open(&path).await, open(&path).await);
    let sample = |service: &str| Sample { service: service.into(), ..Sample::at(NOW) };
    count(&one, ClientId(1), "b:1", message(1), &[sample("a")]).await;
    count(&other, ClientId(1), "b:2", message(2), &[sample("b"), sample("a")]).await;
    count(&one, ClientId(1), "b:3", message(3), &[sample("c"), sample("b")]).await;
    drop((one, other));
    let again = open(&path).await;
    count(&again, ClientId(1), "b:4", message(4), &[sample("d"), sample("a")]).await;
    let filter = SeriesFilter { kind: SeriesFilterKind::Service, ..SeriesFilter::default() };
    let scope = ClientScope::of_the_instance(ClientId(1));
    assert_eq!(metrics::service_names(&again, &scope, &filter).await, ["(other)", "a", "b"]);
}

#[tokio::test]
async fn a_file_that_is_no_database_is_damaged_and_not_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sendry.db");
    std::fs::write(&path, vec![b'x'; 8_192]).unwrap();
    assert!(matches!(SqliteDatabase::open(&path).await, Err(StoreError::Damaged(_))));
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_an_outage() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let error = SqliteEvents::open(&folder.path().join("file/events.db")).await.err().unwrap();
    assert!(error.is_retryable());
}

/// The file as an earlier version left it, with rollups in it.
#[tokio::test]
async fn consumers_come_to_a_file_that_knew_none_and_nothing_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sendry.db");
    let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite/migrations/database");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true).foreign_keys(true);
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    Migrator::new(migrations).await.unwrap().run_to(9, &mut connection).await.unwrap();
    let before = "INSERT INTO series (id, client, kind, environment, service, method, endpoint) VALUES \
        (5, 1, 'client', 'live', '', '', ''), (6, 1, 'service', 'live', 'shop', '', ''); \
        INSERT INTO series_names (client, scope, name) VALUES (1, 'services', 'shop'), (1, 'environments', 'live'); \
        INSERT INTO rollups VALUES (5, 60, 1789999980, 200, 3, 30, 10, 10, 0, 0, x'010000'), \
        (6, 60, 1789999980, 200, 3, 30, 10, 10, 0, 0, x'010000')";
    sqlx::raw_sql(before).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let database = SqliteDatabase::open(&path).await.unwrap();
    let hit = Sample { consumer: Some("web".into()), ..Sample::at(NOW) };
    count(&database, ClientId(1), "b:1", message(1), &[hit]).await;
    let scope = ClientScope::of_the_instance(ClientId(1));
    let spans = [Span { resolution: Resolution::Minute, start: 0, end: NOW + 60 }];
    for (kind, expected) in SeriesFilterKind::ALL.into_iter().zip([4, 4, 1, 1]) {
        let filter = SeriesFilter { kind, ..SeriesFilter::default() };
        let rows = database.rollups(&scope, &filter, &spans, None, true).await.unwrap();
        let ids: Vec<i64> = rows.iter().map(|row| row.series.0).collect();
        assert_eq!((rows.len(), rows[0].aggregate.count), (1, expected), "{kind:?} {ids:?}");
    }
    let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
    let broken = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await.unwrap();
    assert!(broken.is_empty());
}
