//! Raw events in one SQLite file.
//!
//! The rule: events lie in the order of time ([`Key`]), so pages and retention read and delete in runs; a unique
//! index over the identity keeps the first content.

mod details;
mod insert;
mod page;

use super::connections::{Bounds, Connections, WAIT};
use crate::access::ClientScope;
use crate::error::StoreError;
use crate::events::{Event, EventCursor, EventFilter, EventPage, EventStore, Observation, milliseconds};
use crate::identity;
use async_trait::async_trait;
use futures::TryStreamExt as _;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use std::path::Path;
use std::time::Duration;
use telemetry::hit::Method;
use telemetry::report::{ClientId, RequestDetail, RequestRow};
use telemetry::time::{Range, from_millisecond};

/// Raw events in a SQLite file.
#[derive(Clone)]
pub struct SqliteEvents {
    connections: Connections,
}

impl SqliteEvents {
    /// Opens the file, making it where it is missing, and brings its schema up to date.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        // The writer's cache holds the part of the identity index that inserts touch at random.
        let bounds = Bounds { writer_kib: 8_192, reader_kib: 2_048, readers: 2, wait: WAIT };
        let migrator = sqlx::migrate!("src/sqlite/migrations/events");
        Ok(Self { connections: Connections::open(path, &bounds, &migrator).await? })
    }
}

#[async_trait]
impl EventStore for SqliteEvents {
    async fn insert(&self, events: &[Event<'_>]) -> Result<(), StoreError> {
        insert::insert(&self.connections, events).await
    }

    async fn page(
        &self,
        scope: &ClientScope,
        range: Range,
        filter: &EventFilter,
        after: Option<&EventCursor>,
        limit: usize,
        budget: Duration,
    ) -> Result<EventPage, StoreError> {
        page::page(&self.connections, scope, range, filter, after, limit, budget).await
    }

    async fn get(&self, scope: &ClientScope, id: &str) -> Result<Option<RequestDetail>, StoreError> {
        let Some(identity) = identity::parse(id).filter(|identity| identity.client == scope.client()) else {
            return Ok(None);
        };
        let row = sqlx::query(include_str!("../queries/events/get.sql"))
            .bind(identity.client.0)
            .bind(identity.batch)
            .bind(i64::from(identity.position))
            .fetch_optional(self.connections.readers())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let event = request_row(scope.client(), &row)?;
        let details: Option<&str> = row.try_get("details")?;
        details::decode(
            event,
            size(row.try_get("request_size")?),
            size(row.try_get("response_size")?),
            details,
        )
        .map(Some)
    }

    async fn count(&self, scope: &ClientScope) -> Result<u64, StoreError> {
        let n: i64 = sqlx::query_scalar("SELECT count(*) FROM events WHERE client = ?")
            .bind(scope.client().0)
            .fetch_one(self.connections.readers())
            .await?;
        Ok(n.try_into().unwrap_or(0))
    }

    async fn each(
        &self,
        scope: &ClientScope,
        range: Range,
        each: &mut (dyn for<'e> FnMut(Observation<'e>) + Send),
    ) -> Result<(), StoreError> {
        let (from, to) = milliseconds(range);
        let mut rows = sqlx::query(include_str!("../queries/events/each.sql"))
            .bind(scope.client().0)
            .bind(from)
            .bind(to)
            .fetch(self.connections.readers());
        while let Some(row) = rows.try_next().await? {
            each(observation(&row)?);
        }
        Ok(())
    }

    async fn prune(&self, client: ClientId, before: i64, limit: u32) -> Result<u64, StoreError> {
        let mut transaction = self.connections.write().await?;
        let deleted = sqlx::query(include_str!("../queries/events/prune.sql"))
            .bind(client.0)
            .bind(before)
            .bind(i64::from(limit))
            .execute(&mut *transaction)
            .await?
            .rows_affected();
        transaction.commit().await?;
        Ok(deleted)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.connections.ping().await
    }
}

/// Where an event lies within its client: time first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    at: i64,
    batch: String,
    position: i64,
}

impl Key {
    /// Lower than every event of that millisecond, higher than all before.
    fn before(at: i64) -> Self {
        Self { at, batch: String::new(), position: -1 }
    }

    fn of_cursor(cursor: &EventCursor) -> Result<Self, StoreError> {
        let identity = identity::parse(&cursor.id)
            .ok_or_else(|| StoreError::Refused("the cursor names no event".into()))?;
        Ok(Self { at: cursor.at, batch: identity.batch.to_owned(), position: identity.position.into() })
    }

    fn cursor(&self, client: ClientId) -> EventCursor {
        EventCursor { at: self.at, id: identity_of(client, &self.batch, self.position) }
    }
}

fn identity_of(client: ClientId, batch: &str, position: i64) -> String {
    telemetry::hit::identity(client, batch, u32::try_from(position).unwrap_or(0))
}

fn request_row(client: ClientId, row: &SqliteRow) -> Result<RequestRow, StoreError> {
    Ok(RequestRow {
        id: identity_of(client, row.try_get("batch")?, row.try_get("position")?),
        timestamp: from_millisecond(row.try_get("at")?),
        service: row.try_get("service")?,
        environment: row.try_get("environment")?,
        method: Method::parse(row.try_get("method")?),
        endpoint: row.try_get("endpoint")?,
        status: row.try_get("status")?,
        latency_ms: row.try_get("latency_ms")?,
        consumer: row.try_get("consumer")?,
        trace_id: row.try_get("trace_id")?,
        event_id: row.try_get("event_id")?,
        error: row.try_get("error")?,
    })
}

fn observation(row: &SqliteRow) -> Result<Observation<'_>, StoreError> {
    Ok(Observation {
        batch: row.try_get("batch")?,
        service: row.try_get("service")?,
        environment: row.try_get("environment")?,
        method: Method::parse(row.try_get("method")?),
        endpoint: row.try_get("endpoint")?,
        status: row.try_get("status")?,
        at: row.try_get("at")?,
        latency_ms: row.try_get("latency_ms")?,
        request_size: size(row.try_get("request_size")?),
        response_size: size(row.try_get("response_size")?),
        consumer: row.try_get("consumer")?,
    })
}

fn size(bytes: Option<i64>) -> Option<u64> {
    bytes.map(|n| u64::try_from(n).unwrap_or(0))
}
