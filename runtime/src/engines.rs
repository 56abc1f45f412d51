//! Queue and stores, each opened as its URL says: SQLite files, or the engines of a larger installation, in any mixture.

use crate::config::Config;
use anyhow::Context;
use queue::Queue;
use queue::rabbitmq::{RabbitOptions, RabbitQueue};
use queue::sqlite::SqliteQueue;
use std::sync::Arc;
use store::mongodb::{MongoEvents, MongoOptions};
use store::postgres::{PostgresDatabase, PostgresOptions};
use store::sqlite::{SqliteDatabase, SqliteEvents};
use store::{AccountStore, EventStore, MetricsStore, Stores};

/// Opens the queue.
pub async fn queue(config: &Config) -> anyhow::Result<Arc<dyn Queue>> {
    match &config.queue_url {
        Some(url) if matches!(url.scheme(), "amqp" | "amqps") => {
            let options = RabbitOptions {
                publishing_connections: config.queue_connections,
                prefetch: config.prefetch,
                confirm_timeout: config.confirm_timeout(),
                connect_timeout: config.connect_timeout(),
                tls_ca_file: config.tls_ca_file.clone(),
                ..RabbitOptions::new(url.expose())
            };
            Ok(Arc::new(RabbitQueue::open(options).await.context("could not open the queue")?))
        }
        _ => Ok(Arc::new(SqliteQueue::open(&config.queue_path()).await.context("could not open the queue")?)),
    }
}

/// Opens the stores, and brings their schemas up to date.
pub async fn stores(config: &Config) -> anyhow::Result<Stores> {
    let events = events(config).await.context("could not open the store of raw events")?;
    let (metrics, accounts) =
        database(config).await.context("could not open the database of rollups and accounts")?;
    Ok(Stores { events, metrics, accounts })
}

async fn events(config: &Config) -> anyhow::Result<Arc<dyn EventStore>> {
    match &config.events_url {
        Some(url) if matches!(url.scheme(), "mongodb" | "mongodb+srv") => {
            let options = MongoOptions {
                ca_file: config.tls_ca_file.clone(),
                max_connections: config.store_connections,
                connect_timeout: config.connect_timeout(),
                call_timeout: config.store_timeout(),
                ..MongoOptions::new(url.expose())
            };
            Ok(Arc::new(MongoEvents::open(options).await?))
        }
        _ => Ok(Arc::new(SqliteEvents::open(&config.events_path()).await?)),
    }
}

async fn database(config: &Config) -> anyhow::Result<(Arc<dyn MetricsStore>, Arc<dyn AccountStore>)> {
    match &config.database_url {
        Some(url) if matches!(url.scheme(), "postgres" | "postgresql") => {
            let options = PostgresOptions {
                ca_file: config.tls_ca_file.clone(),
                max_connections: config.store_connections,
                connect_timeout: config.connect_timeout(),
                call_timeout: config.store_timeout(),
                ..PostgresOptions::new(url.expose())
            };
            let database = Arc::new(PostgresDatabase::open(options).await?);
            Ok((database.clone(), database))
        }
        _ => {
            let database = Arc::new(SqliteDatabase::open(&config.database_path()).await?);
            Ok((database.clone(), database))
        }
    }
}
