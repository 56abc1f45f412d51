//! The backend of larger installations for raw events: one MongoDB collection, for any number of processes.
//!
//! The rule: what [`EventStore::insert`] acknowledged is in the journal of a majority of the servers; the identity is the
//! `_id`, so that the first content stays whoever stores it again; and no call waits without a limit.
//!
//! [`connection`]: the client, its time-outs, the indexes. [`documents`]: events there and back. [`insert`], [`page`]:
//! the two calls with something to them. [`errors`]: what waiting can mend and what it cannot.

mod connection;
mod documents;
mod errors;
mod insert;
mod page;

pub use connection::MongoOptions;

use crate::access::ClientScope;
use crate::error::StoreError;
use crate::events::{Event, EventCursor, EventFilter, EventPage, EventStore, Observation, milliseconds};
use crate::identity;
use ::mongodb::Cursor;
use ::mongodb::bson::{Bson, DateTime, Document, RawDocumentBuf, doc};
use async_trait::async_trait;
use connection::Connection;
use documents::Stored;
use std::sync::Arc;
use std::time::Duration;
use telemetry::report::{ClientId, RequestDetail};
use telemetry::time::Range;

/// Documents that the server hands over at once while all events of a range are read.
const READ_AT_ONCE: u32 = 2_000;

/// Documents deleted at once, at most.
const LARGEST_PRUNE: u32 = 10_000;

/// Raw events in a MongoDB collection. Clones share its connections.
#[derive(Clone)]
pub struct MongoEvents {
    connection: Arc<Connection>,
}

impl MongoEvents {
    /// Prepares the connections. Nothing is asked of the server yet: one that does not answer is no error, and the
    /// indexes are made by the first insert.
    ///
    /// # Errors
    /// `Refused` for a URL that cannot be read or names no database, and for a file of certificates that is none.
    pub async fn open(options: MongoOptions) -> Result<Self, StoreError> {
        Ok(Self { connection: Arc::new(Connection::open(options).await?) })
    }

    /// The next document of a cursor.
    async fn advance<'c>(
        &self,
        cursor: &'c mut Cursor<RawDocumentBuf>,
    ) -> Result<Option<Stored<'c>>, StoreError> {
        if !self.connection.limited(cursor.advance()).await? {
            return Ok(None);
        }
        Stored::read(cursor.current()).map(Some)
    }
}

#[async_trait]
impl EventStore for MongoEvents {
    async fn insert(&self, events: &[Event<'_>]) -> Result<(), StoreError> {
        insert::insert(&self.connection, events).await
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
        page::page(self, scope, range, filter, after, limit, budget).await
    }

    async fn get(&self, scope: &ClientScope, id: &str) -> Result<Option<RequestDetail>, StoreError> {
        let Some(identity) = identity::parse(id).filter(|identity| identity.client == scope.client()) else {
            return Ok(None);
        };
        // Written anew: `007` is no position as it is stored.
        let id = telemetry::hit::identity(identity.client, identity.batch, identity.position);
        let events = self.connection.events().await?;
        let found = self.connection.limited(events.find_one(doc! { "_id": id })).await?;
        found.map(|document| Stored::read(&document)?.detail()).transpose()
    }

    async fn count(&self, scope: &ClientScope) -> Result<u64, StoreError> {
        let events = self.connection.events().await?;
        self.connection.limited(events.count_documents(doc! { "client": scope.client().0 })).await
    }

    async fn each(
        &self,
        scope: &ClientScope,
        range: Range,
        each: &mut (dyn for<'e> FnMut(Observation<'e>) + Send),
    ) -> Result<(), StoreError> {
        let (from, to) = milliseconds(range);
        let wanted = doc! { "client": scope.client().0, "at": { "$gte": date(from), "$lt": date(to) } };
        let fields = doc! {
            "at": 1, "service": 1, "environment": 1, "method": 1, "endpoint": 1, "status": 1, "latencyMs": 1, "requestSize": 1,
            "responseSize": 1, "consumer": 1,
        };
        let finding =
            self.connection.events().await?.find(wanted).projection(fields).batch_size(READ_AT_ONCE);
        let mut cursor = self.connection.limited(finding).await?;
        while let Some(stored) = self.advance(&mut cursor).await? {
            each(stored.observation()?);
        }
        Ok(())
    }

    async fn prune(&self, client: ClientId, before: i64, limit: u32) -> Result<u64, StoreError> {
        let limit = limit.min(LARGEST_PRUNE);
        if limit == 0 {
            return Ok(0);
        }
        let events = self.connection.events().await?;
        let oldest = events
            .find(doc! { "client": client.0, "at": { "$lt": date(before) } })
            .sort(doc! { "at": 1, "_id": 1 })
            .projection(doc! { "_id": 1 })
            .limit(i64::from(limit))
            .batch_size(limit);
        let mut cursor = self.connection.limited(oldest).await?;
        let mut ids: Vec<Bson> = Vec::new();
        while let Some(stored) = self.advance(&mut cursor).await? {
            ids.push(stored.id()?.into());
        }
        if ids.is_empty() {
            return Ok(0);
        }
        let these: Document = doc! { "_id": { "$in": ids } };
        Ok(self.connection.limited(events.delete_many(these)).await?.deleted_count)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.connection.ping().await
    }
}

/// The years 1 to 9999, which every client of MongoDB can show; Unix milliseconds.
const DATES: std::ops::RangeInclusive<i64> = -62_135_596_800_000..=253_402_300_799_999;

/// Unix milliseconds as MongoDB has them.
fn date(millisecond: i64) -> DateTime {
    DateTime::from_millis(millisecond.clamp(*DATES.start(), *DATES.end()))
}
